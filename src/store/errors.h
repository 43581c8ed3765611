#ifndef STORE_ERRORS_H
#define STORE_ERRORS_H
/*
 * errors: what the services may ask of the database about what broke: the errors of steps, their groups, the reports sent beside logs, and
 * which steps wait to be explained. A part of nouns.h, with its manners; 0005-errors.sql is the essay on it.
 */
#include "model/error.h"
#include "store/nouns.h"

/* ---- explaining.c: what is to be explained, with what ---- */

struct due_step {
	int64_t step_id;
	int64_t due; /* as it was; goes into errors_replace() */
};
/* The newest first. A step that was marked stays due until errors_replace() with the same number. */
MUST_CHECK enum err_code explaining_due(
	struct db *db, struct arena *a, int64_t limit, struct due_step **ret, size_t *ret_n, struct err *e);
MUST_CHECK enum err_code explaining_count(
	struct db *db, int64_t *ret, struct err *e); /* to 10,000, then -1 */
/* With which rules steps were explained; empty: none ever were. */
MUST_CHECK enum err_code explaining_rules(struct db *db, struct arena *a, struct str *ret, struct err *e);
/* W. From now on it is these. */
MUST_CHECK enum err_code explaining_set_rules(struct db *db, struct str digest, struct err *e);
/*
 * W. The failed steps behind step `after` whose text has not expired (it may not be sealed yet), at most limit, are due again. *ret_last: the last of them, where to go
 * on; 0: that were all.
 */
MUST_CHECK enum err_code explaining_again(
	struct db *db, int64_t after, int64_t limit, int64_t *ret_last, struct err *e);
/* W. One step; of no effect when there is none. */
MUST_CHECK enum err_code explaining_mark(struct db *db, int64_t step_id, struct err *e);
/*
 * The newest steps that have their text and succeeded, or failed: of a repo (0: of all that the viewer sees), at most limit. Looked for among the newest
 * EXPLAINING_NEWEST_MAX such steps of all repos.
 */
#define EXPLAINING_NEWEST_MAX 20000
MUST_CHECK enum err_code explaining_newest(struct db *db, struct arena *a, int64_t repo_id, int64_t viewer,
	bool failed, int64_t limit, int64_t **ret, size_t *ret_n, struct err *e);
/*
 * Another step, the newest, of the same series that succeeded and has its text (log: as a log, else as a tail): on the branch that the run is to go to,
 * else on its own, else on any. *ret_step_id 0: there is none.
 */
MUST_CHECK enum err_code explaining_baseline(
	struct db *db, int64_t step_id, bool log, int64_t *ret_step_id, struct err *e);

/* ---- reports.c ---- */

struct report {
	struct str name, kind;
	int64_t received_at, n_bytes;
	struct str zstd; /* its text, masked */
};
/* W. In place of one of that name. ERR_NOT_FOUND: no such step; ERR_GONE: its text has expired; ERR_TOO_LARGE: the step has max already. */
MUST_CHECK enum err_code reports_put(
	struct db *db, int64_t step_id, const struct report *r, int64_t max, struct err *e);
MUST_CHECK enum err_code reports_list(
	struct db *db, struct arena *a, int64_t step_id, struct report **ret, size_t *ret_n, struct err *e);

/* ---- errors.c ---- */

/* What was found out about a step. */
struct explained {
	struct due_step step;
	int64_t now;
	struct str failed; /* why it could not be explained; empty: it could */
	bool text_gone;    /* its text has expired: what is known of it is better than this */
	const struct error *
		errors; /* the best first; number, step_id, run_id, repo_id, group_id and occurred_at are not read */
	const struct str *templates; /* of each: its message with what varies taken out */
	size_t n;
};
/*
 * W. All errors of a step are replaced by these, and their groups brought up to date: causes come into a group, which begins with the
 * first and opens again when it was resolved before. Groups that nobody has said anything about go with their last error; what people said of
 * one stays, also where new rules put the error that it was of into a new group, and so does since when it is known. A step that succeeded says of
 * groups that they are flaky or fixed. If the step has changed since it was found due, nothing is done; if it could not be explained, or its text has
 * gone, the errors that it has stay.
 */
MUST_CHECK enum err_code errors_replace(struct db *db, const struct explained *x, struct err *e);
/* W. The step is about to go: its errors go, and of their groups what goes with them. */
MUST_CHECK enum err_code errors_drop(struct db *db, int64_t step_id, struct err *e);

/* Which errors. 0, false: whichever. */
struct error_query {
	/* One of them. Of a run: causes only, in steps that count as failed in the newest attempt of their job. */
	int64_t step_id, run_id, group_id;
	unsigned roles;   /* bits of enum error_role */
	unsigned classes; /* bits of enum error_class */
	unsigned severities;
	int64_t sample_id; /* whose tests they are of */
	unsigned fatal;    /* classes whose errors count as fatal here, whatever they say */
	int64_t limit, offset;
};
/* Of a step or run in their order, of a group the newest first. */
MUST_CHECK enum err_code errors_list(struct db *db, struct arena *a, const struct error_query *q,
	struct error **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* How a step was explained, and the best of its errors. */
struct found_errors {
	int64_t step_id;
	bool due;             /* it is not explained yet, or will be again: errors are those of before */
	int64_t explained_at; /* 0: never was */
	struct str failed;    /* why it could not be; empty: it could */
	struct error *errors;
	size_t n;
	int64_t total; /* how many it has */
};
/* Of each of these steps, in their order: its first `each` errors. One statement, however many steps; steps that are not there are left out. */
MUST_CHECK enum err_code errors_find(struct db *db, struct arena *a, const int64_t *step_ids, size_t n,
	int64_t each, struct found_errors **ret, size_t *ret_n, struct err *e);
struct error_count {
	enum error_class class;
	enum error_severity severity;
	int64_t sample_id, test_id; /* 0: of none */
	int64_t n, first_at, last_at;
};
/* What errors_list() has of a run, counted by class, severity, sample and test. */
MUST_CHECK enum err_code errors_count(struct db *db, struct arena *a, int64_t run_id,
	struct error_count **ret, size_t *ret_n, struct err *e);
/* How far it is with explaining a step. */
struct error_state {
	int64_t explained_at; /* last; 0: never */
	bool due;             /* it is to be explained, or again */
	struct str failed;    /* why it could not be; empty: it could */
};
/* ERR_NOT_FOUND. */
MUST_CHECK enum err_code errors_state(
	struct db *db, struct arena *a, int64_t step_id, struct error_state *ret, struct err *e);
/* How many of the steps that errors_list() looks at for a run are still due. */
MUST_CHECK enum err_code errors_due(struct db *db, int64_t run_id, int64_t *ret, struct err *e);
/* W, or a reader when dry. Those that occurred before go, at most limit of them, and groups that are left without any as above. */
MUST_CHECK enum err_code errors_expire(
	struct db *db, int64_t before, int64_t limit, bool dry, int64_t *ret_rows, struct err *e);

/* ---- groups.c ---- */

struct group_query { /* 0, false: whichever */
	int64_t repo_id;
	int64_t viewer;         /* who sees them (access_viewer) */
	struct str repo, forge; /* their names, without regard to case; empty: whichever */
	unsigned states;        /* bits of enum group_state, as they are at now */
	unsigned classes;
	int64_t new_since; /* seen first since then */
	bool flaky;
	enum group_order { GROUPS_BY_COUNT, GROUPS_NEWEST, GROUPS_LAST_SEEN } order; /* count: of 30 days */
	bool up; /* the least, or oldest, first */
	int64_t now;
	int64_t limit, offset;
};
MUST_CHECK enum err_code groups_list(struct db *db, struct arena *a, const struct group_query *q,
	struct group **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* repo_id 0: of any repo. viewer: who sees it. ERR_NOT_FOUND. */
MUST_CHECK enum err_code groups_get(struct db *db, struct arena *a, int64_t id, int64_t repo_id,
	int64_t viewer, int64_t now, struct group *ret, struct err *e);
/* Those of a step's errors with the numbers from..to, in no order, without counts. */
MUST_CHECK enum err_code groups_of_step(struct db *db, struct arena *a, int64_t step_id, int64_t from,
	int64_t to, int64_t now, struct group **ret, size_t *ret_n, struct err *e);
/*
 * Those of these groups that are there, in their order, in one statement. So that its time has a bound, counts are of the newest GROUPS_COUNTED errors
 * of each, and only `all`, `runs` and `branches` are counted; `more` where there may be others.
 */
#define GROUPS_COUNTED 500
MUST_CHECK enum err_code groups_find(struct db *db, struct arena *a, const int64_t *ids, size_t n,
	int64_t now, struct group **ret, size_t *ret_n, struct err *e);
struct group_change {
	bool has_state, has_issue;
	enum group_state state;
	int64_t snoozed_until; /* with GROUP_SNOOZED */
	struct str issue;
};
/* W. ERR_NOT_FOUND as above. */
MUST_CHECK enum err_code groups_change(
	struct db *db, int64_t id, int64_t repo_id, const struct group_change *c, int64_t now, struct err *e);

#endif
