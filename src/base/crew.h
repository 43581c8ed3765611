#ifndef BASE_CREW_H
#define BASE_CREW_H
/*
 * crew: a few threads that lend a hand with work that comes in equal parts.
 *
 * Whoever has such work does it himself, part by part, and those of the crew that have nothing to do take parts of it
 * too. So work never waits for the crew: when all are busy elsewhere, the caller does it alone, and nothing is queued.
 * Worth it from some 50 us a part.
 *
 * Any number of threads may call crew_each() at once, with work of their own. A part may not call it.
 */
#include "base/err.h"

#include <stddef.h>

struct crew;

/* n_threads: 0 is a crew of nobody. */
MUST_CHECK enum err_code crew_start(unsigned n_threads, struct crew **ret, struct err *e);
void crew_stop(struct crew *c); /* NULL is fine. Nobody is in crew_each() any more */
/* As many as there are processors for us besides the caller's, at most CREW_MAX. */
#define CREW_MAX 7
unsigned crew_size_for_here(void);

/* part(arg, i) for each i below n, in about this order, at once on several threads. Returns when all are done. c NULL: on this thread. */
typedef void crew_part_fn(void *arg, size_t i);
void crew_each(struct crew *c, size_t n, crew_part_fn *part, void *arg);

#endif
