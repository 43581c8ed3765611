#ifndef FORGE_OAUTH_H
#define FORGE_OAUTH_H
/*
 * oauth: a person signs in with an account of a forge or of an OpenID provider: the authorization code flow of RFC 6749 (4.1) with PKCE
 * (RFC 7636, S256), state, and what the OAuth 2.0 Security Best Current Practice (RFC 9700) asks of a client.
 *
 *	oauth_endpoints()	where the provider is asked: known for a forge, discovered for an OpenID provider (OpenID Connect Discovery 1.0)
 *	oauth_authorize_url()	where the browser is sent
 *	oauth_redeem()		the code it came back with, for an access token
 *	oauth_who()		whose token it is
 *	oauth_may_read()	whether that person may read a repo of the forge
 *	oauth_refresh()		another access token, when the first has expired (RFC 6749, 6)
 *
 * Nothing here remembers anything: state, verifier and nonce are the caller's to make, to bind to the browser and to use once
 * (service/signin.h).
 *
 * ID tokens. Their claims are checked (OpenID Connect Core 1.0, 3.1.3.7), their signature is not: the token comes straight from the token
 * endpoint over TLS, and item 6 there lets the validation of the server stand in for that of the signature. So an OpenID provider must be
 * https (oauth_url_check). Who the person is, is then asked at the userinfo endpoint, whose `sub` must be the same (5.3.2).
 *
 * Errors, for all calls:
 *	ERR_NETWORK	the provider could not be reached, did not answer in time, or talked nonsense: the text says which
 *	ERR_INVALID	the provider refused the code: it was used before, has expired, or is not for us
 *	ERR_CONFIG	the provider refused us: client-id, secret or redirect URI are wrong
 * No text has a code, a token, a verifier or a secret in it.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/http.h"

enum oauth_kind { OAUTH_FORGEJO, OAUTH_GITEA, OAUTH_GITHUB, OAUTH_OIDC };

struct oauth_provider {
	struct str name; /* of [oauth "NAME"] */
	enum oauth_kind kind;
	struct str url; /* without a final slash; of an OpenID provider its issuer */
	struct str client_id, client_secret;
};

struct oauth_endpoints {
	struct str issuer; /* as the provider writes it; empty: it is not known to have one */
	struct str authorize, token, userinfo;
	bool sends_iss; /* it says so: an answer without iss is not its own (RFC 9207, 2.4) */
	bool post_secret; /* the secret goes into the body; else into a Basic header, which every OpenID provider takes */
};

struct oauth_tokens {          /* secrets */
	struct str access, id; /* id: of an OpenID provider, else empty */
	struct str refresh;    /* empty: the access token does not expire, or cannot be had anew */
};

#define OAUTH_TEXT_MAX                                                                                       \
	255 /* bytes of a login, an address, a subject or the name of a group; what is longer, or has control characters, is not taken */
#define OAUTH_NAMES_MAX                                                                                      \
	1000 /* organisations, and teams, that are looked at; what a provider tells beyond is not */

struct oauth_names {
	struct str *v;
	size_t n;
};

struct oauth_person {
	struct str
		subject;  /* never changes and is never given again: the forge's number of the user, or sub */
	struct str login; /* may be changed by the person; empty: not told */
	struct str email; /* one that the provider has verified, the primary one first; empty: none */
	struct oauth_names orgs;  /* of an OpenID provider: the claim `groups` */
	struct oauth_names teams; /* "org/team"; of an OpenID provider: the same groups */
};

/* How one sign-in asks: all its requests together have until then. */
struct oauth_caller {
	struct http_client *http;
	const struct clock *clock;
	int64_t until; /* steady ms */
};

/* ERR_CONFIG: no URL of a provider of that kind, and why. */
MUST_CHECK enum err_code oauth_url_check(enum oauth_kind kind, struct str url, struct err *e);
/* Is the URL https? What goes to one that is not can be read on the way. */
bool oauth_url_is_private(struct str url);

/* True: they are known without asking. */
bool oauth_endpoints_known(const struct oauth_provider *p, struct arena *a, struct oauth_endpoints *ret);
/* Asks, when they are not known. What is returned may be kept for a while. */
MUST_CHECK enum err_code oauth_endpoints(const struct oauth_provider *p, const struct oauth_caller *c,
	struct arena *a, struct oauth_endpoints *ret, struct err *e);

struct oauth_asking { /* what one sign-in is made of; views */
	struct str redirect_uri;
	struct str state, verifier, nonce; /* each 43 characters of base64url: 256 random bits */
	bool wants_groups;                 /* organisations or teams will be asked for */
	bool wants_repos;                  /* whether a repo may be read will be asked for */
};
void oauth_authorize_url(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_asking *q, struct buf *out);
/* iss, as it stood in the answer; empty: it did not. ERR_INVALID: the answer is another provider's (RFC 9207, 2.4). */
MUST_CHECK enum err_code oauth_iss_check(
	const struct oauth_provider *p, const struct oauth_endpoints *x, struct str iss, struct err *e);
MUST_CHECK enum err_code oauth_redeem(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_asking *q, struct str code, const struct oauth_caller *c, struct arena *a,
	struct oauth_tokens *ret, struct err *e);

/*
 * Of a forge. ERR_INVALID: the refresh token has expired, or was used. What is returned takes the place of both tokens.
 */
MUST_CHECK enum err_code oauth_refresh(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str refresh, const struct oauth_caller *c, struct arena *a, struct oauth_tokens *ret,
	struct err *e);

enum oauth_may { OAUTH_MAY_NOT, OAUTH_MAY, OAUTH_UNSURE };
/*
 * Of a forge: may the person whose token it is read the repo ("owner/name")? Not, when it is not there for them, or forbidden. Unsure: the forge answered, and
 * said neither (it was renamed, the forge is ill). ERR_UNAUTHORIZED: the token is good no more. ERR_NETWORK: also when it has been asked too often.
 */
MUST_CHECK enum err_code oauth_may_read(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str access, struct str repo, const struct oauth_caller *c, struct arena *a,
	enum oauth_may *ret, struct err *e);

enum { OAUTH_ORGS = 1, OAUTH_TEAMS = 2 }; /* what else is asked for */
/* nonce: empty when the token is not from a sign-in of just now. now: wall ms. */
MUST_CHECK enum err_code oauth_who(const struct oauth_provider *p, const struct oauth_endpoints *x,
	const struct oauth_tokens *t, struct str nonce, unsigned what, int64_t now,
	const struct oauth_caller *c, struct arena *a, struct oauth_person *ret, struct err *e);

#endif
