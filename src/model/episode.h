#ifndef MODEL_EPISODE_H
#define MODEL_EPISODE_H
/*
 * episode: one artifact directory that a host of a fleet made, packed as tar + zstd; and the host.
 *
 * A host is named by letters, digits, '.', '_' and '-', an episode too, neither beginning with '.' or '-': both are names of files on the receiver, on the shipper
 * and in the URL, and need no quoting in any of them. An episode is known by (host, id). What it is, is its bytes: their SHA-256.
 */
#include "base/err.h"
#include "base/str.h"

#define HOST_NAME_LEN_MAX 100
#define EPISODE_ID_MAX 128
#define EPISODE_ENDING ".tar.zst" /* of its file */
#define COMMIT_LEN_MIN 12         /* digits that name a commit: so few are enough when they are of one only */
#define COMMIT_LEN_MAX 64         /* of SHA-256; of SHA-1 40 */

/* ERR_INVALID says which rule. */
MUST_CHECK enum err_code host_name_check(struct str name, struct err *e);
MUST_CHECK enum err_code episode_id_check(struct str id, struct err *e);
/* Hexadecimal digits of either case, COMMIT_LEN_MIN to COMMIT_LEN_MAX of them. ERR_INVALID. */
MUST_CHECK enum err_code commit_check(struct str commit, struct err *e);

#endif
