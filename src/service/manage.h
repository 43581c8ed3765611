#ifndef SERVICE_MANAGE_H
#define SERVICE_MANAGE_H
/*
 * manage: repos and tokens, added, listed, taken away; texts of logs, pinned. All may wait for the writer.
 */
#include "service/config.h"
#include "store/access_nouns.h"
#include "store/nouns.h"
#include "store/store.h"

MUST_CHECK enum err_code manage_repo_add(struct store *s, const struct config *cfg, struct str forge,
	struct str name, int64_t now, struct arena *a, struct repo *ret, bool *ret_new, struct err *e);
MUST_CHECK enum err_code manage_repo_remove(struct store *s, int64_t id, int64_t now, struct err *e);
/* repo given: that one only. */
MUST_CHECK enum err_code manage_repo_list(struct store *s, struct str forge, struct str repo, int64_t limit,
	int64_t offset, struct arena *a, struct repo **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

struct token_request {
	struct str name;
	scope_set scopes;
	int64_t days;    /* 1..30 */
	struct str repo; /* empty: not bound; else owner/name, or FORGE:owner/name when ambiguous */
	struct str forge;
};
/* Never more scopes than the creator's own (ERR_FORBIDDEN); a token bound to a repo makes only such as are
 * bound to it. ret_text: shown once. */
MUST_CHECK enum err_code manage_token_create(struct store *s, const struct config *cfg,
	const struct identity *by, const struct token_request *r, int64_t now, struct arena *a,
	struct token *ret, struct buf *ret_text, struct err *e);
/* all: everybody's, for admins (ERR_FORBIDDEN). */
MUST_CHECK enum err_code manage_token_list(struct store *s, const struct identity *by, bool all,
	int64_t limit, int64_t offset, struct arena *a, struct token **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
MUST_CHECK enum err_code manage_token_revoke(
	struct store *s, const struct identity *by, int64_t id, int64_t now, struct err *e);

/* The text of a step is kept whatever its age and whatever else would delete it, or not any more. Again changes nothing. ERR_NOT_FOUND: no such step, or
 * none of the repo that the token is bound to. ERR_GONE: its text has expired, so that there is nothing to pin. */
MUST_CHECK enum err_code manage_pin(
	struct store *s, const struct identity *by, int64_t step_id, bool pinned, int64_t now, struct err *e);

/* For `sluice init`, on a store nobody serves: the first admin and a token with all scopes. ERR_CONFLICT when
 * there is an admin already and again is false. */
MUST_CHECK enum err_code manage_first_admin(struct store *s, struct str email, bool again, int64_t now,
	struct token *ret, struct buf *ret_text, struct err *e);

#endif
