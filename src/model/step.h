#ifndef MODEL_STEP_H
#define MODEL_STEP_H
/*
 * step: the unit that fails; and what says which step it is.
 *
 * A run is (repo, head sha, the forge's run id); a job here is one leg of a job in one attempt; a step is
 * its index, else its name. Every part of the key has a value: '' or a default where the forge gave none.
 * Forgejo counts attempts a job and GitHub a run, so an attempt belongs to the job.
 */
#include "base/err.h"
#include "base/str.h"

/* conclusion: name in C, name everywhere else, whether the step counts as failed. Of a step that streams and has not
 * ended it is "running"; "runner_lost" is said by the server, of a stream that went silent. */
#define CONCLUSIONS(X)                                                                                       \
	X(SUCCESS, "success", false)                                                                         \
	X(FAILURE, "failure", true)                                                                          \
	X(CANCELLED, "cancelled", false)                                                                     \
	X(SKIPPED, "skipped", false)                                                                         \
	X(TIMED_OUT, "timed_out", true)                                                                      \
	X(RUNNING, "running", false)                                                                         \
	X(RUNNER_LOST, "runner_lost", true)

enum conclusion {
#define X(name, text, failed) CONCLUSION_##name,
	CONCLUSIONS(X)
#undef X
		CONCLUSION_N
};

const char *conclusion_name(enum conclusion c);
bool conclusion_find(struct str name, enum conclusion *ret_conclusion);
bool conclusion_failed(enum conclusion c);

/*
 * Where a workflow does not say which leg of a matrix it is, the runner makes up a leg that begins so. It keeps
 * the legs of one attempt apart and means nothing beyond: the next attempt of the same leg makes up another.
 */
#define LEG_MADE_UP "auto-"

/* What is told about a step when it is sent. Views of the sender's memory; empty when not told. */
struct step_facts {
	struct str repo;            /* owner/name */
	struct str forge;           /* name of a configured forge */
	struct str head_sha;        /* 40 or 64 hex, lower case */
	struct str external_run_id; /* the forge's */
	int64_t attempt;            /* from 1 */
	struct str job_id;          /* the forge's, if known */
	struct str job_name;
	struct str leg; /* of a matrix */
	struct str step_name;
	int64_t step_index; /* -1: not told */
	struct str workflow, branch, platform, url;
	int64_t pull_request;     /* 0: none */
	struct str target_branch; /* that a pull request is for */
	enum conclusion conclusion;
	bool has_exit_code;
	int64_t exit_code;
	bool pulled; /* no runner told of it: its log was fetched from the forge */
};

/* Kept text of a step, with what is missing in front of it. */
struct tail_size {
	int64_t n_lines, n_bytes; /* kept, after masking */
	/* In front of them. Lines that are gone in whole; bytes also of a line whose end is kept. */
	int64_t n_dropped_lines, n_dropped_bytes;
};

/* A step as it is read back, with its run and job. Strings live in the arena it was read into. */
struct step {
	int64_t id, run_id, job_id;
	int64_t repo_id;
	struct step_facts facts;
	struct tail_size size;
	struct str text; /* empty when it was not asked for or is not there */
	bool has_text;
	bool has_log;           /* its text is that of a stream, and not read with the step */
	int64_t received_at;    /* ms */
	int64_t log_expired_at; /* ms, 0 while the text is kept */
	/* Of one that streams, or has; ms, 0: not, or not yet. */
	int64_t began_at, ended_at;
	int64_t duration_ms; /* -1: not told */
	int64_t pinned_at;
};

/* Statuses of a run. Derived from its tally and the time, never stored: the same run is another a minute later. */
enum run_status { RUN_QUEUED, RUN_RUNNING, RUN_PASS, RUN_FAIL, RUN_CANCELED, RUN_INCOMPLETE, RUN_N_STATUSES };
const char *run_status_name(enum run_status s);
bool run_status_find(struct str name, enum run_status *ret);

/* How far a run of the suite is. The numbers stand in the database (0010-results.sql). */
enum run_stage {
	STAGE_NONE = 0,    /* a forge does it: nobody says when it is over */
	STAGE_DONE = 1,    /* its worker said that all is told */
	STAGE_WORKING = 2, /* a worker has it */
	STAGE_QUEUED = 3,
	STAGE_LOST = 4,     /* its worker was given up, and the one after that too */
	STAGE_CANCELED = 5, /* somebody asked for that */
	STAGE_FAILED = 6,   /* its worker could not do it */
	STAGE_N
};

struct run_tally {
	/* Of the steps of the newest attempt of each job. */
	int64_t n_steps, n_failed;
	int64_t n_lost; /* of those that failed: whose runner was given up */
	int64_t n_running, n_cancelled;
	int64_t newest_at; /* when the last thing was heard of them, ms; 0: they are none */
	/* Of its results, with a verdict; of these that did not pass; and without one: in a run of the suite those that were skipped are among these. */
	int64_t n_results, n_bad, n_open;
	enum run_stage stage;
};

/*
 * The one rule of a run's status.
 *
 * Of what a forge does nobody says that it is over. So a run without a failed step is taken for over when none is running and nothing was heard of it for
 * RUN_QUIET_MS: a next step may be on its way. A runner that was lost says nothing of what it ran: the run is not failed, but never a pass.
 *
 * A run of the suite is over when its stage says so, and then what failed decides; a test that nothing was told of, or that its worker had to pass by, makes it
 * incomplete.
 */
#define RUN_QUIET_MS 600000
enum run_status run_status_derive(const struct run_tally *t, int64_t now);
/* Of two runs of one commit: a failure is told before what is not over yet, that before what never will be, and a pass last. */
enum run_status run_status_worse(enum run_status a, enum run_status b);
/* Of one that is incomplete: why, as the results API says it. NULL: it is not. */
const char *run_reason(const struct run_tally *t, int64_t now);

#endif
