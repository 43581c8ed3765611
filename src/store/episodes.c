/* episodes: what hosts sent, and what is on its way from beside its place into it. */
#include "base/buf.h"
#include "store/fleet_nouns.h"
#include "store/rows.h"

#define COLUMNS                                                                                              \
	"episode.id, fleet_host.name, episode.name, sha256, n_bytes, received_at, episode.code_commit, "     \
	"schema_version, meta, n_entries, unpacked_bytes, index_from, here"
#define JOINED " FROM episode JOIN fleet_host ON fleet_host.id = episode.host_id"

static enum err_code take_episode(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct episode *)rows_add(rows) = (struct episode){ .id = row_int(row, 0),
		.host = row_str(row, 1, rows->a),
		.name = row_str(row, 2, rows->a),
		.sha256 = row_str(row, 3, rows->a),
		.n_bytes = row_int(row, 4),
		.received_at = row_int(row, 5),
		.code_commit = row_str(row, 6, rows->a),
		.schema_version = row_str(row, 7, rows->a),
		.meta = row_str(row, 8, rows->a),
		.n_entries = row_int(row, 9),
		.unpacked_bytes = row_int(row, 10),
		.index_from = row_int(row, 11),
		.here = row_int(row, 12) != 0 };
	return ERR_OK;
}

static void give(const struct rows *rows, struct episode **ret, size_t *ret_n)
{
	*ret = rows->first;
	*ret_n = rows->n;
}

enum err_code episodes_get(
	struct db *db, struct arena *a, struct str host, struct str name, struct episode *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, "SELECT " COLUMNS JOINED " WHERE fleet_host.name = $1 AND episode.name = $2",
		DB_ARGS(DB_T(host), DB_T(name)), take_episode, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no episode \"%.*s\" of the host \"%.*s\"",
			STR_FMT(name), STR_FMT(host));
	*ret = *(const struct episode *)rows.first;
	return ERR_OK;
}

enum err_code episodes_announce(struct db *db, const struct episode *x, int64_t *ret_id, struct err *e)
{
	TRY(db_run(db,
		"DELETE FROM episode WHERE here = 0 AND name = $2"
		" AND host_id = (SELECT id FROM fleet_host WHERE name = $1)",
		DB_ARGS(DB_T(x->host), DB_T(x->name)), NULL, e));
	return db_int(db,
		"INSERT INTO episode (host_id, name, sha256, n_bytes, received_at, code_commit, "
		"schema_version, meta,"
		" n_entries, unpacked_bytes, index_from, here)"
		" VALUES ((SELECT id FROM fleet_host WHERE name = $1), $2, $3, $4, $5, $6, $7, $8, $9, $10, "
		"$11, 0)"
		" RETURNING id",
		DB_ARGS(DB_T(x->host), DB_T(x->name), DB_T(x->sha256), DB_I(x->n_bytes), DB_I(x->received_at),
			DB_T(x->code_commit), DB_T(x->schema_version), DB_T(x->meta), DB_I(x->n_entries),
			DB_I(x->unpacked_bytes), DB_I(x->index_from)),
		ret_id, e);
}

enum err_code episodes_arrive(struct db *db, int64_t id, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db, "UPDATE episode SET here = 1 WHERE id = $1 AND here = 0", DB_ARGS(DB_I(id)), &n, e));
	if (n == 0)
		return ERR_OK;
	return db_run(db,
		"UPDATE fleet_host SET n_accepted = n_accepted + 1,"
		" bytes = bytes + (SELECT n_bytes FROM episode WHERE id = $1),"
		" accepted_at = (SELECT received_at FROM episode WHERE id = $1)"
		" WHERE id = (SELECT host_id FROM episode WHERE id = $1)",
		DB_ARGS(DB_I(id)), NULL, e);
}

enum err_code episodes_move_line(struct db *db, int64_t id, int64_t index_from, struct err *e)
{
	return db_run(db, "UPDATE episode SET index_from = $2 WHERE id = $1",
		DB_ARGS(DB_I(id), DB_I(index_from)), NULL, e);
}

enum err_code episodes_forget(struct db *db, int64_t id, struct err *e)
{
	return db_run(db, "DELETE FROM episode WHERE id = $1 AND here = 0", DB_ARGS(DB_I(id)), NULL, e);
}

enum err_code episodes_coming(
	struct db *db, struct arena *a, struct episode **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT " COLUMNS JOINED " WHERE here = 0 ORDER BY episode.id", NULL, 0, take_episode,
		&rows, e));
	give(&rows, ret, ret_n);
	return ERR_OK;
}

/* $1 host, $2 commit, $3 the first text behind those that begin with it, $4 schema, $5 since, $6 until, $7 and $8 where to go on, $9 limit. */
static void write_list(const struct episode_query *q, struct buf *out)
{
	buf_z(out, "SELECT " COLUMNS JOINED " WHERE here = 1");
	if (q->host.len > 0)
		buf_z(out, " AND host_id = (SELECT id FROM fleet_host WHERE name = $1)");
	if (q->code_commit.len >= COMMIT_LEN_MAX)
		buf_z(out, " AND episode.code_commit = $2");
	else if (q->code_commit.len > 0)
		buf_z(out, " AND episode.code_commit >= $2 AND episode.code_commit < $3");
	if (q->schema_version.len > 0)
		buf_z(out, " AND schema_version = $4");
	if (q->since > 0)
		buf_z(out, " AND received_at >= $5");
	if (q->until > 0)
		buf_z(out, " AND received_at < $6");
	if (q->before_id > 0)
		buf_z(out, " AND (received_at, episode.id) < ($7, $8)");
	buf_z(out, " ORDER BY received_at DESC, episode.id DESC LIMIT $9");
}

enum err_code episodes_list(struct db *db, struct arena *a, const struct episode_query *q,
	struct episode **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct str after = arena_fmt(a, "%.*sg", STR_FMT(q->code_commit)); /* 'g' is behind all hex digits */
	AUTO_BUF sql;

	buf_init(&sql, 2000);
	write_list(q, &sql);
	TRY(db_each_once(db, buf_cstr(&sql),
		DB_ARGS(DB_T(q->host), DB_T(q->code_commit), DB_T(after), DB_T(q->schema_version),
			DB_I(q->since), DB_I(q->until), DB_I(q->before_at), DB_I(q->before_id),
			DB_I(q->limit)),
		take_episode, &rows, e));
	give(&rows, ret, ret_n);
	return ERR_OK;
}

enum err_code episodes_after(struct db *db, struct arena *a, int64_t after_id, int64_t limit,
	struct episode **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT " COLUMNS JOINED " WHERE episode.id > $1 ORDER BY episode.id LIMIT $2",
		DB_ARGS(DB_I(after_id), DB_I(limit)), take_episode, &rows, e));
	give(&rows, ret, ret_n);
	return ERR_OK;
}
