/*
 * hook_read: from the body of a delivery to the few words that matter.
 *
 * What stands where differs between the forges and their versions, so a reader takes each thing from wherever one of them puts it, and each may be missing but for what the event is about. The
 * readers go by the event's name, not by who sends it: a Forgejo that calls itself Gitea is understood as well. Events without a row in the table are not even parsed.
 *
 * What a reader would get wrong:
 * - Forgejo's action_run_failure comes for cancelled and skipped runs too; run.status says which.
 * - Forgejo puts the event that began the run beside it as a text that is JSON again. Of a pull request it has the branches, and the commit that runners take for the head (of
 *   pull_request_target run.commit_sha is another).
 * - Gitea's path of a workflow is file@ref, its run_attempt may be 0, and its times of what has not been yet are of the year 1.
 * - GitHub lists no pull request of a fork, and calls the fork's branch head_branch all the same; head_repository says whose it is.
 */
#include "forge/hook.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "model/repo.h"

struct reading {
	struct str event;
	const struct json *root;
	struct arena *a;
	struct forge_event x;
};

static enum err_code lacks(const struct reading *r, const char *what, struct err *e)
{
	return err_set(e, ERR_INVALID,
		"the event %.*s has no %s; is it sent by another program than this hook is for?",
		STR_FMT(r->event), what);
}

/* ---- values ---- */

static bool is_clean(struct str s, size_t max)
{
	if (s.len > max)
		return false;
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 127)
			return false;
	return true;
}

static struct str take(struct reading *r, struct str s)
{
	return is_clean(s, HOOK_TEXT_MAX) ? arena_str(r->a, s) : STR("");
}

static struct str take_text(struct reading *r, const struct json *value)
{
	return take(r, json_str(value));
}

static struct str first_text(struct reading *r, const struct json *value, const struct json *other)
{
	struct str s = take_text(r, value);

	return s.len > 0 ? s : take_text(r, other);
}

static struct str take_url(struct reading *r, const struct json *value)
{
	struct str s = json_str(value);

	if (!is_clean(s, HOOK_URL_MAX) || !(str_starts(s, STR("https://")) || str_starts(s, STR("http://"))))
		return STR("");
	return arena_str(r->a, s);
}

/* False: it is no commit id. Of zeros only, which is no commit, *ret is empty. */
static bool take_sha(struct reading *r, const struct json *value, struct str *ret)
{
	struct str s = json_str(value);
	bool zero = true;
	char *id;

	if ((s.len != 40 && s.len != 64) || !is_hex(s))
		return false;
	id = arena_cstr(r->a, s);
	for (size_t i = 0; i < s.len; i++) {
		if (id[i] >= 'A' && id[i] <= 'F')
			id[i] = (char)(id[i] - 'A' + 'a');
		zero = zero && id[i] == '0';
	}
	*ret = zero ? STR("") : (struct str){ id, s.len };
	return true;
}

static int64_t take_number(const struct json *value)
{
	int64_t n = 0;

	return json_int(value, &n) && n > 0 ? n : 0;
}

/* A number, or one that is written as a text. Empty: neither. */
static struct str take_id(struct reading *r, const struct json *value)
{
	int64_t n = take_number(value);

	if (n == 0 && (!str_to_int(json_str(value), &n) || n <= 0))
		return STR("");
	return arena_fmt(r->a, "%lld", (long long)n);
}

/* The first of the members that is a time. */
static int64_t take_time(const struct json *object, const char *const *names)
{
	int64_t ms = 0;

	for (; *names; names++)
		if (clock_parse(json_str(json_get(object, *names)), &ms) && ms > 0)
			return ms;
	return 0;
}

static const struct json *at(const struct json *n, const char *a, const char *b)
{
	return json_get(json_get(n, a), b);
}

/* ---- what events have in common ---- */

static enum err_code take_repo(struct reading *r, const struct json *repository, struct err *e)
{
	struct str name = json_str(json_get(repository, "full_name"));

	if (name.len == 0)
		return lacks(r, "repository.full_name", e);
	if (repo_name_check(name, e) != ERR_OK)
		return err_in(e, "repository.full_name");
	r->x.repo = arena_str(r->a, name);
	return ERR_OK;
}

/* A branch by the name that git has for it, or a short one. Of a tag: nothing. */
static struct str branch_of(struct reading *r, struct str ref)
{
	if (str_starts(ref, STR("refs/heads/")))
		return take(r, str_from(ref, 11));
	return str_starts(ref, STR("refs/")) ? STR("") : take(r, ref);
}

static struct str sender_of(struct reading *r, const struct json *who)
{
	return first_text(r, json_get(who, "login"), at(r->root, "sender", "login"));
}

/* ---- the readers ---- */

static enum err_code read_ping(struct reading *r, struct err *e)
{
	(void)e;
	r->x.kind = EVENT_PING;
	return ERR_OK;
}

static enum err_code read_push(struct reading *r, struct err *e)
{
	struct str ref = json_str(json_get(r->root, "ref"));

	if (ref.len == 0)
		return lacks(r, "ref", e);
	if (!str_starts(ref, STR("refs/heads/")))
		return ERR_OK; /* of a tag */
	r->x.kind = EVENT_PUSH;
	r->x.branch = branch_of(r, ref);
	if (r->x.branch.len == 0)
		return lacks(r, "name of a branch in ref that can be kept", e);
	TRY(take_repo(r, json_get(r->root, "repository"), e));
	if (!take_sha(r, json_get(r->root, "after"), &r->x.head_sha))
		return lacks(r, "commit id in after", e);
	take_sha(r, json_get(r->root, "before"), &r->x.before_sha);
	if (json_is_true(json_get(r->root, "deleted")))
		r->x.head_sha = STR("");
	r->x.deleted = r->x.head_sha.len == 0;
	r->x.author = sender_of(r, json_get(r->root, "pusher"));
	if (r->x.author.len == 0)
		r->x.author = first_text(r, at(r->root, "pusher", "username"), at(r->root, "pusher", "name"));
	return ERR_OK;
}

static enum err_code read_pull(struct reading *r, struct err *e)
{
	static const char *const times[] = { "updated_at", "closed_at", "created_at", NULL };
	const struct json *p = json_get(r->root, "pull_request");

	if (!str_eq(r->event, STR("pull_request")) && json_str(at(p, "head", "sha")).len == 0)
		return ERR_OK; /* what is said beside one */
	r->x.kind = EVENT_PULL;
	r->x.pull_request = take_number(json_get(p, "number"));
	if (r->x.pull_request == 0)
		r->x.pull_request = take_number(json_get(r->root, "number"));
	if (r->x.pull_request == 0)
		return lacks(r, "number of a pull request", e);
	if (!take_sha(r, at(p, "head", "sha"), &r->x.head_sha) || r->x.head_sha.len == 0)
		return lacks(r, "commit id in pull_request.head.sha", e);
	TRY(take_repo(r, json_get(r->root, "repository"), e));
	r->x.branch = branch_of(r, json_str(at(p, "head", "ref")));
	r->x.target_branch = branch_of(r, json_str(at(p, "base", "ref")));
	r->x.closed = str_eq(json_str(json_get(p, "state")), STR("closed")) ||
		      json_is_true(json_get(p, "merged")) ||
		      str_eq(json_str(json_get(r->root, "action")), STR("closed"));
	r->x.author = sender_of(r, json_get(p, "user"));
	r->x.url = take_url(r, json_get(p, "html_url"));
	r->x.said_at = take_time(p, times);
	return ERR_OK;
}

/* Of the event that began a run of Forgejo. */
static void read_origin(struct reading *r, struct str payload)
{
	struct json_doc *doc = NULL;
	const struct json *p, *root;
	struct str ref, sha = STR("");

	if (json_parse(payload, JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return;
	root = json_root(doc);
	p = json_get(root, "pull_request");
	ref = json_str(json_get(root, "ref"));
	if (json_kind(p) == JSON_OBJECT) {
		if (r->x.pull_request == 0)
			r->x.pull_request = take_number(json_get(p, "number"));
		r->x.branch = branch_of(r, json_str(at(p, "head", "ref")));
		r->x.target_branch = branch_of(r, json_str(at(p, "base", "ref")));
		if (take_sha(r, at(p, "head", "sha"), &sha) && sha.len > 0)
			r->x.head_sha = sha;
	} else if (str_starts(ref, STR("refs/tags/"))) {
		r->x.branch = STR("");
	}
	json_free(doc);
}

static enum err_code read_action_run(struct reading *r, struct err *e)
{
	static const char *const times[] = { "updated", "stopped", NULL }, *const begun[] = { "started",
		NULL };
	const struct json *run = json_get(r->root, "run"), *repo = json_get(run, "repository");
	struct str ref = json_str(json_get(run, "prettyref")), status = json_str(json_get(run, "status"));

	r->x.kind = EVENT_RUN;
	TRY(take_repo(r, repo ? repo : json_get(r->root, "repository"), e));
	r->x.external_run_id = take_id(r, json_get(run, "id"));
	if (r->x.external_run_id.len == 0)
		return lacks(r, "run.id", e);
	take_sha(r, json_get(run, "commit_sha"), &r->x.head_sha);
	r->x.pull_request = forge_ref_pull(ref);
	if (r->x.pull_request == 0)
		r->x.branch = branch_of(r, ref);
	read_origin(r, json_str(json_get(run, "event_payload")));
	if (r->x.head_sha.len == 0)
		return lacks(r, "commit id in run.commit_sha", e);
	r->x.attempt = take_number(json_get(run, "attempt"));
	r->x.workflow = take_text(r, json_get(run, "workflow_id"));
	r->x.url = take_url(r, json_get(run, "html_url"));
	r->x.author = sender_of(r, json_get(run, "trigger_user"));
	r->x.said_at = take_time(run, times);
	r->x.began_at = take_time(run, begun);
	if (status.len > 0)
		r->x.conclusion = forge_conclusion_of(status, STR(""));
	else /* that it failed has to be said */
		r->x.conclusion = str_eq(r->event, STR("action_run_failure")) ? FORGE_OTHER : FORGE_SUCCESS;
	return ERR_OK;
}

/* GitHub's runners call a workflow by its name, or by its path; Gitea's by its file, which is all of its path before the ref. */
static struct str workflow_of(struct reading *r, const struct json *run)
{
	struct str path = json_str(json_get(run, "path")), name = take_text(r, json_get(run, "name"));
	size_t ref = str_find(path, '@');

	if (name.len == 0)
		name = take_text(r, json_get(run, "workflow_name")); /* of a job */
	return name.len > 0 ? name : take(r, (struct str){ path.p, ref });
}

/* A fork has a main too, which is not ours. null: the fork is gone. Not told: there is nothing to doubt. */
static bool is_of_fork(const struct reading *r, const struct json *w)
{
	const struct json *head = json_get(w, "head_repository");
	struct str name = json_str(json_get(head, "full_name"));

	return json_kind(head) == JSON_NULL || (name.len > 0 && !str_eq_nocase(name, r->x.repo));
}

/* What is said of a run, and of a job of it, in the same words. */
static enum err_code read_work(struct reading *r, const struct json *w, struct err *e)
{
	static const char *const times[] = { "updated_at", "completed_at", "started_at", "run_started_at",
		"created_at", NULL };
	static const char *const begun[] = { "run_started_at", "started_at", NULL };
	struct str ref = json_str(json_get(w, "head_branch"));

	if (!take_sha(r, json_get(w, "head_sha"), &r->x.head_sha) || r->x.head_sha.len == 0)
		return lacks(r, "commit id in head_sha", e);
	TRY(take_repo(r, json_get(r->root, "repository"), e));
	r->x.attempt = take_number(json_get(w, "run_attempt"));
	r->x.pull_request = forge_ref_pull(ref);
	if (r->x.pull_request == 0 && !is_of_fork(r, w))
		r->x.branch = branch_of(r, ref);
	r->x.conclusion =
		forge_conclusion_of(json_str(json_get(w, "status")), json_str(json_get(w, "conclusion")));
	r->x.url = take_url(r, json_get(w, "html_url"));
	r->x.author = sender_of(r, json_get(w, "actor"));
	r->x.said_at = take_time(w, times);
	r->x.began_at = take_time(w, begun);
	return ERR_OK;
}

static enum err_code read_workflow_run(struct reading *r, struct err *e)
{
	const struct json *run = json_get(r->root, "workflow_run"),
			  *pull = json_at(json_get(run, "pull_requests"), 0);

	r->x.kind = EVENT_RUN;
	r->x.external_run_id = take_id(r, json_get(run, "id"));
	if (r->x.external_run_id.len == 0)
		return lacks(r, "workflow_run.id", e);
	TRY(read_work(r, run, e));
	r->x.workflow = workflow_of(r, run);
	if (r->x.pull_request == 0)
		r->x.pull_request = take_number(json_get(pull, "number"));
	r->x.target_branch = branch_of(r, json_str(at(pull, "base", "ref")));
	return ERR_OK;
}

static enum err_code read_workflow_job(struct reading *r, struct err *e)
{
	const struct json *job = json_get(r->root, "workflow_job");

	r->x.kind = EVENT_JOB;
	r->x.external_run_id = take_id(r, json_get(job, "run_id"));
	if (r->x.external_run_id.len == 0)
		return lacks(r, "workflow_job.run_id", e);
	TRY(read_work(r, job, e));
	r->x.branch = STR(""); /* it does not say whose; its run does */
	r->x.job_id = take_id(r, json_get(job, "id"));
	r->x.job_name = take_text(r, json_get(job, "name"));
	r->x.workflow = take_text(r, json_get(job, "workflow_name"));
	return ERR_OK;
}

static enum err_code read_status(struct reading *r, struct err *e)
{
	static const char *const times[] = { "updated_at", "created_at", NULL };

	r->x.kind = EVENT_STATUS;
	if (!take_sha(r, json_get(r->root, "sha"), &r->x.head_sha) || r->x.head_sha.len == 0)
		return lacks(r, "commit id in sha", e);
	TRY(take_repo(r, json_get(r->root, "repository"), e));
	r->x.conclusion = forge_conclusion_of(json_str(json_get(r->root, "state")), STR(""));
	r->x.workflow = take_text(r, json_get(r->root, "context"));
	r->x.url = take_url(r, json_get(r->root, "target_url"));
	r->x.author = sender_of(r, NULL);
	r->x.said_at = take_time(r->root, times);
	return ERR_OK;
}

typedef enum err_code read_fn(struct reading *r, struct err *e);

static const struct {
	const char *event;
	read_fn *read;
} readers[] = {
	{ "action_run_failure", read_action_run },
	{ "action_run_recover", read_action_run },
	{ "action_run_success", read_action_run },
	{ "ping", read_ping },
	{ "pull_request", read_pull },
	{ "push", read_push },
	{ "status", read_status },
	{ "workflow_job", read_workflow_job },
	{ "workflow_run", read_workflow_run },
};

static read_fn *reader_of(enum hook_kind kind, struct str event)
{
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++)
		if (str_eq(event, str_z(readers[i].event)))
			return readers[i].read;
	/* Gitea and Forgejo have more names for what is the same: pull_request_sync, pull_request_approved, .. */
	return kind != HOOK_GITHUB && str_starts(event, STR("pull_request_")) ? read_pull : NULL;
}

enum err_code hook_read(enum hook_kind kind, struct str event, struct str body, struct arena *a,
	struct forge_event *ret, struct err *e)
{
	struct reading r = { .event = event, .a = a };
	read_fn *read = reader_of(kind, event);
	struct json_doc *doc = NULL;
	enum err_code code = ERR_OK;

	if (event.len == 0 || !is_clean(event, HOOK_EVENT_MAX))
		return err_set(e, ERR_INVALID,
			"the delivery does not say which event it is; forges do, as X-Forgejo-Event, "
			"X-Gitea-Event or "
			"X-GitHub-Event");
	if (read) {
		if (json_parse(body, JSON_REPAIR_TEXT, &doc, e) != ERR_OK)
			return err_in(e, "the body of the event %.*s", STR_FMT(event));
		r.root = json_root(doc);
		code = json_kind(r.root) == JSON_OBJECT ? read(&r, e) : lacks(&r, "JSON object", e);
	}
	json_free(doc);
	if (code == ERR_OK)
		*ret = r.x;
	return code;
}
