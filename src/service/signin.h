#ifndef SERVICE_SIGNIN_H
#define SERVICE_SIGNIN_H
/*
 * signin: the way in for people who have an account at a provider ([oauth "NAME"], forge/oauth.h).
 *
 *	signin_begin()	a browser sets out: it gets a cookie, and the address to go to
 *	signin_end()	it comes back: the code becomes a token, the token a person, the person a user, and the user a session
 *
 * State, verifier and nonce are of 256 random bits. What has set out stands in the database (sign_in): by the digests of its state and of the
 * browser's cookie, with the verifier sealed. It is good for SIGNIN_MINUTES, once, in the browser that set out; whoever brings a state that is
 * not so, is told the same whatever the reason. So a code cannot be put into somebody else's browser (login CSRF), nor used again, and a state
 * that leaks is of no use. The provider's name is part of the redirect URI and of what is stored, so that the answer of one provider is never
 * taken to another (RFC 9700, 4.4).
 *
 * Somebody who is signed in may set out to tie an account to the user that they are (tie_user_id): it then is that user's, whatever its address. That is begun by a
 * form of theirs and by nothing else, so that no other site can have its own account tied to them.
 *
 * Whom a person is. An account that has come before is its user, by the provider's own number for it: names of accounts change hands. Else
 * the verified e-mail address decides: nobody has it here, then a user is made; a user has it, then the account becomes that user's only if
 * the provider is configured with link-email: who can get an address verified there could otherwise take over any user here. Who may come,
 * and with which role, is asked anew at each sign-in (oauth_config.h).
 *
 * All of it is done on threads of its own (errands.h), beside those that look at passwords: a provider that is slow keeps none of ours waiting but those, and no sign-in for longer
 * than SIGNIN_TOTAL_MS.
 *
 * Errors that done is told, or that are returned at once:
 *	ERR_NOT_FOUND		there is no such provider
 *	ERR_INVALID		no sign-in of this browser, or it is over or was used; or the provider does not take the code
 *	ERR_FORBIDDEN		this person may not come: the text says why, and who can change it
 *	ERR_NETWORK		the provider is down, slow or talks nonsense
 *	ERR_CONFIG		the provider does not know us
 *	ERR_UNAVAILABLE		too many sign-ins are under way
 */
#include "service/errands.h"
#include "service/membership.h"
#include "service/session.h"
#include "store/access_nouns.h"

#define SIGNIN_MINUTES 10
#define SIGNIN_WAITING_MAX 10000 /* that have set out and not come back; anybody can set out */
#define SIGNIN_TOTAL_MS 15000    /* for all questions to the provider together */
#define SIGNIN_THREADS 8         /* sign-ins that are asked about at once; as many as limits.sign-ins wait */

struct signin;
/* Reads or makes DATA/access.key. membership is asked about whoever comes in; NULL: it is not. */
MUST_CHECK enum err_code signin_start(struct store *store, const struct config *cfg,
	const struct clock *clock, struct membership *membership, struct signin **ret, struct err *e);
/* What is under way is done first; what comes after is told ERR_UNAVAILABLE. NULL is fine, twice too. */
void signin_stop(struct signin *s);
void signin_free(struct signin *s); /* stops it. NULL is fine */

/* From a thread of its own, once; after that nothing of the call is touched. */
typedef void signin_done_fn(void *arg, const struct err *result);

/* Lives until done was called, as do all its strings and cfg. */
struct signin_begin {
	struct errand errand;             /* of signin */
	struct str provider, return_path; /* return_path: a path of this server, checked */
	int64_t tie_user_id;              /* to whom the account is to be tied; 0: it says who comes */
	const struct config *cfg;
	int64_t now; /* wall, ms */
	struct arena *a;
	signin_done_fn *done;
	void *arg;
	/* result */
	struct str location;
	struct str browser; /* for the cookie of signin_cookie_name() */
	/* of signin */
	struct signin *s;
	const struct oauth_config *oauth;
};
/* An error: done is not called. */
MUST_CHECK enum err_code signin_begin(struct signin *s, struct signin_begin *w, struct err *e);
struct str signin_cookie_name(const struct config *cfg, struct arena *a);

struct signin_end { /* as signin_begin */
	struct errand errand;
	struct str provider;                /* of the path that the browser came back to */
	struct str browser;                 /* of its cookie; empty: it has none */
	struct str state, code, error, iss; /* as they came */
	struct str address, agent, request_id;
	const struct config *cfg;
	int64_t now;
	struct arena *a;
	signin_done_fn *done;
	void *arg;
	/* result */
	struct str return_path;
	struct session session;
	struct str session_id; /* for its cookie */
	/* of signin */
	struct signin *s;
	const struct oauth_config *oauth;
};
MUST_CHECK enum err_code signin_end(struct signin *s, struct signin_end *w, struct err *e);

/* The accounts that are tied to a user, without their tokens. */
MUST_CHECK enum err_code signin_logins(struct store *store, int64_t user_id, struct arena *a,
	struct forge_login **ret, size_t *ret_n, struct err *e);
/*
 * The name that a user has on the forge of a provider: of a sign-in, or else looked up there with the token that is kept, and then kept
 * itself. Asks the network: not on a worker's thread. ERR_NOT_FOUND: they have never signed in there, and there is nothing to ask with.
 */
MUST_CHECK enum err_code signin_login(struct signin *s, const struct config *cfg, struct str provider,
	int64_t user_id, int64_t now, struct http_client *http, struct arena *a, struct str *ret,
	struct err *e);

/* The same, asked on one of signin's threads. Lives until done was called, as do its strings and cfg. */
struct signin_who {
	struct errand errand; /* of signin */
	struct str provider;
	int64_t user_id;
	const struct config *cfg;
	int64_t now;
	struct arena *a;
	signin_done_fn *done;
	void *arg;
	struct str login; /* result */
	struct signin *s; /* of signin */
};
/* An error: done is not called. */
MUST_CHECK enum err_code signin_who(struct signin *s, struct signin_who *w, struct err *e);

#endif
