/*
 * dispatch_states: what becomes of a dispatch.
 *
 * It is in one state at a time (model/dispatch.tbl), and each change is one statement that says from which state it goes: whoever comes late changes nothing. An agent is known by the number of its
 * claim, so one that was given up, and is not dead after all, cannot take anybody else's (a fencing token).
 */
#include "store/dispatch_rows.h"

#include "base/clock.h"
#include "store/visible.h"

#define PAUSED "EXISTS (SELECT 1 FROM dispatch_pause WHERE dispatch_pause.repo_id IN (0, dispatch.repo_id))"
/* Somebody pushed since: what failed is not what there is. */
#define MOVED_ON                                                                                             \
	"EXISTS (SELECT 1 FROM forge_head WHERE forge_head.repo_id = dispatch.repo_id AND dispatch.line <> " \
	"''"                                                                                                 \
	" AND forge_head.name = dispatch.line AND forge_head.head_sha <> dispatch.head_sha)"

enum err_code dispatches_decide(
	struct db *db, const struct dispatch_decision *x, int64_t now, bool *ret, struct err *e)
{
	bool open = dispatch_state_is_open(x->state);
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch SET state = $3, due_at = $4, group_id = $5, run_id = CASE WHEN $6 > 0 THEN "
		"$6 ELSE run_id END,"
		" class = $7, message = $8, verdicts = $9, refused_by = $10, reason = $11, prompt = $12,"
		" handed_at = CASE WHEN $13 > 0 THEN $13 ELSE handed_at END, decided_at = $14, over_at = $15,"
		" author = CASE WHEN $16 <> '' THEN $16 ELSE author END"
		" WHERE id = $1 AND n_retries = $2 AND state = 'waiting'",
		DB_ARGS(DB_I(x->id), DB_I(x->n_retries), DB_T(str_z(dispatch_state_name(x->state))),
			DB_I(x->due_at), DB_I(x->group_id), DB_I(x->run_id), DB_T(x->class), DB_T(x->message),
			DB_T(x->verdicts), DB_T(x->refused_by), DB_T(x->reason), DB_B(x->prompt),
			DB_I(x->handed_at), DB_I(now), DB_I(open ? 0 : now), DB_T(x->author)),
		&n, e));
	*ret = n > 0;
	return ERR_OK;
}

/* ---- claims ---- */

enum err_code dispatches_offered(struct db *db, struct arena *a, const struct dispatch_claiming *c,
	struct dispatch *ret, bool *ret_found, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db,
		"SELECT " DISPATCH_COLUMNS " FROM dispatch JOIN repo ON repo.id = dispatch.repo_id"
		" WHERE dispatch.state = 'offered' AND ($1 = 0 OR dispatch.repo_id = $1) AND " VISIBLE_TO(
			"$2") " AND ($3 = '' OR repo.name_key = lower($3)) AND ($4 = '' OR lower(repo.forge) "
			      "= lower($4))"
			      " AND NOT " PAUSED " AND NOT " MOVED_ON " ORDER BY dispatch.id LIMIT 1",
		DB_ARGS(DB_I(c->repo_id), DB_I(c->viewer), DB_T(c->repo), DB_T(c->forge)), dispatch_take,
		&rows, e));
	*ret_found = rows.n > 0;
	if (rows.n > 0)
		*ret = *(struct dispatch *)rows.first;
	return ERR_OK;
}

enum err_code dispatches_claim(struct db *db, int64_t id, struct str agent, int64_t now, int64_t lease_until,
	int64_t *ret_claim, struct err *e)
{
	enum err_code code = db_int(db,
		"UPDATE dispatch SET state = 'claimed', n_claims = n_claims + 1, agent = $2, lease_until = "
		"$4,"
		" handed_at = $3, step_id = 0"
		" WHERE id = $1 AND state = 'offered' RETURNING n_claims",
		DB_ARGS(DB_I(id), DB_T(agent), DB_I(now), DB_I(lease_until)), ret_claim, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_CONFLICT, "dispatch %lld is not offered any more", (long long)id);
	return code;
}

enum err_code dispatches_renew(struct db *db, int64_t id, int64_t claim, int64_t lease_until, int64_t step_id,
	bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch SET lease_until = $3, step_id = CASE WHEN $4 > 0 THEN $4 ELSE step_id END"
		" WHERE id = $1 AND n_claims = $2 AND state = 'claimed'",
		DB_ARGS(DB_I(id), DB_I(claim), DB_I(lease_until), DB_I(step_id)), &n, e));
	*ret = n > 0;
	return ERR_OK;
}

enum err_code dispatches_give_up(struct db *db, int64_t now, int64_t *ret, struct err *e)
{
	return db_run(db,
		"UPDATE dispatch SET state = 'unknown', over_at = $1,"
		" note = CASE WHEN note = '' THEN 'nothing was heard of the agent any more' ELSE note END"
		" WHERE state IN " DISPATCH_OPEN " AND state = 'claimed' AND lease_until < $1",
		DB_ARGS(DB_I(now)), ret, e);
}

enum err_code dispatches_extend(struct db *db, int64_t lease_until, struct err *e)
{
	return db_run(db,
		"UPDATE dispatch SET lease_until = $1"
		" WHERE state IN " DISPATCH_OPEN " AND state = 'claimed' AND lease_until < $1",
		DB_ARGS(DB_I(lease_until)), NULL, e);
}

/* ---- what is said of one, or seen ---- */

enum err_code dispatches_set(
	struct db *db, const struct dispatch_word *w, int64_t now, bool *ret, struct err *e)
{
	bool open = dispatch_state_is_open(w->to);
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch SET state = $4, outcome = $5, note = CASE WHEN $6 <> '' THEN $6 ELSE note "
		"END,"
		" fixed_sha = CASE WHEN $7 <> '' THEN $7 ELSE fixed_sha END,"
		" step_id = CASE WHEN $8 > 0 THEN $8 ELSE step_id END, over_at = $9, due_at = 0"
		" WHERE id = $1 AND state = $2 AND n_claims = $3",
		DB_ARGS(DB_I(w->id), DB_T(str_z(dispatch_state_name(w->from))), DB_I(w->claim),
			DB_T(str_z(dispatch_state_name(w->to))),
			DB_T(str_z(dispatch_outcome_name(w->outcome))), DB_T(w->note), DB_T(w->sha),
			DB_I(w->step_id), DB_I(open ? 0 : now)),
		&n, e));
	*ret = n > 0;
	return ERR_OK;
}

enum err_code dispatches_retry(struct db *db, int64_t id, int64_t due_at, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE dispatch SET state = 'waiting', outcome = '', note = '', fixed_sha = '', verdicts = "
		"'',"
		" refused_by = '', reason = '', prompt = $3, due_at = $2, decided_at = 0, over_at = 0, agent "
		"= '',"
		" lease_until = 0, step_id = 0, n_retries = n_retries + 1"
		" WHERE id = $1 AND state NOT IN " DISPATCH_OPEN,
		DB_ARGS(DB_I(id), DB_I(due_at), DB_B(STR(""))), &n, e));
	*ret = n > 0;
	if (n == 0)
		return ERR_OK;
	return db_run(db, "DELETE FROM dispatch_action WHERE dispatch_id = $1", DB_ARGS(DB_I(id)), NULL, e);
}

/* ---- the switch ---- */

/* Of each line the newest: what failed before it is nobody's affair any more. */
static enum err_code decide_again(struct db *db, int64_t repo_id, int64_t now, struct err *e)
{
	return db_run(db,
		"UPDATE dispatch SET state = 'waiting', verdicts = '', refused_by = '', reason = '', due_at "
		"= $2,"
		" decided_at = 0, over_at = 0 WHERE state = 'refused' AND refused_by = 'paused' AND "
		"created_at > $3"
		" AND ($1 = 0 OR repo_id = $1) AND NOT EXISTS (SELECT 1 FROM dispatch AS n WHERE n.repo_id = "
		"dispatch.repo_id AND n.line = dispatch.line AND n.line <> '' AND n.id > dispatch.id)",
		DB_ARGS(DB_I(repo_id), DB_I(now), DB_I(now - DAY_MS)), NULL, e);
}

enum err_code dispatch_pause_set(struct db *db, int64_t repo_id, bool paused, struct str by, int64_t now,
	bool *ret_changed, struct err *e)
{
	int64_t n = 0;

	if (paused)
		TRY(db_run(db,
			"INSERT INTO dispatch_pause (repo_id, paused_at, paused_by) VALUES ($1, $2, $3)"
			" ON CONFLICT (repo_id) DO NOTHING",
			DB_ARGS(DB_I(repo_id), DB_I(now), DB_T(by)), &n, e));
	else
		TRY(db_run(
			db, "DELETE FROM dispatch_pause WHERE repo_id = $1", DB_ARGS(DB_I(repo_id)), &n, e));
	if (!paused && n > 0)
		TRY(decide_again(db, repo_id, now, e));
	*ret_changed = n > 0;
	return ERR_OK;
}

enum err_code dispatch_paused(struct db *db, int64_t repo_id, bool *ret, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM dispatch_pause WHERE repo_id IN (0, $1)", DB_ARGS(DB_I(repo_id)),
		&n, e));
	*ret = n > 0;
	return ERR_OK;
}

/* ---- their end ---- */

#define OLD "dispatch WHERE created_at < $1 AND state NOT IN " DISPATCH_OPEN

enum err_code dispatches_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	if (dry)
		return db_int(db, "SELECT count(*) FROM " OLD, DB_ARGS(DB_I(before)), ret_rows, e);
	return db_run(db, "DELETE FROM dispatch WHERE id IN (SELECT id FROM " OLD " ORDER BY id LIMIT $2)",
		DB_ARGS(DB_I(before), DB_I(limit)), ret_rows, e);
}
