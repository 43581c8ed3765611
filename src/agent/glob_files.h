#ifndef AGENT_GLOB_FILES_H
#define AGENT_GLOB_FILES_H
/*
 * glob_files: the files that a pattern names. "*", "?" and "[..]" as a shell has them (POSIX fnmatch, they match no "/" and no dot in front), and "**"
 * between slashes for any number of folders, none as well: "**" + "/TEST-*.xml". Regular files only; "**" follows no links to folders.
 *
 * glob(3) is not used: it has no "**", and brings the user database into a static program. What is looked at is bounded by GLOB_LOOK_MAX entries
 * and GLOB_DEPTH_MAX folders.
 */
#include "base/str.h"

#include <sys/stat.h>

#define GLOB_LOOK_MAX 200000
#define GLOB_DEPTH_MAX 40

bool glob_is_pattern(struct str s);
/* path: as the pattern spells it, for the call only. A file may come twice where "**" stands twice. False: there was more to look at than the bound. */
typedef void glob_take_fn(void *arg, const char *path, const struct stat *st);
bool glob_files_each(const char *pattern, glob_take_fn *take, void *arg);

#endif
