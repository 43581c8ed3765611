#ifndef EXPLAIN_PLACE_H
#define EXPLAIN_PLACE_H
/*
 * place: where in the source something is, as tools write it into prose and traces.
 *
 *   src/a.c:12:5: error            compilers, Go, pytest ("tests/test_a.py:12: AssertionError")
 *   at f (src/a.test.js:12:5)      V8
 *   at a.b.T.m(T.java:12)          the JVM
 *   File "a.py", line 12, in f     Python
 *   at t/a.t line 12.              Perl;  "in test file t/a.bats, line 12)" of Bats
 *   src/a.ts(12,5): error          Microsoft's
 *
 * Found by a scan, not by a pattern: linear, whatever the text.
 */
#include "base/str.h"

struct place {
	struct str file; /* a view of the text, as it was written */
	int64_t line;    /* > 0 */
	int64_t col;     /* 0: none */
	size_t end;      /* behind it in the text */
};

/* The first one in a line. */
bool place_in_line(struct str line, struct place *ret);
/* The one that line begins with ("a.c:1:2: message"); blanks in front do not count. */
bool place_at_start(struct str line, struct place *ret);
/*
 * The one of a trace that is best shown for a test: the first in a file that the test is named after (the class
 * "tests.test_a.TestB" has a part that is the file's name), else the first that is in no library.
 */
bool place_in_trace(struct str trace, struct str test, struct place *ret);

#endif
