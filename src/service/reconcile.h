#ifndef SERVICE_RECONCILE_H
#define SERVICE_RECONCILE_H
/*
 * reconcile: hooks get lost, so forges are asked for the newest runs of the watched repos from time to time ([forge "NAME"] reconcile). What is over and was not heard of, or was heard of as running,
 * is put down as if a hook had told (forge_run, heard_by "reconcile"), and is due. So a red run starts what it starts, and a green one ends what it ends, some minutes later.
 *
 * What was over more than a day before is let lie: who begins to watch a repo does not want its past.
 *
 * For one thread a forge, which calls reconcile_forge() now and then.
 */
#include "forge/forge_api.h"
#include "service/config.h"
#include "store/dispatch_nouns.h"
#include "store/nouns.h"
#include "store/store.h"

#define RECONCILE_RUNS 50      /* of a repo, the newest */
#define RECONCILE_RUNS_MAX 200 /* where all of these are new */
#define RECONCILE_AGE_MS (INT64_C(24) * 3600 * 1000)

#define RECONCILE_TURN_MS 20000 /* then the thread looks after other things, and goes on */

struct reconcile {
	struct store *store;
	const struct forge_config *forge;
	const struct clock *clock;
	const atomic_bool *stop; /* NULL: nothing is looked at */
	/* What could not be asked, for diag; repo NULL: the forge at all. May be NULL. */
	void (*told)(
		void *arg, const struct forge_config *forge, const struct repo *repo, const struct err *why);
	void *arg;
};

/* How far it is with a forge: the caller's, to keep from one call to the next; zero at first. */
struct reconcile_mark {
	int64_t next;       /* wall ms: when its repos are asked for again; 0: now */
	int64_t not_before; /* wall ms: it wants to be left alone until then */
	size_t n_asked;     /* of its repos in this round: it goes on behind them */
};

/* One repo. *ret_new: runs that are due now and were not before. Errors: forge_api.h's, and the store's. */
MUST_CHECK enum err_code reconcile_repo(const struct reconcile *r, struct forge_api *f,
	const struct repo *repo, size_t *ret_new, struct err *e);

/* Can it be asked? It has a kind and a url. */
bool reconcile_can(const struct forge_config *forge);
/*
 * All watched repos of the forge, if their time has come and [forge] reconcile is not 0; some of them, when it takes longer than a turn. One that is not reached, or was asked too often, is left alone
 * until its next time. *ret_new: as above, of all. An error is the store's.
 */
MUST_CHECK enum err_code reconcile_forge(
	const struct reconcile *r, struct reconcile_mark *m, size_t *ret_new, struct err *e);
/* Those repos alone, now: something was heard of them that does not say enough. Such as are not watched any more are passed over, and all while it wants to be left alone. */
MUST_CHECK enum err_code reconcile_some(const struct reconcile *r, struct reconcile_mark *m,
	const int64_t *repo_ids, size_t n, size_t *ret_new, struct err *e);

#endif
