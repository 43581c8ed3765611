/*
 * guard: may this request be looked at any further. Decided on headers alone: authentication, rate, scope.
 *
 * Whoever shows a good token is counted by that token, and by nothing else: behind a reverse proxy every client may have
 * the proxy's address, and one runner with an old token must not shut out the others. Who shows none that is good is counted by address, as a
 * failed authentication; an address over that limit is told 429 in place of 401, so it cannot go on guessing. So nobody makes up keys to be counted
 * by: a token is one only when it is good. What a good token adds to the guesser's knowledge is nothing: tokens are 256 random bits, and the look
 * at one costs one indexed query.
 *
 * What is open to all is counted by address. What runners send is not counted but bounded: so many at once, whose bodies hold so many bytes.
 *
 * Every answer says where its limit stands; one that comes before a limit was looked at (404, 413, or of no limited class) says where the limit
 * stands without counting.
 */
#include "http/edge.h"

#include "base/ip.h"
#include "base/metric.h"
#include "http/signed.h"
#include "model/episode.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define MINUTE_MS INT64_C(60000)

static _Atomic int64_t n_ingest; /* requests of runners that are being answered */

struct key {
	char bytes[2 + IP_TEXT_LEN + 64]; /* of a host its name: fits too */
};

_Static_assert(HOST_NAME_LEN_MAX + 3 < sizeof(struct key), "a key holds the name of a host");

/* Of a browser it is its session that counts, of a host its name. */
static struct str by_token(struct key *k, char class, const struct identity *id)
{
	bool is_session = id->kind == IDENTITY_SESSION;
	int n = id->kind == IDENTITY_HOST
			? snprintf(k->bytes, sizeof k->bytes, "%ch%.*s", class, STR_FMT(id->host))
			: snprintf(k->bytes, sizeof k->bytes, "%c%s%lld", class, is_session ? "s" : "",
				  (long long)(is_session ? id->session_id : id->token.id));

	return (struct str){ k->bytes, (size_t)n };
}

/* What is no address (a test, a socket of another family) is counted as it is written. */
static struct str by_address(struct key *k, char class, struct str address)
{
	char text[IP_TEXT_LEN];
	struct ip ip;
	int n;

	if (ip_parse(address, &ip))
		address = ip_limit_key(&ip, text);
	if (address.len > IP_TEXT_LEN)
		address.len = IP_TEXT_LEN;
	n = snprintf(k->bytes, sizeof k->bytes, "%c%.*s", class, STR_FMT(address));
	return (struct str){ k->bytes, (size_t)n };
}

struct counted { /* what a request is counted as */
	enum rate_of of;
	struct str key;
	struct rate_limit limit;
	const char *what;
};

/* Of an operation, for who asks (nobody, when they are not known or need not be). False: it is of no class that is counted. */
static bool class_of(const struct call *c, struct key *k, struct counted *ret)
{
	const struct rate_limit reads = { c->cfg->reads_per_minute, MINUTE_MS },
				writes = { c->cfg->writes_per_minute, MINUTE_MS },
				logins = { c->cfg->logins_per_window, LOGIN_WINDOW_MS };
	bool known = c->identity.kind == IDENTITY_TOKEN || c->identity.kind == IDENTITY_SESSION ||
		     c->identity.kind == IDENTITY_HOST;
	const char *what = "requests of this kind";

	switch (c->op ? c->op->rate : OP_RATE_NONE) {
	case OP_RATE_READ:
	case OP_RATE_WRITE: {
		bool write = c->op->rate == OP_RATE_WRITE;

		*ret = (struct counted){ known ? RATE_OF_TOKEN : RATE_OF_ADDRESS,
			known ? by_token(k, write ? 'w' : 'r', &c->identity)
			      : by_address(k, c->op->auth == OP_AUTH_SESSION ? 'p' : 'f', c->address),
			write && known ? writes : reads, what };
		return true;
	}
	case OP_RATE_LOGIN:
		*ret = (struct counted){ RATE_OF_ADDRESS, by_address(k, 'l', c->address), logins,
			"tokens were asked for by this address" };
		return true;
	case OP_RATE_PUBLIC:
		*ret = (struct counted){ RATE_OF_ADDRESS, by_address(k, 'p', c->address), reads, what };
		return true;
	case OP_RATE_NONE:
	case OP_RATE_INGEST:
		break;
	}
	*ret = (struct counted){ RATE_OF_ADDRESS, by_address(k, 'p', c->address), reads, what };
	return false;
}

static void note_verdict(struct call *c, const struct rate_verdict *v)
{
	edge_of(c)->verdict = *v; /* the limit that refuses is the one that is told */
	edge_of(c)->is_limited = true;
}

static enum err_code take(struct call *c, const struct counted *x, struct err *e)
{
	struct rate_verdict v;

	if (x->limit.n <= 0)
		return ERR_OK;
	v = rate_take(c->app->rate, x->of, x->key, x->limit, clock_steady_ms(c->app->clock));
	note_verdict(c, &v);
	if (v.allowed)
		return ERR_OK;
	edge_of(c)->retry_after_s = v.reset_s > 0 ? v.reset_s : 1;
	metric_add(METRIC_HTTP_RATE_LIMITED, 1);
	return err_set(e, ERR_RATE_LIMITED,
		"more than %lld %s within %lld min; there is room again in %lld s", (long long)v.limit,
		x->what, (long long)(x->limit.window_ms / MINUTE_MS), (long long)edge_of(c)->retry_after_s);
}

/* ---- what runners send: so many at once ---- */

static void tell_ingest(struct call *c, int64_t n)
{
	int64_t most = c->cfg->ingest_requests;

	note_verdict(c,
		&(struct rate_verdict){ .limit = most, .remaining = n < most ? most - n : 0, .reset_s = 1 });
}

static enum err_code take_ingest(struct call *c, struct err *e)
{
	int64_t n = atomic_fetch_add(&n_ingest, 1) + 1;

	edge_of(c)->is_ingest = true; /* guard_done() counts it down, refused or not */
	tell_ingest(c, n);
	if (n <= c->cfg->ingest_requests)
		return ERR_OK;
	edge_of(c)->retry_after_s = 1;
	metric_add(METRIC_HTTP_RATE_LIMITED, 1);
	return err_set(e, ERR_RATE_LIMITED,
		"%lld requests of runners are being answered, the bound is limits.ingest-requests; try again "
		"in a moment",
		(long long)(n - 1));
}

void guard_done(struct call *c)
{
	if (edge_of(c)->is_ingest)
		atomic_fetch_sub(&n_ingest, 1);
}

void guard_look(struct call *c)
{
	struct rate_verdict v;
	struct counted x;
	struct key k;

	if (c->op && c->op->rate == OP_RATE_INGEST) {
		tell_ingest(c, atomic_load(&n_ingest));
		return;
	}
	class_of(c, &k, &x);
	if (x.limit.n <= 0)
		return;
	v = rate_peek(c->app->rate, x.of, x.key, x.limit, clock_steady_ms(c->app->clock));
	note_verdict(c, &v);
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
	return c->op->auth == OP_AUTH_SESSION && call_header(c, "Authorization").len == 0 &&
	       session_cookie_find(c->cfg, call_header(c, "Cookie")).len == 0;
}

/* On the listener of hosts it is the certificate that counts, whatever token stands beside it. */
static enum err_code take_host(struct call *c, struct err *e)
{
	struct str name = edge_of(c)->head.tls_host;

	if (name.len == 0)
		return err_set(e, ERR_UNAUTHORIZED,
			"no certificate of a host came with this connection; this listener takes hosts that "
			"show one that "
			"fleet.client-ca signed");
	c->identity = access_of_host(name, &c->arena);
	return ERR_OK;
}

static enum err_code authenticate(struct call *c, struct err *e)
{
	enum access_realm realm = c->op->auth == OP_AUTH_INTERNAL ? REALM_INTERNAL : REALM_API;

	edge_of(c)->access_epoch = access_epoch(c->app->access);
	if (c->op->auth == OP_AUTH_SESSION)
		return page_viewer(c, &c->viewer, e);
	if (edge_of(c)->head.is_fleet)
		return take_host(c, e);
	return access_authenticate(c->app->access, &c->cfg->internal, realm, call_header(c, "Authorization"),
		c->now, &c->arena, &c->identity, e);
}

/* Counts what failed, and lets the failure stand unless there were too many. A login was counted when it came, by a limit that is tighter. */
enum err_code guard_failed(struct call *c, struct err *e)
{
	struct counted x = { .of = RATE_OF_ADDRESS,
		.limit = { c->cfg->reads_per_minute, MINUTE_MS },
		.what = "failed authentications of this address" };
	struct key k;
	struct err limited;

	x.key = by_address(&k, 'f', c->address);
	if (c->op->rate != OP_RATE_LOGIN && take(c, &x, &limited) != ERR_OK)
		*e = limited;
	return e->code;
}

static enum err_code take_rate(struct call *c, struct err *e)
{
	struct counted x;
	struct key k;

	if (c->op->rate == OP_RATE_INGEST)
		return take_ingest(c, e);
	return class_of(c, &k, &x) ? take(c, &x, e) : ERR_OK;
}

/* A login shows its password in the body; a token beside it is good or is as if it were not there, until the body is known. */
static enum err_code admit_login(struct call *c, struct err *e)
{
	enum err_code code;

	TRY(take_rate(c, e));
	code = authenticate(c, e);
	return code == ERR_UNAUTHORIZED ? ERR_OK : code;
}

enum err_code guard_admit(struct call *c, struct err *e)
{
	enum err_code code;
	struct err why;

	if (c->op->auth == OP_AUTH_NONE || (c->op->auth == OP_AUTH_METRICS && is_local(c)))
		return take_rate(c, e);
	if (c->op->auth == OP_AUTH_SIGNATURE) { /* the body says the rest: signed_check() */
		TRY(signed_admit(c, e));
		return take_rate(c, e);
	}
	if (c->op->auth == OP_AUTH_LOGIN) {
		TRY(admit_login(c, e));
	} else {
		code = authenticate(c, &why);
		if (code == ERR_OK ||
			has_none(c)) /* a visitor is counted by address, and sent to the login page */
			TRY(take_rate(c, e));
		if (code != ERR_OK)
			*e = why;
		if ((code == ERR_UNAUTHORIZED && !has_none(c)) || code == ERR_CLOSED)
			return guard_failed(c, e);
		TRY(code);
	}
	c->identity.address = c->address;
	c->identity.request_id = str_z(edge_of(c)->request_id);
	if (c->op->auth == OP_AUTH_LOGIN)
		return ERR_OK;
	TRY(membership_look(c->app->membership, c->cfg, access_viewer(&c->identity), e));
	call_needs(c, c->op->scope, c->op->roles);
	return access_allow(&c->identity, c->op->scope, c->op->roles, e);
}

/* A body may take its time to come. */
enum err_code guard_again(struct call *c, struct err *e)
{
	struct identity before = c->identity;

	if ((before.kind != IDENTITY_TOKEN && before.kind != IDENTITY_SESSION) ||
		edge_of(c)->access_epoch == access_epoch(c->app->access))
		return ERR_OK;
	TRY(authenticate(c, e));
	c->identity.address = before.address;
	c->identity.request_id = before.request_id;
	return access_allow(&c->identity, c->op->scope, c->op->roles, e);
}

void call_needs(struct call *c, scope_set scopes, unsigned roles)
{
	edge_of(c)->need_scopes |= scopes;
	edge_of(c)->need_roles |= roles;
}
