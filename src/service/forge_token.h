#ifndef SERVICE_FORGE_TOKEN_H
#define SERVICE_FORGE_TOKEN_H
/* forge_token: the tokens that a provider gave for a person, as they lie in the database (forge_login.token): sealed with DATA/access.key. */
#include "base/seal.h"
#include "forge/oauth.h"
#include "store/access_nouns.h"

/* Appended to out. The ID token is not kept. */
void forge_token_seal(const struct seal_key *key, const struct oauth_tokens *t, struct buf *out);
/* ERR_NOT_FOUND: none is kept of this login. ERR_STORAGE: not with this key. */
MUST_CHECK enum err_code forge_token_open(const struct seal_key *key, const struct forge_login *l,
	struct arena *a, struct oauth_tokens *ret, struct err *e);
/* A user's login at a provider. ERR_NOT_FOUND: they have never signed in there. */
MUST_CHECK enum err_code forge_token_login(struct db *db, struct arena *a, int64_t user_id,
	struct str provider, struct forge_login *ret, struct err *e);

#endif
