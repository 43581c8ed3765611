/* progress: what is told of a run of the suite while it is done, in its order. */
#include "store/like.h"
#include "store/result_nouns.h"

static struct str type_of(const struct progress *p)
{
	return p->is_error ? str_z(error_type_name(p->type)) : STR("");
}

static struct str severity_of(const struct progress *p)
{
	return p->is_error ? str_z(error_severity_name(p->severity)) : STR("");
}

/* A worker that did not hear our answer says it again. */
static enum err_code is_last(
	struct db *db, int64_t run_id, const struct progress *p, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db,
		"SELECT count(*) FROM progress WHERE run_id = $1 AND status = $2 AND message = $3 AND step = "
		"$4"
		" AND number = (SELECT max(number) FROM progress WHERE run_id = $1)",
		DB_ARGS(DB_I(run_id), DB_T(str_z(progress_status_name(p->status))), DB_T(p->message),
			DB_I(p->step)),
		&n, e));
	*ret = n > 0;
	return ERR_OK;
}

static enum err_code next_number(struct db *db, int64_t run_id, int64_t *ret, struct err *e)
{
	return db_int(db, "SELECT coalesce(max(number) + 1, 0) FROM progress WHERE run_id = $1",
		DB_ARGS(DB_I(run_id)), ret, e);
}

enum err_code progress_note(struct db *db, int64_t run_id, const struct progress *p, struct err *e)
{
	int64_t n = 0;

	TRY(next_number(db, run_id, &n, e));
	return db_run(db,
		"INSERT INTO progress (run_id, number, at, status, message, step, type, severity)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		DB_ARGS(DB_I(run_id), DB_I(n), DB_I(p->at), DB_T(str_z(progress_status_name(p->status))),
			DB_T(p->message), DB_I(p->step), DB_T(type_of(p)), DB_T(severity_of(p))),
		NULL, e);
}

enum err_code progress_add(struct db *db, int64_t run_id, const struct progress *p, struct err *e)
{
	bool again = false;
	int64_t n = 0;

	TRY(is_last(db, run_id, p, &again, e));
	if (again)
		return ERR_OK;
	TRY(next_number(db, run_id, &n, e));
	if (n >= PROGRESS_MAX)
		return err_set(e, ERR_TOO_LARGE,
			"run %lld has told %d events already, which is what is kept of one: tell fewer",
			(long long)run_id, PROGRESS_MAX);
	return progress_note(db, run_id, p, e);
}

/* ---- reading ---- */

static enum err_code take_progress(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct progress p = { .number = row_int(row, 0),
		.at = row_int(row, 1),
		.message = row_str(row, 3, rows->a),
		.step = row_int(row, 4),
		.is_error = row->v[5].s.len > 0 };

	if (!progress_status_find(row->v[2].s, &p.status) ||
		(p.is_error && (!error_type_find(row->v[5].s, &p.type) ||
				       !error_severity_find(row->v[6].s, &p.severity))))
		return err_set(e, ERR_STORAGE, "the progress of a run has words unknown to this program");
	*(struct progress *)rows_add(rows) = p;
	return ERR_OK;
}

#define COLUMNS "SELECT number, at, status, message, step, type, severity"
#define OF_RUN " FROM progress WHERE run_id = $1 AND ($2 = '' OR status = $2)"

enum err_code progress_list(struct db *db, struct arena *a, int64_t run_id, int status, int64_t limit,
	int64_t offset, struct progress **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct str name = status < 0 ? STR("") : str_z(progress_status_name((enum progress_status)status));
	const struct db_value args[] = { DB_I(run_id), DB_T(name), DB_I(limit), DB_I(offset) };

	TRY(rows_total(
		db, "SELECT count(*) FROM (SELECT 1" OF_RUN " LIMIT 10001) AS x", args, 2, ret_total, e));
	TRY(db_each(
		db, COLUMNS OF_RUN " ORDER BY number LIMIT $3 OFFSET $4", args, 4, take_progress, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

static void write_severities(unsigned set, struct buf *out)
{
	buf_char(out, ',');
	for (unsigned i = 0; i < ERROR_N_SEVERITIES; i++)
		if (set == 0 || set >> i & 1)
			buf_fmt(out, "%s,", error_severity_name((enum error_severity)i));
}

#define ERRORS_OF_RUN                                                                                        \
	" FROM progress WHERE run_id = $1 AND type <> '' AND $2 LIKE '%,' || type || ',%'"                   \
	" AND $3 LIKE '%,' || severity || ',%'"

enum err_code progress_errors(struct db *db, struct arena *a, int64_t run_id, unsigned types,
	unsigned severities, int64_t limit, int64_t offset, struct progress **ret, size_t *ret_n,
	int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	AUTO_BUF t, s;

	buf_init(&t, SIZE_MAX);
	buf_init(&s, SIZE_MAX);
	like_types(types, &t);
	write_severities(severities, &s);
#define WANTED DB_I(run_id), DB_T(buf_view(&t)), DB_T(buf_view(&s))
	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1" ERRORS_OF_RUN " LIMIT 10001) AS x",
		DB_ARGS(WANTED), ret_total, e));
	TRY(db_each(db, COLUMNS ERRORS_OF_RUN " ORDER BY number LIMIT $4 OFFSET $5",
		DB_ARGS(WANTED, DB_I(limit), DB_I(offset)), take_progress, &rows, e));
#undef WANTED
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
