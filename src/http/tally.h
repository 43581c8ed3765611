#ifndef HTTP_TALLY_H
#define HTTP_TALLY_H
/*
 * tally: how many calls are under way, for whoever wants to stop the server.
 *
 * Two counts. A call is from its headers to the end of its reply: draining waits for these, for a while. Of
 * these some are at work: a handler runs, or waits for another thread. Stopping waits for these however long
 * it takes, because another thread holds them; and no new one begins.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct tally {
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t none;  /* a count came to 0 */
	size_t n_calls, n_working;
	bool stopping;
};

void tally_init(struct tally *t);
void tally_done(struct tally *t);
void tally_call_began(struct tally *t);
void tally_call_ended(struct tally *t);
bool tally_work_began(struct tally *t); /* false: stopping, do not begin */
void tally_work_ended(struct tally *t);
void tally_drain(struct tally *t, int seconds); /* until no call is under way, or time is over */
void tally_stop(struct tally *t);               /* until none is at work; no more begin */

#endif
