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
};

/* ERR_FORBIDDEN. */
MUST_CHECK enum err_code signin_enter(struct signin_enter *w, struct err *e);

#endif
