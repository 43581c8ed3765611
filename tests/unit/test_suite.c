/* suite: the document of a suite is read whole or refused with its line, and written as it is read. */
#include "tests/test.h"

#include "model/suite.h"

#include <stdlib.h>
#include <string.h>

static struct arena a;
static struct suite suite;
static struct err e;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	suite = (struct suite){ 0 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static void must_parse(const char *yaml)
{
	char *copy = strdup(yaml); /* nothing of the document is needed afterwards */
	enum err_code code = suite_parse(str_z(copy), &a, &suite, &e);

	memset(copy, 'x', strlen(copy));
	free(copy);
	if (code != ERR_OK)
		fail_msg("%s", e.text);
}

static void refused(const char *yaml, const char *why)
{
	if (suite_parse(str_z(yaml), &a, &suite, &e) != ERR_INVALID)
		fail_msg("taken: %s", yaml);
	if (!strstr(e.text, why))
		fail_msg("\"%s\" does not say \"%s\"", e.text, why);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define FULL                                                                                                 \
	"samples:\n  - file: samples/a.txt\n    tags: [small, text]\n  - file: samples/b\n    name: \"the "  \
	"b\"\n"                                                                                              \
	"    extension: bin\n    active: false\n"                                                            \
	"tests:\n  - name: sort\n    sample: samples/a.txt\n    command: \"sort {input} -o {output}/out\"\n" \
	"    shell: true\n    expected_rc: 1\n    timeout_s: 30\n    input_type: text\n    output_type: "    \
	"lines\n"                                                                                            \
	"    categories: [basic]\n    description: \"sorts\"\n    active: false\n    outputs:\n"             \
	"      - file: out\n        accepted:\n          - expected/sort/out\n          - sha256:" HEX "\n"

static void all_that_a_document_says_is_read(void **state)
{
	const struct suite_test *t;
	(void)state;

	must_parse(FULL);
	t = suite.tests;
	assert_int_equal(suite.n_samples, 2);
	assert_string_equal(suite.samples[0].name.p, "a.txt");
	assert_string_equal(suite.samples[0].extension.p, "txt");
	assert_int_equal(suite.samples[0].tags.n, 2);
	assert_true(suite.samples[0].active && !suite.samples[1].active);
	assert_string_equal(suite.samples[1].name.p, "the b");
	assert_string_equal(suite.samples[1].extension.p, "bin");
	assert_int_equal(suite.n_tests, 1);
	assert_true(t->shell && !t->active);
	assert_int_equal(t->expected_rc, 1);
	assert_int_equal(t->timeout_ms, 30000);
	assert_string_equal(t->command.p, "sort {input} -o {output}/out");
	assert_int_equal(t->n_outputs, 1);
	assert_int_equal(t->outputs[0].accepted.n, 2);
	assert_true(str_eq(suite_digest(t->outputs[0].accepted.v[1]), STR(HEX)));
	assert_int_equal(suite_digest(t->outputs[0].accepted.v[0]).len, 0);
}

static void what_is_written_is_what_was_read(void **state)
{
	AUTO_BUF once, twice;
	(void)state;

	buf_init(&once, SIZE_MAX);
	buf_init(&twice, SIZE_MAX);
	must_parse(FULL);
	suite_write(&suite, &once);
	must_parse(buf_cstr(&once));
	suite_write(&suite, &twice);
	assert_string_equal(buf_cstr(&once), buf_cstr(&twice));
	assert_non_null(strstr(buf_cstr(&once), "accepted:\n          - expected/sort/out\n"));
	must_parse("samples: [{file: \"on\", name: \"a \\\"b\\\" \\\\ c: #d\", tags: [\"yes\", \"1.5\", \"- "
		   "x\"]}]\n");
	buf_reset(&once);
	suite_write(&suite, &once);
	must_parse(buf_cstr(&once));
	assert_string_equal(suite.samples[0].name.p, "a \"b\" \\ c: #d");
	assert_string_equal(suite.samples[0].tags.v[2].p, "- x");
	must_parse("{}");
	buf_reset(&once);
	suite_write(&suite, &once);
	assert_string_equal(buf_cstr(&once), "samples: []\ntests: []\n");
}

static void what_is_wrong_is_told_with_its_line(void **state)
{
	(void)state;
	refused("- a\n", "line 1: a mapping");
	refused("samples: 3\n", "line 1: samples is a list");
	refused("samples:\n  - name: a\n", "line 2: file is missing");
	refused("samples:\n  - file: a\n    tag: [x]\n",
		"line 3: there is no key \"tag\" here; there are file, name");
	refused("samples:\n  - file: ../a\n", "line 2: file is a path in the folder");
	refused("samples:\n  - file: /etc/passwd\n", "line 2: file is a path in the folder");
	refused("samples:\n  - file: a//b\n", "is a path in the folder");
	refused("samples:\n  - file: sha256:12\n", "64 hex digits");
	refused("samples:\n  - file: a\n    tags: [x, y, x]\n", "\"x\" twice");
	refused("samples:\n  - file: a\n    active: maybe\n", "active is true or false");
	refused("samples:\n  - file: a\n    extension: a-b\n", "letters and digits");
	refused("samples:\n  - file: a\n  - file: b\n  - file: a\n",
		"line 4: the sample \"a\" stands in line 2 already");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: b, command: c}\n",
		"line 3: the test's sample is not among the samples");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a, command: c}\n  - {name: x, sample: "
		"a, command: d}\n",
		"line 4: the test \"x\" stands in line 3 already");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a}\n", "line 3: command is missing");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a, command: c, expected_rc: 1x}\n",
		"expected_rc is a whole number from -255 to 255");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a, command: c, timeout_s: 0}\n",
		"timeout_s");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a, command: c, outputs: [{file: "
		"a/b}]}\n",
		"without a slash");
	refused("samples: [{file: a}]\ntests:\n  - {name: x, sample: a, command: c, outputs: [{file: o}, "
		"{file: o}]}\n",
		"two outputs");
	refused("samples: [{file: \"a\\nb\"}]\n", "on one line");
	refused("samples: [{file: \"a\\Lb\"}]\n", "on one line");        /* U+2028 */
	refused("samples: [{file: a, name: \"\\N\"}]\n", "on one line"); /* NEL */
	refused("samples: [{file: a}\n", "line");
}

static void what_a_file_is_called_is_told_from_its_path(void **state)
{
	(void)state;
	assert_true(str_eq(suite_base_name(STR("a/b/c.txt")), STR("c.txt")));
	assert_true(str_eq(suite_extension(STR("c.tar.gz")), STR("gz")));
	assert_int_equal(suite_extension(STR(".profile")).len, 0);
	assert_int_equal(suite_extension(STR("c.")).len, 0);
	assert_int_equal(suite_extension(STR("a.much-too-long")).len, 0);
	assert_int_equal(suite_digest(STR("sha256:"
					  "ABCDEF6789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"))
				 .len,
		0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	static const struct CMUnitTest tests[] = {
		T(all_that_a_document_says_is_read),
		T(what_is_written_is_what_was_read),
		T(what_is_wrong_is_told_with_its_line),
		T(what_a_file_is_called_is_told_from_its_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
