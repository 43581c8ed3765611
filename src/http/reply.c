/*
 * reply: answers, and the one shape of every error: {"code", "message", "details": {}}. Of pages errors are pages (page.h). Who asks for text/plain and would take no JSON (Accept)
 * is told the message alone, and what there is to be done: that is somebody at a terminal.
 *
 * What a client is told about a 5xx is its slug and the request's id; the story goes to diag, under the same
 * id. The exception is ERR_CLOSED: that the server is not configured is for whoever tries it to read.
 */
#include "http/edge.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/metric.h"
#include "base/utf8.h"
#include "http/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define PROBLEM_NAME_MAX 64 /* bytes of an unknown field's name that are told back */

void edge_problem(struct call *c, struct str field, const char *fmt, ...)
{
	struct edge *x = edge_of(c);
	char text[300];
	va_list ap;
	AUTO_BUF name;

	/* As it will be written, because members of one object must differ. */
	buf_init(&name, 4 * PROBLEM_NAME_MAX);
	utf8_clean(
		(struct str){ field.p, field.len < PROBLEM_NAME_MAX ? field.len : PROBLEM_NAME_MAX }, &name);
	for (size_t i = 0; i < x->n_problems; i++)
		if (str_eq(x->problems[i].field, buf_view(&name)))
			return;
	if (x->n_problems == EDGE_PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	x->problems[x->n_problems++] = (struct problem){
		.field = arena_str(&c->arena, buf_view(&name)),
		.message = arena_str(&c->arena, str_z(text)),
	};
}

enum err_code edge_problems_check(const struct call *c, struct err *e)
{
	const struct edge *x = edge_of(c);
	AUTO_BUF names;

	buf_init(&names, 250);
	if (x->n_problems == 0)
		return ERR_OK;
	for (size_t i = 0; i < x->n_problems; i++)
		if (names.len + x->problems[i].field.len < 240)
			buf_fmt(&names, "%s%.*s", names.len ? ", " : "", STR_FMT(x->problems[i].field));
	return err_set(e, ERR_INVALID, "wrong: %s; details.fields says why", buf_cstr(&names));
}

struct json_out reply_json(struct call *c, int status)
{
	struct json_out j;

	c->status = status;
	c->content_type = "application/json";
	json_out_init(&j, &c->reply);
	return j;
}

struct json_out reply_page(struct call *c, int64_t limit, int64_t offset, size_t n, int64_t total)
{
	struct json_out j = reply_json(c, 200);
	int64_t next = offset + (int64_t)n;
	bool more = (int64_t)n == limit && (total < 0 || next < total);

	json_open_object(&j, NULL);
	json_open_object(&j, "pagination");
	json_put_int(&j, "limit", limit);
	json_put_int(&j, "offset", offset);
	json_put_int(&j, "total", total);
	if (more)
		json_put_int(&j, "next_offset", next);
	else
		json_put_null(&j, "next_offset");
	json_close_object(&j);
	json_open_array(&j, "data");
	return j;
}

void reply_page_end(struct json_out *j)
{
	json_close_array(j);
	json_close_object(j);
}

void reply_text(struct call *c, int status, const char *content_type, struct str text)
{
	c->status = status;
	c->content_type = content_type;
	buf_str(&c->reply, text);
}

void reply_file(struct call *c, int status, const char *content_type, int fd, int64_t offset, int64_t length)
{
	assert(fd >= 0 && offset >= 0 && length >= 0);
	fd_close(&c->file.fd);
	c->status = status;
	c->content_type = content_type;
	c->file = (struct reply_file){ fd, offset, length };
}

void reply_source(struct call *c, int status, const char *content_type, const struct reply_source *source)
{
	reply_drop_source(c);
	c->status = status;
	c->content_type = content_type;
	c->source = *source;
}

void reply_drop_source(struct call *c)
{
	if (c->source.read)
		c->source.free(c->source.arg);
	c->source = (struct reply_source){ 0 };
}

void reply_empty(struct call *c, int status)
{
	c->status = status;
	c->content_type = NULL;
}

static void add_header(struct call *c, const char *name, const char *value)
{
	struct edge *x = edge_of(c);

	assert(x->n_headers < EDGE_HEADERS_MAX);
	x->headers[x->n_headers].name = name;
	x->headers[x->n_headers++].value = value;
}

void reply_header(struct call *c, const char *name, const char *value)
{
	add_header(c, arena_cstr(&c->arena, str_z(name)), arena_cstr(&c->arena, str_z(value)));
}

void reply_keep_header(struct call *c, const char *name, const char *value)
{
	struct edge *x = edge_of(c);

	assert(x->n_kept_headers < EDGE_DETAILS_MAX);
	x->kept_headers[x->n_kept_headers].name = name;
	x->kept_headers[x->n_kept_headers++].value = arena_cstr(&c->arena, str_z(value));
}

void call_detail_int(struct call *c, const char *name, int64_t value)
{
	struct edge *x = edge_of(c);

	assert(x->n_details < EDGE_DETAILS_MAX);
	x->details[x->n_details].name = name;
	x->details[x->n_details++].number = value;
}

void call_detail(struct call *c, const char *name, const char *text)
{
	call_detail_int(c, name, 0);
	edge_of(c)->details[edge_of(c)->n_details - 1].text = text;
}

void call_tell(struct call *c)
{
	edge_of(c)->told = true;
}

static const char *number(struct call *c, int64_t n)
{
	return arena_fmt(&c->arena, "%lld", (long long)n).p;
}

const char *reply_told(const struct err *e)
{
	switch ((int)e->code) {
	case ERR_CLOSED:
		return e->text;
	case ERR_UNAVAILABLE:
		return "not now; try again when Retry-After has passed";
	case ERR_STORAGE:
		return "the database could not do this; nothing was stored; try again later";
	case ERR_FULL:
		return "the server's disk is full; nothing was stored";
	case ERR_NETWORK: /* of another server, which whoever asks chose to be asked: signin.h */
		return e->text;
	default:
		return err_http(e->code) < 500
			       ? e->text
			       : "a fault of the server; its diag tells more under this request id";
	}
}

/* A flood of 503 must not become a flood of lines. */
static bool may_tell_again(int64_t now)
{
	static _Atomic int64_t last;
	int64_t before = atomic_load(&last);

	return (now - before >= 1000 || now < before) && atomic_compare_exchange_strong(&last, &before, now);
}

static void tell_diag(const struct call *c, const struct err *e)
{
	if (err_http(e->code) < 500 || e->code == ERR_CLOSED)
		return;
	if (e->code == ERR_UNAVAILABLE && !may_tell_again(c->now))
		return;
	diag(e->code == ERR_UNAVAILABLE ? DIAG_WARNING : DIAG_ERROR, "request %s, %s: %s: %s",
		edge_of(c)->request_id, c->op ? c->op->id : "no operation", err_slug(e->code), e->text);
}

static void put_scopes(struct json_out *j, const char *key, scope_set set)
{
	json_open_array(j, key);
	for (enum scope s = 0; s < SCOPE_N; s++)
		if (set & SCOPE_BIT(s))
			json_put_z(j, NULL, scope_name(s));
	json_close_array(j);
}

static void put_roles(struct json_out *j, const char *key, unsigned roles)
{
	json_open_array(j, key);
	for (enum role r = 0; r < ROLE_N; r++)
		if (roles & ROLE_BIT(r))
			json_put_z(j, NULL, role_name(r));
	json_close_array(j);
}

static void put_details(struct call *c, struct json_out *j, enum err_code code)
{
	struct edge *x = edge_of(c);

	json_open_object(j, "details");
	if (code == ERR_INVALID && x->n_problems > 0) {
		json_open_object(j, "fields");
		for (size_t i = 0; i < x->n_problems; i++)
			json_put_str(j, x->problems[i].field.p, x->problems[i].message);
		json_close_object(j);
	}
	if (code == ERR_FORBIDDEN) {
		put_scopes(j, "required_scopes", x->need_scopes);
		put_scopes(j, "held_scopes", c->identity.scopes);
		put_roles(j, "required_roles", x->need_roles);
		put_roles(j, "held_roles", ROLE_BIT(c->identity.role));
	}
	for (size_t i = 0; i < x->n_details; i++) {
		if (x->details[i].text)
			json_put_z(j, x->details[i].name, x->details[i].text);
		else
			json_put_int(j, x->details[i].name, x->details[i].number);
	}
	if (err_http(code) >= 500)
		json_put_z(j, "request_id", x->request_id);
	json_close_object(j);
}

static const char *message_of(const struct call *c, const struct err *e)
{
	return edge_of(c)->told ? e->text : reply_told(e);
}

static void put_error(struct call *c, const struct err *e)
{
	struct json_out j = reply_json(c, err_http(e->code));

	json_open_object(&j, NULL);
	json_put_z(&j, "code", err_slug(e->code));
	json_put_z(&j, "message", message_of(c, e));
	put_details(c, &j, e->code);
	json_close_object(&j);
}

/* The next of the media types of an Accept header, without its parameters; *accept goes on behind it. */
static struct str next_type(struct str *accept)
{
	struct str one = { accept->p, str_find(*accept, ',') };

	*accept = str_from(*accept, one.len + 1);
	return str_trim((struct str){ one.p, str_find(one, ';') });
}

static bool wants_text(const struct call *c)
{
	static const char *const json[] = { "*/*", "application/*", "application/json" };
	struct str accept = call_header(c, "Accept");
	bool text = false;

	while (accept.len > 0) {
		struct str type = next_type(&accept);

		for (size_t i = 0; i < sizeof json / sizeof *json; i++)
			if (str_eq_nocase(type, str_z(json[i])))
				return false;
		text |= str_eq_nocase(type, STR("text/plain"));
	}
	return text;
}

static void put_text(struct call *c, const struct err *e)
{
	const struct edge *x = edge_of(c);

	reply_text(c, err_http(e->code), "text/plain; charset=utf-8", str_z(message_of(c, e)));
	buf_char(&c->reply, '\n');
	for (size_t i = 0; e->code == ERR_INVALID && i < x->n_problems; i++)
		buf_fmt(&c->reply, "%.*s: %.*s\n", STR_FMT(x->problems[i].field),
			STR_FMT(x->problems[i].message));
	for (size_t i = 0; i < x->n_details; i++)
		if (strcmp(x->details[i].name, "remediation") == 0)
			buf_fmt(&c->reply, "%s\n", x->details[i].text);
}

void reply_error(struct call *c, const struct err *e)
{
	struct edge *x = edge_of(c);

	assert(e->code != ERR_OK);
	buf_reset(&c->reply);
	fd_close(&c->file.fd);
	reply_drop_source(c);
	x->n_headers = 0;
	if (x->is_page)
		page_error(c, e);
	else if (wants_text(c))
		put_text(c, e);
	else
		put_error(c, e);
	if (x->retry_after_s == 0 && c->status == 503)
		x->retry_after_s = e->code == ERR_CLOSED ? 60 : 1;
	if (e->code == ERR_METHOD)
		add_header(c, "Allow", x->allow);
	if (e->code == ERR_UNAUTHORIZED && !x->is_page)
		add_header(c, "WWW-Authenticate",
			c->op && c->op->auth == OP_AUTH_SIGNATURE ? "HMAC-SHA256" : "Bearer");
	if (x->retry_after_s > 0)
		add_header(c, "Retry-After", number(c, x->retry_after_s));
	tell_diag(c, e);
}

static void count(const struct call *c)
{
	metric_add(METRIC_HTTP_REQUESTS, 1);
	if (c->status >= 500)
		metric_add(METRIC_HTTP_ERRORS, 1);
	else if (c->status >= 400)
		metric_add(METRIC_HTTP_REFUSED, 1);
	if (c->op && c->op->rate == OP_RATE_INGEST && c->status >= 400)
		metric_add(METRIC_POSTS_REFUSED, 1);
}

static bool has_header(const struct edge *x, const char *name)
{
	for (size_t i = 0; i < x->n_headers; i++)
		if (strcmp(x->headers[i].name, name) == 0)
			return true;
	return false;
}

void reply_seal(struct call *c)
{
	struct edge *x = edge_of(c);
	struct err e;

	assert(!x->replied && c->status != 0);
	if (buf_check(&c->reply, "reply", &e) != ERR_OK) {
		err_set(&e, ERR_INTERNAL, "the reply is larger than %d bytes", EDGE_REPLY_MAX);
		reply_error(c, &e);
	}
	for (size_t i = 0; i < x->n_kept_headers; i++)
		add_header(c, x->kept_headers[i].name, x->kept_headers[i].value);
	if (c->content_type)
		add_header(c, "Content-Type", c->content_type);
	add_header(c, "X-Request-Id", x->request_id);
	add_header(c, "X-Content-Type-Options", "nosniff");
	if (!has_header(x, "Cache-Control"))
		add_header(c, "Cache-Control", "no-store");
	if (!x->is_limited)
		guard_look(c);
	if (x->is_limited) {
		add_header(c, "X-RateLimit-Limit", number(c, x->verdict.limit));
		add_header(c, "X-RateLimit-Remaining", number(c, x->verdict.remaining));
		add_header(c, "X-RateLimit-Reset", number(c, x->verdict.reset_s));
	}
	count(c);
	x->replied = true;
}
