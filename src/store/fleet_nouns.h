#ifndef STORE_FLEET_NOUNS_H
#define STORE_FLEET_NOUNS_H
/*
 * fleet_nouns: hosts and episodes (hosts.c, episodes.c), in the manner of nouns.h. 0011-fleet.sql is the essay on them.
 */
#include "model/episode.h"
#include "store/db.h"

/* ---- hosts.c ---- */

struct fleet_host {
	struct str name, code_commit;
	int64_t first_seen_at, last_seen_at;
	int64_t n_accepted, bytes, accepted_at;
	int64_t n_refused, refused_at, refused_status;
	struct str refused_why;
};

/* ERR_FORBIDDEN: max are known, and it is none of them. */
MUST_CHECK enum err_code hosts_may_come(struct db *db, struct str name, int64_t max, struct err *e);
/* W. It sent something: its row, new if need be. commit: that it told, may be empty. ERR_FORBIDDEN as above. */
MUST_CHECK enum err_code hosts_seen(
	struct db *db, struct str name, struct str commit, int64_t max, int64_t now, struct err *e);
/* W. It was refused. One that is not known is left unknown. */
MUST_CHECK enum err_code hosts_refused(
	struct db *db, struct str name, int status, struct str why, int64_t now, struct err *e);
/* In the order of their names; *ret_total: see rows_total(). only: that one; empty: all. */
MUST_CHECK enum err_code hosts_list(struct db *db, struct str only, int64_t limit, int64_t offset,
	struct arena *a, struct fleet_host **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* ---- episodes.c ---- */

struct episode {
	int64_t id;
	struct str host, name, sha256, code_commit, schema_version, meta;
	int64_t n_bytes, received_at, n_entries, unpacked_bytes, index_from;
	bool here;
};

/* Also one that is not here yet. ERR_NOT_FOUND. */
MUST_CHECK enum err_code episodes_get(
	struct db *db, struct arena *a, struct str host, struct str name, struct episode *ret, struct err *e);
/* W. One that is coming; its host has to be known. What was coming under its name before is forgotten. ERR_CONFLICT: one is here. */
MUST_CHECK enum err_code episodes_announce(
	struct db *db, const struct episode *x, int64_t *ret_id, struct err *e);
/* W. It is here from now on, and its host's counts say so; nothing when it was already. */
MUST_CHECK enum err_code episodes_arrive(struct db *db, int64_t id, struct err *e);
/* W. Its line is at that offset of the index now. */
MUST_CHECK enum err_code episodes_move_line(struct db *db, int64_t id, int64_t index_from, struct err *e);
/* W. One that was coming does not any more. */
MUST_CHECK enum err_code episodes_forget(struct db *db, int64_t id, struct err *e);
/* Those that are coming. */
MUST_CHECK enum err_code episodes_coming(
	struct db *db, struct arena *a, struct episode **ret, size_t *ret_n, struct err *e);

struct episode_query {                                /* empty, 0: whichever */
	struct str host, code_commit, schema_version; /* code_commit: or the beginning of one */
	int64_t since, until;                         /* received; until: before */
	int64_t before_at, before_id;                 /* where the page before ended; 0: from the newest on */
	int64_t limit;
};
/* That are here, newest first. */
MUST_CHECK enum err_code episodes_list(struct db *db, struct arena *a, const struct episode_query *q,
	struct episode **ret, size_t *ret_n, struct err *e);
/* All, here or coming, in the order of ids, from the one behind after_id on. */
MUST_CHECK enum err_code episodes_after(struct db *db, struct arena *a, int64_t after_id, int64_t limit,
	struct episode **ret, size_t *ret_n, struct err *e);

#endif
