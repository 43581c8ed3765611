/*
 * guard: may this request be looked at any further. Decided on headers alone: rate, authentication, scope.
 *
 * Two things are counted. Requests of a class, by token (by address where there is none); and failed
 * authentication, by address. An address over the second limit is told 429 in place of 401, so it cannot go
 * on guessing; but a token that proves good is let in all the same. Behind a reverse proxy every client has
 * the proxy's address, and one runner with an old token must not shut out the others. What a good token adds
 * to the guesser's knowledge is nothing: tokens are 256 random bits.
 *
 * Keys are digests: no token stays in the memory of the limits.
 */
#include "http/edge.h"

#include "base/digest.h"
#include "base/metric.h"

#include <string.h>

/* What was presented, whatever the scheme and the blanks are: one token has one window however it is spelled.
 */
static struct str presented(const struct call *c)
{
	struct edge *x = edge_of(c);
	struct str value = str_trim(x->head.headers.get(x->head.headers.arg, "Authorization"));

	return str_trim(str_from(value, str_find(value, ' ')));
}

struct key {
	char bytes[1 + SHA256_LEN];
};

static struct str make_key(struct key *k, char class, struct str who)
{
	struct sha256 digest = sha256_of(who);

	k->bytes[0] = class;
	memcpy(k->bytes + 1, digest.b, SHA256_LEN);
	return (struct str){ k->bytes, sizeof k->bytes };
}

/* False: this operation is of no class that is counted. */
static bool class_of(const struct call *c, struct key *k, struct str *ret_key, int64_t *ret_limit)
{
	struct str token = presented(c);
	struct str peer = edge_of(c)->head.peer;

	switch (c->op->rate) {
	case OP_RATE_PUBLIC:
		*ret_key = make_key(k, 'p', peer);
		*ret_limit = c->cfg->reads_per_minute;
		return true;
	case OP_RATE_READ:
		*ret_key = token.len ? make_key(k, 'r', token) : make_key(k, 'R', peer);
		*ret_limit = c->cfg->reads_per_minute;
		return true;
	case OP_RATE_WRITE:
		*ret_key = token.len ? make_key(k, 'w', token) : make_key(k, 'W', peer);
		*ret_limit = c->cfg->writes_per_minute;
		return true;
	case OP_RATE_NONE:
	case OP_RATE_INGEST:
		break;
	}
	return false;
}

static enum err_code refuse_rate(
	struct call *c, const struct rate_verdict *v, const char *of_what, struct err *e)
{
	edge_of(c)->verdict = *v; /* the limit that refuses is the one that is told */
	edge_of(c)->is_limited = true;
	edge_of(c)->retry_after_s = v->reset_s > 0 ? v->reset_s : 1;
	metric_add(METRIC_HTTP_RATE_LIMITED, 1);
	return err_set(e, ERR_RATE_LIMITED,
		"more than %lld %s within a minute; there is room again in %lld s", (long long)v->limit,
		of_what, (long long)edge_of(c)->retry_after_s);
}

static enum err_code take_rate(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);
	struct key k;
	struct str key;
	int64_t limit;

	if (!class_of(c, &k, &key, &limit) || limit <= 0)
		return ERR_OK;
	x->verdict = rate_take(c->app->rate, key, limit, clock_steady_ms(c->app->clock));
	x->is_limited = true;
	return x->verdict.allowed ? ERR_OK : refuse_rate(c, &x->verdict, "requests of this kind", e);
}

void guard_look(struct call *c)
{
	struct edge *x = edge_of(c);
	struct key k;
	struct str key;
	int64_t limit;

	if (!class_of(c, &k, &key, &limit) || limit <= 0)
		return;
	x->verdict = rate_peek(c->app->rate, key, limit, clock_steady_ms(c->app->clock));
	x->is_limited = true;
}

static enum err_code failed(struct call *c, const struct err *why, struct err *e)
{
	struct rate_verdict v;
	struct key k;
	struct str key = make_key(&k, 'f', edge_of(c)->head.peer);

	v = rate_take(c->app->rate, key, c->cfg->reads_per_minute, clock_steady_ms(c->app->clock));
	if (!v.allowed)
		return refuse_rate(c, &v, "failed authentications of this address", e);
	*e = *why;
	return why->code;
}

/* Whoever sits on this machine may read the numbers; whoever comes through a proxy on it does not sit here.
 */
static bool is_local(const struct call *c)
{
	static const char *const left_by_proxies[] = { "X-Forwarded-For", "Forwarded", "X-Real-IP", "Via" };
	const struct request_head *h = &edge_of(c)->head;

	for (size_t i = 0; i < sizeof left_by_proxies / sizeof *left_by_proxies; i++)
		if (h->headers.get(h->headers.arg, left_by_proxies[i]).len > 0)
			return false;
	return h->peer_is_loopback;
}

/* No credential that failed, but none at all: a visitor who is sent to the login page, and no guess. */
static bool has_none(const struct call *c)
{
	return c->op->auth == OP_AUTH_SESSION && call_header(c, "Authorization").len == 0;
}

static enum err_code authenticate(struct call *c, struct err *e)
{
	enum access_realm realm = c->op->auth == OP_AUTH_INTERNAL ? REALM_INTERNAL : REALM_API;

	if (c->op->auth == OP_AUTH_SESSION)
		return page_viewer(c, &c->viewer, e);
	return access_authenticate(c->app->access, &c->cfg->internal, realm, call_header(c, "Authorization"),
		c->now, &c->arena, &c->identity, e);
}

enum err_code guard_admit(struct call *c, struct err *e)
{
	enum err_code code;
	struct err why;

	TRY(take_rate(c, e));
	if (c->op->auth == OP_AUTH_NONE || (c->op->auth == OP_AUTH_METRICS && is_local(c)))
		return ERR_OK;
	code = authenticate(c, &why);
	if ((code == ERR_UNAUTHORIZED && !has_none(c)) || code == ERR_CLOSED)
		return failed(c, &why, e);
	if (code != ERR_OK) {
		*e = why;
		return code;
	}
	call_needs(c, c->op->scope, c->op->roles);
	return access_allow(&c->identity, c->op->scope, c->op->roles, e);
}

void call_needs(struct call *c, scope_set scopes, unsigned roles)
{
	edge_of(c)->need_scopes |= scopes;
	edge_of(c)->need_roles |= roles;
}
