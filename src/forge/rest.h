#ifndef FORGE_REST_H
#define FORGE_REST_H
/*
 * rest: what all questions to a forge have in common: where its API is, what a repo is called in an error, one request within the time that is left.
 *
 * The API: Forgejo and Gitea URL/api/v1; GitHub https://api.github.com, and of a GitHub of one's own URL/api/v3.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "forge/commits.h"
#include "net/http.h"

/* The URL of the API, and of a repo in it, without a final slash. */
void rest_put_api(enum commits_kind kind, struct str url, struct buf *out);
void rest_put_repo(
	enum commits_kind kind, struct str url, struct str owner, struct str repo, struct buf *out);
/* "owner/repo at host:port", without what a URL may hide: for errors. NUL-terminated. */
struct str rest_place(struct str url, struct str owner, struct str repo, struct arena *a);

struct rest_call {
	const char *method, *url;
	struct str token;   /* empty: none; never in an error */
	const char *accept; /* NULL: application/json */
	struct str body;    /* JSON, or empty */
	size_t max_answer;
	struct http_told *told;
	size_t n_told;
	/* Not NULL: an answer of 200 goes there in pieces (http_fetch). The time is then that between two. */
	http_take_fn *take;
	void *arg;
};
/* until: steady ms. ERR_OK: there is an answer, of whatever status. ERR_NETWORK: none came; whatever take returned. */
MUST_CHECK enum err_code rest_send(struct http_client *http, const struct rest_call *c, struct str place,
	int64_t until, const struct clock *clock, struct http_answer *ret, struct err *e);

#endif
