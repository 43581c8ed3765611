#ifndef SERVICE_PULL_FEED_H
#define SERVICE_PULL_FEED_H
/* pull_feed: the half of pull that stores; see pull.h. */
#include "service/pull.h"
#include "text/job_log.h"

/* Steps of a job, each a whole log. ERR_CONFLICT: a runner told of the attempt. ERR_NOT_FOUND: the same, meanwhile. */
MUST_CHECK enum err_code pull_feed_parts(const struct pull *p, const struct pull_job *job,
	const struct job_log_part *parts, size_t n, struct err *e);

#endif
