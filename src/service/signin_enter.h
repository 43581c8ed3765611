#ifndef SERVICE_SIGNIN_ENTER_H
#define SERVICE_SIGNIN_ENTER_H
/* signin_enter: a person whom a provider vouches for becomes a user with a session, in one transaction, or is told why not. */
#include "service/forge_token.h"
#include "service/signin.h"

struct signin_enter {
	struct store *store;
	const struct seal_key *key;
	struct signin_end *end; /* session and session_id are set */
	const struct oauth_person *who;
	const struct oauth_tokens *tokens; /* of the provider */
	int64_t tie_user_id;               /* as of sign_in */
};

/* ERR_FORBIDDEN; also: the account that is to be tied is somebody else's. */
MUST_CHECK enum err_code signin_enter(struct signin_enter *w, struct err *e);

#endif
