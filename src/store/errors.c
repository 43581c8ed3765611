/*
 * errors: what broke in a step, replaced as a whole and read back.
 *
 * To replace is one operation: what the step had goes, what was found out comes, and the groups of both are brought up to date.
 * Counts of a group are never stored, so there is nothing to count down. What is stored of its newest error is looked up again when
 * that error has gone.
 */
#include "store/errors.h"

#include "store/ids.h"
#include "store/rows.h"
#include "store/same_step.h"
#include "store/tally.h"

#include "base/buf.h"

#include <assert.h>

/* ---- replacing ---- */

struct place { /* of the step, as it is now */
	int64_t due, run_id, repo_id, series, began_at, ended_at;
	struct str sha, branch;
	enum conclusion conclusion;
	bool same_text; /* what it had was found in the text that it has now */
	bool has_errors;
	struct arena *a;
	bool found;
};

static enum err_code take_place(void *arg, const struct db_row *row, struct err *e)
{
	struct place *p = arg;

	p->found = true;
	p->due = row_int(row, 0);
	p->run_id = row_int(row, 1);
	p->repo_id = row_int(row, 2);
	p->series = row_int(row, 3);
	p->began_at = row_int(row, 4);
	p->ended_at = row_int(row, 5);
	p->sha = row_str(row, 6, p->a);
	p->branch = row_str(row, 7, p->a);
	if (!conclusion_find(row->v[8].s, &p->conclusion))
		return err_set(e, ERR_STORAGE, "a step has a conclusion unknown to this program");
	p->same_text = row_int(row, 9) <= row_int(row, 10) && row_int(row, 11) <= row_int(row, 10);
	p->has_errors = row_int(row, 12) > 0;
	return ERR_OK;
}

static enum err_code find_place(struct db *db, int64_t step_id, struct place *p, struct err *e)
{
	return db_each(db,
		"SELECT step.explain_due, run.id, run.repo_id, step.series,"
		" CASE WHEN step.began_at > 0 THEN step.began_at ELSE step.received_at END,"
		" CASE WHEN step.ended_at > 0 THEN step.ended_at ELSE step.received_at END,"
		" run.head_sha, run.branch, step.conclusion, step.received_at, step.explained_at,"
		" (SELECT coalesce(max(report.received_at), 0) FROM report WHERE report.step_id = step.id),"
		" (SELECT count(*) FROM error WHERE error.step_id = step.id)"
		" FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id WHERE step.id = "
		"$1",
		DB_ARGS(DB_I(step_id)), take_place, p, e);
}

/* What the step had: errors that are of a group. */
struct had {
	int64_t group_id, from_line, to_line;
};

static enum err_code take_had(void *arg, const struct db_row *row, struct err *e)
{
	struct had *h = rows_add(arg);

	(void)e;
	*h = (struct had){
		.group_id = row_int(row, 0), .from_line = row_int(row, 1), .to_line = row_int(row, 2)
	};
	return ERR_OK;
}

static enum err_code find_had(struct db *db, int64_t step_id, struct rows *ret, struct err *e)
{
	return db_each(db,
		"SELECT group_id, from_line, to_line FROM error WHERE step_id = $1 AND group_id IS NOT NULL"
		" ORDER BY number",
		DB_ARGS(DB_I(step_id)), take_had, ret, e);
}

/* excluded is newer than what the group has. */
#define NEWEST(column)                                                                                       \
	" " column " = CASE WHEN excluded.last_seen_at >= error_group.last_seen_at THEN excluded." column    \
	" ELSE error_group." column " END"
#define FIRST(column)                                                                                        \
	" " column " = CASE WHEN excluded.first_seen_at < error_group.first_seen_at THEN excluded." column   \
	" ELSE error_group." column " END"
#define SEEN_AGAIN "error_group.state = 'resolved' AND excluded.last_seen_at > error_group.resolved_at"

static enum err_code put_group(struct db *db, const struct explained *x, const struct place *p, size_t i,
	int64_t *ret_id, struct err *e)
{
	const struct error *f = &x->errors[i];

	return db_int(db,
		"INSERT INTO error_group (repo_id, fingerprint, tool, code, file, test, template, class, "
		"message,"
		" last_step_id, last_number, first_seen_at, last_seen_at, new_in_sha, first_run_id, series, "
		"branch,"
		" flaky_at, flaky_sha, fixed_in, fixed_at, state, snoozed_until, resolved_at, reopened_at, "
		"issue)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12, $13, $14, $15, $16,"
		" 0, '', '', 0, 'open', 0, 0, 0, '')"
		" ON CONFLICT (repo_id, fingerprint) DO UPDATE SET" NEWEST("class") "," NEWEST("message") "," NEWEST("last_step_id") "," NEWEST("last_number") "," NEWEST("series") "," NEWEST(
			"branch") "," NEWEST("last_seen_at") "," FIRST("new_in_sha") "," FIRST("first_run_id") "," FIRST("first_seen_at") ","
																	  " fixed_in = CASE WHEN excluded.last_seen_at > error_group.fixed_at THEN '' ELSE "
																	  "error_group.fixed_in END,"
																	  " reopened_at = CASE WHEN " SEEN_AGAIN
																	  " THEN excluded.last_seen_at ELSE "
																	  "error_group.reopened_at END,"
																	  " state = CASE WHEN " SEEN_AGAIN
																	  " THEN 'open' ELSE error_group.state END"
																	  " RETURNING id",
		DB_ARGS(DB_I(p->repo_id), DB_T(f->fingerprint), DB_T(f->tool), DB_T(f->code), DB_T(f->file),
			DB_T(f->test), DB_T(x->templates[i]), DB_T(str_z(error_class_name(f->class))),
			DB_T(f->message), DB_I(x->step.step_id), DB_I((int64_t)i), DB_I(p->ended_at),
			DB_T(p->sha), DB_I(p->run_id), DB_I(p->series), DB_T(p->branch)),
		ret_id, e);
}

/*
 * New rules may give an error another fingerprint. What people said of its old group is said of the new one too, if nobody said anything there; and it is
 * not newer than the old one, nor less fixed.
 */
static enum err_code carry_over(struct db *db, int64_t from, int64_t to, struct err *e)
{
	TRY(db_run(db,
		"UPDATE error_group SET (state, snoozed_until, resolved_at, issue) ="
		" (SELECT old.state, old.snoozed_until, old.resolved_at, old.issue FROM error_group AS old"
		" WHERE old.id = $2) WHERE id = $1 AND state = 'open' AND issue = '' AND reopened_at = 0",
		DB_ARGS(DB_I(to), DB_I(from)), NULL, e));
	TRY(db_run(db,
		"UPDATE error_group SET (first_seen_at, new_in_sha, first_run_id) ="
		" (SELECT old.first_seen_at, old.new_in_sha, old.first_run_id FROM error_group AS old"
		" WHERE old.id = $2) WHERE id = $1"
		" AND first_seen_at > (SELECT old.first_seen_at FROM error_group AS old WHERE old.id = $2)",
		DB_ARGS(DB_I(to), DB_I(from)), NULL, e));
	return db_run(db,
		"UPDATE error_group SET (fixed_in, fixed_at) ="
		" (SELECT old.fixed_in, old.fixed_at FROM error_group AS old WHERE old.id = $2)"
		" WHERE id = $1 AND fixed_in = ''"
		" AND last_seen_at <= (SELECT old.fixed_at FROM error_group AS old WHERE old.id = $2)",
		DB_ARGS(DB_I(to), DB_I(from)), NULL, e);
}

/* What was told beside the log has no lines. */
static bool share_lines(const struct had *h, const struct error *f)
{
	return f->from_line < f->to_line && h->from_line < h->to_line && h->from_line < f->to_line &&
	       f->from_line < h->to_line;
}

static enum err_code keep_what_was_known(
	struct db *db, const struct rows *had, const struct error *f, int64_t group_id, struct err *e)
{
	const struct had *h = had->first;

	for (size_t i = 0; i < had->n; i++)
		if (h[i].group_id == group_id)
			return ERR_OK;
	for (size_t i = 0; i < had->n; i++)
		if (share_lines(&h[i], f))
			return carry_over(db, h[i].group_id, group_id, e);
	return ERR_OK;
}

static enum err_code put_error(struct db *db, const struct explained *x, const struct place *p, size_t i,
	int64_t group_id, struct err *e)
{
	const struct error *f = &x->errors[i];

	return db_run(db,
		"INSERT INTO error (step_id, number, run_id, group_id, occurred_at, from_line, to_line, "
		"head_line,"
		" start_byte, end_byte, role, class, severity, found_by, rule, tool, file, line, col, code, "
		"test,"
		" message, advice, why, fingerprint, score, flaky, reruns)"
		" VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, "
		"$19, $20,"
		" $21, $22, $23, $24, $25, $26, $27, $28)",
		DB_ARGS(DB_I(x->step.step_id), DB_I((int64_t)i), DB_I(p->run_id),
			group_id > 0 ? DB_I(group_id) : DB_NONE, DB_I(p->ended_at), DB_I(f->from_line),
			DB_I(f->to_line), DB_I(f->head_line), DB_I(f->start_byte), DB_I(f->end_byte),
			DB_T(str_z(error_role_name(f->role))), DB_T(str_z(error_class_name(f->class))),
			DB_T(str_z(error_severity_name(f->severity))), DB_T(str_z(error_by_name(f->by))),
			DB_T(f->rule), DB_T(f->tool), DB_T(f->file), DB_I(f->line), DB_I(f->col),
			DB_T(f->code), DB_T(f->test), DB_T(f->message), DB_T(f->advice), DB_T(f->why),
			DB_T(f->fingerprint), DB_I(f->score), DB_I(f->flaky), DB_I(f->reruns)),
		NULL, e);
}

/* A group that has lost its last error goes, unless people said something about it. */
#define DROP_EMPTY                                                                                           \
	"DELETE FROM error_group WHERE id = $1 AND state = 'open' AND issue = ''"                            \
	" AND NOT EXISTS (SELECT 1 FROM error WHERE error.group_id = $1)"

/* Its newest error may be another one now. */
#define LOOK_AGAIN                                                                                           \
	"UPDATE error_group SET (last_step_id, last_number, last_seen_at, class, message, series, branch) =" \
	" (SELECT error.step_id, error.number, error.occurred_at, error.class, error.message, step.series,"  \
	" run.branch FROM error JOIN step ON step.id = error.step_id JOIN run ON run.id = error.run_id"      \
	" WHERE error.group_id = $1 ORDER BY error.occurred_at DESC, error.step_id DESC, error.number"       \
	" LIMIT 1) WHERE id = $1 AND EXISTS (SELECT 1 FROM error WHERE error.group_id = $1)"                 \
	" AND NOT EXISTS (SELECT 1 FROM error WHERE error.step_id = error_group.last_step_id"                \
	" AND error.number = error_group.last_number AND error.group_id = $1)"

static enum err_code tidy_groups(struct db *db, const struct rows *had, struct err *e)
{
	const struct had *h = had->first;

	for (size_t i = 0; i < had->n; i++) {
		TRY(db_run(db, DROP_EMPTY, DB_ARGS(DB_I(h[i].group_id)), NULL, e));
		TRY(db_run(db, LOOK_AGAIN, DB_ARGS(DB_I(h[i].group_id)), NULL, e));
	}
	return ERR_OK;
}

/* Steps of the same commit that are the same step. "+": the commit has few steps, a series many. */
#define TWINS                                                                                                \
	" FROM run JOIN job ON job.run_id = run.id JOIN step ON step.job_id = job.id"                        \
	" WHERE run.repo_id = $1 AND run.head_sha = $2 AND +step.series = $3 AND step.id <> $4"

/* It passed: the groups of its failures on the same commit are flaky, and those that it was the last to have are fixed. */
static enum err_code note_success(struct db *db, int64_t step_id, const struct place *p, struct err *e)
{
	TRY(db_run(db,
		"UPDATE error_group SET flaky_at = $5, flaky_sha = $2 WHERE flaky_at <= $5"
		" AND id IN (SELECT twin.group_id FROM"
		" (SELECT step.id AS step_id" TWINS ") AS twins JOIN error AS twin ON twin.step_id = "
		"twins.step_id)",
		DB_ARGS(DB_I(p->repo_id), DB_T(p->sha), DB_I(p->series), DB_I(step_id), DB_I(p->ended_at)),
		NULL, e));
	return db_run(db,
		"UPDATE error_group SET fixed_in = $3, fixed_at = $4 WHERE series = $1 AND fixed_in = ''"
		" AND branch = $2 AND last_seen_at < $5 AND NOT EXISTS (SELECT 1 FROM step"
		" JOIN job ON job.id = step.job_id JOIN run ON run.id = job.run_id"
		" WHERE step.id = error_group.last_step_id AND run.head_sha = $3)",
		DB_ARGS(DB_I(p->series), DB_T(p->branch), DB_T(p->sha), DB_I(p->ended_at), DB_I(p->began_at)),
		NULL, e);
}

struct success {
	struct str sha;
	int64_t ended_at;
	struct arena *a;
	bool found;
};

static enum err_code take_success(void *arg, const struct db_row *row, struct err *e)
{
	struct success *s = arg;

	(void)e;
	s->found = true;
	s->sha = row_str(row, 0, s->a);
	s->ended_at = row_int(row, 1);
	return ERR_OK;
}

/* Its groups are fixed already when the step has passed since: the newest are explained first. Of those that passed, those that still have their text are looked at. */
static enum err_code note_passed_since(struct db *db, int64_t step_id, const struct place *p, struct err *e)
{
	struct success s = { .a = p->a };

	TRY(db_each(db,
		"SELECT run.head_sha, CASE WHEN step.ended_at > 0 THEN step.ended_at ELSE"
		" step.received_at END FROM step JOIN job ON job.id = step.job_id JOIN run ON run.id = "
		"job.run_id"
		" WHERE step.series = $1 AND step.conclusion = 'success' AND step.log_expired_at = 0"
		" AND step.stored_bytes > 0 AND step.received_at > $2 AND run.branch = $3 AND run.head_sha "
		"<> $4"
		" AND CASE WHEN step.began_at > 0 THEN step.began_at ELSE step.received_at END > $2"
		" ORDER BY step.received_at LIMIT 1",
		DB_ARGS(DB_I(p->series), DB_I(p->ended_at), DB_T(p->branch), DB_T(p->sha)), take_success, &s,
		e));
	if (!s.found)
		return ERR_OK;
	return db_run(db,
		"UPDATE error_group SET fixed_in = $2, fixed_at = $3 WHERE fixed_in = '' AND last_step_id = "
		"$1"
		" AND id IN (SELECT error.group_id FROM error WHERE error.step_id = $1)",
		DB_ARGS(DB_I(step_id), DB_T(s.sha), DB_I(s.ended_at)), NULL, e);
}

/* It failed: did it pass on the same commit, or since? */
static enum err_code note_failure(struct db *db, int64_t step_id, const struct place *p, struct err *e)
{
	TRY(db_run(db,
		"UPDATE error_group SET flaky_at = $5, flaky_sha = $2 WHERE flaky_at <= $5"
		" AND id IN (SELECT error.group_id FROM error WHERE error.step_id = $4)"
		" AND EXISTS (SELECT 1" TWINS " AND step.conclusion = 'success')",
		DB_ARGS(DB_I(p->repo_id), DB_T(p->sha), DB_I(p->series), DB_I(step_id), DB_I(p->ended_at)),
		NULL, e));
	return note_passed_since(db, step_id, p, e);
}

static enum err_code note_outcome(struct db *db, int64_t step_id, const struct place *p, struct err *e)
{
	if (p->series == 0)
		return ERR_OK;
	if (p->conclusion == CONCLUSION_SUCCESS)
		return note_success(db, step_id, p, e);
	return conclusion_failed(p->conclusion) ? note_failure(db, step_id, p, e) : ERR_OK;
}

/* A tool said itself that it passed when it was tried again, in the same step. */
static enum err_code note_retried(struct db *db, int64_t group_id, const struct place *p, struct err *e)
{
	return db_run(db,
		"UPDATE error_group SET flaky_at = $2, flaky_sha = $3 WHERE id = $1 AND flaky_at <= $2",
		DB_ARGS(DB_I(group_id), DB_I(p->ended_at), DB_T(p->sha)), NULL, e);
}

static enum err_code put_all(struct db *db, const struct explained *x, const struct place *p,
	const struct rows *had, struct err *e)
{
	for (size_t i = 0; i < x->n; i++) {
		int64_t group_id = 0;

		if (x->errors[i].role == ERROR_CAUSE) {
			TRY(put_group(db, x, p, i, &group_id, e));
			if (p->same_text)
				TRY(keep_what_was_known(db, had, &x->errors[i], group_id, e));
			if (x->errors[i].flaky)
				TRY(note_retried(db, group_id, p, e));
		}
		TRY(put_error(db, x, p, i, group_id, e));
	}
	return ERR_OK;
}

static enum err_code say_explained(struct db *db, const struct explained *x, struct err *e)
{
	return db_run(db,
		"UPDATE step SET explain_due = 0, explained_at = $2, explain_failed = $3 WHERE id = $1",
		DB_ARGS(DB_I(x->step.step_id), DB_I(x->now), DB_T(x->failed)), NULL, e);
}

enum err_code errors_replace(struct db *db, const struct explained *x, struct err *e)
{
	int64_t step_id = x->step.step_id;
	AUTO_ARENA a;

	arena_init(&a);
	struct place p = { .a = &a };
	struct rows had = { .a = &a, .size = sizeof(struct had) };
	TRY(find_place(db, step_id, &p, e));
	if (!p.found || p.due != x->step.due)
		return ERR_OK;
	if (p.has_errors && (x->failed.len > 0 || x->text_gone))
		return say_explained(db, x, e);
	TRY(find_had(db, step_id, &had, e));
	TRY(db_run(db, "DELETE FROM error WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	TRY(put_all(db, x, &p, &had, e));
	TRY(tidy_groups(db, &had, e));
	TRY(note_outcome(db, step_id, &p, e));
	return say_explained(db, x, e);
}

enum err_code errors_drop(struct db *db, int64_t step_id, struct err *e)
{
	struct rows had = { .size = sizeof(struct had) };
	AUTO_ARENA a;

	arena_init(&a);
	had.a = &a;
	TRY(find_had(db, step_id, &had, e));
	TRY(db_run(db, "DELETE FROM error WHERE step_id = $1", DB_ARGS(DB_I(step_id)), NULL, e));
	return tidy_groups(db, &had, e);
}

/* ---- reading ---- */

/* The test whose log it is in, and its sample: 0 in a run of a forge. */
#define TEST_OF_ERROR                                                                                        \
	"coalesce((SELECT job.test_id FROM step AS its JOIN job ON job.id = its.job_id"                      \
	" WHERE its.id = error.step_id), 0)"
#define SAMPLE_OF_ERROR                                                                                      \
	"coalesce((SELECT result.sample_id FROM step AS its JOIN job ON job.id = its.job_id"                 \
	" JOIN result ON result.run_id = job.run_id AND result.test_id = job.test_id"                        \
	" WHERE its.id = error.step_id), 0)"
#define ERROR_COLUMNS                                                                                        \
	"error.step_id, error.number, error.run_id, run.repo_id, error.group_id, error.occurred_at,"         \
	" error.from_line, error.to_line, error.head_line, error.start_byte, error.end_byte, error.role,"    \
	" error.class, error.severity, error.found_by, error.rule, error.tool, error.file, error.line,"      \
	" error.col, error.code, error.test, error.message, error.advice, error.why, error.fingerprint,"     \
	" error.score, error.flaky, error.reruns, " TEST_OF_ERROR ", " SAMPLE_OF_ERROR

/* at: column of error.step_id. */
static enum err_code take_columns(
	const struct db_row *row, size_t at, struct arena *a, struct error *ret, struct err *e)
{
	struct error f = {
		.step_id = row_int(row, at),
		.number = row_int(row, at + 1),
		.run_id = row_int(row, at + 2),
		.repo_id = row_int(row, at + 3),
		.group_id = row_int(row, at + 4),
		.occurred_at = row_int(row, at + 5),
		.from_line = row_int(row, at + 6),
		.to_line = row_int(row, at + 7),
		.head_line = row_int(row, at + 8),
		.start_byte = row_int(row, at + 9),
		.end_byte = row_int(row, at + 10),
		.rule = row_str(row, at + 15, a),
		.tool = row_str(row, at + 16, a),
		.file = row_str(row, at + 17, a),
		.line = row_int(row, at + 18),
		.col = row_int(row, at + 19),
		.code = row_str(row, at + 20, a),
		.test = row_str(row, at + 21, a),
		.message = row_str(row, at + 22, a),
		.advice = row_str(row, at + 23, a),
		.why = row_str(row, at + 24, a),
		.fingerprint = row_str(row, at + 25, a),
		.score = row_int(row, at + 26),
		.flaky = row_int(row, at + 27) != 0,
		.reruns = row_int(row, at + 28),
		.test_id = row_int(row, at + 29),
		.sample_id = row_int(row, at + 30),
	};

	if (!error_role_find(row->v[at + 11].s, &f.role) || !error_class_find(row->v[at + 12].s, &f.class) ||
		!error_severity_find(row->v[at + 13].s, &f.severity) ||
		!error_by_find(row->v[at + 14].s, &f.by))
		return err_set(e, ERR_STORAGE, "error %lld of step %lld has words unknown to this program",
			(long long)f.number, (long long)f.step_id);
	*ret = f;
	return ERR_OK;
}

static enum err_code take_error(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg;
	struct error f;

	TRY(take_columns(row, 0, rows->a, &f, e));
	*(struct error *)rows_add(rows) = f;
	return ERR_OK;
}

/* Words of a set, for LIKE: ",compile,link,"; empty: whichever. */
static void write_words(unsigned set, unsigned n, const char *(*name)(unsigned i), struct buf *out)
{
	for (unsigned i = 0; i < n; i++)
		if (set >> i & 1)
			buf_fmt(out, ",%s", name(i));
	if (set != 0)
		buf_char(out, ',');
}

static const char *role_of(unsigned i)
{
	return error_role_name((enum error_role)i);
}
static const char *class_of(unsigned i)
{
	return error_class_name((enum error_class)i);
}
static const char *severity_of(unsigned i)
{
	return error_severity_name((enum error_severity)i);
}

#define IN_WORDS(words, column) "(" words " = '' OR " words " LIKE '%,' || " column " || ',%')"
/* $5: classes that are fatal. $6: the sample whose tests it is of; 0: of any, or none. */
#define WANTED                                                                                               \
	IN_WORDS("$2", "error.role")                                                                         \
	" AND " IN_WORDS("$3", "error.class") " AND ($4 = '' OR $4 LIKE '%,' || CASE WHEN $5 LIKE '%,'"      \
					      " || error.class || ',%' THEN 'fatal'"                         \
					      " ELSE error.severity END || ',%')"                            \
					      " AND ($6 = 0 OR $6 = " SAMPLE_OF_ERROR ")"

/* Steps of a run that count: of the newest attempt of each job those that failed. So a run that passed has no errors. */
#define FAILED_STEPS                                                                                         \
	"SELECT id FROM (SELECT step.id, " STEP_SPEAKS " AS failed, step.explain_due, job.attempt,"          \
	" max(job.attempt) OVER (PARTITION BY " SAME_JOB ", " SAME_LEG ") AS newest"                         \
	" FROM job JOIN step ON step.job_id = job.id WHERE job.run_id = $1) AS seen"                         \
	" WHERE attempt = newest AND failed"

#define OF_STEP " FROM error JOIN run ON run.id = error.run_id WHERE error.step_id = $1 AND " WANTED
#define OF_GROUP " FROM error JOIN run ON run.id = error.run_id WHERE error.group_id = $1 AND " WANTED
/* How the step of a test ended says its result already. */
#define NOT_SAID_BY_RESULT " AND NOT (error.found_by = 'outcome' AND " TEST_OF_ERROR " > 0)"
#define OF_RUN                                                                                               \
	" FROM error JOIN run ON run.id = error.run_id WHERE error.run_id = $1 AND error.role = 'cause'"     \
	" AND error.step_id IN (" FAILED_STEPS ") AND " WANTED NOT_SAID_BY_RESULT

#define TOTAL(of) "SELECT count(*) FROM (SELECT 1" of " LIMIT 10001) AS x"
#define PAGE(of, order) "SELECT " ERROR_COLUMNS of " ORDER BY " order " LIMIT $7 OFFSET $8"

static const struct way {
	const char *total, *page;
} of_step = { TOTAL(OF_STEP), PAGE(OF_STEP, "error.number") },
  of_run = { TOTAL(OF_RUN), PAGE(OF_RUN, "error.step_id, error.number") },
  of_group = { TOTAL(OF_GROUP), PAGE(OF_GROUP, "error.occurred_at DESC, error.step_id DESC, error.number") };

enum err_code errors_list(struct db *db, struct arena *a, const struct error_query *q, struct error **ret,
	size_t *ret_n, int64_t *ret_total, struct err *e)
{
	const struct way *way = q->step_id > 0 ? &of_step : q->run_id > 0 ? &of_run : &of_group;
	int64_t whose = q->step_id > 0 ? q->step_id : q->run_id > 0 ? q->run_id : q->group_id, total = 0;
	struct rows rows = { .a = a, .size = sizeof **ret };
	AUTO_BUF roles, classes, severities, fatal;

	buf_init(&roles, 4096);
	buf_init(&classes, 4096);
	buf_init(&severities, 4096);
	buf_init(&fatal, 4096);
	write_words(q->roles, ERROR_N_ROLES, role_of, &roles);
	write_words(q->classes, ERROR_N_CLASSES, class_of, &classes);
	write_words(q->severities, ERROR_N_SEVERITIES, severity_of, &severities);
	write_words(q->fatal, ERROR_N_CLASSES, class_of, &fatal);
#define WORDS                                                                                                \
	DB_T(buf_view(&roles)), DB_T(buf_view(&classes)), DB_T(buf_view(&severities)),                       \
		DB_T(buf_view(&fatal)), DB_I(q->sample_id)
	TRY(rows_total(db, way->total, DB_ARGS(DB_I(whose), WORDS), &total, e));
	TRY(db_each(db, way->page, DB_ARGS(DB_I(whose), WORDS, DB_I(q->limit), DB_I(q->offset)), take_error,
		&rows, e));
#undef WORDS
	*ret = rows.first;
	*ret_n = rows.n;
	*ret_total = total;
	return ERR_OK;
}

static enum err_code take_count(void *arg, const struct db_row *row, struct err *e)
{
	struct error_count *c = rows_add(arg);

	*c = (struct error_count){ .n = row_int(row, 2),
		.first_at = row_int(row, 3),
		.last_at = row_int(row, 4),
		.sample_id = row_int(row, 5),
		.test_id = row_int(row, 6) };
	if (!error_class_find(row->v[0].s, &c->class) || !error_severity_find(row->v[1].s, &c->severity))
		return err_set(e, ERR_STORAGE, "an error has words unknown to this program");
	return ERR_OK;
}

enum err_code errors_count(struct db *db, struct arena *a, int64_t run_id, struct error_count **ret,
	size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };

	TRY(db_each(db,
		"SELECT class, severity, count(*), min(occurred_at), max(occurred_at), sample_id, test_id "
		"FROM"
		" (SELECT error.class, error.severity, error.occurred_at, " SAMPLE_OF_ERROR " AS sample_id,"
		" " TEST_OF_ERROR " AS test_id FROM error WHERE error.run_id = $1 AND error.role = 'cause'"
		" AND error.step_id IN (" FAILED_STEPS ")" NOT_SAID_BY_RESULT ") AS found"
		" GROUP BY class, severity, sample_id, test_id ORDER BY class, severity, test_id",
		DB_ARGS(DB_I(run_id)), take_count, &rows, e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

struct state_row {
	struct arena *a;
	struct error_state state;
	bool found;
};

static enum err_code take_state(void *arg, const struct db_row *row, struct err *e)
{
	struct state_row *s = arg;

	(void)e;
	s->found = true;
	s->state = (struct error_state){
		.explained_at = row_int(row, 0), .due = row_int(row, 1) != 0, .failed = row_str(row, 2, s->a)
	};
	return ERR_OK;
}

enum err_code errors_state(
	struct db *db, struct arena *a, int64_t step_id, struct error_state *ret, struct err *e)
{
	struct state_row s = { .a = a };

	TRY(db_each(db, "SELECT explained_at, explain_due, explain_failed FROM step WHERE id = $1",
		DB_ARGS(DB_I(step_id)), take_state, &s, e));
	if (!s.found)
		return err_set(e, ERR_NOT_FOUND, "there is no step %lld", (long long)step_id);
	*ret = s.state;
	return ERR_OK;
}

enum err_code errors_due(struct db *db, int64_t run_id, int64_t *ret, struct err *e)
{
	return db_int(db, "SELECT count(*) FROM (" FAILED_STEPS " AND explain_due <> 0) AS x",
		DB_ARGS(DB_I(run_id)), ret, e);
}

/* ---- of many steps at once ---- */

#define EXPLAINED_COLUMNS 5 /* in front of those of an error */

static enum err_code take_explained(void *arg, const struct db_row *row, struct err *e)
{
	struct rows *rows = arg; /* of struct found_errors, the last one being filled */
	struct found_errors *s = rows->n > 0 ? (struct found_errors *)rows->first + rows->n - 1 : NULL;

	if (!s || s->step_id != row_int(row, 0)) {
		s = rows_add(rows);
		*s = (struct found_errors){ .step_id = row_int(row, 0),
			.due = row_int(row, 1) != 0,
			.explained_at = row_int(row, 2),
			.failed = row_str(row, 3, rows->a),
			.total = row_int(row, 4) };
	}
	if (row->v[EXPLAINED_COLUMNS].kind == DB_NULL)
		return ERR_OK;
	if (!s->errors)
		s->errors = arena_array(rows->a, (size_t)s->total, sizeof *s->errors);
	assert(s->n < (size_t)s->total);
	TRY(take_columns(row, EXPLAINED_COLUMNS, rows->a, &s->errors[s->n], e));
	s->n++;
	return ERR_OK;
}

enum err_code errors_find(struct db *db, struct arena *a, const int64_t *step_ids, size_t n, int64_t each,
	struct found_errors **ret, size_t *ret_n, struct err *e)
{
	struct rows rows = { .a = a, .size = sizeof **ret };
	AUTO_BUF ids;

	buf_init(&ids, n * ID_WIDTH + 1);
	write_ids(step_ids, n, &ids);
	if (n > 0)
		TRY(db_each(db,
			WITH_IDS
			" SELECT step.id, step.explain_due, step.explained_at, step.explain_failed,"
			" coalesce((SELECT max(number) + 1 FROM error AS last WHERE last.step_id = step.id),"
			" 0), " ERROR_COLUMNS " FROM ids JOIN step ON step.id = ids.id"
			" LEFT JOIN error ON error.step_id = step.id AND error.number < $1"
			" LEFT JOIN run ON run.id = error.run_id ORDER BY ids.place, error.number",
			DB_ARGS(DB_I(each), DB_T(buf_view(&ids)), DB_I((int64_t)n)), take_explained, &rows,
			e));
	*ret = rows.first;
	*ret_n = rows.n;
	return ERR_OK;
}

/* ---- going ---- */

#define OLD "SELECT step_id, number, group_id FROM error WHERE occurred_at < $1 ORDER BY occurred_at LIMIT $2"

static enum err_code take_old(void *arg, const struct db_row *row, struct err *e)
{
	struct had *h = rows_add(arg);

	(void)e;
	*h = (struct had){ .group_id = row_int(row, 2) };
	return ERR_OK;
}

enum err_code errors_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e)
{
	AUTO_ARENA a;

	arena_init(&a);
	struct rows old = { .a = &a, .size = sizeof(struct had) };
	if (dry)
		return db_int(db, "SELECT count(*) FROM error WHERE occurred_at < $1", DB_ARGS(DB_I(before)),
			ret_rows, e);
	TRY(db_each(db, OLD, DB_ARGS(DB_I(before), DB_I(limit)), take_old, &old, e));
	TRY(db_run(db,
		"DELETE FROM error WHERE (step_id, number) IN (SELECT step_id, number FROM (" OLD ") AS old)",
		DB_ARGS(DB_I(before), DB_I(limit)), NULL, e));
	TRY(tidy_groups(db, &old, e));
	*ret_rows = (int64_t)old.n;
	return ERR_OK;
}
