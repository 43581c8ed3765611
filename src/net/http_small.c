/*
 * http_small: the interface of net/http.h without libcurl, for the program that runs alone: sluice-run is one
 * static file, and Debian's libcurl cannot be linked into one.
 *
 * HTTP/1.1 and nothing else, one request at a time over one connection, which is kept for the next. While the
 * request is written the answer is listened for: a server that refuses a body answers before it has read it,
 * and who only listens afterwards finds the connection reset and the answer gone.
 *
 * A connection that was kept may have been closed by the server at the same moment as we write on it. Then
 * nothing has come back, and the request goes out again on a new one, once. That may do a request twice, as
 * with every HTTP client; those of Sluice may be done twice.
 *
 * Through a proxy an http URL is asked for in its full form; for https the proxy is asked to CONNECT, and TLS
 * is spoken with the server itself.
 */
#include "net/http.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "net/dial.h"
#include "net/http_parse.h"
#include "net/proxy.h"
#include "net/tls.h"
#include "net/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ANSWER (16 * 1024 * 1024)
#define HEAD_MAX (64 * 1024) /* of a request */
#define TARGET_MAX 8192      /* names of a server and a proxy, with ports and the proxy's user */

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0"
#endif

struct http_client {
	struct wire wire;
	struct buf target;       /* where the wire leads, and through what */
	struct tls_context *tls; /* made when it is needed first: reading the authorities takes a while */
};

struct route { /* of one request */
	struct url url;
	struct proxy proxy;
	struct buf target;
	int connect_ms;
	int64_t connect_until, until; /* steady ms */
};

struct exchange { /* a request that goes out while its answer comes in */
	struct wire *wire;
	struct str unsent[2]; /* head, body */
	struct http_parse in;
	bool heard; /* anything at all */
};

struct http_client *http_client_new(void)
{
	struct http_client *c = mem_alloc(sizeof *c);

	c->wire.fd = -1;
	buf_init(&c->target, TARGET_MAX);
	return c;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	wire_close(&c->wire);
	tls_context_free(c->tls);
	buf_done(&c->target);
	free(c);
}

void http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
}

/* --- an exchange */

/* As much as there is room for. A server that reads no more may still have said why: not an error yet. */
static enum wire_state write_some(struct exchange *x)
{
	enum wire_state state = WIRE_OK;
	size_t n;

	for (size_t i = 0; i < 2; i++)
		while (x->unsent[i].len > 0) {
			state = wire_write(x->wire, x->unsent[i].p, x->unsent[i].len, &n);
			if (state != WIRE_OK)
				return state;
			x->unsent[i] = str_from(x->unsent[i], n);
		}
	return state;
}

/* What is there, up to a piece. WIRE_OK: look at *ret_parse; if that is HTTP_MORE there may be more to read. */
static enum wire_state read_some(struct exchange *x, enum http_parse_state *ret_parse)
{
	char piece[16 * 1024];
	size_t n;
	enum wire_state state = wire_read(x->wire, piece, sizeof piece, &n);

	if (state == WIRE_OK) {
		x->heard = true;
		*ret_parse = http_parse_feed(&x->in, (struct str){ piece, n });
	} else if (state == WIRE_END) {
		*ret_parse = http_parse_end(&x->in);
	} else if (state == WIRE_BROKEN) {
		*ret_parse = HTTP_CUT;
	}
	return state;
}

static enum err_code verdict(enum http_parse_state state, struct err *e)
{
	switch (state) {
	case HTTP_WHOLE:
		return ERR_OK;
	case HTTP_TOO_LARGE:
		return err_set(e, ERR_TOO_LARGE, "the answer is too large");
	case HTTP_WRONG:
		return err_set(e, ERR_NETWORK, "what was answered is no HTTP/1.1");
	case HTTP_CUT:
	case HTTP_MORE:
		break;
	}
	return err_set(e, ERR_NETWORK, "the connection was cut before there was an answer");
}

static enum err_code exchange(struct exchange *x, int64_t until, struct err *e)
{
	enum http_parse_state parse = HTTP_MORE;
	enum wire_state out, in, wants;

	for (;;) {
		out = write_some(x);
		in = read_some(x, &parse);
		if (parse != HTTP_MORE)
			return verdict(parse, e);
		if (in == WIRE_OK && clock_steady_ms(&clock_system) < until)
			continue; /* TLS may hold more that the descriptor does not tell of */
		wants = out == WIRE_WANTS_WRITE || in == WIRE_WANTS_WRITE ? WIRE_WANTS_WRITE
									  : WIRE_WANTS_READ;
		if (!wire_wait(x->wire, wants, true, until))
			return err_set(e, ERR_NETWORK, "timed out");
	}
}

/* May the connection carry another request? Not with half of this one on it. */
static bool may_stay(const struct exchange *x)
{
	return x->in.keep_alive && x->unsent[0].len == 0 && x->unsent[1].len == 0;
}

/* --- a connection */

/* "HOST:PORT" and what is between: a bare connection to a proxy serves all http URLs. */
static void put_target(struct route *r)
{
	buf_init(&r->target, TARGET_MAX);
	if (r->proxy.is_used) {
		buf_z(&r->target, "by ");
		url_put_host(&r->proxy.at, &r->target);
		buf_fmt(&r->target, " for %.*s", STR_FMT(r->proxy.at.user));
	}
	if (r->proxy.is_used && !r->url.is_tls)
		return;
	buf_z(&r->target, r->url.is_tls ? " tls " : " ");
	url_put_host(&r->url, &r->target);
}

static void put_proxy_user(const struct route *r, struct buf *out)
{
	if (r->proxy.at.user.len == 0)
		return;
	buf_z(out, "Proxy-Authorization: ");
	proxy_put_basic(r->proxy.at.user, out);
	buf_z(out, "\r\n");
}

/* Asks the proxy for a connection through to the server. */
static enum err_code connect_through(struct http_client *c, const struct route *r, struct err *e)
{
	struct http_answer a = { 0 };
	struct exchange x = { .wire = &c->wire };
	enum err_code code;
	AUTO_BUF host, head;

	buf_init(&a.body, 0);
	buf_init(&host, TARGET_MAX);
	buf_init(&head, HEAD_MAX);
	url_put_host(&r->url, &host);
	buf_fmt(&head, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\n",
		buf_cstr(&host), buf_cstr(&host));
	put_proxy_user(r, &head);
	buf_z(&head, "\r\n");
	x.unsent[0] = buf_view(&head);
	http_parse_init(&x.in, &a, true);
	code = exchange(&x, r->connect_until, e);
	http_parse_done(&x.in);
	secret_wipe(head.p, head.len);
	http_answer_done(&a);
	if (code != ERR_OK)
		return err_in(e, "asking the proxy to connect");
	if (a.status / 100 != 2)
		return err_set(e, ERR_NETWORK, "the proxy answered %d when asked to connect", a.status);
	return ERR_OK;
}

static enum err_code open_wire(struct http_client *c, struct route *r, struct err *e)
{
	const struct url *first = r->proxy.is_used ? &r->proxy.at : &r->url;

	r->connect_until = clock_steady_ms(&clock_system) + r->connect_ms;
	if (r->connect_until > r->until)
		r->connect_until = r->until;
	if (dial(first->host, first->port, r->connect_until, &c->wire.fd, e) != ERR_OK)
		return r->proxy.is_used ? err_in(e, "the proxy") : e->code;
	if (!r->url.is_tls)
		return ERR_OK;
	if (r->proxy.is_used)
		TRY(connect_through(c, r, e));
	if (!c->tls)
		TRY(tls_context_new(&c->tls, e));
	return tls_begin(c->tls, &c->wire, &r->url, r->connect_until, e);
}

/* The connection that was kept if it leads there, else a new one. */
static enum err_code connect_to(struct http_client *c, struct route *r, bool *ret_reused, struct err *e)
{
	*ret_reused = c->wire.fd >= 0 && !r->target.full &&
		      str_eq(buf_view(&c->target), buf_view(&r->target)) && wire_is_quiet(&c->wire);
	if (*ret_reused)
		return ERR_OK;
	wire_close(&c->wire);
	buf_reset(&c->target);
	buf_str(&c->target, buf_view(&r->target));
	return open_wire(c, r, e);
}

/* --- a request */

static bool takes_a_body(const char *method)
{
	return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 || strcmp(method, "PATCH") == 0;
}

static void put_host_header(const struct url *u, struct buf *out)
{
	bool usual = u->port == (u->is_tls ? 443 : 80);

	buf_fmt(out, u->is_v6 ? "[%.*s]" : "%.*s", STR_FMT(u->host));
	if (!usual)
		buf_fmt(out, ":%d", u->port);
}

static void put_request_line(const struct http_request *q, const struct route *r, struct buf *out)
{
	buf_fmt(out, "%s ", q->method);
	if (r->proxy.is_used && !r->url.is_tls) {
		buf_z(out, "http://");
		put_host_header(&r->url, out);
	}
	buf_fmt(out, "%s%.*s HTTP/1.1\r\nHost: ", str_starts(r->url.target, STR("/")) ? "" : "/",
		STR_FMT(r->url.target));
	put_host_header(&r->url, out);
	buf_z(out, "\r\nUser-Agent: sluice/" SLUICE_VERSION "\r\nAccept: */*\r\n");
}

static void put_head(const struct http_request *q, const struct route *r, struct buf *out)
{
	put_request_line(q, r, out);
	if (r->proxy.is_used && !r->url.is_tls)
		put_proxy_user(r, out);
	if (q->bearer) {
		buf_fmt(out, "Authorization: Bearer %s\r\n", q->bearer);
	} else if (r->url.user.len > 0) {
		buf_z(out, "Authorization: ");
		proxy_put_basic(r->url.user, out);
		buf_z(out, "\r\n");
	}
	if (q->content_type)
		buf_fmt(out, "Content-Type: %s\r\n", q->content_type);
	if (q->content_type || takes_a_body(q->method))
		buf_fmt(out, "Content-Length: %zu\r\n", q->content_type ? q->body.len : 0);
	for (size_t i = 0; i < q->n_headers; i++)
		buf_fmt(out, "%s: %s\r\n", q->headers[i].name, q->headers[i].value);
	buf_z(out, "\r\n");
}

static enum err_code ask_once(struct http_client *c, const struct http_request *q, struct route *r,
	struct http_answer *a, bool *ret_stale, struct err *e)
{
	struct exchange x = { .wire = &c->wire };
	enum err_code code;
	bool reused;
	AUTO_BUF head;

	buf_init(&head, HEAD_MAX);
	*ret_stale = false;
	code = connect_to(c, r, &reused, e);
	if (code != ERR_OK) {
		wire_close(&c->wire);
		return code;
	}
	put_head(q, r, &head);
	TRY(buf_check(&head, "the head of the request", e));
	x.unsent[0] = buf_view(&head);
	x.unsent[1] = q->content_type ? q->body : STR("");
	http_parse_init(&x.in, a, strcmp(q->method, "HEAD") == 0);
	code = exchange(&x, r->until, e);
	*ret_stale = code == ERR_NETWORK && reused && !x.heard && clock_steady_ms(&clock_system) < r->until;
	if (code != ERR_OK || !may_stay(&x))
		wire_close(&c->wire);
	http_parse_done(&x.in);
	secret_wipe(head.p, head.len);
	return code;
}

static enum err_code route_of(const struct http_request *q, struct route *r, struct err *e)
{
	int total_ms = q->total_ms ? q->total_ms : HTTP_TOTAL_MS;

	r->connect_ms = q->connect_ms ? q->connect_ms : HTTP_CONNECT_MS;
	r->until = clock_steady_ms(&clock_system) + total_ms;
	TRY(proxy_find(&r->url, &r->proxy, e));
	put_target(r);
	return ERR_OK;
}

/* The host in front of what went wrong with it. */
static enum err_code named(const struct url *u, struct err *e)
{
	AUTO_BUF host;

	buf_init(&host, TARGET_MAX);
	url_put_host(u, &host);
	return err_in(e, "%s", buf_cstr(&host));
}

enum err_code http_send(
	struct http_client *c, const struct http_request *q, struct http_answer *ret, struct err *e)
{
	struct http_answer a = { .upload_offset = -1 };
	struct route r = { 0 };
	struct err own = { 0 };
	enum err_code code;
	bool stale = false;

	TRY(url_split(str_z(q->url), &r.url, e));
	buf_init(&a.body, q->max_answer ? q->max_answer : MAX_ANSWER);
	code = route_of(q, &r, &own);
	if (code == ERR_OK)
		code = ask_once(c, q, &r, &a, &stale, &own);
	if (stale) {
		buf_reset(&a.body);
		code = ask_once(c, q, &r, &a, &stale, &own);
	}
	buf_done(&r.target);
	if (code == ERR_OK) {
		*ret = a;
		return ERR_OK;
	}
	named(&r.url, &own);
	if (e)
		*e = own;
	http_answer_done(&a);
	return code;
}
