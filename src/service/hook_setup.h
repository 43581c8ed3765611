#ifndef SERVICE_HOOK_SETUP_H
#define SERVICE_HOOK_SETUP_H
/*
 * hook_setup: the forge of a repo is told where to send what happens, or to send something now. Asks a forge, so it takes up to 10 s, and waits for the writer.
 *
 * ERR_UNPROCESSABLE: something is missing here ([server] public-url, kind, url or token of the [forge], secret of the [hook]), or the forge refuses. ERR_NETWORK: the forge was not reached, or
 * talked nonsense. The text says which.
 */
#include "base/clock.h"
#include "service/config.h"
#include "store/nouns.h"
#include "store/store.h"

struct hook_setup {
	struct str url; /* where it sends to, in the arena */
	enum hook_kind kind;
	bool is_new; /* it was made; else one was there */
};

/* Makes the hook of a repo, or changes the one to the same URL. by: in the audit. */
MUST_CHECK enum err_code hook_install(struct store *store, const struct config *cfg,
	const struct clock *clock, const struct identity *by, const struct repo *repo, struct arena *a,
	struct hook_setup *ret, struct err *e);
/* Has the forge send something to it. ERR_NOT_FOUND: it has no hook that goes here. */
MUST_CHECK enum err_code hook_test(const struct config *cfg, const struct clock *clock,
	const struct repo *repo, struct arena *a, struct hook_setup *ret, struct err *e);

#endif
