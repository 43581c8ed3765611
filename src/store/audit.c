/*
 * audit: who did what, when. There is one statement that adds and one that lets the old go; none changes a row.
 */
#include "store/access_nouns.h"
#include "store/rows.h"

#include "base/utf8.h"

#include <assert.h>

enum err_code audit_add(struct db *db, const struct audit_entry *x, struct err *e)
{
	struct str subject = { x->subject.p, utf8_floor(x->subject, AUDIT_SUBJECT_MAX) };

	assert(x->detail.len <= AUDIT_DETAIL_MAX);
	return db_run(db,
		"INSERT INTO audit (at, user_id, token_id, session_id, actor, action, subject_kind, "
		"subject_id, subject,"
		" detail, request_id, address) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
		DB_ARGS(DB_I(x->at), DB_I(x->user_id), DB_I(x->token_id), DB_I(x->session_id), DB_T(x->actor),
			DB_T(x->action), DB_T(x->subject_kind), DB_I(x->subject_id), DB_T(subject),
			DB_T(x->detail.len > 0 ? x->detail : STR("{}")), DB_T(x->request_id),
			DB_T(x->address)),
		NULL, e);
}

static enum err_code take_entry(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct audit_entry *x = rows_add(rows);

	(void)e;
	*x = (struct audit_entry){
		.id = row_int(row, 0),
		.at = row_int(row, 1),
		.user_id = row_int(row, 2),
		.token_id = row_int(row, 3),
		.session_id = row_int(row, 4),
		.actor = row_str(row, 5, rows->a),
		.action = row_str(row, 6, rows->a),
		.subject_kind = row_str(row, 7, rows->a),
		.subject_id = row_int(row, 8),
		.subject = row_str(row, 9, rows->a),
		.detail = row_str(row, 10, rows->a),
		.request_id = row_str(row, 11, rows->a),
		.address = row_str(row, 12, rows->a),
	};
	return ERR_OK;
}

#define WANTED                                                                                               \
	" WHERE ($1 = '' OR action = $1) AND ($2 = '' OR subject_kind = $2) AND ($3 = 0 OR user_id = $3)"    \
	" AND ($4 = 0 OR subject_id = $4) AND at >= $5 AND ($6 = 0 OR at < $6)"

enum err_code audit_list(struct db *db, struct arena *a, const struct audit_query *q,
	struct audit_entry **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	struct db_value action = DB_T(q->action), kind = DB_T(q->subject_kind), user = DB_I(q->user_id),
			subject = DB_I(q->subject_id), from = DB_I(q->from), to = DB_I(q->to);
	int64_t total = 0;

	TRY(rows_total(db, "SELECT count(*) FROM (SELECT 1 FROM audit" WANTED " LIMIT 10001) AS x",
		DB_ARGS(action, kind, user, subject, from, to), &total, e));
	TRY(db_each(db,
		"SELECT id, at, user_id, token_id, session_id, actor, action, subject_kind, subject_id, "
		"subject, detail,"
		" request_id, address FROM audit" WANTED " ORDER BY at DESC, id DESC LIMIT $7 OFFSET $8",
		DB_ARGS(action, kind, user, subject, from, to, DB_I(q->limit), DB_I(q->offset)), take_entry,
		&rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code audit_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(
			db, "SELECT count(*) FROM audit WHERE at < $1", DB_ARGS(DB_I(before)), ret_rows, e);
	return db_run(db,
		"DELETE FROM audit WHERE id IN (SELECT id FROM audit WHERE at < $1 ORDER BY at, id LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
