#ifndef SERVICE_ACCESS_H
#define SERVICE_ACCESS_H
/*
 * access: who is asking, and may they.
 *
 * A bearer token is either the internal token of the configuration (a team that trusts itself; it may send
 * logs for every repo and nothing else) or a `slc_` token in the database. What was presented is hashed first
 * and digests of equal length are compared in constant time, so neither length nor content can be told from
 * the time. A token that was good a moment ago is known without asking the database (token_cache.h); one that is revoked is
 * refused by every thread from the moment on that its revoker is told, and so is what was asked with it before and is not done yet (access_still).
 *
 * What an identity may do is what its token has, and not more than the role of its user allows (model/role.tbl): a role that
 * is taken away counts at once for tokens that were made before.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "model/token.h"

#define ACCESS_TOKEN_MAX 512 /* bytes; a longer one is no token */

struct store;
struct db;

enum identity_kind {
	IDENTITY_NONE,
	IDENTITY_INTERNAL,
	IDENTITY_TOKEN,
	IDENTITY_SESSION,  /* a browser that has signed in */
	IDENTITY_PASSWORD, /* a user who showed a password in this very request */
	IDENTITY_HOST      /* a host that showed a certificate on this very connection */
};

struct identity {
	enum identity_kind kind;
	struct token token;  /* when kind is IDENTITY_TOKEN; strings in the request's arena */
	int64_t user_id;     /* 0: of no user */
	struct str email;    /* what the audit calls them; of a host "host:NAME" */
	struct str host;     /* the one host it may speak for, of its token or its certificate; empty: any */
	int64_t session_id;  /* when kind is IDENTITY_SESSION */
	struct str password; /* when kind is IDENTITY_PASSWORD: what is stored of the one that was right */
	scope_set scopes;
	enum role role;
	/* From where, and in which request: told to the audit. Set by the edge, empty elsewhere. */
	struct str address, request_id;
};

struct internal_tokens { /* digests of what the configuration accepts; none: /internal is closed */
	struct sha256 digest[4];
	size_t n;
};

enum access_realm { REALM_API, REALM_INTERNAL };

struct access; /* what is known of tokens that come again and again */

struct access *access_new(struct store *store);
void access_free(struct access *x); /* NULL is fine; before the store is closed */

/*
 * authorization: the value of the header, empty when there is none. ERR_UNAUTHORIZED for missing, malformed,
 * unknown, expired or revoked, or of a user who is disabled, all told alike; in REALM_INTERNAL, while no internal token is
 * configured, ERR_CLOSED instead. The internal token is good in REALM_INTERNAL only. That a token was used is written down
 * once a minute, without waiting for it.
 */
MUST_CHECK enum err_code access_authenticate(struct access *x, const struct internal_tokens *internal,
	enum access_realm realm, struct str authorization, int64_t now, struct arena *a, struct identity *ret,
	struct err *e);
/* The host that a certificate names, which the listener has verified: it sends its episodes, and nothing else. name lives in the arena from now on. */
struct identity access_of_host(struct str name, struct arena *a);
/*
 * The user of this address and password. ERR_UNAUTHORIZED for all that is wrong, in words that do not differ and in time that does not either: there is
 * no such user, they have no password, another one, are disabled; or too many were tried (tries.h), which is told without a look at the
 * password. address: of the client, as limits count it. Takes as long as a hash does: not for a thread that others wait for.
 */
MUST_CHECK enum err_code access_password(struct access *x, struct str email, struct str password,
	struct str address, int64_t steady_ms, struct arena *a, struct identity *ret, struct err *e);
/* ERR_FORBIDDEN naming what is required and what is held. scopes 0 / roles 0: nothing required. A token that is
 * bound to a repo never has repos:manage. */
MUST_CHECK enum err_code access_allow(
	const struct identity *id, scope_set required, unsigned roles, struct err *e);
/*
 * Whose eyes it sees repos with: a user's number, who may see those of members only where the forge said so; 0: all, of an admin, and of what is bound to
 * nobody (the internal token, hosts, tokens of machines, which admins made for their repo).
 */
int64_t access_viewer(const struct identity *id);
/* ERR_FORBIDDEN when it may speak for one host, and this is another. */
MUST_CHECK enum err_code access_allow_host(const struct identity *id, struct str host, struct err *e);
/* ERR_FORBIDDEN unless it is an admin's, and not bound to a repo or a host: who may come in is nothing of one repo. */
MUST_CHECK enum err_code access_allow_admin(const struct identity *id, struct err *e);
/*
 * W, first of all in apply: is it still good, as it was when the request came (access_still.c)? ERR_UNAUTHORIZED: revoked, expired, disabled, or its password changed.
 * ERR_FORBIDDEN: another role.
 */
MUST_CHECK enum err_code access_still(struct db *db, const struct identity *by, int64_t now, struct err *e);
/* store_access_epoch() of its store. */
uint64_t access_epoch(const struct access *x);
/* What a 401 says, for those who find out by other means that nobody is there. */
enum err_code access_refuse(struct err *e);

#endif
