/*
 * pull: which jobs, where their logs lie meanwhile, and what is tried again.
 *
 * A log may be long, and it cannot be split before its end is here; so it goes into a file without a name in the data folder and is read from there. Forgejo knows where its steps begin, and is asked for one
 * after the other (?step=) until there is none; all others, and a Forgejo that does not know after all, for the whole.
 */
#include "service/pull.h"

#include "base/file.h"
#include "service/pull_feed.h"
#include "store/nouns.h"
#include "store/pulled.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define STEPS_MAX JOB_LOG_PARTS_MAX
#define EMPTY_MAX 20 /* so many empty ones, and no more are looked for */

struct pulling {
	const struct pull *p;
	struct forge_api *forge;
	const struct repo *repo;
	const struct heard_run *run;
};

/* ---- a log ---- */

static enum err_code take(void *arg, struct str bytes, struct err *e)
{
	return fd_write_all(*(int *)arg, bytes, e);
}

static enum err_code open_nameless(const struct store *store, int *ret, struct err *e)
{
	int fd = open(store_folder(store), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(e, ERR_STORAGE, errno, "a file for a log in %.200s", store_folder(store));
	*ret = fd;
	return ERR_OK;
}

static enum err_code fetch(
	const struct pulling *x, const struct forge_job *job, int64_t step, int fd, struct err *e)
{
	return forge_job_log(x->forge, x->repo->name, job->id, step, x->p->cfg->step_bytes, take, &fd, e);
}

/* Does this say that the job has no such log, or no such step, and nothing of the forge? */
static bool is_of_job(enum err_code code)
{
	return code == ERR_NOT_FOUND || code == ERR_GONE || code == ERR_TOO_LARGE ||
	       code == ERR_UNPROCESSABLE || code == ERR_RANGE || code == ERR_INVALID;
}

static enum err_code pull_whole(const struct pulling *x, const struct pull_job *j, struct err *e)
{
	enum err_code code;
	AUTO_FILE log = { 0 };
	AUTO_FD fd = -1;

	TRY(open_nameless(x->p->store, &fd, e));
	TRY(fetch(x, j->job, 0, fd, e));
	TRY(file_map_open(fd, "the log of a job", &log, e));
	code = pull_feed(x->p, j, log, e);
	return code;
}

/* ---- by steps ---- */

struct step_range {
	int64_t from, len;
};

/* A forge that does not know of steps gives the whole for each. */
static enum err_code is_same_twice(int fd, const struct step_range *v, bool *ret, struct err *e)
{
	AUTO_FILE log = { 0 };

	*ret = false;
	if (v[0].len != v[1].len || v[0].len == 0)
		return ERR_OK;
	TRY(file_map_open(fd, "the log of a job", &log, e));
	*ret = memcmp(log.p + v[0].from, log.p + v[1].from, (size_t)v[0].len) == 0;
	return ERR_OK;
}

static size_t without_last_empty(const struct step_range *v, size_t n)
{
	while (n > 0 && v[n - 1].len == 0)
		n--;
	return n;
}

/* *ret_n 0: it does not know of steps. A step that was skipped has an empty log. */
static enum err_code fetch_steps(const struct pulling *x, const struct forge_job *job, int fd,
	struct step_range *v, size_t *ret_n, struct err *e)
{
	bool same = false;
	size_t n = 0;

	for (int64_t at = 0;
		n < STEPS_MAX && at <= x->p->cfg->step_bytes && n < without_last_empty(v, n) + EMPTY_MAX;
		n++) {
		struct err why = { 0 };
		enum err_code code = fetch(x, job, (int64_t)n + 1, fd, &why);
		int64_t end = lseek(fd, 0, SEEK_CUR);

		if (is_of_job(code) || code == ERR_METHOD)
			break;
		if (code != ERR_OK) {
			*e = why;
			return code;
		}
		v[n] = (struct step_range){ at, end - at };
		at = end;
		if (n == 1)
			TRY(is_same_twice(fd, v, &same, e));
		if (same) {
			*ret_n = 0;
			return ERR_OK;
		}
	}
	*ret_n = without_last_empty(v, n);
	return ERR_OK;
}

static void name_part(struct job_log_part *part, size_t i, struct arena *a)
{
	part->index = (int64_t)i;
	if (part->name.len == 0)
		part->name = arena_fmt(a, "step %zu", i + 1);
}

/* ERR_METHOD: it does not know of steps. */
static enum err_code pull_by_steps(const struct pulling *x, const struct pull_job *j, struct err *e)
{
	struct step_range ranges[STEPS_MAX];
	struct job_log_part *parts;
	bool failed = false;
	size_t n = 0;
	AUTO_ARENA a;
	AUTO_FILE log = { 0 };
	AUTO_FD fd = -1;

	arena_init(&a);
	TRY(open_nameless(x->p->store, &fd, e));
	TRY(fetch_steps(x, j->job, fd, ranges, &n, e));
	if (n == 0)
		return ERR_METHOD;
	TRY(file_map_open(fd, "the log of a job", &log, e));
	parts = arena_array(&a, n, sizeof *parts);
	for (size_t i = 0; i < n; i++) {
		struct str text = { log.p + ranges[i].from, (size_t)ranges[i].len };

		job_log_one(text, &a, &parts[i]);
		name_part(&parts[i], i, &a);
		failed = failed || conclusion_failed(parts[i].conclusion);
	}
	if (!failed && j->job->conclusion == FORGE_FAILURE)
		parts[n - 1].conclusion = CONCLUSION_FAILURE;
	return pull_feed_parts(x->p, j, parts, n, e);
}

static enum err_code pull_job(const struct pulling *x, const struct forge_job *job, struct err *e)
{
	const struct pull_job j = { x->repo, x->run, job };
	enum err_code code = pull_by_steps(x, &j, e);

	return code == ERR_METHOD ? pull_whole(x, &j, e) : code;
}

/* ---- a run ---- */

static bool is_over(const struct forge_job *job)
{
	return job->conclusion == FORGE_FAILURE || job->conclusion == FORGE_CANCELLED ||
	       job->conclusion == FORGE_SUCCESS;
}

/* n: jobs that were looked at in this turn and before; skip: those before. */
struct turn {
	size_t skip, n;
	bool late;
};

static struct turn turn_of(const struct pulling *x)
{
	const struct pull_mark *m = x->p->mark;

	return (struct turn){ .skip = m && m->run_id == x->run->id ? m->n_jobs : 0 };
}

static void set_mark(const struct pulling *x, size_t n_jobs)
{
	if (x->p->mark)
		*x->p->mark = (struct pull_mark){ x->run->id, n_jobs };
}

/* Jobs that failed, or the others. Each turn pulls one at least: it comes to an end however slow the forge is. */
static enum err_code pull_jobs(const struct pulling *x, const struct forge_job *jobs, size_t n, bool failed,
	struct turn *t, struct err *e)
{
	for (size_t i = 0; i < n && t->n < PULL_JOBS_MAX && !t->late; i++) {
		enum err_code code;

		if (!is_over(&jobs[i]) || (jobs[i].conclusion == FORGE_FAILURE) != failed)
			continue;
		if (t->n++ < t->skip)
			continue;
		if (pull_is_stopped(x->p))
			return err_set(e, ERR_UNAVAILABLE, "it was stopped");
		code = pull_job(x, &jobs[i], e);
		if (code != ERR_OK && !is_of_job(code))
			return code;
		set_mark(x, t->n);
		t->late = x->p->mark && pull_is_late(x->p);
	}
	return ERR_OK;
}

static enum err_code ask_told(
	const struct pull *p, const struct repo *repo, const struct heard_run *run, bool *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(p->store, &db, e));
	code = pulled_is_told(db, repo->id, run->head_sha, run->external_run_id, run->attempt, ret, e);
	store_reader_put(p->store, db);
	return code;
}

static enum err_code pull_all(const struct pulling *x, bool *ret_late, struct err *e)
{
	struct turn t = turn_of(x);
	struct forge_job *jobs;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(forge_jobs(x->forge, x->repo->name, x->run->external_run_id, &a, &jobs, &n, e));
	TRY(pull_jobs(x, jobs, n, true, &t, e));
	TRY(pull_jobs(x, jobs, n, false, &t, e));
	if (!t.late)
		set_mark(x, 0);
	*ret_late = t.late;
	return ERR_OK;
}

enum err_code pull_run(const struct pull *p, struct forge_api *f, const struct repo *repo,
	const struct heard_run *run, enum pull_outcome *ret, struct err *e)
{
	const struct pulling x = { p, f, repo, run };
	bool told = false, has = false, late = false;
	enum err_code code;

	TRY(ask_told(p, repo, run, &told, e));
	if (told) {
		*ret = PULL_TOLD;
		return ERR_OK;
	}
	TRY(forge_has_logs(f, &has, e));
	if (!has) {
		*ret = PULL_NONE;
		return ERR_OK;
	}
	code = pull_all(&x, &late, e);
	if (code != ERR_OK && code != ERR_CONFLICT && code != ERR_METHOD && code != ERR_NOT_FOUND)
		return code;
	*ret = code == ERR_CONFLICT ? PULL_TOLD : code != ERR_OK ? PULL_NONE : late ? PULL_MORE : PULL_DONE;
	return ERR_OK;
}
