#ifndef SERVICE_ERRORS_H
#define SERVICE_ERRORS_H
/*
 * errors: what broke in a step or a run, and the groups of what is the same, for who may know of it: a token that is bound to a repo knows of no
 * other, and is told "there is none" of what is another's.
 */
#include "service/config.h"
#include "service/facts.h"
#include "store/errors.h"

/* ---- of a step ---- */

struct step_errors {
	struct error *errors;
	size_t n;
	int64_t total;
	struct group *groups; /* of these errors, in no order, without counts */
	size_t n_groups;
	struct error_state state;
	struct str head_sha; /* of its run */
};
/* q: roles, classes, severities, limit and offset are read. Memory of a. ERR_NOT_FOUND: no such step, or not for this token. */
MUST_CHECK enum err_code errors_of_step(struct store *s, const struct identity *id, int64_t step_id,
	const struct error_query *q, int64_t now, struct arena *a, struct step_errors *ret, struct err *e);
/* NULL: the error has none. */
const struct group *errors_group_of(const struct step_errors *x, const struct error *f);

/* ---- of a run ---- */

/*
 * The causes in the steps that make the run fail (of the newest attempt of each job those that failed), of whatever class. q: classes, severities, limit and
 * offset are read. The groups have counts, as groups_find() has them; of state only due is told: a step is still to be explained, and more may come.
 * ERR_NOT_FOUND: no such run, or not for this token.
 */
MUST_CHECK enum err_code errors_of_run(struct store *s, const struct identity *id, int64_t run_id,
	const struct error_query *q, int64_t now, struct arena *a, struct step_errors *ret, struct err *e);

/* ---- the lines of an error ---- */

#define ERROR_STACK_LINES 50
#define ERROR_STACK_CHARACTERS 2000 /* of a line */
#define ERROR_STACKS_BYTES (1 << 20)

struct error_stack {
	struct str lines[ERROR_STACK_LINES]; /* without escapes */
	size_t n;
};
/* What the stacks of one answer may take together. */
struct error_stacks {
	struct store *store;
	const struct config *cfg;
	const struct clock *clock;
	struct arena *a;
	int64_t began_ms;  /* steady */
	int64_t n_bytes;   /* of those that were read */
	int64_t gone_step; /* the text of this one has expired */
};
/*
 * The lines of an error's block as the log has them. *ret_has: false when there are none to show: it was told beside the log, its text has expired, or those
 * before it took all that one answer may (ERROR_STACKS_BYTES, [limits] scan-ms).
 */
MUST_CHECK enum err_code errors_stack(
	struct error_stacks *x, const struct error *f, struct error_stack *ret, bool *ret_has, struct err *e);

/* ---- groups ---- */

/* q as groups_list() has it, its repo_id aside. */
MUST_CHECK enum err_code errors_groups(struct store *s, const struct identity *id,
	const struct group_query *q, struct arena *a, struct group **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* With its newest errors, at most n_newest; 0: none are asked for. ERR_NOT_FOUND: no such group, or not for this token. */
MUST_CHECK enum err_code errors_group(struct store *s, const struct identity *id, int64_t group_id,
	int64_t n_newest, int64_t now, struct arena *a, struct group *ret, struct error **ret_newest,
	size_t *ret_n, struct err *e);
/* Waits for the writer. ERR_INVALID names the field: snoozed_until has to be in the future, and goes with GROUP_SNOOZED. */
MUST_CHECK enum err_code errors_group_change(struct store *s, const struct identity *id, int64_t group_id,
	const struct group_change *c, int64_t now, struct err *e);

#endif
