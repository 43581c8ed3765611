#ifndef SERVICE_TRIES_H
#define SERVICE_TRIES_H
/*
 * tries: passwords that were tried, a user and an address, so that guessing takes ever longer.
 *
 * The first TRIES_FREE that fail cost nothing, then each doubles the time until the next one is looked at: from a second to TRIES_USER_MAX_MS of a
 * user, to TRIES_ADDRESS_MAX_MS of an address. Within that time a password is not looked at, be it right or wrong. A user is what was
 * typed, whether there is such a user or not, so that nothing can be told from it. After TRIES_FORGET_MS without a try all is forgotten.
 *
 * A try counts when it begins, so that many at once are not one. The delay of a user is short at its longest, because anybody can bring it about
 * for anybody: then a password works again within a minute, and tokens and sessions work all the time.
 */
#include "base/str.h"

#define TRIES_FREE 3
#define TRIES_USER_MAX_MS 60000
#define TRIES_ADDRESS_MAX_MS 900000
#define TRIES_FORGET_MS 3600000
#define TRIES_KEYS_MAX 4096 /* users, and as many addresses; those with the fewest tries make room */

struct tries;

struct tries *tries_new(void);
void tries_free(struct tries *t); /* NULL is fine */
/* May a password be looked at? If so, it counts as one that failed until tries_right() is called. */
bool tries_begin(struct tries *t, struct str user, struct str address, int64_t steady_ms);
/* It was right: the user's tries are forgotten, and of the address this one. */
void tries_right(struct tries *t, struct str user, struct str address);

#endif
