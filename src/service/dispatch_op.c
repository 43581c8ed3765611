/* dispatch_op: see the header. */
#include "service/dispatch_op.h"

struct write {
	struct store_op op; /* first */
	dispatch_op_fn *fn;
	void *arg;
};

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct write *w = (struct write *)(void *)op;

	return w->fn(w->arg, db, e);
}

enum err_code dispatch_write(struct store *s, dispatch_op_fn *fn, void *arg, size_t bytes, struct err *e)
{
	struct write w = { .op = { .apply = apply, .bytes = sizeof w + bytes }, .fn = fn, .arg = arg };

	return store_write(s, &w.op, e);
}
