#ifndef STORE_WRITER_H
#define STORE_WRITER_H
/*
 * writer: the one thread that writes. store.h says what it promises; this is how the store drives it.
 */
#include "store/store.h"

struct writer;

/* Takes the connection over. access_epoch: counted up as store_access_epoch() says. */
MUST_CHECK enum err_code writer_start(struct db *db, size_t queue_bytes, size_t batch_max,
	_Atomic uint64_t *access_epoch, struct writer **ret, struct err *e);
/* Lets it finish what is queued, then ends it and closes its connection. NULL is fine. */
void writer_stop(struct writer *w);
MUST_CHECK enum err_code writer_submit(struct writer *w, struct store_op *op, struct err *e);

#endif
