#ifndef SERVICE_CHORE_H
#define SERVICE_CHORE_H
/*
 * chore: what the janitor hands to each of its chores. Internal to janitor.c and chore_*.c.
 *
 * A chore works in transactions of at most CHORE_BATCH rows, so that posts wait for one such transaction at most; the writer's queue is fair,
 * and between two of ours it serves everybody else. What is to be done is looked up on a reader's connection.
 */
#include "service/janitor.h"

#define CHORE_BATCH 50
#define CHORE_FOUND 1000 /* looked up at once */

struct chore_call {
	struct store *store;
	const struct config *cfg;
	bool dry;
	int64_t now;
	const bool *stop; /* NULL: cannot be stopped */
};

bool chore_stopped(const struct chore_call *c);

#define CHORE(name, text, fn, prose)                                                                         \
	MUST_CHECK enum err_code fn(const struct chore_call *c, struct chore_report *r, struct err *e);
#include "service/janitor.tbl"
#undef CHORE

#endif
