#ifndef EXPLAIN_INPUT_BESIDE_H
#define EXPLAIN_INPUT_BESIDE_H
/*
 * input_beside: what reports beside a log know (input_report), put to what was found in the log.
 *
 * A report and a log tell of the same failure in other words, and the report does not say where in the log. It is taken for the same when the test has
 * the same name, or the same place in the same file is named; then what the report knows and the log's finding does not goes there. What
 * nobody found in the log comes in by its score, if it is a cause; at most INPUT_MERGE_MAX of them.
 */
#include "explain/input_merge.h"

/* reports: all of them together. ranked: of the log, best first, and so it stays. Strings are copied. */
void input_beside(const struct findings *reports, struct findings *ranked);

/*
 * Is it one test? A name is told with more or less in front of it: "org.acme.FooTest.works", "FooTest.works", "works";
 * "tests/test_a.py::test_b", "tests.test_a.test_b". The last parts are the same, and so are the ones before them as far as both have them, folders and
 * endings of files aside. Or all words are the same: "math adds two", "math > adds two".
 */
bool test_is_same(struct str a, struct str b);

#endif
