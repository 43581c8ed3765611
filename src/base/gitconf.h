#ifndef BASE_GITCONF_H
#define BASE_GITCONF_H
/*
 * gitconf: read a file in git-config syntax (git-config(1), "CONFIGURATION FILE"). The only file that
 * knows libgit2's config parser. `git config -f sluice.conf ...` edits such a file.
 */
#include "base/err.h"
#include "base/str.h"

struct gitconf_entry {
	const char *name; /* "section.key" or "section.SUB.key": section and key lower case, SUB as written */
	const char *value; /* "" for a key without "=": git reads that as true, and so has_value is false */
	bool has_value;
};

/*
 * Calls back for each entry in file order, until one returns an error, which is passed on.
 * ERR_NOT_FOUND when there is no such file; ERR_CONFIG with file and line when it does not parse.
 * Includes ([include]) are not followed: a config file that reads others is a surprise in a daemon. A file
 * that has one is refused (ERR_CONFIG) before the first call back, and so is one with a NUL byte or over 1
 * MiB.
 */
MUST_CHECK enum err_code gitconf_each(const char *path,
	enum err_code (*each)(void *arg, const struct gitconf_entry *entry, struct err *e), void *arg,
	struct err *e);

#endif
