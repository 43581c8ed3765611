/* hosts: the machines of the fleet: when they were heard of, and what became of what they sent. */
#include "store/fleet_nouns.h"
#include "store/rows.h"

#define COLUMNS                                                                                              \
	"name, code_commit, first_seen_at, last_seen_at, n_accepted, bytes, accepted_at, n_refused, "        \
	"refused_at, refused_status, refused_why"

static enum err_code take_host(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct fleet_host *)rows_add(rows) = (struct fleet_host){ .name = row_str(row, 0, rows->a),
		.code_commit = row_str(row, 1, rows->a),
		.first_seen_at = row_int(row, 2),
		.last_seen_at = row_int(row, 3),
		.n_accepted = row_int(row, 4),
		.bytes = row_int(row, 5),
		.accepted_at = row_int(row, 6),
		.n_refused = row_int(row, 7),
		.refused_at = row_int(row, 8),
		.refused_status = row_int(row, 9),
		.refused_why = row_str(row, 10, rows->a) };
	return ERR_OK;
}

enum err_code hosts_may_come(struct db *db, struct str name, int64_t max, struct err *e)
{
	int64_t n = 0, known = 0;

	TRY(db_int(db, "SELECT count(*) FROM fleet_host WHERE name = $1", DB_ARGS(DB_T(name)), &known, e));
	if (known > 0)
		return ERR_OK;
	TRY(db_int(db, "SELECT count(*) FROM fleet_host", NULL, 0, &n, e));
	if (n < max)
		return ERR_OK;
	return err_set(e, ERR_FORBIDDEN,
		"%lld hosts are known, and \"%.*s\" is none of them; the bound is [fleet] hosts",
		(long long)n, STR_FMT(name));
}

static enum err_code add(
	struct db *db, struct str name, struct str commit, int64_t max, int64_t now, struct err *e)
{
	TRY(hosts_may_come(db, name, max, e));
	return db_run(db,
		"INSERT INTO fleet_host (name, first_seen_at, last_seen_at, code_commit) VALUES ($1, $2, $2, "
		"$3)",
		DB_ARGS(DB_T(name), DB_I(now), DB_T(commit)), NULL, e);
}

enum err_code hosts_seen(
	struct db *db, struct str name, struct str commit, int64_t max, int64_t now, struct err *e)
{
	int64_t n = 0;

	TRY(db_run(db,
		"UPDATE fleet_host SET last_seen_at = $2, code_commit = CASE WHEN $3 = '' THEN code_commit "
		"ELSE $3 END"
		" WHERE name = $1",
		DB_ARGS(DB_T(name), DB_I(now), DB_T(commit)), &n, e));
	return n > 0 ? ERR_OK : add(db, name, commit, max, now, e);
}

enum err_code hosts_refused(
	struct db *db, struct str name, int status, struct str why, int64_t now, struct err *e)
{
	return db_run(db,
		"UPDATE fleet_host SET n_refused = n_refused + 1, refused_at = $2, refused_status = $3, "
		"refused_why = $4"
		" WHERE name = $1",
		DB_ARGS(DB_T(name), DB_I(now), DB_I(status), DB_T(why)), NULL, e);
}

enum err_code hosts_list(struct db *db, struct str only, int64_t limit, int64_t offset, struct arena *a,
	struct fleet_host **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(rows_total(db,
		"SELECT count(*) FROM (SELECT 1 FROM fleet_host WHERE $1 = '' OR name = $1 LIMIT 10001) AS x",
		DB_ARGS(DB_T(only)), ret_total, e));
	TRY(db_each(db,
		"SELECT " COLUMNS
		" FROM fleet_host WHERE $1 = '' OR name = $1 ORDER BY name LIMIT $2 OFFSET $3",
		DB_ARGS(DB_T(only), DB_I(limit), DB_I(offset)), take_host, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}
