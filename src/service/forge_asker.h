#ifndef SERVICE_FORGE_ASKER_H
#define SERVICE_FORGE_ASKER_H
/*
 * forge_asker: asks forges for what nobody told: a thread for each forge of the configuration that can be asked (it has kind and url), so that one that is slow holds up no other, and no decision:
 *
 *	of a repo of which something was heard that does not say how its run went (a job that is over, a status): its runs, some seconds after
 *	of all repos, now and then: the same (reconcile.h)
 *	of runs that no runner told of: their logs (pull.h)
 *
 * What comes of it lies in the database, and the dispatcher is woken. What waits lies there too, but for the repos of the first kind: after a crash those are asked for with all others.
 */
#include "service/config.h"
#include "service/dispatcher.h"
#include "service/hooks.h"
#include "service/stream.h"
#include "store/store.h"

struct forge_asker;

/* streams: where logs that are fetched go. dispatcher: is woken; may be NULL. Both outlive it. */
MUST_CHECK enum err_code forge_asker_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct streams *streams, struct dispatcher *dispatcher, struct forge_asker **ret, struct err *e);
void forge_asker_stop(
	struct forge_asker *x); /* what is under way is cut off. NULL is fine; before the store is closed */
/* The configuration has changed: new forges are asked, too. */
void forge_asker_reload(struct forge_asker *x);
/* Something was heard of a repo. Any thread; never waits. */
void forge_asker_heard(struct forge_asker *x, const struct hook_heard *what);

#endif
