#ifndef CLI_DIFF_STEP_H
#define CLI_DIFF_STEP_H
/*
 * diff_step: `sluice diff --step N`: what the server says is in the log of a step and not in its baseline.
 *
 * As text a hunk begins with the numbers of its lines, and each line with a sign: + it is new, * there are more of it, ~ it stands elsewhere. As JSON
 * each page is one line, as the server sent it.
 */
#include "cli/client.h"

struct diff_step {
	struct client_flags client;
	int64_t step_id, baseline_id; /* 0: the newest time that it passed */
	int64_t context;              /* lines around each; -1: as the server likes it */
	bool json;
};

MUST_CHECK enum err_code diff_step_print(const struct diff_step *d, struct err *e);

#endif
