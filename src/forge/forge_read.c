/*
 * forge_read: lists of runs and jobs, in the shapes of three forges.
 *
 * Forgejo's run has commit_sha, workflow_id, prettyref ("#12" or a branch) and one status; Gitea's and GitHub's have head_sha, head_branch, path, status and conclusion. A field
 * has one meaning wherever it comes from, so each is looked for under all its names, and a forge that changes its mind is still understood. Jobs come as an array, or below
 * "jobs" or "workflow_jobs".
 */
#include "forge/forge_asked.h"

#include "forge/forge_call.h"

#define STEPS_MAX 1000

/* Go writes a list of none as null. */
static bool is_list(const struct json *n)
{
	return json_kind(n) == JSON_ARRAY || json_kind(n) == JSON_NULL;
}

static const struct json *list_of(const struct json *root, const char *const *names, struct forge_page *page)
{
	const struct json *list = is_list(root) ? root : NULL;

	for (size_t i = 0; !list && names[i]; i++)
		list = is_list(json_get(root, names[i])) ? json_get(root, names[i]) : NULL;
	page->came = json_len(list);
	if (!json_int(json_get(root, "total_count"), &page->total))
		page->total = -1;
	return list;
}

static const struct json *either(const struct json *of, const char *one, const char *other)
{
	const struct json *n = json_get(of, one);

	return json_kind(n) == JSON_NONE || json_kind(n) == JSON_NULL ? json_get(of, other) : n;
}

static int64_t number_of(const struct json *n)
{
	int64_t value = 0;

	return json_int(n, &value) && value > 0 ? value : 0;
}

/* A branch, or a pull request in its place. */
static void set_ref(struct str ref, struct forge_run *run)
{
	run->pull_request = forge_ref_pull(ref);
	if (run->pull_request == 0)
		run->branch = str_starts(ref, STR("refs/heads/")) ? str_from(ref, 11) : ref;
}

/* As the hooks call it (hook_read.c): by its name, or its file. What Forgejo calls a name is a job's. */
static struct str workflow_of(enum commits_kind kind, const struct json *run, struct arena *a)
{
	struct str name = forge_text(json_get(run, "name"), a),
		   id = forge_text(json_get(run, "workflow_id"), a);
	struct str path = forge_text(json_get(run, "path"), a);

	if (kind != COMMITS_FORGEJO && name.len > 0)
		return name;
	path.len = str_find(path, '@');
	return id.len > 0 ? id : path;
}

static struct str login_of(const struct json *run, struct arena *a)
{
	static const char *const who[] = { "triggering_actor", "trigger_user", "trigger_actor", "actor" };
	struct str login = STR("");

	for (size_t i = 0; login.len == 0 && i < sizeof who / sizeof *who; i++)
		login = forge_text(either(json_get(run, who[i]), "login", "username"), a);
	return login;
}

/* As the hooks see it (hook_read.c): its branch is none of ours, whatever it is called. */
static bool is_of_fork(const struct json *run)
{
	const struct json *head = json_get(run, "head_repository");
	struct str name = json_str(json_get(head, "full_name")),
		   ours = json_str(json_get(json_get(run, "repository"), "full_name"));

	return json_kind(head) == JSON_NULL || (name.len > 0 && ours.len > 0 && !str_eq_nocase(name, ours));
}

static struct forge_run read_run(enum commits_kind kind, const struct json *j, struct arena *a)
{
	static const char *const times[] = { "updated_at", "updated", "stopped", "completed_at", NULL };
	static const char *const begun[] = { "run_started_at", "started_at", "started", NULL };
	const struct json *pull = json_at(json_get(j, "pull_requests"), 0);
	struct forge_run run = {
		.target_branch = forge_text(json_get(json_get(pull, "base"), "ref"), a),
		.id = forge_id(json_get(j, "id"), a),
		.head_sha = forge_sha(either(j, "head_sha", "commit_sha"), a),
		.workflow = workflow_of(kind, j, a),
		.url = forge_text(json_get(j, "html_url"), a),
		.event = forge_text(json_get(j, "event"), a),
		.author = login_of(j, a),
		.number = number_of(either(j, "run_number", "index_in_repo")),
		.attempt = number_of(either(j, "run_attempt", "attempt")),
		.said_at = forge_time(j, times),
		.began_at = forge_time(j, begun),
		.conclusion = forge_conclusion_in(j),
	};

	set_ref(forge_text(either(j, "head_branch", "prettyref"), a), &run);
	if (is_of_fork(j))
		run.branch = STR("");
	if (run.pull_request == 0)
		run.pull_request = number_of(json_get(pull, "number"));
	return run;
}

bool forge_read_runs(enum commits_kind kind, const struct json *root, size_t max, struct arena *a,
	struct forge_run *v, size_t *n, struct forge_page *ret)
{
	static const char *const names[] = { "workflow_runs", "runs", NULL };
	const struct json *list = list_of(root, names, ret);

	for (size_t i = 0; i < ret->came && *n < max; i++) {
		struct forge_run run = read_run(kind, json_at(list, i), a);
		bool known = run.id.len == 0 || run.head_sha.len == 0;

		for (size_t k = 0; k < *n && !known; k++)
			known = str_eq(v[k].id, run.id);
		if (!known)
			v[(*n)++] = run;
	}
	return list != NULL;
}

/* ---- tasks ---- */

/* Of a run's jobs: one that runs makes it run; then one that failed, one that was cancelled. */
static enum forge_conclusion both(enum forge_conclusion a, enum forge_conclusion b)
{
	static const enum forge_conclusion order[] = { FORGE_RUNNING, FORGE_FAILURE, FORGE_CANCELLED,
		FORGE_SUCCESS };

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return FORGE_OTHER;
}

/* The newest are told first. */
static bool is_of_before(struct forge_tasks *seen, int64_t number, struct str name)
{
	for (size_t i = 0; i < seen->n; i++)
		if (seen->v[i].number == number && str_eq(seen->v[i].name, name))
			return true;
	if (seen->n < FORGE_TASKS_MAX && name.len > 0) {
		seen->v[seen->n].number = number;
		seen->v[seen->n++].name = name;
	}
	return false;
}

bool forge_read_tasks(const struct json *root, size_t max, struct arena *a, struct forge_tasks *seen,
	struct forge_run *v, size_t *n, struct forge_page *ret)
{
	static const char *const names[] = { "workflow_runs", NULL };
	const struct json *list = list_of(root, names, ret);

	for (size_t i = 0; i < ret->came; i++) {
		const struct json *task = json_at(list, i);
		struct forge_run run = read_run(COMMITS_FORGEJO, task, a);
		struct forge_run *same = NULL;

		if (is_of_before(seen, run.number, forge_text(json_get(task, "name"), a)))
			continue;
		run.id = STR(""); /* it is the task's */
		for (size_t k = 0; k < *n && !same; k++)
			if (v[k].number == run.number)
				same = &v[k];
		if (same)
			same->conclusion = both(same->conclusion, run.conclusion);
		else if (run.number > 0 && run.head_sha.len > 0 && *n < max)
			v[(*n)++] = run;
	}
	return list != NULL;
}

/* ---- jobs ---- */

static void read_steps(
	enum commits_kind kind, const struct json *steps, struct arena *a, struct forge_job *job)
{
	size_t n = json_len(steps) < STEPS_MAX ? json_len(steps) : STEPS_MAX;

	if (json_kind(steps) != JSON_ARRAY || n == 0)
		return;
	job->steps = arena_array(a, n, sizeof *job->steps);
	for (size_t i = 0; i < n; i++) {
		const struct json *step = json_at(steps, i);

		job->steps[job->n_steps++] = (struct forge_job_step){
			.name = forge_text(json_get(step, "name"), a),
			.has_conclusion = kind != COMMITS_GITEA,
			.conclusion = forge_conclusion_in(step),
		};
	}
}

bool forge_read_jobs(enum commits_kind kind, const struct json *root, size_t max, struct arena *a,
	struct forge_job *v, size_t *n, struct forge_page *ret)
{
	static const char *const names[] = { "jobs", "workflow_jobs", NULL };
	const struct json *list = list_of(root, names, ret);

	for (size_t i = 0; i < ret->came && *n < max; i++) {
		const struct json *j = json_at(list, i);
		struct forge_job job = {
			.id = forge_id(json_get(j, "id"), a),
			.name = forge_text(json_get(j, "name"), a),
			.conclusion = forge_conclusion_in(j),
			.attempt = number_of(either(j, "run_attempt", "attempt")),
		};
		bool known = job.id.len == 0;

		for (size_t k = 0; k < *n && !known; k++)
			known = str_eq(v[k].id, job.id);
		if (known)
			continue;
		read_steps(kind, json_get(j, "steps"), a, &job);
		v[(*n)++] = job;
	}
	return list != NULL;
}
