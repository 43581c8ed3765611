/*
 * groups: errors with the same fingerprint in one repo: what is told of them, and what people say of them.
 *
 * Counts are made when they are asked for, from the index of errors by group and time, each of at most 10,001 errors: so what a page costs has a bound. The page
 * is found first, and counted for its groups alone; ordered by count it is found by counting the last 30 days of every group that is asked for.
 */
#include "store/errors.h"
#include "store/ids.h"
#include "store/rows.h"
#include "store/visible.h"

#include "base/buf.h"

#include <assert.h>

/* $1: now. */
#define STATE_NOW                                                                                            \
	"CASE WHEN error_group.state = 'snoozed' AND error_group.snoozed_until <= $1 THEN 'open'"            \
	" ELSE error_group.state END"
#define FACTS                                                                                                \
	"error_group.id, error_group.repo_id, repo.forge, repo.name, error_group.fingerprint,"               \
	" error_group.tool, error_group.code, error_group.file, error_group.test, error_group.template,"     \
	" error_group.class, error_group.message, error_group.last_step_id, error_group.last_number,"        \
	" error_group.first_seen_at, error_group.last_seen_at, error_group.new_in_sha,"                      \
	" error_group.first_run_id, error_group.flaky_at, error_group.flaky_sha, error_group.fixed_in,"      \
	" error_group.fixed_at, " STATE_NOW ", error_group.snoozed_until, error_group.reopened_at,"          \
	" error_group.issue"
#define N_FACTS 26

#define OF_GROUP "FROM error WHERE error.group_id = error_group.id"
#define SEEN_SINCE(ms)                                                                                       \
	"(SELECT count(*) FROM (SELECT 1 " OF_GROUP " AND error.occurred_at > $1 - " ms " LIMIT 10001) AS "  \
	"x)"
#define NEWEST_RUNS "(SELECT run_id " OF_GROUP " ORDER BY error.occurred_at DESC LIMIT 10001) AS x"
#define COUNTS                                                                                               \
	SEEN_SINCE("86400000")                                                                               \
	", " SEEN_SINCE("604800000") ", " SEEN_SINCE("2592000000") ", " SEEN_SINCE(                          \
		"$1") ", (SELECT count(DISTINCT run_id) FROM " NEWEST_RUNS "),"                              \
		      " (SELECT count(DISTINCT run.branch) FROM run WHERE run.id IN (SELECT run_id "         \
		      "FROM " NEWEST_RUNS "))"

/* Of more than are counted. */
static int64_t told_count(const struct db_row *row, size_t i)
{
	int64_t n = row_int(row, i);

	return n > ROWS_TOTAL_MAX ? -1 : n;
}

static struct group_counts counts_of(const struct db_row *row, size_t at)
{
	return (struct group_counts){
		.hours_24 = told_count(row, at),
		.days_7 = told_count(row, at + 1),
		.days_30 = told_count(row, at + 2),
		.all = told_count(row, at + 3),
		.runs = row_int(row, at + 4),
		.branches = row_int(row, at + 5),
	};
}

static enum err_code take_group(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct arena *a = rows->a;
	struct group g = {
		.id = row_int(row, 0),
		.repo_id = row_int(row, 1),
		.forge = row_str(row, 2, a),
		.repo = row_str(row, 3, a),
		.fingerprint = row_str(row, 4, a),
		.tool = row_str(row, 5, a),
		.code = row_str(row, 6, a),
		.file = row_str(row, 7, a),
		.test = row_str(row, 8, a),
		.template = row_str(row, 9, a),
		.message = row_str(row, 11, a),
		.last_step_id = row_int(row, 12),
		.last_number = row_int(row, 13),
		.first_seen_at = row_int(row, 14),
		.last_seen_at = row_int(row, 15),
		.new_in_sha = row_str(row, 16, a),
		.first_run_id = row_int(row, 17),
		.flaky_at = row_int(row, 18),
		.flaky_sha = row_str(row, 19, a),
		.fixed_in = row_str(row, 20, a),
		.fixed_at = row_int(row, 21),
		.snoozed_until = row_int(row, 23),
		.reopened_at = row_int(row, 24),
		.issue = row_str(row, 25, a),
	};

	if (!error_class_find(row->v[10].s, &g.class) || !group_state_find(row->v[22].s, &g.state))
		return err_set(
			e, ERR_STORAGE, "group %lld has words unknown to this program", (long long)g.id);
	if (row->n > N_FACTS)
		g.counts = counts_of(row, N_FACTS);
	*(struct group *)rows_add(rows) = g;
	return ERR_OK;
}

#define IN_WORDS(words, column) "(" words " = '' OR " words " LIKE '%,' || " column " || ',%')"
/* $1: now, $2: repo, $3: states, $4: classes, $5: new since, $6: 1 for flaky ones, $7: repo's name, $8: forge, $9: who sees them. */
#define WANTED                                                                                               \
	" FROM error_group JOIN repo ON repo.id = error_group.repo_id"                                       \
	" WHERE ($2 = 0 OR error_group.repo_id = $2) AND " IN_WORDS("$3", STATE_NOW) " AND " IN_WORDS("$4",  \
		"error_group.class") " AND error_group.first_seen_at >= $5"                                  \
				     " AND ($6 = 0 OR error_group.flaky_at > 0)"                             \
				     " AND ($7 = '' OR repo.name_key = lower($7))"                           \
				     " AND ($8 = '' OR lower(repo.forge) = lower($8)) AND " VISIBLE_TO("$9")
#define TOTAL "SELECT count(*) FROM (SELECT 1" WANTED " LIMIT 10001) AS x"
#define PAGE(key, way)                                                                                       \
	"WITH page AS (SELECT error_group.id, " key " AS sorted_by" WANTED " ORDER BY sorted_by " way        \
	", error_group.id " way " LIMIT $10 OFFSET $11) SELECT " FACTS ", " COUNTS                           \
	" FROM page JOIN error_group ON error_group.id = page.id JOIN repo ON repo.id = error_group.repo_id" \
	" ORDER BY page.sorted_by " way ", page.id " way

static const char *const pages[][2] = {
	/* down, up */
	[GROUPS_BY_COUNT] = { PAGE(SEEN_SINCE("2592000000"), "DESC"), PAGE(SEEN_SINCE("2592000000"), "ASC") },
	[GROUPS_NEWEST] = { PAGE("error_group.first_seen_at", "DESC"),
		PAGE("error_group.first_seen_at", "ASC") },
	[GROUPS_LAST_SEEN] = { PAGE("error_group.last_seen_at", "DESC"),
		PAGE("error_group.last_seen_at", "ASC") },
};

static void write_states(unsigned set, struct buf *out)
{
	for (unsigned i = 0; i < GROUP_N_STATES; i++)
		if (set >> i & 1)
			buf_fmt(out, ",%s", group_state_name((enum group_state)i));
	buf_z(out, set != 0 ? "," : "");
}

static void write_classes(unsigned set, struct buf *out)
{
	for (unsigned i = 0; i < ERROR_N_CLASSES; i++)
		if (set >> i & 1)
			buf_fmt(out, ",%s", error_class_name((enum error_class)i));
	buf_z(out, set != 0 ? "," : "");
}

enum err_code groups_list(struct db *db, struct arena *a, const struct group_query *q, struct group **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	int64_t total = 0;
	AUTO_BUF states, classes;

	buf_init(&states, 4096);
	buf_init(&classes, 4096);
	write_states(q->states, &states);
	write_classes(q->classes, &classes);
#define ARGS                                                                                                 \
	DB_I(q->now), DB_I(q->repo_id), DB_T(buf_view(&states)), DB_T(buf_view(&classes)),                   \
		DB_I(q->new_since), DB_I(q->flaky), DB_T(q->repo), DB_T(q->forge), DB_I(q->viewer)
	assert((unsigned)q->order < sizeof pages / sizeof *pages);
	TRY(rows_total(db, TOTAL, DB_ARGS(ARGS), &total, e));
	TRY(db_each(db, pages[q->order][q->up], DB_ARGS(ARGS, DB_I(q->limit), DB_I(q->offset)), take_group,
		&rows, e));
#undef ARGS
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

enum err_code groups_get(struct db *db, struct arena *a, int64_t id, int64_t repo_id, int64_t viewer,
	int64_t now, struct group *ret, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof *ret };

	TRY(db_each(db,
		"SELECT " FACTS ", " COUNTS " FROM error_group JOIN repo ON repo.id = error_group.repo_id"
		" WHERE error_group.id = $2 AND ($3 = 0 OR error_group.repo_id = $3) AND " VISIBLE_TO("$4"),
		DB_ARGS(DB_I(now), DB_I(id), DB_I(repo_id), DB_I(viewer)), take_group, &rows, e));
	if (rows.n == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no group %lld, or the token is not for its repo",
			(long long)id);
	*ret = *(struct group *)rows.first;
	return ERR_OK;
}

enum err_code groups_of_step(struct db *db, struct arena *a, int64_t step_id, int64_t from, int64_t to,
	int64_t now, struct group **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT " FACTS " FROM error_group JOIN repo ON repo.id = error_group.repo_id"
		" WHERE error_group.id IN (SELECT error.group_id FROM error WHERE error.step_id = $2"
		" AND error.number BETWEEN $3 AND $4)",
		DB_ARGS(DB_I(now), DB_I(step_id), DB_I(from), DB_I(to)), take_group, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* The newest errors of a group, as many as are counted. */
#define NEWEST_ERRORS                                                                                        \
	"(SELECT error.run_id FROM error WHERE error.group_id = error_group.id"                              \
	" ORDER BY error.occurred_at DESC LIMIT $4) AS newest"

enum err_code groups_find(struct db *db, struct arena *a, const int64_t *ids, size_t n, int64_t now,
	struct group **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	AUTO_BUF list;

	buf_init(&list, n * ID_WIDTH + 1);
	write_ids(ids, n, &list);
	if (n > 0)
		TRY(db_each(db,
			WITH_IDS " SELECT " FACTS ", 0, 0, 0, (SELECT count(*) FROM " NEWEST_ERRORS "),"
				 " (SELECT count(DISTINCT newest.run_id) FROM " NEWEST_ERRORS "),"
				 " (SELECT count(DISTINCT run.branch) FROM " NEWEST_ERRORS
				 " JOIN run ON run.id = newest.run_id) FROM ids"
				 " JOIN error_group ON error_group.id = ids.id"
				 " JOIN repo ON repo.id = error_group.repo_id ORDER BY ids.place",
			DB_ARGS(DB_I(now), DB_T(buf_view(&list)), DB_I((int64_t)n), DB_I(GROUPS_COUNTED)),
			take_group, &rows, e));
	for (size_t i = 0; i < rows.n; i++) {
		struct group_counts *c = &((struct group *)rows.first)[i].counts;

		c->more = c->all == GROUPS_COUNTED;
	}
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

enum err_code groups_change(
	struct db *db, int64_t id, int64_t repo_id, const struct group_change *c, int64_t now, struct err *e)
{
	bool resolved = c->has_state && c->state == GROUP_RESOLVED;
	bool snoozed = c->has_state && c->state == GROUP_SNOOZED;
	int64_t changed = 0;

	TRY(db_run(db,
		"UPDATE error_group SET state = CASE WHEN $3 = 1 THEN $4 ELSE state END,"
		" snoozed_until = CASE WHEN $3 = 1 THEN $5 ELSE snoozed_until END,"
		" resolved_at = CASE WHEN $3 = 1 THEN $6 ELSE resolved_at END,"
		" reopened_at = CASE WHEN $3 = 1 THEN 0 ELSE reopened_at END,"
		" issue = CASE WHEN $7 = 1 THEN $8 ELSE issue END"
		" WHERE id = $1 AND ($2 = 0 OR repo_id = $2)",
		DB_ARGS(DB_I(id), DB_I(repo_id), DB_I(c->has_state), DB_T(str_z(group_state_name(c->state))),
			DB_I(snoozed ? c->snoozed_until : 0), DB_I(resolved ? now : 0), DB_I(c->has_issue),
			DB_T(c->issue)),
		&changed, e));
	if (changed == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no group %lld, or the token is not for its repo",
			(long long)id);
	return ERR_OK;
}
