#ifndef AGENT_STEP_NAME_H
#define AGENT_STEP_NAME_H
/*
 * step_name: how a step is called, when nobody says so.
 *
 * No runner tells a step its name. What there is: GITHUB_ACTION, which is the step's own id if it has one;
 * else its index on Forgejo and Gitea ("0", "1") and "__run", "__run_2" (the n-th unnamed script) on GitHub;
 * and, under `shell: sluice run -- bash -e {0}`, the script, a file named by the last argument. Forges call a
 * step without a name "Run <first line>", and so does this.
 *
 * The index is what tells two steps with the same text apart, so it is worth having; but it belongs to the
 * whole step. Where sluice is called inside a script, perhaps several times, the calls would replace each
 * other's logs. So it is taken only where the script is the command: then there is one call a step. Elsewhere the name is the
 * whole command line, so that two calls with one program are two steps.
 */
#include "agent/env.h"

#define STEP_NAME_MADE 80   /* one that was made of a script */
#define STEP_NAME_GIVEN 255 /* the server's limit */

/*
 * Sets facts->step_name (never empty, raw bytes) and facts->step_index. command: NULL-terminated argv of what
 * is run; NULL for `post`. Returns how many bytes of the name are to be shown: it is not cut here, because a
 * script's first line may hold a secret, and masking comes before cutting.
 */
size_t step_name_find(char *const *env, const struct flags *flags, char *const *command, struct arena *a,
	struct step_facts *facts);

#endif
