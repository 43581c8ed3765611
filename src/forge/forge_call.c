/*
 * forge_call: one question to a forge and what its answer means.
 *
 * A forge says three things with a 403: that a token may not, that it was asked too often, and on GitHub that it was asked too often with too little time between; the
 * headers tell them apart. It says with a 404 that there is no such thing, that the token may not know of it, or that it cannot do this at all; the description of its API
 * tells the last apart from the others, where it is asked beforehand (forge_can).
 *
 * What a forge writes beside a status ("message") is not passed on: it may quote what was asked, and an error of ours ends in places that a token must not come to.
 */
#include "forge/forge_call.h"

#include "forge/rest.h"

#define NAME_MAX_LEN 100
#define RETRY_UNTOLD_S 60
#define RETRY_MAX_S (24 * 3600) /* a clock that is wrong stops nobody for longer */

/* ".." would be another path: libcurl takes it out. */
static bool is_name(struct str s)
{
	return s.len > 0 && s.len <= NAME_MAX_LEN && str_find(s, '/') == s.len && !str_eq(s, STR(".")) &&
	       !str_eq(s, STR(".."));
}

enum err_code forge_begin(struct forge_api *f, struct str repo, struct arena *a, struct buf *path,
	struct str *place, struct err *e)
{
	size_t at = str_find(repo, '/');
	struct str owner = { repo.p, at }, name = str_from(repo, at + 1);

	if (!is_name(owner) || !is_name(name))
		return err_set(e, ERR_INVALID, "a repo of a forge is owner/name");
	f->until = clock_steady_ms(f->clock) + f->total_ms;
	f->retry_after_s = 0;
	*place = rest_place(f->url, owner, name, a);
	rest_put_repo(f->kind, f->url, owner, name, path);
	return ERR_OK;
}

enum err_code forge_put_id(struct buf *path, struct str id, const char *what, struct err *e)
{
	if (!forge_is_id(id))
		return err_set(
			e, ERR_INVALID, "the id of %s is letters and digits, %d at most", what, FORGE_ID_MAX);
	buf_str(path, id);
	return ERR_OK;
}

enum err_code forge_nonsense(struct str place, const char *what, struct err *e)
{
	return err_set(e, ERR_NETWORK, "%s answered with %s; is url that of a forge, and kind the right one?",
		place.p, what);
}

static int64_t retry_of(const struct forge_api *f, int64_t told_s, struct str reset)
{
	int64_t at, s = told_s;

	if (s <= 0 && str_to_int(reset, &at))
		s = at - clock_wall_ms(f->clock) / 1000;
	return s < 1 ? RETRY_UNTOLD_S : s > RETRY_MAX_S ? RETRY_MAX_S : s;
}

static enum err_code too_often(
	struct forge_api *f, int64_t told_s, struct str reset, struct str place, struct err *e)
{
	f->retry_after_s = retry_of(f, told_s, reset);
	return err_set(e, ERR_RATE_LIMITED, "%s was asked too often; it may be asked again in %lld s",
		place.p, (long long)f->retry_after_s);
}

enum err_code forge_refused(struct forge_api *f, int status, int64_t retry_after_s, struct str remaining,
	struct str reset, struct str place, struct err *e)
{
	const char *whose = f->token.len > 0 ? "the token" : "that there is no token";

	if (status == 429 || (status == 403 && (retry_after_s > 0 || str_eq(remaining, STR("0")))))
		return too_often(f, retry_after_s, reset, place, e);
	switch (status) {
	case 401:
		return err_set(e, ERR_UNAUTHORIZED,
			"%s answered 401: %s; set token-file to a token that is good there", place.p,
			f->token.len > 0 ? "the token is not good" : "it wants a token");
	case 403:
		return err_set(e, ERR_FORBIDDEN,
			"%s answered 403: %s does not allow this; give it the scopes that the manual names",
			place.p, whose);
	case 404:
		return err_set(e, ERR_NOT_FOUND, "%s answered 404: it is not there, or not for %s", place.p,
			f->token.len > 0 ? "this token" : "somebody without a token (token-file)");
	case 405:
	case 501:
		return err_set(e, ERR_METHOD, "%s answered %d: it cannot do this", place.p, status);
	case 409:
		return err_set(
			e, ERR_CONFLICT, "%s answered 409: it is already so, or not yet possible", place.p);
	case 410:
		return err_set(e, ERR_GONE, "%s answered 410: it is gone, or switched off there", place.p);
	case 413:
		return err_set(
			e, ERR_TOO_LARGE, "%s answered 413: what was sent is too large for it", place.p);
	case 400:
	case 422:
		return err_set(e, ERR_UNPROCESSABLE, "%s answered %d: it does not take what was sent",
			place.p, status);
	case 301:
	case 302:
	case 303:
	case 307:
	case 308:
		return err_set(e, ERR_NETWORK, "%s answered %d: it has moved; write its new name or address",
			place.p, status);
	}
	return err_set(e, ERR_NETWORK, "%s answered %d", place.p, status);
}

static enum err_code read_answer(
	const struct http_answer *answer, struct str place, struct json_doc **ret, struct err *e)
{
	if (!ret)
		return ERR_OK;
	if (json_parse(buf_view(&answer->body), JSON_REPAIR_TEXT, ret, NULL) != ERR_OK)
		return forge_nonsense(place, "what is no JSON, or too much of it", e);
	return ERR_OK;
}

/* What makes something goes over a connection of its own: on one that was kept it may be sent twice without anybody saying so. */
static void connect_anew(struct forge_api *f)
{
	http_client_free(f->http);
	f->http = http_client_new();
	http_client_watch(f->http, f->stop);
}

enum err_code forge_ask(struct forge_api *f, const char *method, const struct buf *url, struct str body,
	struct str place, struct json_doc **ret, struct err *e)
{
	struct http_told told[] = { { .name = "X-RateLimit-Remaining" }, { .name = "X-RateLimit-Reset" } };
	struct rest_call call = { .method = method,
		.url = buf_cstr(url),
		.token = f->token,
		.accept = f->kind == COMMITS_GITHUB ? "application/vnd.github+json" : NULL,
		.body = body,
		.max_answer = FORGE_ANSWER_MAX,
		.told = told,
		.n_told = 2 };
	struct http_answer answer = { 0 };
	enum err_code code;

	TRY(buf_check(url, "the URL of a question to a forge", e));
	if (str_eq(str_z(method), STR("POST")))
		connect_anew(f);
	for (size_t i = 0; i < 2; i++)
		buf_init(&told[i].value, FORGE_ID_MAX);
	code = rest_send(f->http, &call, place, f->until, f->clock, &answer, e);
	if (code == ERR_OK && answer.status / 100 == 2)
		code = read_answer(&answer, place, ret, e);
	else if (code == ERR_OK)
		code = forge_refused(f, answer.status, answer.retry_after_s, buf_view(&told[0].value),
			buf_view(&told[1].value), place, e);
	for (size_t i = 0; i < 2; i++)
		buf_done(&told[i].value);
	http_answer_done(&answer);
	return code;
}
