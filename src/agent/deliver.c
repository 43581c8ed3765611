/* deliver: see the header. Written to the spool first, sent, and taken out again: there is no moment in which
 * a kill loses a post. */
#include "agent/deliver.h"

#include "base/command.h"
#include "base/json.h"

#include <limits.h>

struct limits {
	int connect_ms, total_ms;
};

static enum err_code send_post(const struct deliver *d, struct http_client *http, struct str body,
	struct limits limits, struct err *e)
{
	struct http_answer answer;
	struct http_request request = {
		.method = "POST",
		.bearer = peer_token(d->peer),
		.content_type = "application/json",
		.body = body,
		.connect_ms = limits.connect_ms,
		.total_ms = limits.total_ms,
		.max_answer = 64 * 1024,
	};
	enum err_code code;
	AUTO_BUF url;

	buf_init(&url, 4096);
	buf_fmt(&url, "%s/internal/ci-log", buf_cstr(&d->peer->url));
	request.url = buf_cstr(&url);
	code = http_send(http, &request, &answer, e);
	if (code == ERR_TOO_LARGE) /* the answer, to a request that is answered with nothing */
		return e->code = ERR_NETWORK;
	TRY(code);
	if (answer.status != 204)
		code = peer_error(d->peer, &answer, e);
	http_answer_done(&answer);
	return code;
}

static bool is_worth_keeping(enum err_code code)
{
	return err_may_retry(code) || err_http(code) >= 500 || code == ERR_UNAUTHORIZED ||
	       code == ERR_FORBIDDEN;
}

static bool is_of_our_repo(const struct deliver *d, struct str body)
{
	struct json_doc *doc = NULL;
	bool ours;

	if (json_parse(body, 0, &doc, NULL) != ERR_OK)
		return true;
	ours = str_eq_nocase(json_str(json_get(json_root(doc), "repo")), d->repo);
	json_free(doc);
	return ours;
}

static bool is_old_worth_keeping(const struct deliver *d, enum err_code code, struct str body)
{
	return is_worth_keeping(code) || (code == ERR_NOT_FOUND && !is_of_our_repo(d, body));
}

/*
 * Old posts, oldest first, until one fails in a way that the next one would share: then that is returned.
 * ERR_OK also when there was no time for all of them.
 */
static enum err_code send_old(
	const struct deliver *d, struct http_client *http, struct limits limits, struct err *e)
{
	int64_t until = clock_steady_ms(d->clock) + limits.total_ms;
	struct str url = buf_view(&d->peer->shown);
	int n_broken = 0, n_refused = 0;
	struct err refused = { 0 };
	struct spool_post post;
	enum err_code code = ERR_OK;

	while (code == ERR_OK) {
		int64_t left = until - clock_steady_ms(d->clock);

		if (left <= 0 || !spool_next(d->spool, url, &post, &n_broken))
			break;
		limits.total_ms = (int)left;
		code = send_post(d, http, post.body, limits, e);
		if (code != ERR_OK && is_old_worth_keeping(d, code, post.body)) {
			spool_unsent(d->spool, &post);
		} else {
			if (code != ERR_OK && n_refused++ == 0)
				refused = *e;
			spool_sent(d->spool, &post);
		}
		if (!is_worth_keeping(code) || code == ERR_INTERNAL)
			code = ERR_OK;
	}
	if (n_refused > 0)
		command_say(d->command, "%d kept log%s not taken by the server and dropped: %s", n_refused,
			n_refused == 1 ? " was" : "s were", refused.text);
	if (n_broken > 0)
		command_say(d->command, "%d damaged file%s in %s removed", n_broken,
			n_broken == 1 ? " was" : "s were", d->spool->folder.p);
	return code;
}

void deliver_old(const struct deliver *d)
{
	struct limits limits = { DELIVER_QUIET_CONNECT_MS, DELIVER_QUIET_MS };
	struct http_client *http = http_client_new();
	struct err e;

	/* That it is down was said when the posts were put there. */
	(void)!send_old(d, http, limits, &e);
	http_client_free(http);
}

static void tell_kept(const struct deliver *d, const struct err *why, int n_lost)
{
	AUTO_BUF lost;

	buf_init(&lost, 200);
	if (n_lost > 0)
		buf_fmt(&lost, " (it was full: the oldest %d went)", n_lost);
	command_say(d->command, "the log was not sent to %s: %s. It is kept in %s%s; the next call sends it",
		buf_cstr(&d->peer->shown), why->text, d->spool->folder.p, buf_cstr(&lost));
}

enum err_code deliver(const struct deliver *d, struct str body)
{
	struct limits old = { HTTP_CONNECT_MS, DELIVER_OLD_MS }, own = { HTTP_CONNECT_MS, HTTP_TOTAL_MS };
	struct http_client *http = http_client_new();
	struct err why, no_spool;
	struct spool_post post;
	enum err_code code;
	bool kept;
	int n_lost = 0;

	kept = spool_add(d->spool, buf_view(&d->peer->shown), body, &post, &n_lost, &no_spool) == ERR_OK;
	code = send_old(d, http, old, &why);
	if (code == ERR_OK)
		code = send_post(d, http, body, own, &why);
	http_client_free(http);

	if (code != ERR_OK && !is_worth_keeping(code))
		command_say(
			d->command, "the log was not taken by %s: %s", buf_cstr(&d->peer->shown), why.text);
	else if (code != ERR_OK && kept)
		tell_kept(d, &why, n_lost);
	else if (code != ERR_OK)
		command_say(d->command,
			"the log was not sent to %s: %s; it is lost, for it could not be kept either: %s",
			buf_cstr(&d->peer->shown), why.text, no_spool.text);
	if (kept && code != ERR_OK && is_worth_keeping(code))
		spool_unsent(d->spool, &post);
	else if (kept)
		spool_sent(d->spool, &post);
	return code;
}
