#ifndef SERVICE_SESSION_H
#define SERVICE_SESSION_H
/*
 * session: a browser that has signed in.
 *
 * What the browser holds is a cookie of 256 random bits, made at the moment of signing in and never taken from a request, so that nobody can
 * sign somebody in to a session that he knows (fixation). Here is its SHA-256. It is good until it has not been used for session.idle, and
 * never longer than session.longest; it ends at once when it is revoked or its user is disabled, because every use asks the database.
 *
 * The cookie. Behind TLS, which is when server.public-url says https: `__Host-sluice`, Secure: no other host and no plain connection can
 * set or read it (RFC 6265bis, 4.1.3.2). Else `sluice`. Always HttpOnly, SameSite=Lax, Path=/.
 *
 * Each session has a random token of its own for its forms; what is posted without it is refused.
 */
#include "service/config.h"
#include "store/access_nouns.h"
#include "store/store.h"

#define SESSION_ID_LEN 43     /* base64url of 32 bytes */
#define SESSION_SEEN_MS 60000 /* its last use is written at most so often */

struct session_start { /* what a session is begun with */
	int64_t user_id;
	const struct identity *
		by; /* who showed a password: it has to be good still (access_still). NULL: a provider vouched */
	struct str address, agent; /* of the browser; any bytes */
	struct str request_id;
	const char *how;     /* for the audit: a word */
	struct str provider; /* for the audit; may be empty */
};

/* ---- cookies ---- */

/* Set-Cookie of a session's id. */
void session_cookie_write(const struct config *cfg, struct str id, struct buf *out);
/* The one that takes it away. */
void session_cookie_clear(const struct config *cfg, struct buf *out);
/* The value of a cookie of that name in a Cookie header (RFC 6265, 4.2.1); empty: none, or no text of 43 characters of base64url. */
struct str cookie_find(struct str header, struct str name);
struct str session_cookie_find(const struct config *cfg, struct str header);
/* "__Host-" and name behind TLS, else name. */
struct str cookie_name(const struct config *cfg, struct str name, struct arena *a);
/* Name, value and the attributes that all our cookies have. max_age_s 0: it is taken away. */
void cookie_write(
	const struct config *cfg, struct str name, struct str value, int64_t max_age_s, struct buf *out);
bool behind_tls(const struct config *cfg);

/* ---- life ---- */

/*
 * W, inside an operation of the writer: the session, with its audit. id: a text of SESSION_ID_LEN made by session_new_id(). When the user
 * has session.each already, the oldest ends. ERR_FORBIDDEN: the user is disabled.
 */
MUST_CHECK enum err_code session_add(struct db *db, const struct config *cfg, const struct session_start *s,
	struct str id, int64_t now, struct arena *a, struct session *ret, struct err *e);
/* Random; appended. */
void session_new_id(struct buf *out);
/* The same for who is not in an operation: waits for the writer. ret_id: for the cookie. */
MUST_CHECK enum err_code session_begin(struct store *store, const struct config *cfg,
	const struct session_start *s, int64_t now, struct arena *a, struct session *ret, struct buf *ret_id,
	struct err *e);

/* Whose browser is this? ERR_UNAUTHORIZED: nobody's, told alike whatever the reason. id: of session_cookie_find(). */
MUST_CHECK enum err_code session_find(struct store *store, const struct config *cfg, struct str id,
	int64_t now, struct arena *a, struct session *ret, struct err *e);
/* The token for its forms: 43 characters. */
struct str session_csrf(const struct session *s, struct arena *a);

struct session_by {         /* who asks for an end */
	int64_t user_id;    /* 0: whoever's */
	int64_t session_id; /* 0: not from a browser */
	int64_t token_id;
	struct str email, request_id, address;
};
struct session_by session_by_identity(const struct identity *id);
/* Those that are good, the newest first. */
MUST_CHECK enum err_code session_list(struct store *store, int64_t user_id, int64_t now, int64_t limit,
	int64_t offset, struct arena *a, struct session **ret, size_t *ret_n, int64_t *ret_total,
	struct err *e);
/* ERR_NOT_FOUND: no such session of theirs. Again is fine. */
MUST_CHECK enum err_code session_revoke(
	struct store *store, const struct session_by *by, int64_t id, int64_t now, struct err *e);
/* All of by->user_id but by->session_id. */
MUST_CHECK enum err_code session_revoke_others(
	struct store *store, const struct session_by *by, int64_t now, struct err *e);

#endif
