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
#define TOKEN_MACHINE_DAYS_MAX 3650
#define TOKEN_HOST_MAX 100

struct token {
	int64_t id, user_id;
	struct str name;
	scope_set scopes;
	enum role role;                             /* of its user */
	int64_t repo_id;                            /* 0: not bound to a repo */
	struct str repo;                            /* owner/name when bound */
	struct str host;                            /* the one it is good for; empty: any */
	bool machine;                               /* of a machine, not of a person */
	int64_t created_at, expires_at, revoked_at; /* ms; expires_at 0: never; revoked_at 0: not revoked */
	int64_t last_used_at;                       /* to the minute; 0: never */
	struct sha256 digest;
	/* of its user; read, not stored with it */
	struct str email;
	int64_t disabled_at;
};

/* A new random token: its text (to be shown once) appended to out. */
void token_make(struct buf *out);

#endif
