#ifndef EXPLAIN_LINE_PREFIX_H
#define EXPLAIN_LINE_PREFIX_H
/*
 * line_prefix: what runners and their wrappers write in front of each line of a tool's output: time stamps
 * (GitHub, GitLab, Jenkins, Forgejo, BuildKit), `job<TAB>step<TAB>` of gh, `[task 2020-..]` of Taskcluster,
 * `INFO - ` columns, `PID 12 | `, `web-1  | ` of compose, `[Step 1/2] ` of TeamCity, and the package that turbo,
 * pnpm and lerna put in front of what its script says (`@a/web:build: `, `packages/web build: `, `@a/web: `).
 *
 * Only what such programs write, by its shape: a level or a bracket alone is the tool's own and stays,
 * because rules know a tool by it ("[ERROR]"). A package without a scope counts only with the name of a script that
 * packages have (build, test, lint, ...), since "make: x" looks alike.
 */
#include "base/str.h"
#include "text/line.h"

/* Bytes of it at the start of a line without escapes. *ret_level: a level that stood in it (else untouched). */
size_t line_prefix(struct str line, enum line_level *ret_level);

#endif
