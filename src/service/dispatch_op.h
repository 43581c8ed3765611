#ifndef SERVICE_DISPATCH_OP_H
#define SERVICE_DISPATCH_OP_H
/* dispatch_op: what the files of dispatches have in common. Internal to them. */
#include "service/access.h"
#include "store/dispatch_nouns.h"
#include "store/store.h"

/* One operation of the writer, waited for: each changes little, and all that it changes at once. */
typedef enum err_code dispatch_op_fn(void *arg, struct db *db, struct err *e); /* perhaps more than once */
/* bytes: what arg holds, for the bound of the queue. */
MUST_CHECK enum err_code dispatch_write(
	struct store *s, dispatch_op_fn *fn, void *arg, size_t bytes, struct err *e);

/* The word, as an operation of its own. *ret_done false: the dispatch is not as it was read. */
MUST_CHECK enum err_code dispatch_write_word(
	struct store *s, const struct dispatch_word *w, int64_t now, bool *ret_done, struct err *e);

/* The repo that a token is bound to; 0: none. */
int64_t dispatch_bound_repo(const struct identity *by);
/* A prompt as it is stored, and as it went out. */
MUST_CHECK enum err_code dispatch_pack(
	struct str prompt, struct arena *a, struct str *ret_zstd, struct err *e);
MUST_CHECK enum err_code dispatch_unpack(
	struct str zstd, struct arena *a, struct str *ret_prompt, struct err *e);

#endif
