#ifndef MODEL_SESSION_H
#define MODEL_SESSION_H
/*
 * session: a browser that has signed in; sign_in: one that was sent to a provider to do so. Of what browsers hold only digests are known.
 */
#include "base/digest.h"
#include "model/scope.h"

#define SESSION_CSRF_LEN 32
#define SESSION_AGENT_MAX 200 /* bytes; the store cuts what is longer, between characters */

struct session {
	int64_t id, user_id;
	struct sha256 digest; /* of the cookie */
	uint8_t csrf[SESSION_CSRF_LEN];
	int64_t created_at, seen_at, expires_at, revoked_at; /* ms; revoked_at 0: is not */
	struct str address, agent;
	/* of its user; read, not stored with it */
	struct str email;
	enum role role;
	int64_t disabled_at;
};

struct sign_in {
	int64_t id;
	struct sha256 state, browser;
	struct str provider, secret, return_path; /* secret: sealed by the caller */
	int64_t user_id; /* to whom the account is to be tied; 0: it says who comes */
	int64_t created_at, expires_at;
};

#endif
