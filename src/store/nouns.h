#ifndef STORE_NOUNS_H
#define STORE_NOUNS_H
/*
 * nouns: what the services may ask of the database, a file of SQL a noun (repos.c, steps.c, tokens.c,
 * users.c, actions.c). Every function takes the connection: a reader, or the writer's inside an operation
 * (those marked W). Rows are copied into the arena given; a list without rows may be NULL. Lists are bounded
 * by their limit; their total is exact to 10,000 and -1 beyond.
 */
#include "base/digest.h"
#include "model/repo.h"
#include "model/step.h"
#include "model/token.h"
#include "store/db.h"

/* ---- repos.c ---- */

/* W. Again, in whatever case: the same id, not new. */
MUST_CHECK enum err_code repos_add(struct db *db, struct str forge, struct str name, int64_t now,
	int64_t *ret_id, bool *ret_new, struct err *e);
/* W. With its runs, jobs, steps and tails; tokens bound to it are revoked. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_remove(struct db *db, int64_t id, int64_t now, struct err *e);
/* The name without case. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_find(
	struct db *db, struct arena *a, struct str forge, struct str name, struct repo *ret, struct err *e);
MUST_CHECK enum err_code repos_get(
	struct db *db, struct arena *a, int64_t id, struct repo *ret, struct err *e);
/* In the order of names. forge, name (without case): filters, empty: all. */
MUST_CHECK enum err_code repos_list(struct db *db, struct arena *a, struct str forge, struct str name,
	int64_t limit, int64_t offset, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* ---- steps.c ---- */

/*
 * W. One post: the run, job and step it names come into being, or are found by their keys and brought up to
 * date, and the step's tail is replaced. text_zst: one zstd frame. A retry changes no ids and adds no rows.
 */
MUST_CHECK enum err_code steps_put(struct db *db, int64_t repo_id, const struct step_facts *f,
	const struct tail_size *size, struct str text_zst, int64_t now, int64_t *ret_step_id, struct err *e);

/* Which steps a context is of: exactly one of the three ways. */
struct step_query {
	int64_t repo_id;            /* 0: any; needed with head_sha */
	struct str head_sha;        /* in any case */
	int64_t run_id;             /* Sluice's; 0: not by it */
	struct str external_run_id; /* the forge's */
};
/*
 * The failed steps of the newest attempt of each (run, job name else key, leg), in the order they were
 * received, at most limit, with their text. Beside them, of one moment: ret_n_steps, how many steps there are
 * of these attempts, failed or not; ret_n_failed, how many of them failed; ret_expired_at, the newest
 * log_expired_at among them (0: none).
 */
MUST_CHECK enum err_code steps_failed(struct db *db, struct arena *a, const struct step_query *q,
	size_t limit, struct step **ret, size_t *ret_n, int64_t *ret_n_steps, int64_t *ret_n_failed,
	int64_t *ret_expired_at, struct err *e);
/*
 * W, or a reader when dry. Deletes the tails of the steps received before `before`, the oldest `limit` of
 * them, and marks these steps expired at now. dry: only counts, without limit. Bytes are as stored.
 */
MUST_CHECK enum err_code steps_expire_logs(struct db *db, int64_t before, int64_t now, int64_t limit,
	bool dry, int64_t *ret_rows, int64_t *ret_bytes, struct err *e);

/* ---- users.c ---- */

/* W. ERR_CONFLICT: there is one with this address, in whatever case. */
MUST_CHECK enum err_code users_add(
	struct db *db, struct str email, enum role role, int64_t now, int64_t *ret_id, struct err *e);
/* ERR_NOT_FOUND: none. */
MUST_CHECK enum err_code users_first_admin(struct db *db, int64_t *ret_id, struct err *e);

/* ---- tokens.c ---- */

/* W. Sets t->id. */
MUST_CHECK enum err_code tokens_add(struct db *db, struct token *t, struct err *e);
/* Revoked and expired ones too. ERR_NOT_FOUND. */
MUST_CHECK enum err_code tokens_by_digest(
	struct db *db, struct arena *a, const struct sha256 *digest, struct token *ret, struct err *e);
/* The newest first. user_id 0: of all. */
MUST_CHECK enum err_code tokens_list(struct db *db, struct arena *a, int64_t user_id, int64_t limit,
	int64_t offset, struct token **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* W. user_id 0: anybody's. ERR_NOT_FOUND; revoked already: fine, and the first time stays. */
MUST_CHECK enum err_code tokens_revoke(
	struct db *db, int64_t id, int64_t user_id, int64_t now, struct err *e);

/* ---- actions.c ---- */

/* What the janitor did or would do. */
struct action {
	int64_t id, at, rows, bytes;
	struct str chore, mode, message; /* mode: dry-run or heal */
};
/* W. Keeps the newest `keep`. */
MUST_CHECK enum err_code actions_add(struct db *db, const struct action *x, int64_t keep, struct err *e);
/* The newest first. */
MUST_CHECK enum err_code actions_list(struct db *db, struct arena *a, int64_t limit, int64_t offset,
	struct action **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

#endif
