#ifndef STORE_SAME_STEP_H
#define STORE_SAME_STEP_H
/*
 * same_step: when a job, and a leg of it, is the same one in another attempt or another run, in SQL. Of `job`.
 */
#include "model/step.h"

/* By its name, as ids differ from attempt to attempt on some forges. */
#define SAME_JOB "CASE WHEN job.job_name <> '' THEN 'name:' || job.job_name ELSE job.job_key END"

/* Made-up legs are one, as nobody can tell which was which before. */
#define SAME_LEG                                                                                             \
	"CASE WHEN substr(job.leg, 1, length('" LEG_MADE_UP "')) = '" LEG_MADE_UP "'"                        \
	" THEN '' ELSE job.leg END"

#endif
