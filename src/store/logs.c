/*
 * logs: what is in rows of the logs that streams make; 0002-logs.sql is the essay on it.
 *
 * Nothing here looks into a chunk or an entry, nor at a file: rows say which part of a file counts, and the service keeps
 * the two in step.
 */
#include "store/nouns.h"
#include "store/rows.h"
#include "store/tally.h"

#define LOG_COLUMNS                                                                                          \
	"step.id, job.run_id, run.repo_id, coalesce(log.state, 'none'), step.conclusion, "                   \
	"step.log_expired_at, log.sent_bytes, log.text_bytes, log.n_line_ends, coalesce(log.gap_at, -1), "   \
	"log.gap_bytes, log.gap_line_ends, coalesce(log.group_line, -1), log.n_chunks, log.saved, "          \
	"coalesce(log.lost_bytes, -1), log.file_bytes, step.stored_bytes"
#define LOG_TABLES                                                                                           \
	" FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"                        \
	" LEFT JOIN log ON log.step_id = step.id"

static enum err_code take_log(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct log l = {
		.step_id = row_int(row, 0),
		.run_id = row_int(row, 1),
		.repo_id = row_int(row, 2),
		.log_expired_at = row_int(row, 5),
		.sent_bytes = row_int(row, 6),
		.text_bytes = row_int(row, 7),
		.n_line_ends = row_int(row, 8),
		.gap_at = row_int(row, 9),
		.gap_bytes = row_int(row, 10),
		.gap_line_ends = row_int(row, 11),
		.group_line = row_int(row, 12),
		.n_chunks = row_int(row, 13),
		.saved = row_str(row, 14, rows->a),
		.lost_bytes = row_int(row, 15),
		.file_bytes = row_int(row, 16),
		.stored_bytes = row_int(row, 17),
	};

	if (!log_state_find(row->v[3].s, &l.state) || !conclusion_find(row->v[4].s, &l.conclusion))
		return err_set(e, ERR_STORAGE, "the log of step %lld in the database is damaged",
			(long long)l.step_id);
	*(struct log *)rows_add(rows) = l;
	return ERR_OK;
}

enum err_code logs_get(struct db *db, struct arena *a, int64_t step_id, struct log *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, "SELECT " LOG_COLUMNS LOG_TABLES " WHERE step.id = $1", DB_ARGS(DB_I(step_id)),
		take_log, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)step_id);
	*ret = *(struct log *)rows.first;
	return ERR_OK;
}

static enum err_code take_state(void *arg, const struct db_row *row, struct err *e)
{
	struct log *l = arg;

	l->file_bytes = row_int(row, 1);
	if (!log_state_find(row->v[0].s, &l->state))
		return err_set(e, ERR_STORAGE, "the log of step %lld in the database is damaged",
			(long long)l->step_id);
	return ERR_OK;
}

enum err_code logs_state(
	struct db *db, int64_t step_id, enum log_state *ret_state, int64_t *ret_file_bytes, struct err *e)
{
	struct log l = { .step_id = step_id, .state = LOG_NONE };

	TRY(db_each(db, "SELECT state, file_bytes FROM log WHERE step_id = $1", DB_ARGS(DB_I(step_id)),
		take_state, &l, e));
	*ret_state = l.state;
	*ret_file_bytes = l.file_bytes;
	return ERR_OK;
}

enum err_code logs_unsealed(struct db *db, struct arena *a, int64_t after, int64_t limit, struct log **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " LOG_COLUMNS LOG_TABLES
		" WHERE log.state <> 'sealed' AND log.step_id > $1 ORDER BY log.step_id LIMIT $2",
		DB_ARGS(DB_I(after), DB_I(limit)), take_log, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code logs_list(struct db *db, struct arena *a, int64_t after, int64_t limit, struct log **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " LOG_COLUMNS " FROM log JOIN step ON step.id = log.step_id"
		" JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"
		" WHERE log.step_id > $1 ORDER BY log.step_id LIMIT $2",
		DB_ARGS(DB_I(after), DB_I(limit)), take_log, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code logs_add(struct db *db, int64_t step_id, int64_t now, struct err *e)
{
	struct tally_change change;

	TRY(tally_before(db, step_id, &change, e));
	TRY(db_run(db, "DELETE FROM tail WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	TRY(db_run(db,
		"INSERT INTO log (step_id, state, sent_bytes, text_bytes, n_line_ends, gap_at, gap_bytes, "
		"gap_line_ends, group_line, n_chunks, saved, lost_bytes, file_bytes)"
		" VALUES ($1, 'open', 0, 0, 0, -1, 0, 0, -1, 0, $2, -1, 0)",
		DB_ARGS(DB_I(step_id), DB_B(STR(""))), NULL, e));
	TRY(db_run(db,
		"UPDATE step SET conclusion = 'running', exit_code = NULL, received_at = $2, began_at = $2, "
		"ended_at = 0, duration_ms = -1, n_lines = 0, n_bytes = 0, n_dropped_lines = 0, "
		"n_dropped_bytes = 0, stored_bytes = 0, log_expired_at = 0 WHERE id = $1",
		DB_ARGS(DB_I(step_id), DB_I(now)), NULL, e));
	return tally_after(db, step_id, &change, e);
}

/* ---- growing ---- */

static enum err_code add_chunks(
	struct db *db, int64_t step_id, const struct chunk *chunks, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++)
		TRY(db_run(db, "INSERT INTO chunk (step_id, number, entry, zstd) VALUES ($1, $2, $3, $4)",
			DB_ARGS(DB_I(step_id), DB_I(chunks[i].number), DB_B(chunks[i].entry),
				DB_B(chunks[i].zstd)),
			NULL, e));
	return ERR_OK;
}

static enum err_code delete_chunks_from(struct db *db, int64_t step_id, int64_t from, struct err *e)
{
	if (from == INT64_MAX)
		return ERR_OK;
	return db_run(db, "DELETE FROM chunk WHERE step_id = $1 AND number >= $2",
		DB_ARGS(DB_I(step_id), DB_I(from)), NULL, e);
}

enum err_code logs_append(struct db *db, const struct log *l, int64_t sent_before, int64_t from,
	const struct chunk *chunks, size_t n, struct err *e)
{
	int64_t changed = 0;

	TRY(db_run(db,
		"UPDATE log SET sent_bytes = $3, text_bytes = $4, n_line_ends = $5, gap_at = $6, "
		"gap_bytes = $7, gap_line_ends = $8, group_line = $9, n_chunks = $10, saved = $11"
		" WHERE step_id = $1 AND sent_bytes = $2 AND state = 'open'",
		DB_ARGS(DB_I(l->step_id), DB_I(sent_before), DB_I(l->sent_bytes), DB_I(l->text_bytes),
			DB_I(l->n_line_ends), DB_I(l->gap_at), DB_I(l->gap_bytes), DB_I(l->gap_line_ends),
			DB_I(l->group_line), DB_I(l->n_chunks), DB_B(l->saved)),
		&changed, e));
	if (changed == 0)
		return err_set(e, ERR_CONFLICT, "the log of step %lld has moved on", (long long)l->step_id);
	TRY(delete_chunks_from(db, l->step_id, from, e));
	return add_chunks(db, l->step_id, chunks, n, e);
}

enum err_code logs_drop_chunks(struct db *db, int64_t step_id, int64_t from, int64_t below, struct err *e)
{
	return db_run(db, "DELETE FROM chunk WHERE step_id = $1 AND number >= $2 AND number < $3",
		DB_ARGS(DB_I(step_id), DB_I(from), DB_I(below)), NULL, e);
}

enum err_code logs_end(struct db *db, const struct log *l, const struct step_end *end, struct err *e)
{
	struct tally_change change;
	int64_t changed = 0;

	TRY(db_run(db,
		"UPDATE log SET state = 'ended', saved = $2, lost_bytes = $3 WHERE step_id = $1 AND state = "
		"'open'",
		DB_ARGS(DB_I(l->step_id), DB_B(l->lost_bytes >= 0 ? l->saved : STR("")), DB_I(l->lost_bytes)),
		&changed, e));
	if (changed == 0)
		return ERR_OK;
	TRY(tally_before(db, l->step_id, &change, e));
	TRY(db_run(db,
		"UPDATE step SET conclusion = $2, exit_code = $3, duration_ms = $4, ended_at = $5, "
		"received_at = $5, n_lines = $6, n_bytes = $7, n_dropped_lines = $8, n_dropped_bytes = $9,"
		" explain_due = explain_due + 1 WHERE id = $1",
		DB_ARGS(DB_I(l->step_id), DB_T(str_z(conclusion_name(end->conclusion))),
			end->has_exit_code ? DB_I(end->exit_code) : DB_NONE, DB_I(end->duration_ms),
			DB_I(end->at), DB_I(l->n_line_ends - l->gap_line_ends),
			DB_I(l->text_bytes - l->gap_bytes), DB_I(l->gap_line_ends), DB_I(l->gap_bytes)),
		NULL, e));
	return tally_after(db, l->step_id, &change, e);
}

enum err_code logs_revive(
	struct db *db, const struct log *l, struct str parts, const struct chunk *chunk, struct err *e)
{
	struct tally_change change;
	int64_t changed = 0;

	TRY(db_run(db,
		"UPDATE log SET state = 'open', text_bytes = $2, n_line_ends = $3, group_line = $4, "
		"n_chunks = $5, lost_bytes = -1, file_bytes = $6 WHERE step_id = $1 AND state = 'sealed'",
		DB_ARGS(DB_I(l->step_id), DB_I(l->text_bytes), DB_I(l->n_line_ends), DB_I(l->group_line),
			DB_I(l->n_chunks), DB_I(l->file_bytes)),
		&changed, e));
	if (changed == 0)
		return err_set(e, ERR_CONFLICT, "the log of step %lld has moved on", (long long)l->step_id);
	if (parts.len > 0)
		TRY(db_run(db, "INSERT INTO part (step_id, file_at, entries) VALUES ($1, 0, $2)",
			DB_ARGS(DB_I(l->step_id), DB_B(parts)), NULL, e));
	if (chunk)
		TRY(add_chunks(db, l->step_id, chunk, 1, e));
	TRY(tally_before(db, l->step_id, &change, e));
	TRY(db_run(db,
		"UPDATE step SET conclusion = 'running', exit_code = NULL, ended_at = 0, duration_ms = -1, "
		"stored_bytes = 0, explain_due = explain_due + 1 WHERE id = $1",
		DB_ARGS(DB_I(l->step_id)), NULL, e));
	return tally_after(db, l->step_id, &change, e);
}

enum err_code logs_move(struct db *db, int64_t step_id, int64_t below, int64_t file_at, struct str entries,
	int64_t file_bytes, struct err *e)
{
	TRY(db_run(db, "DELETE FROM chunk WHERE step_id = $1 AND number < $2",
		DB_ARGS(DB_I(step_id), DB_I(below)), NULL, e));
	TRY(db_run(db, "INSERT INTO part (step_id, file_at, entries) VALUES ($1, $2, $3)",
		DB_ARGS(DB_I(step_id), DB_I(file_at), DB_B(entries)), NULL, e));
	return db_run(db, "UPDATE log SET file_bytes = $2 WHERE step_id = $1",
		DB_ARGS(DB_I(step_id), DB_I(file_bytes)), NULL, e);
}

enum err_code logs_seal(struct db *db, int64_t step_id, int64_t file_bytes, struct err *e)
{
	TRY(db_run(db, "DELETE FROM chunk WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	TRY(db_run(db, "DELETE FROM part WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	TRY(db_run(db, "UPDATE step SET stored_bytes = $2 WHERE id = $1",
		DB_ARGS(DB_I(step_id), DB_I(file_bytes)), NULL, e));
	return db_run(db, "UPDATE log SET state = 'sealed', file_bytes = $2 WHERE step_id = $1",
		DB_ARGS(DB_I(step_id), DB_I(file_bytes)), NULL, e);
}

enum err_code logs_drop(struct db *db, int64_t step_id, int64_t now, struct err *e)
{
	TRY(db_run(db, "DELETE FROM log WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	TRY(db_run(db, "DELETE FROM tail WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	if (now > 0)
		TRY(db_run(db, "DELETE FROM report WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	return db_run(db, "UPDATE step SET log_expired_at = $2, stored_bytes = 0 WHERE id = $1",
		DB_ARGS(DB_I(step_id), DB_I(now)), NULL, e);
}

enum err_code logs_mend(struct db *db, const struct log *l, struct str parts, int64_t from,
	const struct chunk *chunks, size_t n, struct err *e)
{
	TRY(db_run(db,
		"UPDATE log SET text_bytes = $2, n_line_ends = $3, gap_at = $4, lost_bytes = $5, "
		"file_bytes = $6 WHERE step_id = $1",
		DB_ARGS(DB_I(l->step_id), DB_I(l->text_bytes), DB_I(l->n_line_ends), DB_I(l->gap_at),
			DB_I(l->lost_bytes), DB_I(l->file_bytes)),
		NULL, e));
	TRY(db_run(db, "UPDATE step SET stored_bytes = $2 WHERE id = $1",
		DB_ARGS(DB_I(l->step_id), DB_I(l->stored_bytes)), NULL, e));
	TRY(db_run(db, "DELETE FROM part WHERE step_id = $1", DB_ARGS(DB_I(l->step_id)), NULL, e));
	if (parts.len > 0)
		TRY(db_run(db, "INSERT INTO part (step_id, file_at, entries) VALUES ($1, 0, $2)",
			DB_ARGS(DB_I(l->step_id), DB_B(parts)), NULL, e));
	TRY(delete_chunks_from(db, l->step_id, from, e));
	return add_chunks(db, l->step_id, chunks, n, e);
}

/* ---- reading back ---- */

struct chunk_rows {
	struct rows rows;
	int64_t bytes, max_bytes;
	bool more;
};

static enum err_code take_chunk(void *arg, const struct db_row *row, struct err *e)
{
	struct chunk_rows *c = arg;
	int64_t len = (int64_t)row->v[2].s.len;

	(void)e;
	if (c->more || (c->rows.n > 0 && len > c->max_bytes - c->bytes)) {
		c->more = true;
		return ERR_OK;
	}
	c->bytes += len;
	*(struct chunk *)rows_add(&c->rows) = (struct chunk){ .number = row_int(row, 0),
		.entry = row_str(row, 1, c->rows.a),
		.zstd = row_str(row, 2, c->rows.a) };
	return ERR_OK;
}

enum err_code logs_chunks(struct db *db, struct arena *a, int64_t step_id, int64_t below, int64_t max_bytes,
	struct chunk **ret, size_t *ret_n, bool *ret_more, struct err *e)
{
	struct chunk_rows c = { .rows = { .a = a, .size = sizeof **ret }, .max_bytes = max_bytes };

	/* More than anybody puts into one file at once; what is beyond comes at the next call. */
	TRY(db_each(db,
		"SELECT number, entry, zstd FROM chunk WHERE step_id = $1 AND number < $2"
		" ORDER BY number LIMIT 2000",
		DB_ARGS(DB_I(step_id), DB_I(below)), take_chunk, &c, e));
	*ret = c.rows.first;
	*ret_n = c.rows.n;
	*ret_more = c.more || c.rows.n == 2000;
	return ERR_OK;
}

struct index_rows {
	struct rows chunks;
	struct buf parts;
};

static enum err_code take_index(void *arg, const struct db_row *row, struct err *e)
{
	struct index_rows *x = arg;

	(void)e;
	if (row_int(row, 0) == 0)
		buf_str(&x->parts, row->v[2].s);
	else
		*(struct chunk *)rows_add(&x->chunks) =
			(struct chunk){ .number = row_int(row, 1), .entry = row_str(row, 2, x->chunks.a) };
	return ERR_OK;
}

/* One statement, so that what moves from the chunks to the parts meanwhile is in one of them and not in both. */
#define INDEX_OF(parts)                                                                                      \
	"SELECT 0 AS kind, file_at AS place, entries FROM part WHERE step_id = $1" parts                     \
	" UNION ALL SELECT 1, number, entry FROM chunk WHERE step_id = $1 ORDER BY 1, 2"

static enum err_code read_index(struct db *db, const char *sql, struct arena *a, int64_t step_id,
	struct str *ret_parts, struct chunk **ret_chunks, size_t *ret_n, struct err *e)
{
	struct index_rows x = { .chunks = { .a = a, .size = sizeof **ret_chunks } };
	enum err_code code;

	buf_init(&x.parts, (size_t)256 << 20);
	code = db_each(db, sql, DB_ARGS(DB_I(step_id)), take_index, &x, e);
	if (code == ERR_OK)
		code = buf_check(&x.parts, "the index of a log", e);
	if (code == ERR_OK) {
		*ret_parts = arena_str(a, buf_view(&x.parts));
		*ret_chunks = x.chunks.first;
		*ret_n = x.chunks.n;
	}
	buf_done(&x.parts);
	return code;
}

enum err_code logs_index(struct db *db, struct arena *a, int64_t step_id, struct str *ret_parts,
	struct chunk **ret_chunks, size_t *ret_n, struct err *e)
{
	return read_index(db, INDEX_OF(""), a, step_id, ret_parts, ret_chunks, ret_n, e);
}

enum err_code logs_index_end(struct db *db, struct arena *a, int64_t step_id, struct str *ret_part,
	struct chunk **ret_chunks, size_t *ret_n, struct err *e)
{
	return read_index(db, INDEX_OF(" AND file_at = (SELECT max(file_at) FROM part WHERE step_id = $1)"),
		a, step_id, ret_part, ret_chunks, ret_n, e);
}

struct part_each {
	logs_part_fn *each;
	void *arg;
};

static enum err_code hand_part(void *arg, const struct db_row *row, struct err *e)
{
	const struct part_each *p = arg;

	return p->each(p->arg, row->v[0].s, e);
}

enum err_code logs_parts_each(struct db *db, int64_t step_id, logs_part_fn *each, void *arg, struct err *e)
{
	struct part_each p = { each, arg };

	return db_each(db, "SELECT entries FROM part WHERE step_id = $1 ORDER BY file_at",
		DB_ARGS(DB_I(step_id)), hand_part, &p, e);
}

struct one_str {
	struct arena *a;
	struct str s;
	bool found;
};

static enum err_code take_one(void *arg, const struct db_row *row, struct err *e)
{
	struct one_str *one = arg;

	(void)e;
	one->s = row_str(row, 0, one->a);
	one->found = true;
	return ERR_OK;
}

enum err_code logs_chunk(
	struct db *db, struct arena *a, int64_t step_id, int64_t number, struct str *ret_zstd, struct err *e)
{
	struct one_str one = { .a = a };

	TRY(db_each(db, "SELECT zstd FROM chunk WHERE step_id = $1 AND number = $2",
		DB_ARGS(DB_I(step_id), DB_I(number)), take_one, &one, e));
	if (!one.found)
		return err_set(e, ERR_NOT_FOUND, "chunk %lld of step %lld is not in the database any more",
			(long long)number, (long long)step_id);
	*ret_zstd = one.s;
	return ERR_OK;
}

/* ---- what a run asks to be masked ---- */

enum err_code run_masks_add(struct db *db, int64_t run_id, struct str value, struct err *e)
{
	return db_run(db,
		"INSERT INTO run_mask (run_id, number, value)"
		" SELECT $1, coalesce(max(number), -1) + 1, $2 FROM run_mask WHERE run_id = $1",
		DB_ARGS(DB_I(run_id), DB_B(value)), NULL, e);
}

static enum err_code take_str(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct str *)rows_add(rows) = row_str(row, 0, rows->a);
	return ERR_OK;
}

enum err_code run_masks_list(
	struct db *db, struct arena *a, int64_t run_id, struct str **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db, "SELECT value FROM run_mask WHERE run_id = $1 ORDER BY number", DB_ARGS(DB_I(run_id)),
		take_str, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
