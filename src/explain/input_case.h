#ifndef EXPLAIN_INPUT_CASE_H
#define EXPLAIN_INPUT_CASE_H
/*
 * input_case: every test of a report, with what became of it; not only those that failed, as findings are.
 *
 * Of JUnit these are the testcases, of TAP the points without children (by the names of their parents too), of SARIF the rules, which fail where there is a
 * problem that is an error or a warning. What bears the name of another is one with it, and the worst of both decides: two tests may have one name.
 */
#include "explain/input.h"

#define INPUT_CASES_MAX 100000
#define INPUT_CASE_NAME_MAX                                                                                  \
	255 /* bytes; a longer one is cut, and a digest of it stands in place of its end */

enum input_outcome { CASE_SKIPPED, CASE_PASSED, CASE_FAILED }; /* the worst last */

struct input_case {
	struct str name, message; /* message: of one that failed or was skipped; may be empty */
	enum input_outcome outcome;
	int64_t runtime_ms; /* -1: not told */
	size_t place;       /* in the report */
};

struct input_cases {
	struct arena a;
	struct input_case *v;
	size_t n, cap;
	bool full; /* there were more than INPUT_CASES_MAX */
};

void input_cases_init(struct input_cases *c);
void input_cases_done(struct input_cases *c);
#define AUTO_CASES __attribute__((cleanup(input_cases_done))) struct input_cases

/* For the readers. c NULL: nobody wants to know. Texts are copied. Returns its index, SIZE_MAX when there is none. */
size_t input_case_add(struct input_cases *c, struct str name, enum input_outcome outcome, int64_t runtime_ms,
	struct str message);
/* The name of the parent comes in front of the names from `first` on. */
void input_case_adopt(struct input_cases *c, size_t first, struct str parent);
void input_case_say(struct input_cases *c, size_t at, struct str message);
/* "1.5", "1,234.5" seconds in ms; -1: it is none. */
int64_t input_seconds_ms(struct str s);

/* Errors as input_report() has them; ERR_TOO_LARGE also: too many tests. *ret_kind may be NULL. Those of one name are one, in the order of the report. */
MUST_CHECK enum err_code input_cases_read(
	struct str text, struct input_cases *ret, enum input_kind *ret_kind, struct err *e);

#endif
