#ifndef EXPLAIN_REPO_PATH_H
#define EXPLAIN_REPO_PATH_H
/*
 * repo_path: a path as a tool wrote it, as the repo knows it.
 *
 * Tools name files as they see them: below the folder into which a runner has checked the repo out
 * ("/home/runner/work/R/R/src/a.c", "D:\a\R\R\src\a.c", "/builds/owner/repo/src/a.c"), as a URI
 * ("file:///C:/a/R/R/src/a%20b.c"), or with "./" in front. What is left is relative to the root of the repo, with
 * slashes. A path that is under no known folder of a runner stays what it is: "/usr/include/stdio.h".
 */
#include "base/arena.h"
#include "base/str.h"

/* Longer ones are no paths. */
#define REPO_PATH_MAX 1024

/* A copy in a; empty when it is none. Bytes stay as they are, also when they are no UTF-8. */
struct str repo_path(struct str path, struct arena *a);

#endif
