#ifndef SERVICE_RECONCILE_H
#define SERVICE_RECONCILE_H
/*
 * reconcile: hooks get lost, so forges are asked for the newest runs of the watched repos from time to time ([forge "NAME"] reconcile). What is over and was not heard of, or was heard of as running,
 * is put down as if a hook had told (forge_run, heard_by "reconcile"), and is due. So a red run starts what it starts, and a green one ends what it ends, some minutes later.
 *
 * What was over more than a day before is let lie: who begins to watch a repo does not want its past.
 *
 * For one thread, which calls reconcile_tick() now and then.
 */
#include "forge/forge_api.h"
#include "service/config.h"
#include "store/dispatch_nouns.h"
#include "store/nouns.h"
#include "store/store.h"

#define RECONCILE_RUNS 50 /* of a repo, the newest */
#define RECONCILE_AGE_MS (INT64_C(24) * 3600 * 1000)

struct reconcile {
	struct store *store;
	const struct config *cfg;
	const struct clock *clock;
	const atomic_bool *stop; /* NULL: nothing is looked at */
	/* What could not be asked, for diag; repo NULL: the forge at all. May be NULL. */
	void (*told)(
		void *arg, const struct forge_config *forge, const struct repo *repo, const struct err *why);
	void *arg;
};

/* One repo. *ret_new: runs that are due now and were not before. Errors: forge_api.h's, and the store's. */
MUST_CHECK enum err_code reconcile_repo(const struct reconcile *r, struct forge_api *f,
	const struct repo *repo, size_t *ret_new, struct err *e);

struct reconciler; /* when which forge is asked next; by name */
struct reconciler *reconciler_new(void);
void reconciler_free(struct reconciler *x); /* NULL is fine */
/*
 * All watched repos of the forges whose time has come (a forge that is new: at once). Forges without kind or url are passed over, and so is one with reconcile 0. One that is not reached, or
 * was asked too often, is left alone until its next time. *ret_new: as above, of all. *ret_next: wall ms when there is something to do again. An error is the store's.
 */
MUST_CHECK enum err_code reconcile_tick(
	struct reconciler *x, const struct reconcile *r, size_t *ret_new, int64_t *ret_next, struct err *e);

#endif
