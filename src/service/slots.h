#ifndef SERVICE_SLOTS_H
#define SERVICE_SLOTS_H
/*
 * slots: a table of fixed size for what is remembered of tokens, addresses and the like, which anybody can make any number of.
 *
 * A key belongs to one set of SLOT_WAYS places; which one is told by a hash with a secret that is drawn at the start, so that nobody can choose
 * keys that meet. When the set is full the place that is worth least makes room: the user of the table says what a place is worth. So whatever
 * comes, memory stays as it is, and what is forgotten is what matters least.
 *
 * A place is locked with its set while it is held; hold it for a moment, and one at a time. Safe from any thread.
 */
#include "base/str.h"

#define SLOT_WAYS 16

struct slot { /* what a place begins with */
	uint8_t key[16];
	bool used;
};

struct slots_kind {
	size_t size; /* of a place, with its struct slot in front */
	/* How much would be lost with it at now; negative: nothing any more. */
	int64_t (*worth)(const struct slot *s, int64_t now);
	void (*drop)(struct slot *s); /* frees what it owns; NULL: nothing. It is zeroed after */
};

struct slots;

/* n: places, a power of two, SLOT_WAYS at least. */
struct slots *slots_new(const struct slots_kind *kind, size_t n);
void slots_free(struct slots *t); /* NULL is fine */
/* The place of the key, or one made for it (zeroed behind its struct slot). */
void *slots_take(struct slots *t, struct str key, int64_t now);
/* The place of the key; NULL: it has none, and nothing is held. */
void *slots_find(struct slots *t, struct str key);
void slots_release(struct slots *t, void *place);
/* Ends the hold too: the place is empty then. */
void slots_forget(struct slots *t, void *place);
size_t slots_n_used(const struct slots *t);

#endif
