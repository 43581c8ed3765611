#ifndef SERVICE_EPISODES_H
#define SERVICE_EPISODES_H
/*
 * episodes: what the hosts of a fleet sent: kept, listed, given back; and what is known of the hosts. How one comes in, is arrival.h.
 *
 *	episodes_start()	goes on from where a crash left what was coming (0011-fleet.sql), and sweeps what came of nothing
 *	episodes_free()		when no arrival is there any more
 */
#include "pack/tarball_file.h"
#include "service/access.h"
#include "service/config.h"
#include "store/fleet_nouns.h"
#include "store/store.h"

#include <stdatomic.h>

struct episodes;
MUST_CHECK enum err_code episodes_start(struct store *s, struct episodes **ret, struct err *e);
void episodes_free(struct episodes *x); /* NULL is fine */

/* ---- reading ---- */

/* Who is bound to a host sees that host's alone: ERR_FORBIDDEN for another's, and in lists q->host becomes its own. */
MUST_CHECK enum err_code episodes_see_host(const struct identity *by, struct str *host, struct err *e);
MUST_CHECK enum err_code episodes_of_query(struct store *s, const struct episode_query *q, struct arena *a,
	struct episode **ret, size_t *ret_n, struct err *e);
/* That is here. ERR_NOT_FOUND. */
MUST_CHECK enum err_code episodes_one(
	struct store *s, struct str host, struct str id, struct arena *a, struct episode *ret, struct err *e);
/* Its file, for reading. ERR_NOT_FOUND: also when the file was lost, which `sluice verify` tells. */
MUST_CHECK enum err_code episodes_open(struct store *s, const struct episode *x, int *ret_fd, struct err *e);
/* What is in it, and one file of it as one without a name, which goes when it is closed. Both read the archive: not for a thread that others wait for. Errors of pack/tarball_file.h. */
MUST_CHECK enum err_code episodes_files(int fd, int64_t max, int64_t max_bytes, struct arena *a,
	struct tarball_entry **ret, size_t *ret_n, struct err *e);
MUST_CHECK enum err_code episodes_extract(struct store *s, int fd, struct str path, int64_t max, int *ret_fd,
	int64_t *ret_bytes, struct err *e);
MUST_CHECK enum err_code episodes_hosts(struct store *s, struct str only, int64_t limit, int64_t offset,
	struct arena *a, struct fleet_host **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* ---- for arrival.c, and what mends ---- */

/*
 * W-waiting. What is coming is put into its place, its line is written if it is not there yet, its row says that it is here. fresh: its line cannot be there, nobody looks. Does nothing twice; whatever fails, the same
 * call goes on from there. ERR_NOT_FOUND: its file is neither in its place nor beside it.
 */
MUST_CHECK enum err_code episodes_complete(
	struct episodes *x, const struct episode *row, bool fresh, struct err *e);
struct store *episodes_store(struct episodes *x);
struct episode_index *episodes_index(struct episodes *x);
/* It was heard of, and (status not 0) refused: noted beside, without waiting. */
void episodes_note(struct episodes *x, const struct config *cfg, struct str host, struct str commit,
	int64_t now, int status, struct str why);
/* One name comes in at a time, and so many at once. ERR_UNAVAILABLE. Each claim is given back. */
struct episode_claim {
	struct str host, id;
	bool counts;          /* as one that takes bytes */
	_Atomic int64_t left; /* bytes that it has announced and not sent yet */
	struct episode_claim *next;
};
MUST_CHECK enum err_code episodes_claim(struct episodes *x, struct episode_claim *c, struct err *e);
MUST_CHECK enum err_code episodes_claim_bytes(
	struct episodes *x, struct episode_claim *c, int64_t max, struct err *e);
void episodes_unclaim(struct episodes *x, struct episode_claim *c);
/* Bytes that all others have announced and not sent yet. */
int64_t episodes_expected(struct episodes *x, const struct episode_claim *but);

#endif
