#ifndef SERVICE_JANITOR_H
#define SERVICE_JANITOR_H
/*
 * janitor: the pass that applies retention. Its chores are rows of janitor.tbl; each is run once a pass, in
 * small transactions. A dry run deletes nothing and reports what would go, by rows and bytes; a heal reports
 * what went. Every report is kept (the newest 1,000) and readable.
 */
#include "service/config.h"
#include "store/nouns.h"
#include "store/store.h"

enum chore {
#define CHORE(name, text, fn, prose) CHORE_##name,
#include "service/janitor.tbl"
#undef CHORE
	CHORE_N
};
const char *chore_name(enum chore c);
const char *chore_prose(enum chore c);
bool chore_find(struct str name, enum chore *ret_chore);

struct chore_report {
	enum chore chore;
	bool dry;
	int64_t rows, bytes;
	char message[300];
	enum err_code failed; /* ERR_OK when it went well */
};

/* One pass of all chores that are on. Reports go to ret (CHORE_N places), *ret_n of them. Fails only when no
 * report could be kept. */
MUST_CHECK enum err_code janitor_pass(struct store *store, const struct config *cfg, bool dry, int64_t now,
	struct chore_report *ret, size_t *ret_n, struct err *e);

/* What passes did or would do, newest first. */
MUST_CHECK enum err_code janitor_actions(struct store *store, int64_t limit, int64_t offset, struct arena *a,
	struct action **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* The thread: a pass at start and every interval, in the mode of the configuration. */
struct janitor;
struct janitor *janitor_start(struct store *store, struct config_box *box, const struct clock *clock);
void janitor_stop(struct janitor *j); /* waits for the transaction under way */
void janitor_wake(struct janitor *j); /* the configuration changed */

#endif
