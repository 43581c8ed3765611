#ifndef PACK_TAR_NAMES_H
#define PACK_TAR_NAMES_H
/*
 * tar_names: the names that an archive had so far, and what each is; so that no name is there twice, nothing stands below what is no folder, and hard links lead to what came before.
 *
 * Of each name 16 bytes of its SHA-256 are kept, whatever its length: two names with one digest are not to be found. Folders that an archive implies ("a" of "a/b") count as names, so that
 * the limit bounds the memory: some 70 bytes a name.
 */
#include "base/err.h"
#include "base/str.h"
#include "pack/tar_name.h"

enum tar_name_is { NAME_NONE, NAME_FOLDER, NAME_FILE, NAME_LINK };

struct tar_name_slot;
struct tar_names {
	struct tar_name_slot *slots;
	size_t n, size, max;
	char folder[TAR_PATH_MAX]; /* the last one that something stood in, and which is known to be one */
	size_t folder_len;
};

void tar_names_init(struct tar_names *names, size_t max);
void tar_names_done(struct tar_names *names);
/* path is plain. *ret_wrong NULL: it is added; else why not, to stand behind the name. ERR_TOO_LARGE: over max. */
MUST_CHECK enum err_code tar_names_add(
	struct tar_names *names, struct str path, enum tar_name_is is, const char **ret_wrong, struct err *e);
enum tar_name_is tar_names_get(
	const struct tar_names *names, struct str path); /* NAME_NONE: it is not there */

#endif
