#ifndef EXPLAIN_MATCHER_H
#define EXPLAIN_MATCHER_H
/*
 * matcher: GitHub's problem matchers, as their JSON files are (actions/toolkit, docs/problem-matchers.md):
 *
 *   {"problemMatcher": [{"owner": "o", "severity": "warning", "pattern": [
 *      {"regexp": "^(\\S+)$", "file": 1},
 *      {"regexp": "^\\s+(\\d+):(\\d+)\\s+(error|warning)\\s+(.*)$",
 *       "line": 1, "column": 2, "severity": 3, "message": 4, "loop": true}]}]}
 *
 * A matcher of several patterns wants them on lines that follow each other; the last may loop. A property names a group
 * of its pattern: file, fromPath (a project file, to whose folder the file is relative), line, column, severity, code,
 * message. "loop", "owner" and "severity" (error, warning, notice) are as there; a second matcher of the same owner
 * takes the place of the first.
 *
 * Patterns are ECMAScript and run with limits (base/regex.h). What is not supported is refused with the owner and the
 * pattern. A matcher whose patterns run into the limit too often is put aside for the rest of the log.
 */
#include "explain/input.h"

#define MATCHERS_MAX 64
#define MATCHER_PATTERNS_MAX 10
/* Lines on which a matcher may run into the limit. */
#define MATCHER_GIVE_UPS 100

struct matchers;
struct matchers *matchers_new(void);
void matchers_free(struct matchers *m); /* NULL is fine */
size_t matchers_count(const struct matchers *m);

/*
 * All of a file, or none: ERR_INVALID or ERR_TOO_LARGE with what is wrong where.
 */
MUST_CHECK enum err_code matchers_add(struct matchers *m, struct str json, struct err *e);

/* Every line of in->log through every matcher. `rule` of a finding is "matcher:OWNER". Not for two threads at once. */
void matchers_run(struct matchers *m, struct input *in);
/* The owner of a matcher that was put aside by the last run, or empty: the i-th. */
struct str matchers_given_up(const struct matchers *m, size_t i);

#endif
