#ifndef STORE_READERS_H
#define STORE_READERS_H
/*
 * readers: connections for reading, lent to whoever asks, at most so many at once.
 */
#include "store/db.h"

struct readers;

/* Opens none yet. options.where must live as long as the readers. */
struct readers *readers_new(const struct db_driver *driver, const struct db_options *options, unsigned max);
void readers_free(struct readers *r); /* NULL is fine; all have been given back */
/* Waits while all are lent. */
MUST_CHECK enum err_code readers_get(struct readers *r, struct db **ret, struct err *e);
void readers_put(struct readers *r, struct db *db);

#endif
