#ifndef SERVICE_MEMBERSHIP_H
#define SERVICE_MEMBERSHIP_H
/*
 * membership: who may read which of the repos that are for members (repo.visibility).
 *
 * The forge of the repo is asked, with the token that it gave when the person signed in through the [oauth] of the same name with `members`: at the
 * sign-in, and when they come MEMBERSHIP_AGAIN_MS later or more, beside their request and not before its answer. A token that has expired is refreshed; one that
 * is good no more means that its owner may read nothing there. What was said holds for MEMBERSHIP_HOLDS_MS at most, so that a forge that is away changes nothing
 * at once.
 */
#include "service/config.h"
#include "store/store.h"

#define MEMBERSHIP_AGAIN_MS (INT64_C(15) * 60 * 1000)
#define MEMBERSHIP_HOLDS_MS (INT64_C(48) * 3600 * 1000)
#define MEMBERSHIP_REPOS_MAX 200 /* are asked about at once, those first that it is longest ago for */

struct membership;
/* Reads or makes DATA/access.key. */
MUST_CHECK enum err_code membership_start(struct store *store, struct config_box *box,
	const struct clock *clock, struct membership **ret, struct err *e);
void membership_stop(struct membership *m); /* what is under way is done first. NULL is fine, twice too */
void membership_free(struct membership *m); /* stops it. NULL is fine */

/*
 * Asks now, on the caller's thread, with the tokens of the user; those that took their place are in *tokens, their text in of_tokens. What the forge said until
 * something failed is kept; a repo of which it says neither yes nor no stays as it was. Nothing is asked of a provider without `members`. Errors are those of
 * oauth_may_read() and oauth_refresh().
 */
MUST_CHECK enum err_code membership_ask(struct membership *m, const struct oauth_config *o, int64_t user_id,
	struct oauth_tokens *tokens, struct arena *of_tokens, const struct oauth_caller *caller,
	struct err *e);

/*
 * The user (access_viewer(); 0: who sees all) has come. Any thread. What was said of them too long ago is forgotten first, which is waited for, and an error if it
 * cannot be done; the forge is never waited for. m may be NULL.
 */
MUST_CHECK enum err_code membership_look(
	struct membership *m, const struct config *cfg, int64_t user_id, struct err *e);
/* Was asked about just now, at the sign-in: it need not be when they come. */
void membership_note(struct membership *m, int64_t user_id);
/* Which repos are for members has changed: whoever comes next is asked about. NULL is fine. */
void membership_ask_anew(struct membership *m);

#endif
