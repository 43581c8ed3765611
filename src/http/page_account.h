#ifndef HTTP_PAGE_ACCOUNT_H
#define HTTP_PAGE_ACCOUNT_H
/*
 * page_account: one's own tokens and sessions, as HTML; of what is filled in by whoever reads and changes them.
 *
 * Its forms, each with the field csrf, all POST:
 *	/account/tokens                  name, days, scope (once for each that is ticked), repo
 *	/account/tokens/ID/revoke
 *	/account/sessions/ID/revoke
 *	/account/sessions/revoke-others
 *	/account/logins/NAME             goes on to that provider
 * Each ends with 303 to /account, but for the first, which shows the page with new_token: its text is told this once.
 */
#include "http/html.h"
#include "model/scope.h"

struct account_token {
	int64_t id;
	struct str name, repo; /* repo empty: not bound */
	scope_set scopes;
	int64_t created_at, expires_at, used_at; /* ms; expires_at 0: never; used_at 0: not yet */
};

struct account_session {
	int64_t id;
	struct str address, agent; /* as they were when it began */
	int64_t began_at, seen_at;
	bool is_this; /* the one that asks */
};

struct account_login { /* of an [oauth] */
	struct str provider;
	struct str login; /* the account that is tied; empty: none is, or its name is not known */
	bool tied;
};

struct account_view {
	struct str email, csrf;
	enum role role;
	scope_set scopes; /* that a new token may have */
	const struct account_token *tokens;
	size_t n_tokens;
	bool more_tokens; /* than are shown: the newest are */
	const struct account_session *sessions;
	size_t n_sessions;
	const struct account_login *logins;
	size_t n_logins;
	struct str new_token; /* empty: none was made */
	struct str error;     /* why the last form was refused */
	int64_t now;
};

void page_account_put(struct html *h, const struct account_view *v);

#endif
