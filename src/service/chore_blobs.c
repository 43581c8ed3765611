/*
 * chore_blobs: blobs and scrub: files that nothing speaks of go, and those that are kept are hashed again in turn.
 *
 * The row goes first, in a transaction that asks once more whether anything speaks of it; then the file, which is put aside, asked about once more, and removed.
 * Whoever sends the same bytes in between is told to send them again, if theirs was the file that went (suite_file_keep).
 */
#include "base/diag.h"
#include "service/chore.h"
#include "store/blob_file.h"
#include "store/suite_nouns.h"

#include <stdio.h>

#define UNUSED_KEPT_MS DAY_MS
#define INCOMING_KEPT_MS DAY_MS
#define HASHED_EVERY_MS (30 * DAY_MS)
#define HASHED_BYTES ((int64_t)1 << 30) /* a pass */

static enum err_code find(const struct chore_call *c,
	enum err_code (*list)(
		struct db *, struct arena *, int64_t, int64_t, struct blob **, size_t *, struct err *),
	int64_t before, struct arena *a, struct blob **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(c->store, &db, e));
	code = list(db, a, before, CHORE_FOUND, ret, ret_n, e);
	store_reader_put(c->store, db);
	return code;
}

struct blob_op {
	struct store_op op;
	struct str digest;
	enum blob_state state;
	int64_t now;
	bool gone;
};

/* ---- blobs ---- */

static enum err_code apply_remove(struct store_op *op, struct db *db, struct err *e)
{
	struct blob_op *w = (struct blob_op *)(void *)op;

	return blobs_remove(db, w->digest, &w->gone, e);
}

struct asked {
	struct store *store;
	struct str digest;
};

static enum err_code is_nobodys(void *arg, bool *ret, struct err *e)
{
	const struct asked *q = arg;
	struct db *db = NULL;
	struct blob blob;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(q->store, &db, e));
	code = blobs_get(db, &a, q->digest, &blob, e);
	store_reader_put(q->store, db);
	if (code != ERR_OK && code != ERR_NOT_FOUND)
		return code;
	*ret = code == ERR_NOT_FOUND;
	return ERR_OK;
}

static enum err_code remove_one(
	const struct chore_call *c, const struct blob *b, struct chore_report *r, struct err *e)
{
	struct blob_op w = { .op = { .apply = apply_remove, .bytes = sizeof w }, .digest = b->digest };
	struct asked q = { c->store, b->digest };

	if (!c->dry) {
		TRY(store_write(c->store, &w.op, e));
		if (!w.gone)
			return ERR_OK;
		TRY(blob_file_remove_if(c->store, b->digest, is_nobodys, &q, e));
	}
	r->rows++;
	r->bytes += b->n_bytes;
	return ERR_OK;
}

enum err_code chore_blobs(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	size_t n = 1;
	int64_t n_swept = 0;

	while (n > 0 && !chore_stopped(c)) {
		struct blob *blobs = NULL;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(find(c, blobs_unused, c->now - UNUSED_KEPT_MS, &a, &blobs, &n, e));
		for (size_t i = 0; i < n && !chore_stopped(c); i++)
			TRY(remove_one(c, &blobs[i], r, e));
		if (c->dry)
			break;
	}
	if (!c->dry)
		TRY(blob_file_sweep(c->store, c->now - INCOMING_KEPT_MS, &n_swept, e));
	snprintf(r->message, sizeof r->message,
		"%s %lld files that no suite speaks of, and %lld that had not come in whole",
		c->dry ? "would remove" : "removed", (long long)r->rows, (long long)n_swept);
	return ERR_OK;
}

/* ---- scrub ---- */

static enum err_code apply_state(struct store_op *op, struct db *db, struct err *e)
{
	struct blob_op *w = (struct blob_op *)(void *)op;

	return blobs_set_state(db, w->digest, w->state, w->now, e);
}

static enum err_code look(struct store *s, struct str digest, enum blob_state *ret, struct err *e)
{
	bool same = false;
	enum err_code code = blob_file_check(s, digest, &same, e);

	if (code == ERR_NOT_FOUND) {
		*ret = BLOB_MISSING;
		return ERR_OK;
	}
	TRY(code);
	*ret = same ? BLOB_OK : BLOB_DEGRADED;
	return ERR_OK;
}

static enum err_code scrub_one(const struct chore_call *c, const struct blob *b, int64_t *n_bad,
	struct chore_report *r, struct err *e)
{
	struct blob_op w = {
		.op = { .apply = apply_state, .bytes = sizeof w }, .digest = b->digest, .now = c->now
	};

	r->rows++;
	r->bytes += b->n_bytes;
	if (c->dry)
		return ERR_OK;
	TRY(look(c->store, b->digest, &w.state, e));
	if (w.state != BLOB_OK) {
		(*n_bad)++;
		diag(DIAG_ERROR, "the file with the SHA-256 %.*s is %s; sluice suite import mends it",
			STR_FMT(b->digest), blob_state_name(w.state));
	}
	return store_write(c->store, &w.op, e);
}

/* So much a pass that the disk has time for others. */
enum err_code chore_scrub(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	struct blob *blobs = NULL;
	int64_t n_bad = 0;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(find(c, blobs_unchecked, c->now - HASHED_EVERY_MS, &a, &blobs, &n, e));
	for (size_t i = 0; i < n && r->bytes < HASHED_BYTES && !chore_stopped(c); i++)
		TRY(scrub_one(c, &blobs[i], &n_bad, r, e));
	snprintf(r->message, sizeof r->message, "%s %lld files of the suite again; %lld were not well",
		c->dry ? "would hash" : "hashed", (long long)r->rows, (long long)n_bad);
	return ERR_OK;
}
