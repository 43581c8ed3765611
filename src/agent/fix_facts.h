#ifndef AGENT_FIX_FACTS_H
#define AGENT_FIX_FACTS_H
/*
 * fix_facts: what a claim says of its dispatch, checked, and put into the environment of the fixer.
 *
 * A server says it, and much of it was said to the server by a forge, and by whoever named a branch. It goes into variables, never into a text that a shell reads; but
 * those who write fixers write shell. So a value is harmless where it is one word of the kind that it says it is: a number, a commit's id, a URL; and a name (of a
 * branch, a workflow) is valid UTF-8 without a control character, at most FIX_NAME_MAX bytes long, and does not begin with "-", so that it is no option. It may have
 * blanks, quotes and "$(..)" in it, as the names of branches may: "$SLUICE_BRANCH" belongs in quotes. Nothing that a log says is among it: that is in the prompt alone.
 */
#include "base/arena.h"
#include "base/err.h"

#define FIX_NAME_MAX 255
#define FIX_URL_MAX 2000
#define FIX_N_FACTS 15 /* rows of fix_facts.tbl */

struct fix_claim { /* 0 and empty: not said */
	int64_t dispatch_id, number, lease_s, run_id, attempt, pull_request, group_id, try, tries_max;
	struct str repo, forge, head_sha, branch, workflow, run_url, page_url, class;
	struct str prompt;
};

/* ERR_INVALID: what the fixer cannot do without is not there, or it is a claim of another repo than was asked for (repo). */
MUST_CHECK enum err_code fix_claim_check(const struct fix_claim *c, struct str repo, struct err *e);

/* Calls back for each variable, in the order of the table. dropped: the claim had a value that is not harmless; value is empty then. */
void fix_facts_each(const struct fix_claim *c,
	void (*each)(void *arg, const char *name, struct str value, bool dropped), void *arg);

#endif
