/*
 * rest: one request to a forge.
 *
 * Whoever asks says until when; what is left of it is all that a request gets, so that a forge which drips does not hold its asker for the time-outs of every page together.
 */
#include "forge/rest.h"

#include "base/digest.h"
#include "net/url.h"

#define PLACE_MAX 200
#define TOKEN_MAX 4096

void rest_put_api(enum commits_kind kind, struct str url, struct buf *out)
{
	bool hub = kind == COMMITS_GITHUB;

	if (hub && str_eq_nocase(url, STR("https://github.com")))
		buf_z(out, "https://api.github.com");
	else
		buf_fmt(out, "%.*s/api/%s", STR_FMT(url), hub ? "v3" : "v1");
}

void rest_put_repo(enum commits_kind kind, struct str url, struct str owner, struct str repo, struct buf *out)
{
	rest_put_api(kind, url, out);
	buf_z(out, "/repos/");
	url_encode(owner, out);
	buf_char(out, '/');
	url_encode(repo, out);
}

struct str rest_place(struct str url, struct str owner, struct str repo, struct arena *a)
{
	struct url u;
	AUTO_BUF host;

	buf_init(&host, PLACE_MAX);
	if (url_split(url, &u, NULL) == ERR_OK)
		url_put_host(&u, &host);
	return arena_fmt(
		a, "%.60s/%.60s at %.100s", arena_cstr(a, owner), arena_cstr(a, repo), buf_cstr(&host));
}

static int less(int64_t left, int usual)
{
	return left < usual ? (int)left : usual;
}

/* What was taken of a long answer and what the taker made of it is the taker's own to say. */
struct taking {
	http_take_fn *take;
	void *arg;
	enum err_code code;
	struct err *e;
};

static enum err_code take(void *arg, struct str bytes, struct err *e)
{
	struct taking *t = arg;

	(void)e;
	return t->code = t->take(t->arg, bytes, t->e);
}

enum err_code rest_send(struct http_client *http, const struct rest_call *c, struct str place, int64_t until,
	const struct clock *clock, struct http_answer *ret, struct err *e)
{
	const struct http_header accept = { "Accept", c->accept ? c->accept : "application/json" };
	int64_t left = until - clock_steady_ms(clock);
	struct taking taking = { .take = c->take, .arg = c->arg, .e = e };
	struct err why = { 0 };
	enum err_code code;
	AUTO_BUF token;
	struct http_request r = {
		.method = c->method,
		.url = c->url,
		.content_type = c->body.len > 0 ? "application/json" : NULL,
		.body = c->body,
		.headers = &accept,
		.n_headers = 1,
		.max_answer = c->max_answer,
		.told = c->told,
		.n_told = c->n_told,
	};

	buf_init(&token, TOKEN_MAX);
	buf_str(&token, c->token);
	TRY(buf_check(&token, "the token of a forge", e));
	r.bearer = token.len > 0 ? buf_cstr(&token) : NULL;
	if (left <= 0)
		return err_set(e, ERR_NETWORK, "%s is too slow; it is asked again", place.p);
	r.total_ms = less(left, HTTP_TOTAL_MS);
	r.connect_ms = less(left, HTTP_CONNECT_MS);
	code = c->take ? http_fetch(http, &r, 200, take, &taking, ret, &why) : http_send(http, &r, ret, &why);
	secret_wipe(token.p, token.len);
	if (taking.code != ERR_OK)
		return taking.code;
	if (code != ERR_OK)
		return err_set(e, ERR_NETWORK, "%s could not be asked: %.250s", place.p, why.text);
	return ERR_OK;
}
