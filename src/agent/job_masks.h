#ifndef AGENT_JOB_MASKS_H
#define AGENT_JOB_MASKS_H
/*
 * job_masks: values that one step of a job named with `::add-mask::`, for the steps after it.
 *
 * A runner masks such a value in all that the job prints from there on. So do we, although each step is another
 * process: the values lie in $RUNNER_TEMP/sluice-masks, mode 0600, as the lines that name them. The folder is the
 * job's own and goes with it. These are secrets in clear, beside those that the job keeps in the same folder anyway.
 *
 * A file that is not ours (another owner, readable to others, a link) is neither read nor written. At most
 * JOB_MASKS_MAX bytes; what comes then is masked in its own step only. Without the folder there is nothing.
 */
#include "base/str.h"
#include "text/mask.h"

#define JOB_MASKS_MAX (64 * 1024)

/* What earlier steps have left, added to mask. */
void job_masks_read(char *const *env, struct mask *mask);
/* The values that this line names, for later steps. */
void job_masks_add(char *const *env, struct str line);

#endif
