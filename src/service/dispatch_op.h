#ifndef SERVICE_DISPATCH_OP_H
#define SERVICE_DISPATCH_OP_H
/* dispatch_op: one operation of the writer, waited for, for the files of dispatches: each changes little, and all that it changes at once. */
#include "store/store.h"

typedef enum err_code dispatch_op_fn(void *arg, struct db *db, struct err *e); /* perhaps more than once */
/* bytes: what arg holds, for the bound of the queue. */
MUST_CHECK enum err_code dispatch_write(
	struct store *s, dispatch_op_fn *fn, void *arg, size_t bytes, struct err *e);

#endif
