/* input_rdjson: one diagnostic is the same in a document and on a line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "explain/input_rdjson.h"
#include "tests/unit/help/told.h"

#include <string.h>

#define WHERE "\"location\":{\"path\":\"./src/a.c\",\"range\":{\"start\":{\"line\":1,\"column\":2}}}"

static void a_document_gives_its_source_and_severity_to_those_without(void **state)
{
	struct err e;
	AUTO_FINDINGS f;

	(void)state;
	findings_init(&f);
	assert_int_equal(
		input_report(STR("{\"source\":{\"name\":\"lint\"},\"severity\":\"WARNING\",\"diagnostics\":["
				 "{\"message\":\"a\"," WHERE "},"
				 "{\"message\":\"b\",\"severity\":\"ERROR\",\"code\":{\"value\":\"C1\"},"
				 "\"source\":{\"name\":\"own\"}," WHERE "},"
				 "{\"message\":\"c\",\"severity\":3,\"location\":{\"path\":\"b.c\"}},"
				 "{\"nothing\":1},7]}"),
			&f, NULL, &e),
		ERR_OK);
	assert_findings_told(
		&f, "warning lint src/a.c:1:2 a\nerror lint src/a.c:1:2 [C1] b\nnote lint b.c c\n");
	assert_true(str_eq(f.v[0].tool, STR("lint")));
	assert_true(str_eq(f.v[1].tool, STR("own")));
}

static void lines_are_read_one_by_one_and_the_first_bad_one_is_named(void **state)
{
	struct err e;
	AUTO_FINDINGS f;

	(void)state;
	assert_report_told("{\"message\":\"a\"," WHERE "}\n\n{\"message\":\"b\",\"severity\":\"INFO\"," WHERE
			   "}\n",
		"error lint src/a.c:1:2 a\nnote lint src/a.c:1:2 b\n");
	findings_init(&f);
	assert_int_equal(input_report(STR("{\"message\":\"a\"," WHERE "}\n{\"message\":1," WHERE "}\nx\n"),
				 &f, NULL, &e),
		ERR_INVALID);
	assert_non_null(strstr(e.text, "line 2"));
	assert_int_equal(f.n, 1);
}

static void lines_in_a_log_have_their_place_in_it(void **state)
{
	(void)state;
	assert_log_told("make\n{\"message\":\"a\"," WHERE "}\n{\"level\":\"info\",\"message\":\"x\"}\n",
		"error lint src/a.c:1:2 a @1-2\n");
}

static void what_is_no_rdjson_is_refused(void **state)
{
	struct err e;
	AUTO_FINDINGS f;

	(void)state;
	findings_init(&f);
	assert_int_equal(input_report(STR("{\"diagnostics\":1}"), &f, NULL, &e), ERR_MEDIA);
	assert_int_equal(input_report(STR("{\"diagnostics\":["), &f, NULL, &e), ERR_INVALID);
	assert_int_equal(f.n, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_gives_its_source_and_severity_to_those_without),
		cmocka_unit_test(lines_are_read_one_by_one_and_the_first_bad_one_is_named),
		cmocka_unit_test(lines_in_a_log_have_their_place_in_it),
		cmocka_unit_test(what_is_no_rdjson_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
