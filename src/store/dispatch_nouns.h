#ifndef STORE_DISPATCH_NOUNS_H
#define STORE_DISPATCH_NOUNS_H
/*
 * dispatch_nouns: what the services may ask of the database about what forges say, and about dispatches. A part of nouns.h, with its manners; 0012-dispatch.sql is the essay on it.
 */
#include "model/dispatch.h"
#include "store/db.h"

/* ======== what forges say ======== */

/* ---- forge_runs.c: deliveries ---- */

/* W. Was it here before? *ret_new: it was not, and is remembered now. */
MUST_CHECK enum err_code deliveries_take(
	struct db *db, struct str hook, struct str delivery, int64_t now, bool *ret_new, struct err *e);
/* W, or a reader when dry. Those received before then, at most limit; dry: counts without limit. */
MUST_CHECK enum err_code deliveries_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- forge_runs.c: runs ---- */

struct heard_run { /* a row of forge_run */
	int64_t id, repo_id;
	struct str head_sha, external_run_id;
	int64_t attempt; /* from 1; as it is told: 0: the forge does not say */
	struct str workflow, branch, target_branch, url, author;
	int64_t pull_request;
	struct str conclusion; /* running, success, failure, cancelled, other */
	int64_t began_at;      /* as it is told, by the forge's clock, and not kept; 0: not told */
	int64_t said_at, heard_at;
	struct str heard_by; /* hook, reconcile */
	bool due;
	struct str pull_state;
	int64_t pull_tries, pull_at;
};

/*
 * W. What was heard of a run; new if need be. Of x id, due and pull_* are not looked at. Attempt 0 is the newest that is known, or the first; or the next, if it began after that one was over.
 * - What was so earlier by the forge's clock than what stands (said_at, where both have one) fills in what is not known, and changes nothing else.
 * - What is over does not run again in the same attempt. Empty texts and 0 take nothing away.
 * - Another conclusion than before that is not running makes it due.
 */
MUST_CHECK enum err_code forge_runs_put(
	struct db *db, const struct heard_run *x, int64_t *ret_id, bool *ret_due, struct err *e);
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code forge_runs_get(
	struct db *db, struct arena *a, int64_t id, struct heard_run *ret, struct err *e);
/* Of the forge's own id and an attempt; 0: the newest that is known. ERR_NOT_FOUND: it was not heard of. */
MUST_CHECK enum err_code forge_runs_find(struct db *db, struct arena *a, int64_t repo_id,
	struct str external_run_id, int64_t attempt, struct heard_run *ret, struct err *e);
/* Of what was told without an attempt: is it the next one after that which is known? Forges that count no attempts (Gitea's and Forgejo's hooks) run the same run again under the same id. */
bool forge_run_is_anew(const struct heard_run *known, const struct heard_run *told);
/* Those that nobody has looked at yet, the one that was heard of first in front. */
MUST_CHECK enum err_code forge_runs_due(
	struct db *db, struct arena *a, int64_t limit, struct heard_run **ret, size_t *ret_n, struct err *e);
/* W. x was looked at, as it was read. If something else was heard since, it stays due. */
MUST_CHECK enum err_code forge_runs_settle(struct db *db, const struct heard_run *x, struct err *e);
/* W, or a reader when dry. As deliveries_expire, by heard_at; whether due or not. */
MUST_CHECK enum err_code forge_runs_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- forge_runs.c: where branches and pull requests stand ---- */

struct forge_head {
	struct str branch;    /* empty: of a pull request */
	int64_t pull_request; /* 0: of a branch */
	struct str head_sha;  /* empty: it is gone, or closed */
	struct str before_sha, author;
	int64_t said_at, heard_at;
};
/* W. *ret_changed: it stands where it did not. What was so before what stands (said_at; the chain of pushes) changes nothing. */
MUST_CHECK enum err_code forge_heads_put(
	struct db *db, int64_t repo_id, const struct forge_head *x, bool *ret_changed, struct err *e);
/* Of a branch, or of a pull request (branch empty). ERR_NOT_FOUND: nothing was heard of it. */
MUST_CHECK enum err_code forge_heads_get(struct db *db, struct arena *a, int64_t repo_id, struct str branch,
	int64_t pull_request, struct forge_head *ret, struct err *e);
/* W, or a reader when dry. As deliveries_expire, of those that are gone or closed. */
MUST_CHECK enum err_code forge_heads_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ======== dispatches ======== */

/* ---- dispatches.c: made, read, counted ---- */

enum dispatch_added {
	DISPATCH_ADDED,     /* it is of this run */
	DISPATCH_IS_THERE,  /* there is one, of this run or of another */
	DISPATCH_ADD_LATER, /* .. of another, and it is not decided yet: try again then */
};
/*
 * W. A failure that is to be looked at: of d are read what it is of (repo_id .. author) and due_at. Of one (repo, commit, attempt) there is one, which is of the first run that failed there; when that
 * was refused for what it was itself (its class, flaky, not failed), of the next one. Others of its line that wait still, or that no agent has claimed yet, are superseded, unless the branch is said
 * to stand at theirs.
 */
MUST_CHECK enum err_code dispatches_add(struct db *db, const struct dispatch *d, int64_t now, int64_t *ret_id,
	enum dispatch_added *ret_added, struct err *e);
/* repo_id 0: of any repo. viewer: who sees it. prompt (may be NULL): as it is stored, zstd; empty: none went out. ERR_NOT_FOUND. */
MUST_CHECK enum err_code dispatches_get(struct db *db, struct arena *a, int64_t id, int64_t repo_id,
	int64_t viewer, struct dispatch *ret, struct str *prompt, struct err *e);
/* The newest of a commit. *ret_found. */
MUST_CHECK enum err_code dispatches_of_commit(struct db *db, struct arena *a, int64_t repo_id,
	struct str head_sha, struct dispatch *ret, bool *ret_found, struct err *e);

struct dispatch_query { /* empty, 0: whichever */
	int64_t repo_id, viewer;
	struct str repo, forge, state, outcome, branch, head_sha; /* repo, forge and sha in any case */
	int64_t group_id, since;
	int64_t limit, offset;
};
/* The newest first. A statement put together for what is asked. */
MUST_CHECK enum err_code dispatches_list(struct db *db, struct arena *a, const struct dispatch_query *q,
	struct dispatch **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* What the dispatcher has to do with: those that are open, and those that became unknown since then; in the order of their numbers, from after on. */
MUST_CHECK enum err_code dispatches_open(struct db *db, struct arena *a, int64_t after, int64_t unknown_since,
	int64_t limit, struct dispatch **ret, size_t *ret_n, struct err *e);
/* Others of the same line or group, the newest first. */
MUST_CHECK enum err_code dispatches_earlier(struct db *db, struct arena *a, const struct dispatch *d,
	int64_t limit, struct dispatch **ret, size_t *ret_n, struct err *e);

struct dispatch_figures {
	int64_t red_runs, n, handed, waiting;
	int64_t outcomes[DISPATCH_N_OUTCOMES];
	int64_t unknown, canceled;
	struct dispatch_refusals {
		struct str check;
		int64_t n;
	} * refused; /* the most frequent first */
	size_t n_refused;
};
MUST_CHECK enum err_code dispatch_figures(struct db *db, struct arena *a, const struct dispatch_query *q,
	struct dispatch_figures *ret, struct err *e);

/* ---- dispatch_states.c: what becomes of them. Each is one statement that says from which state it goes: whoever comes late changes nothing ---- */

struct dispatch_decision {
	int64_t id, n_retries; /* as it was read: one that was asked for anew meanwhile is decided anew */
	enum dispatch_state state;
	int64_t due_at; /* of one that goes on waiting */
	int64_t group_id, run_id;
	struct str class, message, verdicts, refused_by, reason;
	struct str author; /* empty: as it was */
	struct str prompt; /* zstd; empty: none goes out */
	int64_t handed_at; /* of one that goes out at once */
};
/* W. *ret false: it does not wait any more. */
MUST_CHECK enum err_code dispatches_decide(
	struct db *db, const struct dispatch_decision *x, int64_t now, bool *ret, struct err *e);

struct dispatch_claiming {
	int64_t repo_id, viewer;
	struct str repo, forge; /* filters, without case; empty: any */
	struct str agent;
};
/* The oldest that is offered, of a repo that is not paused, whose branch has not moved on. *ret_found. */
MUST_CHECK enum err_code dispatches_offered(struct db *db, struct arena *a, const struct dispatch_claiming *c,
	struct dispatch *ret, bool *ret_found, struct err *e);
/* W. It is claimed; *ret_claim: the number of that. ERR_CONFLICT: it is not offered any more. */
MUST_CHECK enum err_code dispatches_claim(struct db *db, int64_t id, struct str agent, int64_t now,
	int64_t lease_until, int64_t *ret_claim, struct err *e);
/* W. step_id 0: not told. *ret false: it is not this claim's. */
MUST_CHECK enum err_code dispatches_renew(struct db *db, int64_t id, int64_t claim, int64_t lease_until,
	int64_t step_id, bool *ret, struct err *e);

struct dispatch_word { /* what is said of one, or seen */
	int64_t id;
	enum dispatch_state from, to; /* it was read in the state `from` */
	int64_t claim;                /* as it was read too */
	enum dispatch_outcome outcome;
	struct str note, sha; /* empty: as they were */
	int64_t step_id;      /* 0: as it was */
};
/* W. *ret false: it is not as it was read. */
MUST_CHECK enum err_code dispatches_set(
	struct db *db, const struct dispatch_word *w, int64_t now, bool *ret, struct err *e);
/* W. Agents whose lease ended before now are given up: *ret dispatches are unknown now. */
MUST_CHECK enum err_code dispatches_give_up(struct db *db, int64_t now, int64_t *ret, struct err *e);
/* W. Nobody could be heard while the server was away. */
MUST_CHECK enum err_code dispatches_extend(struct db *db, int64_t lease_until, struct err *e);
/* W. One that is not open waits again, as if it were new; what was done of it is forgotten, but for its comment. *ret false: it is open. */
MUST_CHECK enum err_code dispatches_retry(
	struct db *db, int64_t id, int64_t due_at, bool *ret, struct err *e);

/* repo_id 0: of all repos. When it is over, what was refused because of it in the last day is to be decided again, where nothing newer is of its line. */
MUST_CHECK enum err_code dispatch_pause_set(struct db *db, int64_t repo_id, bool paused, struct str by,
	int64_t now, bool *ret_changed, struct err *e); /* W */
MUST_CHECK enum err_code dispatch_paused(struct db *db, int64_t repo_id, bool *ret, struct err *e);
/* W, or a reader when dry. Those that are not open, and are older, go, at most limit. */
MUST_CHECK enum err_code dispatches_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- dispatch_actions.c: what is done outside, and the one comment on a pull request ---- */

struct dispatch_deed {
	int64_t dispatch_id;
	struct str action, state, ref, error; /* words of 0012-dispatch.sql */
	int64_t n_tries, due_at;
	bool perhaps; /* as its error says: the last try, or one before, may have got through */
};
#define DEED_PERHAPS "it may have got through: " /* how such an error begins */
/* W. It is wanted, unless it is there. */
MUST_CHECK enum err_code dispatch_deeds_add(
	struct db *db, int64_t dispatch_id, struct str action, int64_t now, struct err *e);
MUST_CHECK enum err_code dispatch_deeds_of(struct db *db, struct arena *a, int64_t dispatch_id,
	struct dispatch_deed **ret, size_t *ret_n, struct err *e);
/* Wanted, their time has come, and dispatching is not paused; the oldest first. */
MUST_CHECK enum err_code dispatch_deeds_due(struct db *db, struct arena *a, int64_t now, int64_t limit,
	struct dispatch_deed **ret, size_t *ret_n, struct err *e);
/* W. It is being tried from now on. *ret false: it is not wanted any more, dispatching is paused, or its dispatch was canceled or is over. */
MUST_CHECK enum err_code dispatch_deeds_try(
	struct db *db, const struct dispatch_deed *d, bool *ret, struct err *e);
/* W. What came of trying: its state, ref, error and due_at. */
MUST_CHECK enum err_code dispatch_deeds_tried(struct db *db, const struct dispatch_deed *d, struct err *e);
/* W, when nobody tries anything. What was being tried is unknown, but for what may be done twice without harm, or is looked for first, which is wanted again. */
MUST_CHECK enum err_code dispatch_deeds_broken_off(struct db *db, int64_t now, int64_t *ret, struct err *e);
/* The issue of an earlier dispatch of the group; empty: there is none. */
MUST_CHECK enum err_code dispatch_issue_of(
	struct db *db, struct arena *a, int64_t group_id, struct str *ret, struct err *e);
/* Was a run of this commit started again for a dispatch? */
MUST_CHECK enum err_code dispatch_was_rerun(
	struct db *db, int64_t repo_id, struct str head_sha, bool *ret, struct err *e);
MUST_CHECK enum err_code forge_comment_get(struct db *db, struct arena *a, int64_t repo_id,
	int64_t pull_request, struct str *ret, struct err *e); /* empty: none */
MUST_CHECK enum err_code forge_comment_put(
	struct db *db, int64_t repo_id, int64_t pull_request, struct str comment_id, struct err *e); /* W */

/* ---- dispatch_facts.c: what the guard goes by, and what is seen of the world ---- */

struct dispatch_standing {
	bool paused;
	int64_t open_id;                     /* another that is open for the same; 0: none */
	bool same_group;                     /* .. because of its group, else of its line */
	int64_t n_attempts, last_attempt_at; /* of its line, since that was last green */
	int64_t n_of_group; /* attempts at its group elsewhere too, in the last day, since it was fixed */
	int64_t no_fix_id, no_fix_at;     /* the newest no_fix of its group since then */
	int64_t n_today, oldest_today_at; /* that went out in the last day, of the repo; the first of them */
	struct str known_head;            /* where its line stands, as a hook said; empty: nobody did */
	struct str known_author;          /* .. and who had it stand there; may be empty */
	bool known_gone;                  /* .. that it is gone, or closed */
};
MUST_CHECK enum err_code dispatch_standing(struct db *db, struct arena *a, const struct dispatch *d,
	int64_t no_fix_since, int64_t now, struct dispatch_standing *ret, struct err *e);

/* What is seen to have come of one that went out. */
struct dispatch_seen {
	struct str
		green_sha; /* the commit where its workflow passed later, on its line; or its group was seen to be gone. empty: none did */
	struct str newer_red; /* a later commit of its line where it failed too */
};
MUST_CHECK enum err_code dispatch_seen(struct db *db, struct arena *a, const struct dispatch *d, int64_t now,
	struct dispatch_seen *ret, struct err *e);

/* A run that is to be looked at: of a dispatch is told what it is of. */
struct red_run {
	struct dispatch of;
	struct heard_run heard; /* id 0: no forge told of it: it is seen by what was sent of it */
	bool over, failed;
};
/* That a forge told of, and nobody has looked at; forge_runs_settle() says that somebody has. */
MUST_CHECK enum err_code red_runs_told(
	struct db *db, struct arena *a, int64_t limit, struct red_run **ret, size_t *ret_n, struct err *e);
/*
 * That no forge told of: every job that is known has ended, one failed, nothing was heard since quiet_since, and no dispatch is there (dispatches_add), or one that was refused for
 * what an earlier run was itself. Of a repo by its name on any forge; begun since.
 */
MUST_CHECK enum err_code red_runs_seen(struct db *db, struct arena *a, struct str repo, int64_t since,
	int64_t quiet_since, int64_t limit, struct red_run **ret, size_t *ret_n, struct err *e);
/* The run that a commit is known by, for a look at what would be: of the forge's word, else of what was sent. *ret_found. */
MUST_CHECK enum err_code red_run_of_commit(struct db *db, struct arena *a, int64_t repo_id,
	struct str head_sha, struct red_run *ret, bool *ret_found, struct err *e);
/* The run that a dispatch is of, as it is now. *ret_found. */
MUST_CHECK enum err_code red_run_of_dispatch(struct db *db, struct arena *a, const struct dispatch *d,
	struct red_run *ret, bool *ret_found, struct err *e);

#endif
