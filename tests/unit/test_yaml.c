/* yaml: what is data is read, what is more than data is refused with its line. */
#include "tests/test.h"

#include "base/yaml.h"

#include <string.h>

static void assert_refused(const char *text, const char *line)
{
	struct yaml_doc *doc = NULL;
	struct err e;

	assert_int_equal(yaml_doc_parse(str_z(text), &doc, &e), ERR_INVALID);
	if (!strstr(e.text, line))
		fail_msg("\"%s\": \"%s\" does not say \"%s\"", text, e.text, line);
	assert_null(doc);
}

static struct yaml_doc *parse(const char *text)
{
	struct yaml_doc *doc = NULL;
	struct err e;

	if (yaml_doc_parse(str_z(text), &doc, &e) != ERR_OK)
		fail_msg("%s", e.text);
	return doc;
}

static void mappings_sequences_and_scalars_are_read_in_order(void **state)
{
	struct yaml_doc *doc = parse("a: 1\nb: [x, 'y z', {c: d}]\n");
	const struct yaml *b = yaml_get(yaml_doc_root(doc), "b");

	(void)state;
	assert_int_equal(yaml_kind(yaml_doc_root(doc)), YAML_MAPPING);
	assert_true(str_eq(yaml_str(yaml_get(yaml_doc_root(doc), "a")), STR("1")));
	assert_true(str_eq(yaml_key(yaml_doc_root(doc), 1), STR("b")));
	assert_int_equal(yaml_len(b), 3);
	assert_int_equal(yaml_line(b), 2);
	assert_true(str_eq(yaml_str(yaml_at(b, 1)), STR("y z")));
	assert_true(str_eq(yaml_str(yaml_get(yaml_at(b, 2), "c")), STR("d")));
	yaml_doc_free(doc);
}

static void a_scalar_is_its_text_whatever_it_looks_like(void **state)
{
	struct yaml_doc *doc = parse("- yes\n- 0x1f\n- ~\n- |\n  two\n  lines\n");

	(void)state;
	assert_true(str_eq(yaml_str(yaml_at(yaml_doc_root(doc), 0)), STR("yes")));
	assert_true(str_eq(yaml_str(yaml_at(yaml_doc_root(doc), 1)), STR("0x1f")));
	assert_true(str_eq(yaml_str(yaml_at(yaml_doc_root(doc), 2)), STR("~")));
	assert_true(str_eq(yaml_str(yaml_at(yaml_doc_root(doc), 3)), STR("two\nlines\n")));
	yaml_doc_free(doc);
}

static void what_is_not_there_reads_as_nothing(void **state)
{
	struct yaml_doc *doc = parse("");

	(void)state;
	assert_int_equal(yaml_kind(yaml_doc_root(doc)), YAML_NONE);
	assert_int_equal(yaml_len(NULL), 0);
	assert_null(yaml_get(NULL, "a"));
	assert_null(yaml_at(yaml_doc_root(doc), 0));
	assert_int_equal(yaml_str(NULL).len, 0);
	yaml_doc_free(doc);
	yaml_doc_free(NULL);
}

static void what_could_mean_more_than_it_says_is_refused_with_its_line(void **state)
{
	(void)state;
	assert_refused("a: &x 1\n", "line 1");
	assert_refused("a: 1\nb: *x\n", "line 2");
	assert_refused("a: !!int 1\n", "line 1");
	assert_refused("a: 1\n\na: 2\n", "line 3");
	assert_refused("a: 1\n---\nb: 2\n", "document");
	assert_refused("? [a]\n: b\n", "key");
	assert_refused("a: [1, 2\n", "line");
	assert_refused("a: \xff\n", "UTF-8");
}

static void depth_is_bounded(void **state)
{
	char text[2 * YAML_MAX_DEPTH + 3];

	(void)state;
	memset(text, '[', sizeof text);
	text[YAML_MAX_DEPTH + 1] = '\0';
	assert_refused(text, "deep");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(mappings_sequences_and_scalars_are_read_in_order),
		cmocka_unit_test(a_scalar_is_its_text_whatever_it_looks_like),
		cmocka_unit_test(what_is_not_there_reads_as_nothing),
		cmocka_unit_test(what_could_mean_more_than_it_says_is_refused_with_its_line),
		cmocka_unit_test(depth_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
