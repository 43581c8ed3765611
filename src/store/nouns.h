#ifndef STORE_NOUNS_H
#define STORE_NOUNS_H
/*
 * nouns: what the services may ask of the database, a file of SQL a noun (repos.c, steps.c, runs.c, logs.c, keeping.c,
 * actions.c; those of who may come in are in access_nouns.h). Every function takes the connection: a reader, or the writer's inside an operation
 * (those marked W). Rows are copied into the arena given; a list without rows may be NULL. Lists are bounded
 * by their limit; their total is exact to 10,000 and -1 beyond.
 */
#include "base/digest.h"
#include "model/log.h"
#include "model/repo.h"
#include "model/run.h"
#include "model/step.h"
#include "store/db.h"

/* ---- repos.c ---- */

/* W. Again, in whatever case: the same id, not new. */
MUST_CHECK enum err_code repos_add(struct db *db, struct str forge, struct str name, int64_t now,
	int64_t *ret_id, bool *ret_new, struct err *e);
/* W. With its runs, jobs, steps and tails, and its forks; tokens bound to it are revoked. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_remove(struct db *db, int64_t id, int64_t now, struct err *e);
/* The name without case. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_find(
	struct db *db, struct arena *a, struct str forge, struct str name, struct repo *ret, struct err *e);
MUST_CHECK enum err_code repos_get(
	struct db *db, struct arena *a, int64_t id, struct repo *ret, struct err *e);
/* The watched repo of that forge that a name of somebody else's may be a fork of: it has the same name behind its owner's. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_find_main(
	struct db *db, struct arena *a, struct str forge, struct str fork, struct repo *ret, struct err *e);
/* W. It sees and is seen as the repo that it is of. ERR_CONFLICT: it is there. */
MUST_CHECK enum err_code repos_add_fork(
	struct db *db, const struct repo *of, struct str name, int64_t now, int64_t *ret_id, struct err *e);
/* In the order of names. forge, name (without case): filters, empty: all. */
MUST_CHECK enum err_code repos_list(struct db *db, struct arena *a, struct str forge, struct str name,
	int64_t limit, int64_t offset, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* W. ERR_NOT_FOUND. */
MUST_CHECK enum err_code repos_set_visibility(
	struct db *db, int64_t id, enum visibility visibility, struct err *e);

/* ---- steps.c ---- */

/* W. The run that facts are of comes into being, or is found. */
MUST_CHECK enum err_code runs_open(struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now,
	int64_t *ret_run_id, struct err *e);
/* W. The run, job and step that a stream is of come into being, or are found. */
MUST_CHECK enum err_code steps_open(struct db *db, int64_t repo_id, const struct step_facts *f, int64_t now,
	int64_t *ret_step_id, int64_t *ret_run_id, struct err *e);
/*
 * The step that facts name, by its key; one that is told by its name alone is also found by that (the newest of its job), should it be known by its index.
 * Nothing is changed. ERR_NOT_FOUND.
 */
MUST_CHECK enum err_code steps_find(
	struct db *db, int64_t repo_id, const struct step_facts *f, int64_t *ret_step_id, struct err *e);
/*
 * W. One post: the run, job and step it names come into being, or are found by their keys and brought up to
 * date, and the step's tail is replaced. text_zst: one zstd frame. A retry changes no ids and adds no rows. Of a step
 * that streams, or has, only what the stream did not tell is taken.
 */
MUST_CHECK enum err_code steps_put(struct db *db, int64_t repo_id, const struct step_facts *f,
	const struct tail_size *size, struct str text_zst, int64_t now, int64_t *ret_step_id, struct err *e);

/* Which steps a context is of: exactly one of the three ways. */
struct step_query {
	int64_t repo_id;            /* 0: any; needed with head_sha */
	struct str head_sha;        /* in any case */
	int64_t run_id;             /* Sluice's; 0: not by it */
	struct str external_run_id; /* the forge's */
};
/*
 * The failed steps of the newest attempt of each (run, job name else key, leg), in the order they were
 * received, at most limit (those that have their text before those that have not, the new before the old), with
 * their text. Made-up legs of a job are one leg when attempts are compared. Beside them, of one moment: the tally
 * of all steps of these attempts, failed or not, and the newest log_expired_at among them (0: none).
 */
MUST_CHECK enum err_code steps_failed(struct db *db, struct arena *a, const struct step_query *q,
	size_t limit, struct step **ret, size_t *ret_n, struct run_tally *ret_tally, int64_t *ret_expired_at,
	struct err *e);
/* A page of a list of steps: what is wanted, and what there is. */
struct steps_page {
	bool failed; /* only those that failed */
	int64_t limit, offset;
	struct step *steps; /* without their text */
	size_t n;
	int64_t total;   /* of all pages; exact to 10,000 and -1 beyond */
	int64_t n_repos; /* whose they are: 0, 1, or 2 for several */
};
/* The steps of the newest attempts, as above; those that failed first, then in the order in which they began. */
MUST_CHECK enum err_code steps_list(
	struct db *db, struct arena *a, const struct step_query *q, struct steps_page *page, struct err *e);
/* One step, without its text. ret_stored_bytes: what its text takes as it is stored; -1: none of it is here. ERR_NOT_FOUND. */
MUST_CHECK enum err_code steps_get(struct db *db, struct arena *a, int64_t step_id, struct step *ret,
	int64_t *ret_stored_bytes, struct err *e);
/* The kept text of a step that was posted (empty: it has none), and how many lines went before it. */
MUST_CHECK enum err_code steps_tail(struct db *db, struct arena *a, int64_t step_id, struct str *ret_text,
	int64_t *ret_n_dropped, struct err *e);

/* ---- runs.c ---- */

/* Which runs. Empty, 0: whichever. */
struct run_query {
	int64_t run_id, repo_id;
	struct str status, branch, head_sha, repo, platform; /* sha and repo in any case */
	int64_t created_from, created_to;                    /* ms; to 0: no end */
	int64_t viewer;                                      /* who sees them (access_viewer) */
	int64_t now;                                         /* that the status is derived at */
	enum run_order { RUNS_NEWEST, RUNS_OLDEST, RUNS_BY_ID, RUNS_BY_ID_DOWN } order;
	int64_t limit, offset;
};
/* A page. Statements put together for what is asked, so that each has its index: runs.c. ERR_STORAGE: what is kept of a run cannot be. */
MUST_CHECK enum err_code runs_list(struct db *db, struct arena *a, const struct run_query *q,
	struct run **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* The commit of the newest run of a pull request, looked for among the newest RUNS_OF_PULL_LOOKED_AT runs of its repo. ERR_NOT_FOUND: none of them is. */
#define RUNS_OF_PULL_LOOKED_AT 10000
MUST_CHECK enum err_code runs_pull_sha(struct db *db, struct arena *a, int64_t repo_id, int64_t pull_request,
	struct str *ret_sha, struct err *e);

/* A run that failed, or lost its runner, and the step of it that failed first. */
struct failure {
	struct run run; /* without its platform */
	int64_t step_id;
	struct str step_name, job_name;
};
/*
 * failures.c. The newest, by when something was last heard of them, of one repo or of all (0), at most limit. One statement with a bound: it looks at the
 * newest FAILURES_LOOKED_AT steps that did not go well, whoever's they are, and at 4 times limit runs of theirs.
 */
#define FAILURES_LOOKED_AT 5000
#define FAILURES_LOOKED_AT_OF_SOME 50000 /* by who does not see all: others' may be in front of theirs */
MUST_CHECK enum err_code failures_newest(struct db *db, struct arena *a, int64_t repo_id, int64_t viewer,
	int64_t now, int64_t limit, struct failure **ret, size_t *ret_n, struct err *e);

/* ---- tally.c ---- */

/* What is kept of the steps of a run, and what counting them says. same: nothing of what is kept differs, indexed words with it. */
struct run_kept {
	int64_t run_id;
	struct run_tally kept, counted;
	bool same;
};
/* In the order of runs, from after on. */
MUST_CHECK enum err_code runs_kept(struct db *db, struct arena *a, int64_t after, int64_t limit,
	struct run_kept **ret, size_t *ret_n, struct err *e);
/* W. What is kept of the run is what counting says. */
MUST_CHECK enum err_code runs_count_again(struct db *db, int64_t run_id, struct err *e);

/* A step of a run, as far as it has lines. */
struct run_log {
	int64_t step_id, received_at;
	int64_t sample_id; /* of the test that it is; 0: of none */
	bool has_text;     /* some of its text is here, be it none */
};
/* In the order in which the steps began, a later attempt behind an earlier one; from number offset on, at most limit. sample_id: only those that are tests over it; 0: all. */
MUST_CHECK enum err_code runs_logs(struct db *db, struct arena *a, int64_t run_id, int64_t sample_id,
	int64_t limit, int64_t offset, struct run_log **ret, size_t *ret_n, struct err *e);
struct run_texts {
	int64_t n;          /* steps that have text */
	int64_t expired_at; /* the newest log_expired_at of those that have not; 0: none */
	int64_t n_tests;    /* of the suite, that the run has: each may have a log one day */
};
/* sample_id as runs_logs() has it. */
MUST_CHECK enum err_code runs_texts(
	struct db *db, int64_t run_id, int64_t sample_id, struct run_texts *ret, struct err *e);

/* ---- logs.c ---- */

/* Text that is in no file yet. */
struct chunk {
	int64_t number;
	struct str entry; /* frame_index_encode() of one */
	struct str zstd;  /* empty when it was not asked for */
};

/* ERR_NOT_FOUND: no such step. A step without a log is found as well (LOG_NONE). */
MUST_CHECK enum err_code logs_get(
	struct db *db, struct arena *a, int64_t step_id, struct log *ret, struct err *e);
/* What there is of its log: LOG_NONE also when there is no such step. */
MUST_CHECK enum err_code logs_state(
	struct db *db, int64_t step_id, enum log_state *ret_state, int64_t *ret_file_bytes, struct err *e);
/* W. The step (steps_open) gets an empty log, and loses its tail; it has none yet. */
MUST_CHECK enum err_code logs_add(struct db *db, int64_t step_id, int64_t now, struct err *e);
/*
 * W. The log becomes as l says, if it is open and has sent_before (ERR_CONFLICT). Chunks from number `from` on are gone (INT64_MAX: none),
 * those given are new.
 */
MUST_CHECK enum err_code logs_append(struct db *db, const struct log *l, int64_t sent_before, int64_t from,
	const struct chunk *chunks, size_t n, struct err *e);
/* W. Chunks [from, below) are gone. */
MUST_CHECK enum err_code logs_drop_chunks(
	struct db *db, int64_t step_id, int64_t from, int64_t below, struct err *e);
/* How a step ended. */
struct step_end {
	enum conclusion conclusion;
	bool has_exit_code;
	int64_t exit_code;
	int64_t duration_ms; /* -1: not told */
	int64_t at;
};
/* W. All of the log is here: LOG_ENDED, and the step's facts are told. An ended or sealed log stays as it is. */
MUST_CHECK enum err_code logs_end(
	struct db *db, const struct log *l, const struct step_end *end, struct err *e);
/*
 * W. A sealed log that was given up goes on as l says: it is open again, and its step is running. What is in its file is told by parts (empty: nothing
 * is), and chunk (NULL: none) is the text behind that.
 */
MUST_CHECK enum err_code logs_revive(
	struct db *db, const struct log *l, struct str parts, const struct chunk *chunk, struct err *e);
/* The first chunks below number `below`, as many as hold at most max_bytes of zstd, at least one. ret_more: there are others. */
MUST_CHECK enum err_code logs_chunks(struct db *db, struct arena *a, int64_t step_id, int64_t below,
	int64_t max_bytes, struct chunk **ret, size_t *ret_n, bool *ret_more, struct err *e);
/* One chunk's zstd. ERR_NOT_FOUND: it has moved to the file. */
MUST_CHECK enum err_code logs_chunk(
	struct db *db, struct arena *a, int64_t step_id, int64_t number, struct str *ret_zstd, struct err *e);
/* The index of a log that is not sealed, of one moment: that of its file, and its chunks without their text. */
MUST_CHECK enum err_code logs_index(struct db *db, struct arena *a, int64_t step_id, struct str *ret_parts,
	struct chunk **ret_chunks, size_t *ret_n, struct err *e);
/* The same, but of its file only what was moved last: a log of a GiB is moved hundreds of times. */
MUST_CHECK enum err_code logs_index_end(struct db *db, struct arena *a, int64_t step_id, struct str *ret_part,
	struct chunk **ret_chunks, size_t *ret_n, struct err *e);
/* Calls back with each part of the index of its file, in order; a view for the call. Passes on the first error. */
typedef enum err_code logs_part_fn(void *arg, struct str entries, struct err *e);
MUST_CHECK enum err_code logs_parts_each(
	struct db *db, int64_t step_id, logs_part_fn *each, void *arg, struct err *e);
/* W. The chunks below `below` are in the file now, which has file_bytes of them from file_at on: their entries take their place. */
MUST_CHECK enum err_code logs_move(struct db *db, int64_t step_id, int64_t below, int64_t file_at,
	struct str entries, int64_t file_bytes, struct err *e);
/* W. All is in one file of file_bytes: no chunk and no part is left. */
MUST_CHECK enum err_code logs_seal(struct db *db, int64_t step_id, int64_t file_bytes, struct err *e);
/* W. The text of a step is gone: no log, no tail, and marked expired at now, with its reports (0: it is not said to have expired). */
MUST_CHECK enum err_code logs_drop(struct db *db, int64_t step_id, int64_t now, struct err *e);
/*
 * W. A log that was damaged is as l says (its bytes, lines, gap and file_bytes, and stored_bytes of the step). What is in its file is told by parts (empty:
 * nothing is, or the file tells it itself); the chunks from number `from` on (INT64_MAX: none) are gone, those given are new.
 */
MUST_CHECK enum err_code logs_mend(struct db *db, const struct log *l, struct str parts, int64_t from,
	const struct chunk *chunks, size_t n, struct err *e);
/* Steps whose log is not sealed, in the order of their ids, from after on. */
MUST_CHECK enum err_code logs_unsealed(struct db *db, struct arena *a, int64_t after, int64_t limit,
	struct log **ret, size_t *ret_n, struct err *e);
/* All logs there are, in the same way. */
MUST_CHECK enum err_code logs_list(struct db *db, struct arena *a, int64_t after, int64_t limit,
	struct log **ret, size_t *ret_n, struct err *e);

/* W. One more value that the run asks to be masked; sealed by the caller. */
MUST_CHECK enum err_code run_masks_add(struct db *db, int64_t run_id, struct str value, struct err *e);
/* In the order in which they came. */
MUST_CHECK enum err_code run_masks_list(
	struct db *db, struct arena *a, int64_t run_id, struct str **ret, size_t *ret_n, struct err *e);

/* ---- keeping.c ---- */

/* The text of a step that may go: a tail or a sealed log that has not expired and is not pinned. */
struct text {
	int64_t step_id, received_at;
	int64_t bytes; /* as stored */
	/* what texts_expire did */
	bool expired;
	bool had_log; /* then it had a file too, which is the caller's to remove after the commit */
};
/* Which of them. Green is the text of a step that succeeded; it has a budget of its own. */
enum texts {
	TEXTS_OLD,          /* received before the number */
	TEXTS_OVER,         /* the oldest that are not green, as many as hold so many bytes */
	TEXTS_OVER_GREEN,   /* the same of the green ones */
	TEXTS_SURPLUS_GREEN /* all but the newest so many of a step: of a repo, workflow, job, leg and step */
};
/* The oldest first, at most limit. */
MUST_CHECK enum err_code texts_find(struct db *db, struct arena *a, enum texts which, int64_t number,
	int64_t limit, struct text **ret, size_t *ret_n, struct err *e);
/* Tails as they are stored, in the order of their steps, from after on. */
struct stored_tail {
	int64_t step_id;
	int64_t n_bytes;      /* of text, as the step says */
	int64_t stored_bytes; /* as budgets count it */
	struct str zstd;
};
MUST_CHECK enum err_code tails_list(struct db *db, struct arena *a, int64_t after, int64_t limit,
	struct stored_tail **ret, size_t *ret_n, struct err *e);
/* W. What the step says of its tail is as it is. */
MUST_CHECK enum err_code tails_mend(
	struct db *db, int64_t step_id, int64_t n_bytes, int64_t stored_bytes, struct err *e);
/* How many texts_find would find without a limit, and their bytes. */
MUST_CHECK enum err_code texts_count(struct db *db, enum texts which, int64_t number, int64_t *ret_rows,
	int64_t *ret_bytes, struct err *e);
struct text_total {
	int64_t bytes;  /* with what is pinned */
	int64_t pinned; /* of them */
};
struct text_totals {
	struct text_total green, other;
	int64_t unsealed; /* of logs that are open or being sealed: chunks and files */
};
MUST_CHECK enum err_code texts_total(struct db *db, struct text_totals *ret, struct err *e);
/* W. Those that are still as they were found lose their text and are marked expired at now; the facts stay. */
MUST_CHECK enum err_code texts_expire(
	struct db *db, struct text *texts, size_t n, int64_t now, struct err *e);
/*
 * W. The text of a step is kept from now on whatever its age; now 0: not any more. Again changes nothing. repo_id 0: of any repo.
 * ERR_NOT_FOUND: no such step, or of another repo. *ret_expired_at: when its text expired; then it was not pinned. 0: it did not. *ret_changed: something
 * did change.
 */
MUST_CHECK enum err_code texts_pin(struct db *db, int64_t step_id, int64_t repo_id, int64_t now,
	int64_t *ret_expired_at, bool *ret_changed, struct err *e);
/*
 * W, or a reader when dry. What was asked to be masked in runs of which no step was received since `before` and none streams goes: of at most
 * limit runs. dry: only counts, without limit.
 */
MUST_CHECK enum err_code run_masks_expire(struct db *db, int64_t before, int64_t limit, bool dry,
	int64_t *ret_rows, int64_t *ret_bytes, struct err *e);

/* ---- actions.c ---- */

/* What the janitor did or would do. */
struct action {
	int64_t id, at, rows, bytes;
	struct str chore, mode, message; /* mode: dry-run or heal */
};
/* W. Keeps the newest `keep`. */
MUST_CHECK enum err_code actions_add(struct db *db, const struct action *x, int64_t keep, struct err *e);
/* The newest first. */
MUST_CHECK enum err_code actions_list(struct db *db, struct arena *a, int64_t limit, int64_t offset,
	struct action **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

#endif
