#ifndef PACK_TAR_NAME_H
#define PACK_TAR_NAME_H
/*
 * tar_name: which names and which targets of links an archive may have, so that it can be unpacked without harm. One rule for those who make archives and those who check them.
 *
 * That no link leads out of the archive cannot be told from its target alone: "d/.." is elsewhere than it looks when d is a link. It holds because of three things together: a
 * target goes up first and then only down; it goes up no further than the link is deep; and no entry stands below a link (tar_names.h). Then each link of the archive ends inside, if
 * all others do.
 */
#include "base/str.h"

#define TAR_PATH_MAX 4096       /* bytes, of a name or a target */
#define TAR_PART_MAX 255        /* bytes of what stands between two '/' */
#define TAR_DEPTH_MAX 100       /* of these */
#define TAR_SHOWN_SIZE (4 * 80) /* of a name in a message, with its NUL */

/* NULL: it may be; else what is wrong with it, to stand behind the name. "a/", "./a" and "a//b" may be. */
const char *tar_path_wrong(struct str path);
/* The same of the target of a symbolic link that stands at path, which may be. */
const char *tar_target_wrong(struct str path, struct str target);
/* path without "." and without '/' where none is needed, in room; empty: the top itself. Of a path that may be. */
struct str tar_path_plain(struct str path, char room[TAR_PATH_MAX]);
/* What of text from outside may stand in a message: cut, valid UTF-8, without control characters and what turns the writing around. Returns room. */
const char *tar_shown(struct str text, char room[TAR_SHOWN_SIZE]);

#endif
