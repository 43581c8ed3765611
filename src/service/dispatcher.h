#ifndef SERVICE_DISPATCHER_H
#define SERVICE_DISPATCHER_H
/*
 * dispatcher: one thread that looks at what has to do with dispatches (dispatch_pass.h), every few seconds and when it is told that something was heard. What waits is in the database: nothing waits in
 * memory, and a crash forgets nothing.
 * What hooks did not tell, and logs that no runner sent, are others' (forge_asker.h).
 *
 * It is the only one that decides, and so two failures of one group that come at once are decided one after the other. While it speaks to a forge or a webhook, with a time-out always, nothing else is
 * decided; no request waits for it. Who kept it waiting for nothing is left alone for a minute, so that others have their turn.
 */
#include "service/config.h"
#include "store/store.h"

struct dispatcher;

MUST_CHECK enum err_code dispatcher_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct dispatcher **ret, struct err *e);
void dispatcher_stop(
	struct dispatcher *d); /* what is under way is cut off. NULL is fine; before the store is closed */
/* Something was heard, told or asked for, or the configuration has changed. NULL is fine. Any thread; never waits. */
void dispatcher_wake(struct dispatcher *d);

#endif
