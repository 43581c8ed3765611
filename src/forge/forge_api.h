#ifndef FORGE_FORGE_API_H
#define FORGE_FORGE_API_H
/*
 * forge_api: a forge, asked and told over REST: runs and their jobs, logs, heads, statuses, comments, issues, hooks. Forgejo, Gitea and GitHub differ in paths and shapes; that is known here alone. What
 * a forge can do is asked of it (Forgejo, Gitea: /swagger.v1.json, once an hour), not guessed from its version.
 *
 * For all calls: ERR_NETWORK: not reached, slow, a 5xx, or nonsense. ERR_RATE_LIMITED: it says so (Retry-After, X-RateLimit-*). ERR_UNAUTHORIZED, ERR_FORBIDDEN: the token. ERR_NOT_FOUND. ERR_METHOD: it cannot do this at all. No error has a token in it. Answers are
 * bounded; what a forge says is text from outside.
 *
 * For one thread at a time.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "forge/commits.h"
#include "forge/hook.h"
#include "net/http.h"

struct forge_api;

/* What a forge can do, for all who ask it, on any thread: so that its description, which is long, is asked for once an hour and not by each. */
struct forge_known;
struct forge_known *forge_known_new(void);
void forge_known_free(struct forge_known *k); /* NULL is fine. After those who have it */

struct forge_access {
	enum commits_kind kind;
	struct str url;            /* without a final slash */
	struct str token;          /* empty: none */
	struct forge_known *known; /* borrowed; NULL: its own */
};
/* Strings are copied. The requests of a call have 15 s together (a log: that between two pieces, and ten minutes). clock: its steady time is the system's. */
struct forge_api *forge_api_new(const struct forge_access *x, const struct clock *clock);
void forge_api_free(struct forge_api *f); /* NULL is fine */
/* As http_client_watch: a call that is under way ends when *stop becomes true. */
void forge_api_watch(struct forge_api *f, const atomic_bool *stop);
/* Another time than 15 s for the calls that follow. */
void forge_api_set_total(struct forge_api *f, int64_t ms);
/* After ERR_RATE_LIMITED: when it may be asked again, 1 s to a day. */
int64_t forge_api_retry_after_s(const struct forge_api *f);
/* After ERR_NETWORK: may any of the last request have got there? */
bool forge_api_reached(const struct forge_api *f);

/* ---- asked ---- */

struct forge_job {
	struct str id, name;
	enum forge_conclusion conclusion;
	int64_t attempt; /* 0: not told */
	struct forge_job_step {
		struct str name;
		bool has_conclusion; /* one that can be believed: not of Gitea, which copies the job's into each */
		enum forge_conclusion conclusion;
	} * steps;
	size_t n_steps;
};
struct forge_run {
	struct str id, head_sha, branch, target_branch, workflow, url, event,
		author;   /* branch: empty when it is a fork's */
	int64_t said_at;  /* when it was so, by the forge's clock, ms; 0: not told */
	int64_t began_at; /* when this attempt of it began, by the same; 0: not told, or it has not */
	int64_t number;   /* in its repo, as people call it; 0: not told */
	int64_t attempt, pull_request; /* attempt: 0: not told; pull_request: 0: none, or not told */
	enum forge_conclusion conclusion;
};
/*
 * The newest runs of a repo, newest first, at most max (up to 200). A Forgejo that has no list of runs tells of tasks, which are jobs: then they are put together
 * by their number, and id is empty. ERR_METHOD: it has neither.
 */
MUST_CHECK enum err_code forge_runs(struct forge_api *f, struct str repo, size_t max, struct arena *a,
	struct forge_run **ret, size_t *ret_n, struct err *e);
/* The jobs of its last attempt, at most 1000. ERR_METHOD: it tells of none (Forgejo up to 15). */
MUST_CHECK enum err_code forge_jobs(struct forge_api *f, struct str repo, struct str run_id, struct arena *a,
	struct forge_job **ret, size_t *ret_n, struct err *e);
/* Does it hand out the logs of jobs? */
MUST_CHECK enum err_code forge_has_logs(struct forge_api *f, bool *ret, struct err *e);
/* The log of a job; step: a number from 1 for one step where it can (Forgejo), 0: all of it. In pieces. max: bytes (ERR_TOO_LARGE). A redirect (GitHub) is followed without the token. */
MUST_CHECK enum err_code forge_job_log(struct forge_api *f, struct str repo, struct str job_id, int64_t step,
	int64_t max, http_take_fn *take, void *arg, struct err *e);
struct forge_tip {
	struct str head_sha;
	struct str
		author; /* login of the author of that commit, as the forge knows them, or of who opened the pull request; empty: not told */
	bool open;
};
/* Where a branch stands; ERR_NOT_FOUND: there is no such branch. */
MUST_CHECK enum err_code forge_branch_head(struct forge_api *f, struct str repo, struct str branch,
	struct arena *a, struct forge_tip *ret, struct err *e);
/* Where a pull request stands, and whether it is open. */
MUST_CHECK enum err_code forge_pull_head(struct forge_api *f, struct str repo, int64_t number,
	struct arena *a, struct forge_tip *ret, struct err *e);

/* ---- what of ours is there already (forge_find.c) ---- */

/* Whose the token is. ERR_UNAUTHORIZED, ERR_FORBIDDEN: it may not ask that (an app's; Forgejo and Gitea: without read:user). */
MUST_CHECK enum err_code forge_own_login(
	struct forge_api *f, struct arena *a, struct str *ret, struct err *e);
/* ERR_NOT_FOUND, ERR_GONE: there is no such issue. */
MUST_CHECK enum err_code forge_issue_is_open(
	struct forge_api *f, struct str repo, int64_t number, bool *ret, struct err *e);
/* The id of the first comment on a pull request (or issue) that is of that account and begins with the mark, of a thousand or so; empty: none. */
MUST_CHECK enum err_code forge_find_comment(struct forge_api *f, struct str repo, int64_t number,
	struct str login, struct str mark, struct arena *a, struct str *ret, struct err *e);
/* The number of such an issue that is open. */
MUST_CHECK enum err_code forge_find_issue(struct forge_api *f, struct str repo, struct str login,
	struct str mark, struct arena *a, struct str *ret, struct err *e);

/* ---- told ---- */

/* A commit status. state: pending, success, failure, error. description is cut at 140 bytes, which is GitHub's limit. */
MUST_CHECK enum err_code forge_put_status(struct forge_api *f, struct str repo, struct str sha,
	const char *state, struct str context, struct str description, struct str target_url, struct err *e);
/* A comment on a pull request (or issue): *id empty: a new one, and *id becomes its; else that one is edited; ERR_NOT_FOUND: it is gone. */
MUST_CHECK enum err_code forge_put_comment(struct forge_api *f, struct str repo, int64_t number,
	struct str text, struct arena *a, struct str *id, struct err *e);
MUST_CHECK enum err_code forge_put_issue(struct forge_api *f, struct str repo, struct str title,
	struct str text, struct arena *a, int64_t *ret_number, struct str *ret_url, struct err *e);
/* Runs again what failed of a run. ERR_METHOD: this forge cannot. */
MUST_CHECK enum err_code forge_rerun(struct forge_api *f, struct str repo, struct str run_id, struct err *e);
/* A hook to that URL for all events that are read here; one to the same URL is changed. *ret_new. */
MUST_CHECK enum err_code forge_put_hook(struct forge_api *f, struct str repo, struct str url,
	struct str secret, bool *ret_new, struct err *e);
/* Has the forge send something to the hook that goes to that URL. *ret_found: there is one. */
MUST_CHECK enum err_code forge_test_hook(
	struct forge_api *f, struct str repo, struct str url, bool *ret_found, struct err *e);

#endif
