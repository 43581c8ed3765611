#ifndef FORGE_HOOK_H
#define FORGE_HOOK_H
/*
 * hook: what a forge sends when something happens: who signed it, and what it says. The body is anybody's until its signature holds, and a forge's after; either way it is read within bounds.
 *
 * Sources: Forgejo's and Gitea's webhook documents, GitHub's "Webhook events and payloads", and what their senders really write (workflow_run of Gitea >= 1.25, workflow_job >= 1.24,
 * action_run_* of Forgejo >= 12).
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum hook_kind { HOOK_FORGEJO, HOOK_GITEA, HOOK_GITHUB, HOOK_N_KINDS };
const char *hook_kind_name(enum hook_kind k);
bool hook_kind_find(struct str name, enum hook_kind *ret);

#define HOOK_BODY_MAX ((size_t)2 << 20)
#define HOOK_DELIVERY_MAX 100 /* bytes of a delivery id */
#define HOOK_EVENT_MAX 100    /* bytes of an event's name */
#define HOOK_TEXT_MAX 255     /* bytes of each text of a forge_event but for url */
#define HOOK_URL_MAX 2000

/* Where a delivery says what it is: of each list, which ends with NULL, the first header that is there and not empty counts. */
struct hook_headers {
	const char *event[4], *delivery[4], *signature[4];
};
const struct hook_headers *hook_headers_of(enum hook_kind k);

/* [A-Za-z0-9._-], HOOK_DELIVERY_MAX. ERR_INVALID says which rule. */
MUST_CHECK enum err_code hook_delivery_check(struct str delivery, struct err *e);

/*
 * HMAC-SHA256 of the raw body under the secret, in hex; compared in constant time. signature: as the header has it, "sha256=HEX" or HEX. False also for an empty signature or secret.
 */
bool hook_signature_holds(struct str secret, struct str body, struct str signature);
/* "sha256=HEX" of a body, for those we send. Appended. */
void hook_sign(struct str secret, struct str body, struct buf *out);

enum forge_event_kind {
	EVENT_OTHER, /* nothing for us: answered, and forgotten */
	EVENT_PING,
	EVENT_PUSH, /* of a branch: branch, head_sha, before_sha, author; of a tag it is EVENT_OTHER */
	EVENT_PULL, /* of a pull request: pull_request, branch (its head's), head_sha, target_branch, author, closed */
	EVENT_RUN, /* what is known of a run: external_run_id, attempt, workflow, conclusion, .. */
	EVENT_JOB, /* the same of one job, without its branch; conclusion and url are the job's, not the run's */
	EVENT_STATUS /* of a commit: head_sha, state of conclusion, context in workflow */
};

enum forge_conclusion { /* of a run */
	FORGE_RUNNING,  /* or waiting, or queued: not over */
	FORGE_SUCCESS,
	FORGE_FAILURE, /* with timed_out, startup_failure */
	FORGE_CANCELLED,
	FORGE_OTHER, /* skipped, neutral, action_required, stale: over, and no failure */
	FORGE_N_CONCLUSIONS
};
/* The words of forge_run.conclusion (0012-dispatch.sql): running, success, failure, cancelled, other. */
const char *forge_conclusion_name(enum forge_conclusion c);
bool forge_conclusion_find(struct str name, enum forge_conclusion *ret);
/* What a forge says of a run or a job: its status (completed, in_progress, ..; may be empty) and its conclusion, or the one word that has both. */
enum forge_conclusion forge_conclusion_of(struct str status, struct str conclusion);

/* What stands in the place of a branch when a run is of a pull request: "#12", "refs/pull/12/head". 0: it is none of these. */
int64_t forge_ref_pull(struct str ref);

struct forge_event { /* strings in the arena, free of control characters; what is not told is empty or 0 */
	enum forge_event_kind kind;
	struct str repo; /* owner/name */
	struct str head_sha,
		before_sha; /* lower case; of a push head_sha is empty when the branch is gone, before_sha when it is new */
	struct str branch, target_branch; /* branch: of a run, empty too when it is a fork's */
	int64_t pull_request;
	bool closed, deleted; /* the pull request; the branch */
	struct str external_run_id, job_id, job_name, workflow, url;
	int64_t attempt; /* 0: not told */
	enum forge_conclusion conclusion;
	struct str author; /* login of who caused it; of a pull request, of who opened it */
	int64_t said_at;   /* ms: when, by the forge's clock, it became so; 0: not told */
	int64_t began_at; /* of a run or job: when it began to run, by the same clock; 0: not told, or it has not */
};

/* event: of the header X-*-Event. ERR_INVALID: no JSON, or not what that event has to have. *ret on success only. */
MUST_CHECK enum err_code hook_read(enum hook_kind kind, struct str event, struct str body, struct arena *a,
	struct forge_event *ret, struct err *e);

#endif
