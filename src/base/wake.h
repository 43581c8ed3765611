#ifndef BASE_WAKE_H
#define BASE_WAKE_H
/*
 * wake: a thread that waits until there is something to do or its time has come, and others that wake it.
 *
 * That it was woken is kept until it waits: who is woken while it works does not wait the next time.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct wake {
	pthread_mutex_t lock; /* guards woken; whoever has it may guard more with it */
	pthread_cond_t changed;
	bool woken;
};

void wake_init(struct wake *w);
void wake_done(struct wake *w); /* nobody waits any more */
void wake_up(struct wake *w);   /* any thread; never waits */
/* Until it is woken, or ms have passed by the steady clock. For one thread. */
void wake_wait(struct wake *w, int64_t ms);

#endif
