/*
 * dispatch_facts: what the guard of a dispatch goes by, and what is seen of the world.
 *
 * An attempt is a dispatch that went out (handed_at). Attempts of a line, a pull request or else a branch, are counted since its workflow was last green there: that a run says, which a fixer cannot
 * claim. Attempts at a group are counted over all branches, of one day, since the group was last seen to be gone: who answers each failure with a new branch is stopped by that.
 */
#include "store/dispatch_rows.h"

#define DAY "86400000"
#define MONTH "2592000000" /* further back nobody looks */
#define QUIET "600000"     /* RUN_QUIET_MS */

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;

	(void)e;
	*(struct str *)rows_add(rows) = row_str(row, 0, rows->a);
	return ERR_OK;
}

/* The first row's text; *ret_found may be NULL. */
static enum err_code text(struct db *db, struct arena *a, const char *sql, const struct db_value *args,
	size_t n_args, struct str *ret, bool *ret_found, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, sql, args, n_args, take_text, &rows, e));
	*ret = rows.n > 0 ? *(struct str *)rows.first : STR("");
	if (ret_found)
		*ret_found = rows.n > 0;
	return ERR_OK;
}

/* ---- attempts ---- */

/* $1 repo, $2 pull request, $3 branch, $4 workflow; of forge_run `f`, of run `r`. Not every forge says with a run which pull request it is of. */
#define ON_LINE(x)                                                                                           \
	"(($2 > 0 AND " x ".pull_request = $2) OR (" x ".pull_request = 0 AND $3 <> '' AND " x               \
	".branch = $3))"
#define SAME_WORKFLOW(x) "($4 = '' OR " x ".workflow = '' OR " x ".workflow = $4)"

/*
 * That a run ended later does not say that it is of a later commit: one of an older commit may take longer. What is later than the run that the dispatch `p` is of:
 * - a run of the same commit, which is that one again;
 * - one of the commit where its line stands;
 * - one that was heard of after it, of a greater number on the forge, which ended after it. Of what was sent alone, only the order is known.
 */
#define SAME_COMMIT(x) x ".head_sha = p.head_sha"
#define HEAD_OF_LINE                                                                                         \
	"(SELECT h.head_sha FROM forge_head AS h WHERE h.repo_id = p.repo_id AND h.name = p.line AND "       \
	"h.head_sha <> '')"
#define AT_HEAD(x) x ".head_sha = " HEAD_OF_LINE
#define HEAD_UNKNOWN "NOT EXISTS " HEAD_OF_LINE
#define TOLD_AFTER                                                                                           \
	"NOT EXISTS (SELECT 1 FROM forge_run AS own WHERE own.repo_id = p.repo_id AND "                      \
	"own.external_run_id = p.external_run_id AND own.attempt = p.attempt AND (own.id >= f.id"            \
	" OR (own.said_at > 0 AND f.said_at > 0 AND f.said_at <= own.said_at)"                               \
	" OR length(own.external_run_id) > length(f.external_run_id)"                                        \
	" OR (length(own.external_run_id) = length(f.external_run_id)"                                       \
	" AND own.external_run_id > f.external_run_id)))"
#define SENT_AFTER "(r.id > p.run_id AND (p.run_id > 0 OR r.created_at > p.handed_at))"

/* Attempts `p` after which its line was not green. Where it stood then is not known any more. Of runs that nobody says the end of, those count that were silent for long enough. $5 now, $6 line, $7 the one that is asked for. */
#define GREEN_TOLD                                                                                           \
	"SELECT 1 FROM forge_run AS f WHERE f.repo_id = $1 AND f.conclusion = 'success' AND f.heard_at > "   \
	"p.handed_at AND f.heard_at > $5 - " MONTH " AND " ON_LINE("f") " AND " SAME_WORKFLOW(               \
		"f") " AND (" SAME_COMMIT("f") " OR " AT_HEAD("f") " OR " TOLD_AFTER ")"
#define GREEN_SENT                                                                                           \
	"SELECT 1 FROM run AS r WHERE r.repo_id = $1 AND r.settled = 'pass' AND r.created_at > $5 - " MONTH  \
	" AND r.newest_at > p.handed_at AND r.newest_at < $5 - " QUIET                                       \
	" AND r.stage = 0 AND " NOT_OF_AGENT("r") " AND " ON_LINE("r") " AND " SAME_WORKFLOW(                \
		"r") " AND (" SAME_COMMIT("r") " OR " AT_HEAD("r") " OR " SENT_AFTER                         \
								   ") AND NOT EXISTS (SELECT 1 FROM "        \
								   "forge_run AS f WHERE f.repo_id = "       \
								   "r.repo_id AND "                          \
								   "f.head_sha = r.head_sha AND "            \
								   "f.conclusion <> 'success')"

static enum err_code take_attempts(void *arg, const struct db_row *row, struct err *e)
{
	struct dispatch_standing *s = arg;

	(void)e;
	s->n_attempts = row_int(row, 0);
	s->last_attempt_at = row_int(row, 1);
	return ERR_OK;
}

static enum err_code count_attempts(
	struct db *db, const struct dispatch *d, int64_t now, struct dispatch_standing *s, struct err *e)
{
	return db_each(db,
		"SELECT count(*), coalesce(max(p.handed_at), 0) FROM dispatch AS p WHERE p.repo_id = $1 AND "
		"p.line = $6 AND p.line <> '' AND p.handed_at > 0 AND p.id <> $7 AND NOT EXISTS (" GREEN_TOLD
		") AND NOT EXISTS (" GREEN_SENT ")",
		DB_ARGS(DB_I(d->repo_id), DB_I(d->pull_request), DB_T(d->branch), DB_T(d->workflow),
			DB_I(now), DB_T(d->line), DB_I(d->id)),
		take_attempts, s, e);
}

static enum err_code take_others(void *arg, const struct db_row *row, struct err *e)
{
	struct dispatch_standing *s = arg;

	(void)e;
	s->n_of_group = row_int(row, 0);
	s->n_today = row_int(row, 1);
	s->oldest_today_at = row_int(row, 2);
	return ERR_OK;
}

static enum err_code count_others(
	struct db *db, const struct dispatch *d, int64_t now, struct dispatch_standing *s, struct err *e)
{
	return db_each(db,
		"SELECT (SELECT count(*) FROM dispatch WHERE group_id = $2 AND group_id > 0 AND handed_at > "
		"$3 - " DAY " AND handed_at > (SELECT coalesce(max(fixed_at), 0) FROM error_group WHERE id = "
		"$2) AND id <> $4),"
		" count(*), coalesce(min(handed_at), 0) FROM dispatch WHERE repo_id = $1 AND created_at > $3 "
		"- 2 * " DAY " AND handed_at > $3 - " DAY " AND id <> $4",
		DB_ARGS(DB_I(d->repo_id), DB_I(d->group_id), DB_I(now), DB_I(d->id)), take_others, s, e);
}

/* ---- others ---- */

static enum err_code take_pair(void *arg, const struct db_row *row, struct err *e)
{
	int64_t *pair = arg;

	(void)e;
	pair[0] = row_int(row, 0);
	pair[1] = row_int(row, 1);
	return ERR_OK;
}

/* One that only waits stands in nobody's way: it is decided itself when its time comes, and sees then what has gone out. */
static enum err_code find_open(
	struct db *db, const struct dispatch *d, struct dispatch_standing *s, struct err *e)
{
	int64_t pair[2] = { 0 };

	TRY(db_each(db,
		"SELECT id, CASE WHEN group_id = $2 AND $2 > 0 THEN 1 ELSE 0 END FROM dispatch WHERE repo_id "
		"= $1"
		" AND state IN " DISPATCH_OPEN
		" AND state <> 'waiting' AND id <> $4 AND ((group_id = $2 AND $2 > 0)"
		" OR (line = $3 AND line <> '' AND (group_id = 0 OR $2 = 0))) ORDER BY id LIMIT 1",
		DB_ARGS(DB_I(d->repo_id), DB_I(d->group_id), DB_T(d->line), DB_I(d->id)), take_pair, pair,
		e));
	s->open_id = pair[0];
	s->same_group = pair[1] != 0;
	return ERR_OK;
}

static enum err_code find_no_fix(
	struct db *db, const struct dispatch *d, int64_t since, struct dispatch_standing *s, struct err *e)
{
	int64_t pair[2] = { 0 };

	if (d->group_id == 0)
		return ERR_OK;
	TRY(db_each(db,
		"SELECT id, over_at FROM dispatch WHERE group_id = $1 AND group_id > 0 AND outcome = 'no_fix'"
		" AND over_at >= $2 AND id <> $3 ORDER BY over_at DESC LIMIT 1",
		DB_ARGS(DB_I(d->group_id), DB_I(since), DB_I(d->id)), take_pair, pair, e));
	s->no_fix_id = pair[0];
	s->no_fix_at = pair[1];
	return ERR_OK;
}

struct known_head {
	struct arena *a;
	struct dispatch_standing *s;
};

static enum err_code take_head(void *arg, const struct db_row *row, struct err *e)
{
	struct known_head *k = arg;

	(void)e;
	k->s->known_head = row_str(row, 0, k->a);
	k->s->known_author = row_str(row, 1, k->a);
	k->s->known_gone = k->s->known_head.len == 0;
	return ERR_OK;
}

static enum err_code find_head(
	struct db *db, struct arena *a, const struct dispatch *d, struct dispatch_standing *s, struct err *e)
{
	struct known_head k = { a, s };

	return db_each(db,
		"SELECT head_sha, author FROM forge_head WHERE repo_id = $1 AND name = $2 AND name <> ''",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->line)), take_head, &k, e);
}

enum err_code dispatch_standing(struct db *db, struct arena *a, const struct dispatch *d,
	int64_t no_fix_since, int64_t now, struct dispatch_standing *ret, struct err *e)
{
	struct dispatch_standing s = { 0 };
	int64_t n = 0;

	TRY(db_int(db, "SELECT count(*) FROM dispatch_pause WHERE repo_id IN (0, $1)",
		DB_ARGS(DB_I(d->repo_id)), &n, e));
	s.paused = n > 0;
	TRY(count_attempts(db, d, now, &s, e));
	TRY(count_others(db, d, now, &s, e));
	TRY(find_open(db, d, &s, e));
	TRY(find_no_fix(db, d, no_fix_since, &s, e));
	TRY(find_head(db, a, d, &s, e));
	*ret = s;
	return ERR_OK;
}

/* ---- what came of it ---- */

/* Later runs of its workflow on its line, of another commit or of this one again. $5 since, $6 now, $7 the dispatch. */
#define LATER_TOLD                                                                                           \
	"SELECT f.head_sha FROM forge_run AS f JOIN dispatch AS p ON p.id = $7 WHERE f.repo_id = $1 AND "    \
	"f.heard_at > $5 AND " ON_LINE("f") " AND " SAME_WORKFLOW("f") " AND (" SAME_COMMIT(                 \
		"f") " OR " AT_HEAD("f") " OR (" HEAD_UNKNOWN " AND " TOLD_AFTER "))"
#define LATER_SENT                                                                                           \
	"SELECT r.head_sha FROM run AS r JOIN dispatch AS p ON p.id = $7 WHERE r.repo_id = $1 AND r.stage "  \
	"= 0 AND r.created_at > $5 AND " NOT_OF_AGENT("r") " AND " ON_LINE("r") " AND " SAME_WORKFLOW(       \
		"r") " AND (" SAME_COMMIT("r") " OR " AT_HEAD("r") " OR (" HEAD_UNKNOWN " AND " SENT_AFTER   \
								   ")) AND NOT EXISTS (SELECT 1 FROM "       \
								   "forge_run "                              \
								   "AS f WHERE f.repo_id = r.repo_id AND "   \
								   "f.head_sha = r.head_sha)"
#define LATER_ARGS(d, now)                                                                                   \
	DB_ARGS(DB_I((d)->repo_id), DB_I((d)->pull_request), DB_T((d)->branch), DB_T((d)->workflow),         \
		DB_I((d)->handed_at), DB_I(now), DB_I((d)->id))

enum err_code dispatch_seen(struct db *db, struct arena *a, const struct dispatch *d, int64_t now,
	struct dispatch_seen *ret, struct err *e)
{
	struct dispatch_seen s = { 0 };

	TRY(text(db, a, LATER_TOLD " AND f.conclusion = 'success' AND $6 > 0 ORDER BY f.heard_at LIMIT 1",
		LATER_ARGS(d, now), &s.green_sha, NULL, e));
	if (s.green_sha.len == 0) /* of what nobody says that it is over: 10 minutes of silence */
		TRY(text(db, a,
			LATER_SENT " AND r.settled = 'pass' AND r.newest_at < $6 - " QUIET
				   " ORDER BY r.id LIMIT 1",
			LATER_ARGS(d, now), &s.green_sha, NULL, e));
	if (s.green_sha.len == 0 && d->group_id > 0)
		TRY(text(db, a,
			"SELECT fixed_in FROM error_group WHERE id = $1 AND fixed_in <> '' AND fixed_at > $2",
			DB_ARGS(DB_I(d->group_id), DB_I(d->handed_at)), &s.green_sha, NULL, e));
	TRY(text(db, a,
		LATER_TOLD " AND f.conclusion = 'failure' AND f.head_sha <> p.head_sha AND $6 > 0 ORDER BY "
			   "f.heard_at LIMIT 1",
		LATER_ARGS(d, now), &s.newer_red, NULL, e));
	if (s.newer_red.len == 0)
		TRY(text(db, a,
			LATER_SENT " AND r.settled IN ('fail', 'incomplete') AND r.n_running = 0 AND "
				   "r.head_sha <> p.head_sha"
				   " AND r.newest_at < $6 - 60000 ORDER BY r.id LIMIT 1",
			LATER_ARGS(d, now), &s.newer_red, NULL, e));
	*ret = s;
	return ERR_OK;
}

/* ---- failures ---- */

static struct str line_of(const struct dispatch *d, struct arena *a)
{
	if (d->pull_request > 0)
		return arena_fmt(a, "pull:%lld", (long long)d->pull_request);
	return d->branch.len > 0 ? arena_fmt(a, "branch:%.*s", STR_FMT(d->branch)) : STR("");
}

/* "pull:12" */
static int64_t pull_of(struct str name)
{
	int64_t number = 0;

	return str_to_int(str_from(name, sizeof "pull:" - 1), &number) ? number : 0;
}

static enum err_code take_red(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct arena *a = rows->a;
	struct red_run x = { .over = row_int(row, 0) != 0, .failed = row_int(row, 1) != 0 };

	(void)e;
	x.of = (struct dispatch){ .repo_id = row_int(row, 2),
		.forge = row_str(row, 3, a),
		.repo = row_str(row, 4, a),
		.head_sha = row_str(row, 5, a),
		.external_run_id = row_str(row, 6, a),
		.attempt = row_int(row, 7),
		.workflow = row_str(row, 8, a),
		.branch = row_str(row, 9, a),
		.pull_request = row_int(row, 10),
		.url = row_str(row, 11, a),
		.author = row_str(row, 12, a),
		.run_id = row_int(row, 13) };
	if (x.of.pull_request == 0)
		x.of.pull_request = pull_of(row_str(row, 14, a));
	x.of.line = line_of(&x.of, a);
	*(struct red_run *)rows_add(rows) = x;
	return ERR_OK;
}

/* What the forge did not tell, what was sent of the same run may; or a pull request that stands at this commit. */
#define OR_SENT(column) "CASE WHEN f." column " <> '' THEN f." column " ELSE coalesce(r." column ", '') END"
/* Of a pull request without a branch, that is a fork's, and its runner calls it by a name that may be one of ours. */
#define BRANCH_OR_SENT                                                                                       \
	"CASE WHEN f.branch <> '' OR f.pull_request > 0 THEN f.branch ELSE coalesce(r.branch, '') END"
#define PULL_AT(run)                                                                                         \
	"coalesce((SELECT min(h.name) FROM forge_head AS h WHERE h.repo_id = " run ".repo_id"                \
	" AND h.head_sha = " run ".head_sha AND h.name LIKE 'pull:%'), '')"
#define TOLD                                                                                                 \
	"SELECT CASE WHEN f.conclusion = 'running' THEN 0 ELSE 1 END, CASE WHEN f.conclusion = 'failure' "   \
	"THEN 1 ELSE 0 END,"                                                                                 \
	" f.repo_id, repo.forge, repo.name, f.head_sha, f.external_run_id, f.attempt,"                       \
	" " OR_SENT(                                                                                         \
		"workflow") ", " BRANCH_OR_SENT ","                                                          \
			    " CASE WHEN f.pull_request > 0 THEN f.pull_request ELSE "                        \
			    "coalesce(r.pull_request, "                                                      \
			    "0) END, " OR_SENT("url") ", f.author, coalesce(r.id, 0), " PULL_AT(             \
				    "f") " FROM forge_run AS f JOIN repo ON repo.id = f.repo_id"             \
					 " LEFT JOIN run AS r ON r.repo_id = f.repo_id AND r.head_sha = "    \
					 "f.head_sha"                                                        \
					 " AND r.external_run_id = f.external_run_id"
#define SENT                                                                                                 \
	"SELECT CASE WHEN run.n_running = 0 THEN 1 ELSE 0 END,"                                              \
	" CASE WHEN run.settled IN ('fail', 'incomplete') THEN 1 ELSE 0 END, run.repo_id, repo.forge, "      \
	"repo.name,"                                                                                         \
	" run.head_sha, run.external_run_id, (SELECT coalesce(max(attempt), 1) FROM job WHERE job.run_id = " \
	"run.id),"                                                                                           \
	" run.workflow, run.branch, run.pull_request, run.url, '', run.id, " PULL_AT(                        \
		"run") ""                                                                                    \
		       " FROM run JOIN repo ON repo.id = run.repo_id"

static enum err_code first_red(struct db *db, struct arena *a, const char *sql, const struct db_value *args,
	size_t n_args, struct red_run *ret, bool *ret_found, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db, sql, args, n_args, take_red, &rows, e));
	*ret_found = rows.n > 0;
	if (rows.n > 0)
		*ret = *(struct red_run *)rows.first;
	return ERR_OK;
}

enum err_code red_runs_told(
	struct db *db, struct arena *a, int64_t limit, struct red_run **ret, size_t *ret_n, struct err *e)
{
	struct heard_run *heard = NULL;
	struct red_run *runs;
	size_t n = 0;

	TRY(forge_runs_due(db, a, limit, &heard, &n, e));
	runs = arena_array(a, n + 1, sizeof *runs);
	for (size_t i = 0; i < n; i++) {
		bool found = false;

		TRY(first_red(
			db, a, TOLD " WHERE f.id = $1", DB_ARGS(DB_I(heard[i].id)), &runs[i], &found, e));
		runs[i].heard = heard[i];
	}
	*ret = runs;
	*ret_n = n;
	return ERR_OK;
}

enum err_code red_runs_seen(struct db *db, struct arena *a, struct str repo, int64_t since,
	int64_t quiet_since, int64_t limit, struct red_run **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		SENT " WHERE run.repo_id IN (SELECT id FROM repo WHERE name_key = lower($1))"
		     " AND run.settled IN ('fail', 'incomplete') AND run.created_at >= $2 AND run.stage = 0 "
		     "AND " NOT_OF_AGENT("run") " AND run.n_running = 0 AND run.newest_at <= $3 AND NOT "
						"EXISTS (SELECT 1 FROM forge_run AS f"
						" WHERE f.repo_id = run.repo_id AND f.head_sha = run.head_sha"
						" AND f.external_run_id = run.external_run_id)"
						" AND NOT EXISTS (SELECT 1 FROM dispatch AS d WHERE "
						"d.repo_id = run.repo_id AND d.head_sha = "
						"run.head_sha"
						" AND d.attempt >= (SELECT coalesce(max(attempt), 1) FROM "
						"job WHERE job.run_id = run.id)"
						" AND NOT (d.run_id < run.id AND d.external_run_id <> "
						"run.external_run_id AND " DISPATCH_REFUSED_ITSELF(
							"d") "))"
							     " ORDER BY run.created_at, run.id LIMIT $4",
		DB_ARGS(DB_T(repo), DB_I(since), DB_I(quiet_since), DB_I(limit)), take_red, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code red_run_of_commit(struct db *db, struct arena *a, int64_t repo_id, struct str head_sha,
	struct red_run *ret, bool *ret_found, struct err *e)
{
	TRY(first_red(db, a,
		TOLD " WHERE f.repo_id = $1 AND f.head_sha = lower($2)"
		     " ORDER BY CASE WHEN f.conclusion = 'failure' THEN 0 ELSE 1 END, f.attempt DESC, f.id "
		     "DESC LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_T(head_sha)), ret, ret_found, e));
	if (*ret_found)
		return ERR_OK;
	return first_red(db, a,
		SENT " WHERE run.repo_id = $1 AND run.head_sha = lower($2) AND " NOT_OF_AGENT(
			"run") " ORDER BY CASE WHEN run.settled = 'fail' THEN 0 ELSE 1 END, run.id DESC "
			       "LIMIT 1",
		DB_ARGS(DB_I(repo_id), DB_T(head_sha)), ret, ret_found, e);
}

enum err_code red_run_of_dispatch(struct db *db, struct arena *a, const struct dispatch *d,
	struct red_run *ret, bool *ret_found, struct err *e)
{
	TRY(first_red(db, a, TOLD " WHERE f.repo_id = $1 AND f.external_run_id = $2 AND f.attempt = $3",
		DB_ARGS(DB_I(d->repo_id), DB_T(d->external_run_id), DB_I(d->attempt)), ret, ret_found, e));
	if (*ret_found)
		return ERR_OK;
	return first_red(db, a, SENT " WHERE run.id = $1", DB_ARGS(DB_I(d->run_id)), ret, ret_found, e);
}
