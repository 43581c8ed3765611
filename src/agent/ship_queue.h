#ifndef AGENT_SHIP_QUEUE_H
#define AGENT_SHIP_QUEUE_H
/*
 * ship_queue: the episodes that wait, and which of them is next, when.
 *
 * The oldest goes first, or after a failure whoever has failed least. After a failure there are two waits, both with backoff: one of the episode, so that one that fails alone lets the others pass; and one of the whole
 * queue, when the fault may be the receiver's, the network's or the disk's, which ends with the next answer that is none of these. Meanwhile no more archives are made than a
 * few: a receiver that is away for a week must not fill the disk with a second copy of everything.
 *
 * At most SHIP_QUEUE_MAX episodes are known at a time; the rest is found by a later scan.
 *
 * No lock, no clock and no random numbers of its own: they are the caller's.
 */
#include "agent/ship_send.h"
#include "net/backoff.h"

#define SHIP_QUEUE_MAX 10000

struct ship_item {
	char *id; /* of one that is barred: perhaps none */
	struct ship_meta meta;
	int64_t done_ms;    /* wall: when it was finished */
	int64_t bytes;      /* of its files; when it is packed, of its archive */
	int64_t not_before; /* steady */
	struct backoff backoff;
	bool under_way, packed, seen;
	bool barred; /* not before somebody mends it; held says why */
	char *held;  /* what is wrong with it alone; NULL: nothing that is known */
};

struct ship_queue {
	struct ship_item **items; /* by id */
	size_t n, n_beyond;       /* beyond: found, and no room for */
	struct backoff backoff;   /* of all */
	int64_t not_before;
	int64_t first_ms, most_ms;
	size_t n_uploads;
	unsigned n_tries; /* in a row, of all and of each; 0: as often as it takes */
};

void ship_queue_init(
	struct ship_queue *q, int64_t first_ms, int64_t most_ms, size_t n_uploads, unsigned n_tries);
void ship_queue_done(struct ship_queue *q);

/* ---- a scan: begin, add each, end ---- */

void ship_queue_scan_begin(struct ship_queue *q);
/* The one of that id; *ret_new: it was not known, or was finished anew. NULL: there is no room. */
struct ship_item *ship_queue_add(struct ship_queue *q, const char *id, int64_t done_ms, bool *ret_new);
/* Who was not added is forgotten, but for who is under way. */
void ship_queue_scan_end(struct ship_queue *q);

struct ship_item *ship_queue_find(const struct ship_queue *q, const char *id);
void ship_queue_remove(struct ship_queue *q, struct ship_item *item);

/* ---- what is next ---- */

/* NULL: none at that time (steady); *ret_at: there may be one then, INT64_MAX: not before something changes. */
struct ship_item *ship_queue_next(const struct ship_queue *q, int64_t now, int64_t *ret_at);
bool ship_queue_is_idle(
	const struct ship_queue *q); /* nothing is under way, and nothing will be before something changes */
/* True: that is news. why NULL: nothing is wrong with it any more. */
bool ship_item_hold(struct ship_item *item, const char *why);

/* One more failure, of the episode, and `of_all`: of whatever comes next too. */
void ship_queue_failed(struct ship_queue *q, struct ship_item *item, bool of_all, uint32_t random,
	int64_t retry_after_ms, int64_t now);
/* The receiver is there and does its work. */
void ship_queue_answered(struct ship_queue *q);

#endif
