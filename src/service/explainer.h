#ifndef SERVICE_EXPLAINER_H
#define SERVICE_EXPLAINER_H
/*
 * explainer: one thread that explains each step when it has ended, and all failed ones again when the rules have changed.
 *
 * What waits is in the database (store/errors.h), in the transaction in which the step ended: a step never waits for this, a crash forgets
 * nothing, and there is no queue to overflow. The newest come first, looked up anew for each. What fails because the machine does (disk, lock) is tried
 * again; what fails because of the step, as a log that is damaged, is told on it (step.explain_failed), and not tried again before it changes.
 *
 * Rules are those in the program and those of the folders of [explain] rules; they are loaded when a step waits and let go when none did for a
 * while. Rules of a folder that are wrong are told to diag, and it goes on with those that it had, else with those in the program.
 */
#include "service/config.h"
#include "service/rule_list.h"
#include "store/store.h"

struct explainer;

MUST_CHECK enum err_code explainer_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct explainer **ret, struct err *e);
void explainer_stop(struct explainer *x); /* NULL is fine; before the store is closed */
/* A step has ended, or the configuration has changed. NULL is fine. Any thread; never waits. */
void explainer_wake(struct explainer *x);

/*
 * The rules in force; rule_list_unref(). x may be NULL. Any thread; never waits. ERR_UNAVAILABLE: none have been loaded yet, as in the first second
 * after the start.
 */
MUST_CHECK enum err_code explainer_rule_list(struct explainer *x, struct rule_list **ret, struct err *e);

/*
 * Explains what waits, on the caller's thread, at most `most` steps: for tests, and for who has no thread. *ret_n: how many it took; 0: none
 * waits. Steps whose log moves just now are passed over; ERR_CONFLICT: all that wait are such.
 */
struct rules;
MUST_CHECK enum err_code explainer_pass(struct store *s, struct rules *rules, const struct config *cfg,
	int64_t now, int64_t most, size_t *ret_n, struct err *e);

/* The rules of a configuration, compiled; the caller's. ERR_INVALID and others: what is wrong with which file. */
MUST_CHECK enum err_code explainer_rules(
	struct store *s, const struct config *cfg, struct rules **ret, struct err *e);

#endif
