/* arrival: see the header. */
#include "service/arrival.h"

#include "base/file.h"
#include "pack/tarball_file.h"
#include "service/episode_facts.h"
#include "service/intake.h"
#include "store/episode_index.h"

#include <stdlib.h>

#define LINE_NEAR (INT64_C(64) * 1024)
#define ROOM_EVERY (INT64_C(64) << 20) /* bytes, after which it is looked at again whether there is room */

enum way {
	WAY_HERE,    /* it is here: nothing to be done */
	WAY_MEND,    /* it was on its way, or has no line: to be completed */
	WAY_COMPARE, /* a file that no row speaks of: is it this one? */
	WAY_RESTORE, /* a row whose file was lost */
	WAY_TAKE     /* a new one */
};

struct arrival {
	struct episodes *episodes;
	const struct config *cfg;
	struct episode_offer offer;
	struct episode_claim claim;
	struct arena arena; /* of row */
	enum way way;
	struct episode row; /* what is known of it; id 0: nothing */
	int64_t file_bytes; /* of the file in its place; -1: there is none */
	int64_t looked_at;  /* bytes that had come when room was last looked at */
	struct str commit;  /* what it is stamped with */
	struct intake *intake;
};

/* ---- before its body ---- */

static enum err_code conflict(const struct arrival *v, struct err *e)
{
	return err_set(e, ERR_CONFLICT,
		"other bytes are here under the name %.*s of the host %.*s, and what was acknowledged is "
		"never "
		"overwritten; give this one another id",
		STR_FMT(v->offer.id), STR_FMT(v->offer.host));
}

static enum err_code find_row(struct arrival *v, bool *ret_found, struct err *e)
{
	struct store *s = episodes_store(v->episodes);
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = episodes_get(db, &v->arena, v->offer.host, v->offer.id, &v->row, e);
	store_reader_put(s, db);
	*ret_found = code == ERR_OK;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* Its line is where it was written, or not far behind; if not, all lines are looked through, by a thread that may take its time. */
static enum err_code find_line(struct arrival *v, struct err *e)
{
	bool found = false;

	TRY(episode_index_has(episodes_index(v->episodes), v->row.index_from, LINE_NEAR, v->row.host,
		v->row.name, &found, e));
	v->way = found ? WAY_HERE : WAY_MEND;
	return ERR_OK;
}

struct forget_op {
	struct store_op op;
	int64_t id;
};

static enum err_code apply_forget(struct store_op *op, struct db *db, struct err *e)
{
	return episodes_forget(db, ((struct forget_op *)(void *)op)->id, e);
}

static enum err_code forget(const struct arrival *v, struct err *e)
{
	struct forget_op w = { .op = { .apply = apply_forget, .bytes = sizeof w }, .id = v->row.id };

	return store_write(episodes_store(v->episodes), &w.op, e);
}

/* Its file is not what was acknowledged, or not there: then these bytes are wanted. */
static bool is_whole(const struct arrival *v)
{
	return v->file_bytes == v->row.n_bytes;
}

static enum err_code find_way(struct arrival *v, struct err *e)
{
	bool found = false, same, has_file;

	TRY(find_row(v, &found, e));
	v->file_bytes = episode_file_size(episodes_store(v->episodes), v->offer.host, v->offer.id);
	has_file = v->file_bytes >= 0;
	same = found && str_eq(v->row.sha256, v->offer.sha256);
	if (found && !same && (v->row.here || has_file))
		return conflict(v, e);
	if (!found && has_file && v->offer.n_bytes >= 0 && v->offer.n_bytes != v->file_bytes)
		return conflict(v, e);
	if (!found || !same)
		v->way = has_file ? WAY_COMPARE : WAY_TAKE;
	else if (!v->row.here)
		v->way = WAY_MEND;
	else if (!is_whole(v))
		v->way = WAY_RESTORE;
	else
		return find_line(v, e);
	return ERR_OK;
}

static enum err_code pass_gate(struct arrival *v, struct gates *gates, struct arena *a,
	struct gate_verdict *ret_verdict, struct err *e)
{
	if (gates)
		gate_check(gates, v->cfg, GATE_GUARDS_EPISODES, STR(""), v->offer.commit, v->offer.host, a,
			ret_verdict);
	else if (v->cfg->n_gates > 0) /* what nobody guards is let in, but not where a guard was asked for */
		*ret_verdict = (struct gate_verdict){ .answer = GATE_NOT_READY,
			.why = STR("the gates are not there yet; try again") };
	if (ret_verdict->answer != GATE_ADMITTED)
		return err_set(e, ERR_PRECONDITION, "%.*s", STR_FMT(ret_verdict->why));
	v->commit = ret_verdict->commit.len > 0 ? ret_verdict->commit : v->offer.commit;
	if (commit_check(v->commit, NULL) != ERR_OK)
		v->commit = STR(""); /* no gate looked at it */
	v->commit = episode_commit(a, v->commit);
	return ERR_OK;
}

/* bytes: that are to come. */
static enum err_code check_room(const struct arrival *v, int64_t bytes, struct err *e)
{
	int64_t free_bytes = 0, kept = v->cfg->fleet.free_bytes, expected;

	TRY(episode_file_room(episodes_store(v->episodes), &free_bytes, e));
	expected = episodes_expected(v->episodes, &v->claim);
	if (free_bytes >= kept && free_bytes - kept >= expected && free_bytes - kept - expected >= bytes)
		return ERR_OK;
	return err_set(e, ERR_FULL,
		"the disk has %lld bytes left, of which [fleet] free-bytes (%lld) stay free and %lld are "
		"coming in: no "
		"room for %lld",
		(long long)free_bytes, (long long)kept, (long long)expected, (long long)bytes);
}

static enum err_code check_host(const struct arrival *v, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(episodes_store(v->episodes), &db, e));
	code = hosts_may_come(db, v->offer.host, v->cfg->fleet.hosts, e);
	store_reader_put(episodes_store(v->episodes), db);
	return code;
}

static enum err_code begin(struct arrival *v, struct gates *gates, struct arena *a,
	struct gate_verdict *ret_verdict, struct err *e)
{
	TRY(episodes_claim(v->episodes, &v->claim, e));
	TRY(find_way(v, e));
	if (v->way == WAY_TAKE)
		TRY(pass_gate(v, gates, a, ret_verdict, e));
	if (v->way != WAY_TAKE && v->way != WAY_RESTORE)
		return ERR_OK;
	TRY(check_host(v, e));
	atomic_store(&v->claim.left, v->offer.n_bytes > 0 ? v->offer.n_bytes : 0);
	TRY(check_room(v, atomic_load(&v->claim.left), e));
	TRY(episodes_claim_bytes(v->episodes, &v->claim, v->cfg->fleet.uploads, e));
	if (v->way == WAY_TAKE &&
		v->row.id > 0) /* what came of another is written over: nothing may take this for it */
		TRY(forget(v, e));
	return intake_begin(
		episodes_store(v->episodes), &v->cfg->fleet, v->offer.host, v->offer.id, &v->intake, e);
}

enum err_code arrival_begin(struct episodes *x, struct gates *gates, const struct config *cfg,
	const struct episode_offer *offer, struct arena *a, struct gate_verdict *ret_verdict,
	struct arrival **ret, struct err *e)
{
	struct arrival *v = mem_alloc(sizeof *v);
	enum err_code code;

	*ret_verdict = (struct gate_verdict){ .answer = GATE_ADMITTED };
	v->episodes = x;
	v->cfg = cfg;
	v->offer = *offer;
	v->claim = (struct episode_claim){ .host = offer->host, .id = offer->id };
	v->commit = STR("");
	arena_init(&v->arena);
	code = begin(v, gates, a, ret_verdict, e);
	if (code == ERR_OK)
		*ret = v;
	else
		arrival_end(v);
	return code;
}

bool arrival_is_here(const struct arrival *v)
{
	return v->way == WAY_HERE;
}

int64_t arrival_bytes(const struct arrival *v)
{
	return v->intake ? episode_file_bytes(intake_file(v->intake)) : v->row.n_bytes;
}

enum err_code arrival_add(struct arrival *v, struct str bytes, struct err *e)
{
	int64_t left = atomic_load(&v->claim.left), n = (int64_t)bytes.len;

	if (!v->intake)
		return ERR_OK;
	TRY(intake_add(v->intake, bytes, e));
	atomic_store(&v->claim.left, left > n ? left - n : 0);
	if (arrival_bytes(v) - v->looked_at < ROOM_EVERY)
		return ERR_OK;
	v->looked_at = arrival_bytes(v);
	return check_room(v, atomic_load(&v->claim.left), e);
}

void arrival_end(struct arrival *v)
{
	if (!v)
		return;
	intake_end(v->intake);
	episodes_unclaim(v->episodes, &v->claim);
	arena_done(&v->arena);
	free(v);
}

/* ---- all of it came ---- */

struct announce_op {
	struct store_op op;
	const struct arrival *v;
	struct episode *row;
};

static enum err_code apply_announce(struct store_op *op, struct db *db, struct err *e)
{
	struct announce_op *w = (struct announce_op *)(void *)op;

	TRY(hosts_seen(
		db, w->row->host, w->row->code_commit, w->v->cfg->fleet.hosts, w->row->received_at, e));
	return episodes_announce(db, w->row, &w->row->id, e);
}

static enum err_code announce(struct arrival *v, struct episode *row, struct err *e)
{
	struct announce_op w = {
		.op = { .apply = apply_announce, .bytes = sizeof w + row->meta.len }, .v = v, .row = row
	};

	return store_write(episodes_store(v->episodes), &w.op, e);
}

static struct episode row_of(const struct arrival *v, int64_t n_bytes, int64_t now)
{
	return (struct episode){ .host = v->offer.host,
		.name = v->offer.id,
		.sha256 = v->offer.sha256,
		.code_commit = v->commit,
		.schema_version = v->offer.schema_version,
		.meta = STR("{}"),
		.n_bytes = n_bytes,
		.received_at = now,
		.n_entries = -1,
		.unpacked_bytes = -1,
		.index_from = episode_index_len(episodes_index(v->episodes)) };
}

static struct str hex_of(struct arena *a, const struct sha256 *digest)
{
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(digest->b, sizeof digest->b, &hex);
	return arena_str(a, buf_view(&hex));
}

static enum err_code check_digest(struct arrival *v, struct err *e)
{
	struct str came = hex_of(&v->arena, intake_digest(v->intake));

	if (str_eq(came, v->offer.sha256))
		return ERR_OK;
	return err_set(e, ERR_UNPROCESSABLE,
		"the SHA-256 of the %lld bytes that came is %.*s, not what X-Content-SHA256 announced; "
		"nothing of it "
		"was kept, send it again",
		(long long)episode_file_bytes(intake_file(v->intake)), STR_FMT(came));
}

/* Whether it is what was announced is told first: of an archive that was cut on the way that says more. */
static enum err_code check_what_came(struct arrival *v, struct err *e)
{
	struct err why;
	enum err_code code = intake_join(v->intake, &why);

	if (code == ERR_OK || code == ERR_UNPROCESSABLE)
		TRY(check_digest(v, e));
	if (code != ERR_OK && e)
		*e = why;
	return code;
}

static enum err_code take(struct arrival *v, int64_t now, struct err *e)
{
	const struct tarball_found *found;
	struct episode row;

	TRY(check_what_came(v, e));
	TRY(episode_file_sync(intake_file(v->intake), e));
	row = row_of(v, episode_file_bytes(intake_file(v->intake)), now);
	found = intake_found(v->intake);
	if (found) {
		row.n_entries = found->n_entries;
		row.unpacked_bytes = found->unpacked_bytes;
		episode_facts(&v->cfg->fleet, found->has_meta, found->meta, &v->arena, &row);
	}
	TRY(announce(v, &row, e));
	episode_file_leave(intake_file(v->intake)); /* from now on its row knows of it */
	return episodes_complete(v->episodes, &row, true, e);
}

static enum err_code restore(struct arrival *v, struct err *e)
{
	TRY(check_what_came(v, e));
	TRY(episode_file_sync(intake_file(v->intake), e));
	if (v->file_bytes >= 0)
		TRY(episode_file_set_aside(episodes_store(v->episodes), v->offer.host, v->offer.id, e));
	episode_file_leave(intake_file(v->intake));
	return episodes_complete(v->episodes, &v->row, false, e);
}

/* A file that no row speaks of: somebody put it there, or the database is older than the folder. */
static enum err_code adopt(struct arrival *v, int64_t now, struct err *e)
{
	struct store *s = episodes_store(v->episodes);
	struct sha256 digest;
	struct episode row;
	struct str meta = STR("");
	int64_t n_bytes = 0;
	bool has_meta = false;
	AUTO_FD fd = -1;

	TRY(episode_file_open(s, v->offer.host, v->offer.id, &fd, &n_bytes, e));
	TRY(episode_file_hash(fd, &digest, e));
	if (!str_eq(hex_of(&v->arena, &digest), v->offer.sha256))
		return conflict(v, e);
	v->row.n_bytes = n_bytes;
	row = row_of(v, n_bytes, now);
	row.index_from = 0; /* its line may be anywhere */
	if (commit_check(v->offer.commit, NULL) == ERR_OK)
		row.code_commit = episode_commit(&v->arena, v->offer.commit);
	if (tarball_meta(fd, &v->arena, &has_meta, &meta, e) == ERR_OK)
		episode_facts(&v->cfg->fleet, has_meta, meta, &v->arena, &row);
	TRY(announce(v, &row, e));
	return episodes_complete(v->episodes, &row, false, e);
}

static enum err_code mend(struct arrival *v, struct err *e)
{
	enum err_code code = episodes_complete(v->episodes, &v->row, false, e);

	if (code != ERR_NOT_FOUND)
		return code;
	TRY(forget(v, e));
	return err_set(e, ERR_UNAVAILABLE, "what had come of this episode was lost; send it again");
}

enum err_code arrival_finish(struct arrival *v, int64_t now, bool *ret_new, struct err *e)
{
	*ret_new = v->way == WAY_TAKE || v->way == WAY_RESTORE;
	switch (v->way) {
	case WAY_HERE:
		return ERR_OK;
	case WAY_MEND:
		return mend(v, e);
	case WAY_COMPARE:
		return adopt(v, now, e);
	case WAY_RESTORE:
		return restore(v, e);
	case WAY_TAKE:
		return take(v, now, e);
	}
	return ERR_OK;
}
