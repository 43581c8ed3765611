#ifndef SERVICE_ACCOUNT_FOUND_H
#define SERVICE_ACCOUNT_FOUND_H
/*
 * account_found: what was found out about the steps of an account, and their texts: the ends of logs, and the lines of errors. Internal to account.c.
 */
#include "explain/context.h"
#include "service/config.h"
#include "store/store.h"

/* Errors and their groups, of each step: two statements, however many steps. Memory of a. */
MUST_CHECK enum err_code account_find_errors(struct db *db, struct arena *a, const struct step *steps,
	size_t n, int64_t now, struct context_found **ret, struct err *e);
/*
 * Sets the texts of steps whose logs were streamed, and the lines of errors. The newest first, until there is more of either than the account has room for
 * (budget): of the other logs it is told how long they are.
 */
MUST_CHECK enum err_code account_read_texts(struct store *store, const struct config *cfg, size_t budget,
	struct step *steps, struct context_found *found, size_t n, struct arena *a, struct err *e);

#endif
