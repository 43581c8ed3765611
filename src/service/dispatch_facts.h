#ifndef SERVICE_DISPATCH_FACTS_H
#define SERVICE_DISPATCH_FACTS_H
/*
 * dispatch_facts: all that is known here of a failure that may be handed over: what was sent of its commit, the errors in that and their groups, what was tried before; for the guard and for the prompt.
 */
#include "service/config.h"
#include "service/dispatch_guard.h"
#include "store/dispatch_nouns.h"
#include "store/store.h"

struct dispatch_facts {
	struct dispatch
		of; /* with the group, class and message of its first cause, as far as that is known now */
	const struct dispatch_config *config; /* NULL: none */
	struct guard_facts guard;             /* its head as a hook told it */
	struct dispatch *earlier;             /* attempts at the same line or group, the newest first */
	size_t n_earlier;
	bool logs_are_in; /* a step that failed is known, none runs, and all that failed are explained */
};

/* over, failed: what is known of the run. Memory of a. */
MUST_CHECK enum err_code dispatch_facts_gather(struct db *db, const struct config *cfg,
	const struct dispatch *d, bool over, bool failed, int64_t now, struct arena *a,
	struct dispatch_facts *ret, struct err *e);

/* Who caused it, unless that is known. */
void dispatch_facts_author(struct dispatch_facts *f, struct str login);
/* The page of its commit here; empty: where we are reached is not configured. */
struct str dispatch_page(const struct config *cfg, const struct dispatch *d, struct arena *a);
/* The account of its failure, within a budget; empty when nothing failed that is known, and that is not to be said. Appended. */
MUST_CHECK enum err_code dispatch_account(struct store *s, const struct config *cfg, const struct dispatch *d,
	size_t budget, int64_t now, struct buf *out, struct err *e);
/* The prompt. What is wrong with the files of template and appendix is told to diag, and it does without. */
MUST_CHECK enum err_code dispatch_facts_prompt(struct store *s, const struct config *cfg,
	const struct dispatch_facts *f, int64_t now, struct arena *a, struct str *ret, struct err *e);

#endif
