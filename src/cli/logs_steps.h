#ifndef CLI_LOGS_STEPS_H
#define CLI_LOGS_STEPS_H
/*
 * logs_steps: whose logs are meant: a step, or the steps of a commit or a run (of the newest attempt of each job), those that failed
 * first.
 */
#include "base/arena.h"
#include "cli/client.h"

#define LOGS_STEPS_MAX 10000

struct logs_query { /* step_id, or run_id, or external_run_id, or repo and sha */
	const char *repo, *sha, *external_run_id, *forge; /* NULL: not said */
	int64_t run_id, step_id;
	bool failed; /* only those that failed */
};

struct logs_step {
	int64_t id;
	struct str job, leg, step; /* empty: not told */
	struct str conclusion;
	int64_t attempt, exit_code;
	bool has_exit_code;
	bool is_running;
};

struct logs_steps {
	struct arena arena;
	struct logs_step *list;
	size_t n;
};

/*
 * At least one, or an error. ERR_NOT_FOUND: also when nothing arrived; then the text says why that may be, in the words of a context.
 * ERR_TOO_LARGE: more than LOGS_STEPS_MAX.
 */
MUST_CHECK enum err_code logs_steps_find(
	struct client *c, const struct logs_query *q, struct logs_steps *ret, struct err *e);
void logs_steps_done(struct logs_steps *s); /* also of a zeroed one */
/* "build / make all, attempt 2: failure (exit code 2), step 17", harmless, appended to out. */
void logs_step_title(const struct logs_step *s, struct buf *out);
/* "failure (exit code 2)" */
void logs_step_outcome(struct str conclusion, bool has_exit_code, int64_t exit_code, struct buf *out);

#define AUTO_LOGS_STEPS __attribute__((cleanup(logs_steps_done))) struct logs_steps

#endif
