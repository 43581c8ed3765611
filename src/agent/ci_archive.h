#ifndef AGENT_CI_ARCHIVE_H
#define AGENT_CI_ARCHIVE_H
/*
 * ci_archive: GitHub's archive of the logs of a run, by the names of its files: JOB/N_STEP.txt is the log of a step, N_JOB.txt that of a whole job, JOB/system.txt and whatever else there is nothing for us.
 * Newer archives have whole jobs only; of a job that has its steps the whole is left out.
 */
#include "base/arena.h"

struct ci_log {
	struct str file;      /* its name in the archive */
	struct str job, step; /* step empty: the whole job */
	int64_t number;       /* of the step in its job, or of the job */
};
/* Job by job, the steps of each in order. */
void ci_archive_plan(const struct str *names, size_t n, struct arena *a, struct ci_log **ret, size_t *ret_n);

#endif
