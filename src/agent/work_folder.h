#ifndef AGENT_WORK_FOLDER_H
#define AGENT_WORK_FOLDER_H
/*
 * work_folder: the folders that tests, and fixers, run in, and that nothing of them is left.
 *
 *	PARENT/sluice-work-XXXXXX	of this process, 0700, locked (flock) as long as it lives, and marked by a file in it
 *		/1, /2, ..		of a test each: in/ its sample, out/ what it is to write, home/ where it runs
 *
 * What workers left that were killed is in such a folder that nobody holds locked, and is removed by the next one. Whoever removes follows no symbolic link and
 * needs no more than a few descriptors however deep a test has nested folders.
 *
 * work_folder_make() and work_folder_remove() may be called from any thread.
 */
#include "base/arena.h"
#include "base/err.h"

struct work_folder;

/* parent is made if it is not there. ERR_INVALID: its path is not harmless (work_command.h). */
MUST_CHECK enum err_code work_folder_open(const char *parent, struct work_folder **ret, struct err *e);
void work_folder_close(struct work_folder *f); /* with all that is in it. NULL is fine */

struct work_place { /* absolute paths, in the arena that was given */
	const char *name, *path, *in, *out, *home;
};
MUST_CHECK enum err_code work_folder_make(
	struct work_folder *f, struct arena *a, struct work_place *ret, struct err *e);
void work_folder_remove(struct work_folder *f, const struct work_place *p);

/* The folder `name` of dir, whatever is in it and whatever its modes. False: something of it is still there. */
bool work_tree_remove(int dir, const char *name);

#endif
