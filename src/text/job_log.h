#ifndef TEXT_JOB_LOG_H
#define TEXT_JOB_LOG_H
/*
 * job_log: the log of a whole job, as a forge keeps it, taken apart into its steps.
 *
 * No forge says in a job's log where a step begins; the runner's own lines give it away:
 *	GitHub			##[group]Run TITLE; Post job cleanup.; ##[error]Process completed with exit code N.
 *	Gitea (its runner)	::group::Run TITLE, with "shell:", "with:" or "env:" in the group; ##[error] as GitHub
 *	Forgejo, Gitea (act; older ones of the first step alone)	U+2B50 " Run Main TITLE" (Pre, Post); U+2705 "  Success - Main TITLE", U+274C "  Failure - Main TITLE"; exitcode 'N': failure
 * each with a time stamp in front, perhaps a BOM before that. Whatever a step prints may look the same, so this is a guess; it is right as often as the steps are as many as the forge
 * says, and then they have the names it says. What cannot be taken apart is one step.
 *
 * Time stamps stay: they say when a line came, and who explains a log looks behind them.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "model/step.h"

#define JOB_LOG_PARTS_MAX 200 /* what comes behind stays with the last */
#define JOB_LOG_NAME_MAX 200  /* bytes */

struct job_log_step { /* what the forge says of one */
	struct str name;
	bool has_conclusion; /* and one that can be believed */
	enum conclusion conclusion;
};

struct job_log_part {
	struct str text; /* view of the log */
	struct str name;
	int64_t index; /* from 0, in its job */
	enum conclusion conclusion;
	bool has_exit_code;
	int64_t exit_code;
};

/*
 * Parts in order, that are the log when put together; none of an empty log. known: what the forge says of the steps of this job, in order (n 0: nothing). failed: the job has failed, so one of
 * them did: if none shows it, the last that is not the runner's own.
 */
void job_log_split(struct str log, const struct job_log_step *known, size_t n, bool failed, struct arena *a,
	struct job_log_part **ret, size_t *ret_n);

/* A log without the BOMs at its beginning and at the beginnings of lines (GitHub puts one in front of each page of it). Appended. */
void job_log_clean(struct str log, struct buf *out);

/* Text without the stamps that runners put in front of lines: "2026-01-02T15:04:05.0000000Z ", of seven digits, which hardly anybody else writes. Appended. */
void job_log_unstamp(struct str text, struct buf *out);

/* What a log that is known to be of one step says of how it went; conclusion of what it says nothing: success. name: empty if it does not say. */
void job_log_one(struct str log, struct arena *a, struct job_log_part *ret);

#endif
