#ifndef FORGE_OAUTH_ANSWER_H
#define FORGE_OAUTH_ANSWER_H
/*
 * oauth_answer: what providers answer, read from bytes that anybody may have written. Nothing here speaks to anyone.
 *
 * ERR_NETWORK: the answer is no JSON, or lacks what it must have. The text never quotes it. Outputs live in the arena.
 */
#include "forge/oauth.h"

/* A document of OpenID Connect Discovery 1.0 (3): the issuer must be the URL it was asked at (4.3), and the endpoints https if that is. */
MUST_CHECK enum err_code oauth_read_discovery(const struct oauth_provider *p, struct str json,
	struct arena *a, struct oauth_endpoints *ret, struct err *e);
/* The answer of a token endpoint, good or bad (RFC 6749, 5.1 and 5.2; GitHub says 200 to both). */
MUST_CHECK enum err_code oauth_read_tokens(const struct oauth_provider *p, int status, struct str json,
	struct arena *a, struct oauth_tokens *ret, struct err *e);
/* The claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7): sub, and what stands there of the rest. nonce empty: it is not asked for. */
MUST_CHECK enum err_code oauth_read_id_token(const struct oauth_provider *p, const struct oauth_endpoints *x,
	struct str token, struct str nonce, int64_t now, struct arena *a, struct oauth_person *ret,
	struct err *e);
/* Userinfo (5.3.2): its sub must be the one that person has. What it tells takes the place of what was there. */
MUST_CHECK enum err_code oauth_read_userinfo(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e);
/* GET /user of a forge: subject and login. */
MUST_CHECK enum err_code oauth_read_user(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e);
/* GET /user/emails: the primary address if it is verified, else the first that is. */
MUST_CHECK enum err_code oauth_read_emails(const struct oauth_provider *p, struct str json, struct arena *a,
	struct oauth_person *person, struct err *e);
/* GET /repos/OWNER/NAME, which was answered: may the code be read? Where permissions.pull is told it says so; else the answer itself does. */
bool oauth_read_pull(struct str json);
/* A page of GET /user/orgs or /user/teams, appended to names, whose v has room for OAUTH_NAMES_MAX. ret_n: how many stood there. */
MUST_CHECK enum err_code oauth_read_names(const struct oauth_provider *p, bool teams, struct str json,
	struct arena *a, struct oauth_names *names, size_t *ret_n, struct err *e);

#endif
