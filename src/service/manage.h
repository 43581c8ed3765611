#ifndef SERVICE_MANAGE_H
#define SERVICE_MANAGE_H
/*
 * manage: repos, tokens and users, added, listed, changed, taken away; texts of logs, pinned. All may wait for the writer. by: who asks; each change
 * that is one leaves a row in the audit with it.
 */
#include "base/json.h"
#include "base/password.h"
#include "service/config.h"
#include "store/access_nouns.h"
#include "store/nouns.h"
#include "store/store.h"

/* ---- manage.c ---- */

MUST_CHECK enum err_code manage_repo_add(struct store *s, const struct config *cfg, const struct identity *by,
	struct str forge, struct str name, int64_t now, struct arena *a, struct repo *ret, bool *ret_new,
	struct err *e);
MUST_CHECK enum err_code manage_repo_remove(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e);
/* Who sees its pages. Again changes nothing. */
MUST_CHECK enum err_code manage_repo_set_visibility(struct store *s, const struct identity *by, int64_t id,
	enum visibility visibility, int64_t now, struct arena *a, struct repo *ret, struct err *e);
/* repo given: that one only. */
MUST_CHECK enum err_code manage_repo_list(struct store *s, struct str forge, struct str repo, int64_t limit,
	int64_t offset, struct arena *a, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* The text of a step is kept whatever its age and whatever else would delete it, or not any more. Again changes nothing. ERR_NOT_FOUND: no such step, or
 * none of the repo that the token is bound to. ERR_GONE: its text has expired, so that there is nothing to pin. */
MUST_CHECK enum err_code manage_pin(
	struct store *s, const struct identity *by, int64_t step_id, bool pinned, int64_t now, struct err *e);

/* ---- manage_tokens.c ---- */

struct token_request {
	struct str name;
	scope_set scopes;
	int64_t days;     /* 1..30 */
	bool has_days;    /* they were asked for */
	struct str repo;  /* empty: not bound; else owner/name */
	struct str forge; /* of the repo */
	struct str host;  /* empty: not bound */
	int64_t machine_days; /* 0: a person's; else a machine's, good for so long: for admins, bound, and without scopes that rule */
};
/* Never more scopes than the creator's own (ERR_FORBIDDEN); a token bound to a repo or host makes only such as are
 * bound to it. ret_text: shown once. */
MUST_CHECK enum err_code manage_token_create(struct store *s, const struct config *cfg,
	const struct identity *by, const struct token_request *r, int64_t now, struct arena *a,
	struct token *ret, struct buf *ret_text, struct err *e);
/* The user's own; of a token that is bound, those that are bound alike. ERR_FORBIDDEN: all, without being an admin. */
struct token_listing {
	bool all;        /* of everybody: for admins */
	int64_t good_at; /* 0: those that are good no more, too */
	int64_t limit, offset;
};
MUST_CHECK enum err_code manage_token_list(struct store *s, const struct identity *by,
	const struct token_listing *l, struct arena *a, struct token **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* ERR_NOT_FOUND: there is none, or it is somebody else's and by is no admin. Again: fine. */
MUST_CHECK enum err_code manage_token_revoke(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e);

/* For `sluice init`, on a store nobody serves: the first admin and a token with all scopes. ERR_CONFLICT when
 * there is an admin already and again is false. */
MUST_CHECK enum err_code manage_first_admin(struct store *s, struct str email, bool again, int64_t now,
	struct token *ret, struct buf *ret_text, struct err *e);

/* ---- manage_users.c: for admins (ERR_FORBIDDEN) ---- */

/* password: empty for none. Takes as long as a hash does (base/password.h). ERR_CONFLICT: the address is taken. */
MUST_CHECK enum err_code manage_user_add(struct store *s, const struct identity *by, struct str email,
	enum role role, struct str password, int64_t now, struct user *ret, struct err *e);
struct user_change {
	bool has_role, has_disabled, has_password;
	enum role role;
	bool disabled;       /* tokens and sessions are revoked with it, in the same transaction */
	struct str password; /* empty: it has none from now on. Sessions are revoked */
};
/* All of it, or nothing. ERR_NOT_FOUND; ERR_CONFLICT: the last admin would be gone. With a password: takes as long as a hash does. */
MUST_CHECK enum err_code manage_user_change(struct store *s, const struct identity *by, int64_t id,
	const struct user_change *change, int64_t now, struct err *e);
MUST_CHECK enum err_code manage_user_get(struct store *s, const struct identity *by, int64_t id,
	struct arena *a, struct user *ret, struct forge_login **ret_logins, size_t *ret_n_logins,
	struct err *e);
struct user_page {
	struct user *users;
	size_t n;
	int64_t total;
	struct forge_login *logins; /* of these users, in their order */
	size_t n_logins;
};
MUST_CHECK enum err_code manage_user_list(struct store *s, const struct identity *by,
	const struct user_query *q, struct arena *a, struct user_page *ret, struct err *e);

#endif
