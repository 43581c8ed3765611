/* ask: see the header. */
#include "agent/ask.h"

#include "base/arena.h"
#include "base/command.h"
#include "base/digest.h"
#include "net/backoff.h"

#include <limits.h>
#include <poll.h>

#define URL_MAX 4096
#define ASKED_MAX_S 120 /* of Retry-After */

void ask_init(struct ask *a, const char *command, const struct peer *peer, const struct work_stop *stop)
{
	*a = (struct ask){ .command = command, .peer = peer, .stop = stop, .http = http_client_new() };
}

void ask_done(struct ask *a)
{
	http_client_free(a->http);
	a->http = NULL;
}

/* ---- asking, and asking again ---- */

int64_t ask_wait_ms(int n, int64_t most_ms)
{
	int64_t ms = backoff_ceiling_ms((unsigned)n, ASK_FIRST_MS, most_ms);
	uint16_t random;

	random_bytes(&random, sizeof random);
	return ms / 2 + ms / 2 * random / UINT16_MAX;
}

/* True: told to stop meanwhile. */
static bool wait_for(const struct ask *a, int64_t ms)
{
	if (a->stop)
		return work_stop_wait(a->stop, ms);
	(void)!poll(NULL, 0, ms < INT_MAX ? (int)ms : INT_MAX); /* one that is cut short is none too many */
	return false;
}

bool ask_again(struct ask *a, enum err_code code, const struct err *why)
{
	int64_t ms = ask_wait_ms(a->n_failures, ASK_MOST_MS), asked = a->retry_after_s;
	int n = ++a->n_failures;

	if (!(err_may_retry(code) || (code == ERR_INTERNAL && n < ASK_FAULTS)) ||
		(a->n_tries > 0 && n >= a->n_tries))
		return false;
	if (n == 1)
		command_say(a->command, "%s; it is tried again", why->text);
	asked = asked < ASKED_MAX_S ? asked : ASKED_MAX_S;
	return !wait_for(a, ms > 1000 * asked ? ms : 1000 * asked);
}

enum err_code ask_status(struct ask *a, const struct http_answer *answer, struct err *e)
{
	a->retry_after_s = answer->retry_after_s;
	if (answer->status == 200 || answer->status == 201 || answer->status == 204)
		return ERR_OK;
	return peer_error(a->peer, answer, e);
}

static enum err_code read_answer(
	struct ask *a, const struct http_answer *answer, struct json_doc **ret, struct err *e)
{
	struct json_doc *doc = NULL;

	TRY(ask_status(a, answer, e));
	if (json_parse(answer->status == 204 ? STR("{}") : buf_view(&answer->body), JSON_REPAIR_TEXT, &doc,
		    NULL) != ERR_OK)
		return err_set(e, ERR_NETWORK,
			"%s did not answer as a Sluice server would; is the URL right?",
			buf_cstr(&a->peer->shown));
	*ret = doc;
	return ERR_OK;
}

enum err_code ask_once(
	struct ask *a, struct http_request *r, const char *path, struct json_doc **ret, struct err *e)
{
	struct http_answer answer = { 0 };
	enum err_code code;
	AUTO_BUF url;

	buf_init(&url, URL_MAX);
	buf_fmt(&url, "%s%s", buf_cstr(&a->peer->url), path);
	TRY(buf_check(&url, "request", e));
	r->url = buf_cstr(&url);
	r->bearer = peer_token(a->peer);
	a->retry_after_s = 0;
	TRY(http_send(a->http, r, &answer, e));
	code = read_answer(a, &answer, ret, e);
	http_answer_done(&answer);
	return code;
}

enum err_code ask_until(
	struct ask *a, struct http_request *r, const char *path, struct json_doc **ret, struct err *e)
{
	enum err_code code;

	while ((code = ask_once(a, r, path, ret, e)) != ERR_OK && ask_again(a, code, e))
		;
	if (code == ERR_OK)
		a->n_failures = 0;
	else if (a->stop && work_stop_is_set(a->stop) && err_may_retry(code))
		code = err_set(e, ERR_UNAVAILABLE, "told to stop");
	return code;
}

struct http_request ask_post_of(const struct buf *body)
{
	return (struct http_request){
		.method = "POST", .content_type = "application/json", .body = buf_view(body)
	};
}

enum err_code ask_post(
	struct ask *a, const char *path, const struct buf *body, struct json_doc **ret, struct err *e)
{
	struct http_request r = ask_post_of(body);

	TRY(buf_check(body, "what is told", e));
	return ask_until(a, &r, path, ret, e);
}

/* ---- what was claimed ---- */

void ask_open_claim(struct json_out *j, struct buf *body, int64_t claim)
{
	json_out_init(j, body);
	json_open_object(j, NULL);
	json_put_int(j, "claim", claim);
}

enum err_code ask_lost(enum err_code code, struct err *e)
{
	return code == ERR_NOT_FOUND ? err_set(e, ERR_CONFLICT, "it is not there any more") : code;
}

enum err_code ask_renew(
	struct ask *a, const char *path, int64_t claim, int ms, int64_t *ret_lease_s, struct err *e)
{
	struct json_doc *doc = NULL;
	struct http_request r;
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	ask_open_claim(&j, &body, claim);
	json_close_object(&j);
	r = ask_post_of(&body);
	r.total_ms = ms;
	TRY(ask_lost(ask_once(a, &r, path, &doc, e), e));
	json_int(json_get(json_root(doc), "lease_seconds"), ret_lease_s);
	json_free(doc);
	return ERR_OK;
}

/* ---- reading ---- */

struct str ask_text(const struct json *object, const char *key, struct arena *a)
{
	return arena_str(a, json_str(json_get(object, key)));
}

int64_t ask_number(const struct json *object, const char *key)
{
	int64_t value = 0;

	json_int(json_get(object, key), &value);
	return value;
}
