#ifndef MODEL_TOKEN_H
#define MODEL_TOKEN_H
/*
 * token: an opaque bearer token, "slc_" and 256 random bits. Only its SHA-256 is stored.
 */
#include "base/digest.h"
#include "model/scope.h"

#define TOKEN_PREFIX "slc_"
#define TOKEN_NAME_MAX 50
#define TOKEN_DAYS_DEFAULT 7
#define TOKEN_DAYS_MAX 30

struct token {
	int64_t id, user_id;
	struct str name;
	scope_set scopes;
	enum role role;                             /* of its user */
	int64_t repo_id;                            /* 0: not bound to a repo */
	struct str repo;                            /* owner/name when bound */
	int64_t created_at, expires_at, revoked_at; /* ms; expires_at 0: never; revoked_at 0: not revoked */
	struct sha256 digest;
};

/* A new random token: its text (to be shown once) appended to out. */
void token_make(struct buf *out);

#endif
