#ifndef FORGE_FORGE_CALL_H
#define FORGE_FORGE_CALL_H
/*
 * forge_call: what the files of forge_api share: one question about a repo and its answer as JSON, with the errors of forge_api.h. For them alone.
 */
#include "base/json.h"
#include "forge/forge_api.h"
#include "forge/forge_can.h"

#define FORGE_TEXT_MAX 500 /* bytes of a text of a forge; what is longer is cut */
#define FORGE_ID_MAX 100
#define FORGE_URL_MAX 8192
#define FORGE_ANSWER_MAX (16 << 20)

struct forge_api {
	enum commits_kind kind;
	struct str url, token;
	const struct clock *clock;
	struct http_client *http;
	const atomic_bool *stop; /* may be NULL */
	int64_t total_ms, until; /* of a call; steady, of the one under way */
	int64_t retry_after_s;
	struct forge_known *known, *own; /* own: the same, or NULL */
	struct arena arena;
};

/*
 * Begins a call: its time runs, *path is the URL of the repo's API, *place what the repo is called in errors (in a). ERR_INVALID: no repo ("owner/name").
 */
MUST_CHECK enum err_code forge_begin(struct forge_api *f, struct str repo, struct arena *a, struct buf *path,
	struct str *place, struct err *e);
/* An id of the forge's, as part of a path. ERR_INVALID: that is none. */
MUST_CHECK enum err_code forge_put_id(struct buf *path, struct str id, const char *what, struct err *e);

/* One request. A status of 2xx is fine; *ret is its JSON (NULL: what it says is of no interest), json_free. */
MUST_CHECK enum err_code forge_ask(struct forge_api *f, const char *method, const struct buf *url,
	struct str body, struct str place, struct json_doc **ret, struct err *e);
/* The error that a status stands for, which is none of 2xx; a 302 is ERR_NETWORK as well. remaining, reset: of the headers; may be empty. */
enum err_code forge_refused(struct forge_api *f, int status, int64_t retry_after_s, struct str remaining,
	struct str reset, struct str place, struct err *e);
/* What it can do: asked at most once an hour. A call of its own: to be made before forge_begin. */
MUST_CHECK enum err_code forge_can(struct forge_api *f, struct forge_can *ret, struct err *e);
enum err_code forge_nonsense(struct str place, const char *what, struct err *e);

/* ---- words ---- */

/* A text, cut at FORGE_TEXT_MAX; with control characters it is none. In a. */
struct str forge_text(const struct json *n, struct arena *a);
bool forge_is_id(struct str s); /* letters, digits, - and _ */
/* An id: a number, or a text of letters and digits. Empty: none. */
struct str forge_id(const struct json *n, struct arena *a);
/* The id of a commit in lower case. Empty: none. */
struct str forge_sha(const struct json *n, struct arena *a);
/* The first of these fields that is a time (a time that has not been is of the year 1); 0: none. */
int64_t forge_time(const struct json *of, const char *const *names);
/* of: with the fields status and conclusion; either may be missing. */
enum forge_conclusion forge_conclusion_in(const struct json *of);

#endif
