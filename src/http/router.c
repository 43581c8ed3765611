/*
 * router: the life of a call, in the order that the design gives: what is cheap and can be told from the
 * headers first, so that who may not come in costs nothing; what looks at the body last.
 *
 * A body is kept whole: its limit is small. All bodies together are bounded too, because a limit a request is
 * no limit on how many there are; beyond that a request is told 503 before it has sent anything. But for those that are taken as they come
 * (x-body-stream): of them nothing is kept, and what takes them bounds itself.
 */
#include "http/router.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/metric.h"
#include "base/zst.h"
#include "http/edge.h"
#include "http/signed.h"
#include "model/episode.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static _Atomic size_t bodies_bytes; /* of all bodies that are being received or worked on */

struct exchange { /* one allocation */
	struct call call;
	struct edge edge;
};

enum err_code router_init(const struct op_table *t, struct err *e)
{
	return patterns_compile(t->patterns, e);
}

void router_done(const struct op_table *t)
{
	patterns_free(t->patterns);
}

/* Names requests in diag; need not be secret. A counter from a random start, mixed (splitmix64), so that ids
 * look unlike each other. */
static void make_request_id(char out[17])
{
	static _Thread_local uint64_t state;
	static const char digits[] = "0123456789abcdef";
	uint64_t z;

	if (state == 0)
		random_bytes(&state, sizeof state);
	z = state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	for (int i = 0; i < 16; i++, z >>= 4)
		out[i] = digits[z & 15];
	out[16] = '\0';
}

static void refuse(struct call *c, const struct err *e)
{
	reply_error(c, e);
	reply_seal(c);
}

/* Room for n bytes of body in all. ERR_UNAVAILABLE when other bodies hold it. */
static enum err_code reserve(struct call *c, size_t n, struct err *e)
{
	struct edge *x = edge_of(c);
	size_t before = atomic_fetch_add(&bodies_bytes, n);

	if (before + n > (size_t)c->cfg->body_bytes) {
		atomic_fetch_sub(&bodies_bytes, n);
		return err_set(e, ERR_UNAVAILABLE,
			"bodies of %lld bytes are being worked on, the bound is limits.body-bytes; try again",
			(long long)before);
	}
	metric_add(METRIC_HTTP_BODY_BYTES, (int64_t)n);
	x->body = mem_grow(x->body, x->body_cap + n);
	x->body_cap += n;
	return ERR_OK;
}

static enum err_code too_large(const struct call *c, struct err *e)
{
	size_t limit = edge_of(c)->body_limit;

	if (limit == 0)
		return err_set(e, ERR_TOO_LARGE, "this operation takes no body");
	if (c->op->body_limit_of == OP_LIMIT_BLOB)
		return err_set(e, ERR_TOO_LARGE,
			"the file is larger than the %lld bytes that are taken ([limits] blob-bytes)",
			(long long)c->cfg->blob_bytes);
	if (c->op->body_limit_of == OP_LIMIT_REPORT)
		return err_set(e, ERR_TOO_LARGE,
			"the report is larger than the %lld bytes that are taken ([limits] report-bytes)",
			(long long)c->cfg->report_bytes);
	if (c->op->body_limit_of == OP_LIMIT_EPISODE)
		return err_set(e, ERR_TOO_LARGE,
			"the episode is larger than the %lld bytes that are taken ([fleet] episode-bytes)",
			(long long)c->cfg->fleet.episode_bytes);
	return err_set(e, ERR_TOO_LARGE, "the body is larger than the %zu bytes that are taken here", limit);
}

/* What is sent compressed may be somewhat larger than what it is. */
#define CODING_SLACK 1024

static size_t limit_of(const struct call *c)
{
	switch (c->op->body_limit_of) {
	case OP_LIMIT_POST:
		return (size_t)c->cfg->post_bytes;
	case OP_LIMIT_CHUNK:
		return (size_t)c->cfg->chunk_bytes + CODING_SLACK;
	case OP_LIMIT_REPORT:
		return (size_t)c->cfg->report_bytes + CODING_SLACK;
	case OP_LIMIT_BLOB:
		return (size_t)c->cfg->blob_bytes;
	case OP_LIMIT_EPISODE:
		return (size_t)c->cfg->fleet.episode_bytes;
	case OP_LIMIT_FIXED:
		break;
	}
	return c->op->body_limit;
}

static enum err_code check_size(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);

	return x->head.has_length && x->head.length > x->body_limit ? too_large(c, e) : ERR_OK;
}

struct str call_header(const struct call *c, const char *name)
{
	const struct request_head *h = &edge_of(c)->head;

	return h->headers.get(h->headers.arg, name);
}

bool call_header_again(const struct call *c, const char *name)
{
	const struct request_head *h = &edge_of(c)->head;
	struct str other;

	return h->headers.from_end && h->headers.from_end(h->headers.arg, name, 1, &other);
}

static enum err_code check_media(const struct call *c, struct err *e)
{
	const char *want = c->op->json_rpc    ? "application/json"
			   : c->op->raw_body  ? "application/octet-stream"
			   : c->op->form_body ? "application/x-www-form-urlencoded"
					      : "application/json";
	struct str type = call_header(c, "Content-Type"),
		   coding = str_trim(call_header(c, "Content-Encoding"));

	type = str_trim((struct str){ type.p, str_find(type, ';') });
	if (!c->op->any_media && !str_eq_nocase(type, str_z(want)))
		return err_set(e, ERR_MEDIA, "send the body as Content-Type: %s", want);
	if (coding.len == 0 || str_eq_nocase(coding, STR("identity")))
		return ERR_OK;
	if (!c->op->raw_body || c->op->any_media || c->op->json_rpc || c->op->begin)
		return err_set(e, ERR_MEDIA, "send the body without Content-Encoding");
	if (!str_eq_nocase(coding, STR("zstd")))
		return err_set(e, ERR_MEDIA, "send the body as Content-Encoding: zstd, or without");
	return ERR_OK;
}

/* What a handler says of one field is told as what the document's checks say. */
static enum err_code as_problem(struct call *c, enum err_code code, struct err *e)
{
	if (code != ERR_INVALID || !e->field)
		return code;
	edge_problem(c, str_z(e->field), "%s", e->text);
	return edge_problems_check(c, e);
}

/* All that can be told before the body is: then whoever sends "Expect: 100-continue" need not send it. */
static enum err_code begin_stream(struct call *c, struct err *e)
{
	TRY(check_media(c, e));
	if (!edge_of(c)->args)
		args_read(c);
	TRY(edge_problems_check(c, e));
	TRY(as_problem(c, c->op->begin(c, e), e));
	return c->status == 0 ? check_size(c, e) : ERR_OK; /* what is answered already need not come */
}

/* What is open to all, but for pages, is no secret of either listener. */
static enum err_code check_listener(const struct call *c, struct err *e)
{
	if (!edge_of(c)->head.is_fleet || c->op->auth == OP_AUTH_FLEET ||
		(c->op->auth == OP_AUTH_NONE && !c->op->page))
		return ERR_OK;
	return err_set(e, ERR_FORBIDDEN,
		"this listener takes episodes of hosts only; all else is at the server's other address");
}

/*
 * Whose name it is, is told before anything else is that is wrong with the request: who may not send for this host learns no more. A malformed name is
 * nobody's, and is told with the other parameters.
 */
static enum err_code check_host(struct call *c, struct err *e)
{
	struct str host;
	struct err malformed;

	if (!c->op->host_field)
		return ERR_OK;
	args_read(c);
	host = arg_str(c, c->op->host_field);
	return host_name_check(host, &malformed) == ERR_OK ? access_allow_host(&c->identity, host, e)
							   : ERR_OK;
}

static enum err_code admit(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);

	if (x->head.bad_framing)
		return err_set(e, ERR_INVALID,
			"Content-Length and Transfer-Encoding do not say for certain where the body ends");
	TRY(route_find(c, e));
	TRY(check_listener(c, e));
	x->body_limit = limit_of(c);
	if (!c->op->begin) /* of what is taken as it comes all else is told first */
		TRY(check_size(c, e));
	TRY(guard_admit(c, e));
	TRY(check_host(c, e));
	if (c->op->begin)
		return begin_stream(c, e);
	if (x->head.has_length && x->head.length > 0)
		TRY(reserve(c, (size_t)x->head.length, e));
	return ERR_OK;
}

struct call *router_begin(const struct op_table *t, struct app *app, const struct request_head *head,
	const struct call_events *events)
{
	struct exchange *x = mem_alloc(sizeof *x);
	struct call *c = &x->call;
	struct err e;

	x->edge.head = *head;
	x->edge.table = t;
	x->edge.events = *events;
	make_request_id(x->edge.request_id);
	c->state = &x->edge;
	c->app = app;
	c->file.fd = -1;
	c->cfg = config_get(app->config);
	c->now = clock_wall_ms(app->clock);
	arena_init(&c->arena);
	buf_init(&c->reply, EDGE_REPLY_MAX);
	c->address = client_address(c);
	if (admit(c, &e) != ERR_OK)
		refuse(c, &e);
	else if (c->status != 0) /* what takes the body can say all there is to say without it */
		reply_seal(c);
	return c;
}

bool router_replied(const struct call *c)
{
	return edge_of(c)->replied;
}

bool router_deferred(const struct call *c)
{
	return edge_of(c)->deferred;
}

bool router_streams(const struct call *c)
{
	return c->sink.write != NULL;
}

void router_body(struct call *c, struct str piece)
{
	struct edge *x = edge_of(c);
	struct err e;

	if (x->replied)
		return;
	if (piece.len > x->body_limit - x->body_len) {
		if (too_large(c, &e) != ERR_OK)
			refuse(c, &e);
		return;
	}
	if (c->sink.write) {
		x->body_len += piece.len;
		if (c->sink.write(c->sink.arg, piece, &e) != ERR_OK)
			refuse(c, &e);
		return;
	}
	/* Chunked: half as much again, but never beyond the limit. */
	if (piece.len > x->body_cap - x->body_len) {
		size_t want = x->body_len + piece.len, room = x->body_cap + x->body_cap / 2;

		want = want < room ? room : want;
		want = want < x->body_limit ? want : x->body_limit;
		if (reserve(c, want - x->body_cap, &e) != ERR_OK) {
			refuse(c, &e);
			return;
		}
	}
	memcpy(x->body + x->body_len, piece.p, piece.len);
	x->body_len += piece.len;
}

/* Of what was sent compressed, this is what it may be. */
static size_t decoded_limit_of(const struct call *c)
{
	switch (c->op->body_limit_of) {
	case OP_LIMIT_CHUNK:
		return (size_t)c->cfg->chunk_bytes;
	case OP_LIMIT_REPORT:
		return (size_t)c->cfg->report_bytes;
	case OP_LIMIT_FIXED:
	case OP_LIMIT_POST:
	case OP_LIMIT_BLOB:
	case OP_LIMIT_EPISODE:
		break;
	}
	return edge_of(c)->body_limit;
}

/* Bytes as they come, or as one zstd frame. */
static enum err_code take_raw(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);
	struct str coding = str_trim(call_header(c, "Content-Encoding"));
	size_t limit = decoded_limit_of(c);
	enum err_code code;

	c->raw = (struct str){ x->body, x->body_len };
	if (str_eq_nocase(coding, STR("zstd"))) {
		buf_init(&x->decoded, limit);
		code = zst_decompress(c->raw, limit, &x->decoded, e);
		if (code == ERR_STORAGE)
			return err_set(
				e, ERR_INVALID, "the body is not one zstd frame with its content size");
		if (code == ERR_TOO_LARGE && c->op->body_limit_of == OP_LIMIT_REPORT)
			return too_large(c, e);
		TRY(code);
		c->raw = buf_view(&x->decoded);
	}
	if (c->raw.len > limit && c->op->body_limit_of == OP_LIMIT_REPORT)
		return too_large(c, e);
	if (c->raw.len > limit)
		return err_set(
			e, ERR_TOO_LARGE, "the body has more than the %zu bytes that are taken here", limit);
	return ERR_OK;
}

static enum err_code parse_body(struct call *c, struct err *e)
{
	struct edge *x = edge_of(c);

	if (x->body_len == 0) {
		if (c->op->body_required)
			return err_set(e, ERR_INVALID, "%s is needed",
				c->op->form_body  ? "a form"
				: c->op->json_rpc ? "a JSON body"
				: c->op->raw_body ? "a body"
						  : "a JSON body");
		return ERR_OK;
	}
	TRY(check_media(c, e));
	if (c->op->raw_body)
		return take_raw(c, e);
	if (c->op->form_body)
		TRY(form_parse(c, (struct str){ x->body, x->body_len }, &x->doc, e));
	else if (json_parse((struct str){ x->body, x->body_len }, c->op->repair_text ? JSON_REPAIR_TEXT : 0,
			 &x->doc, e) != ERR_OK)
		return err_in(e, "body");
	c->body = json_root(x->doc);
	if (json_kind(c->body) != JSON_OBJECT)
		return err_set(e, ERR_INVALID, "the body must be a JSON object");
	return ERR_OK;
}

/* The row of a member if it is there and good, so that what depends on it may be asked. */
static bool is_good(struct call *c, const char *name)
{
	struct json *value = json_get(c->body, name);
	struct str wrong;

	for (size_t i = 0; value && i < c->op->n_fields; i++)
		if (strcmp(c->op->fields[i].name, name) == 0)
			return check_value(&c->arena, &c->op->fields[i], value, &wrong);
	return false;
}

/* Of a repo whose name is malformed it cannot be said whether it is watched: that is left to the checks of
 * the fields. */
static enum err_code find_repo(struct call *c, struct err *e)
{
	struct json *forge = json_get(c->body, "forge");
	struct str url = is_good(c, "url") ? json_str(json_get(c->body, "url")) : STR("");
	enum err_code code;

	if (!c->op->repo_field || !is_good(c, c->op->repo_field) || (forge && !is_good(c, "forge")))
		return ERR_OK;
	code = ingest_find_repo(c->app->store, c->cfg, &c->identity, json_str(forge),
		json_str(json_get(c->body, c->op->repo_field)), url, &c->arena, &c->repo, e);
	if (code == ERR_INVALID && e->field) { /* told together with the others */
		edge_problem(c, str_z(e->field), "%s", e->text);
		return ERR_OK;
	}
	return code;
}

static enum err_code handle(struct call *c, struct err *e)
{
	TRY(guard_again(c, e));
	if (c->op->begin)
		return c->op->handler(c, e);
	if (c->op->auth == OP_AUTH_SIGNATURE)
		TRY(signed_check(c, e));
	TRY(parse_body(c, e));
	if (c->op->form_body && c->op->auth == OP_AUTH_SESSION)
		TRY(viewer_form_check(c, e));
	TRY(find_repo(c, e));
	if (!edge_of(c)->args)
		args_read(c);
	if (c->body)
		check_body(c, c->body);
	TRY(edge_problems_check(c, e));
	return as_problem(c, c->op->handler(c, e), e);
}

void router_end(struct call *c)
{
	struct edge *x = edge_of(c);
	struct err e = { 0 };

	if (x->replied)
		return;
	if (handle(c, &e) != ERR_OK) {
		assert(!x->deferred);
		refuse(c, &e);
	} else if (!x->deferred) {
		reply_seal(c);
	}
}

void call_defer(struct call *c, void (*on_free)(void *arg), void *arg)
{
	struct edge *x = edge_of(c);

	x->deferred = true;
	x->on_free = on_free;
	x->on_free_arg = arg;
}

void call_undefer(struct call *c)
{
	struct edge *x = edge_of(c);

	x->deferred = false;
	x->on_free = NULL;
}

/* After `ready` another thread may free the call: nothing of it is touched behind that. */
void call_finish(struct call *c, const struct err *result)
{
	struct edge *x = edge_of(c);
	struct err told;

	assert(x->deferred && !x->replied);
	if (result->code == ERR_INVALID && result->field) {
		edge_problem(c, str_z(result->field), "%s", result->text);
		reply_error(c, edge_problems_check(c, &told) == ERR_OK ? result : &told);
	} else if (result->code != ERR_OK) {
		reply_error(c, result);
	}
	reply_seal(c);
	x->events.ready(x->events.arg, c);
}

void call_wake(struct call *c)
{
	const struct call_events *events = &edge_of(c)->events;

	if (events->wake)
		events->wake(events->arg);
}

void call_cut(struct call *c)
{
	const struct call_events *events = &edge_of(c)->events;

	if (events->cut)
		events->cut(events->arg);
}

void router_free(struct call *c)
{
	struct edge *x;

	if (!c)
		return;
	x = edge_of(c);
	assert(!x->deferred || x->replied);
	guard_done(c);
	if (x->on_free)
		x->on_free(x->on_free_arg);
	if (c->sink.free)
		c->sink.free(c->sink.arg);
	json_free(x->doc);
	buf_done(&x->decoded);
	atomic_fetch_sub(&bodies_bytes, x->body_cap);
	metric_add(METRIC_HTTP_BODY_BYTES, -(int64_t)x->body_cap);
	free(x->body);
	fd_close(&c->file.fd);
	reply_drop_source(c);
	buf_done(&c->reply);
	arena_done(&c->arena);
	config_put(c->app->config, c->cfg);
	free(c); /* the exchange: the call is its first member */
}

bool router_take_file(struct call *c, struct reply_file *ret)
{
	if (c->file.fd < 0)
		return false;
	*ret = c->file;
	c->file.fd = -1;
	return true;
}

const struct reply_source *router_source(const struct call *c)
{
	return c->source.read ? &c->source : NULL;
}

bool router_header(const struct call *c, size_t i, const char **ret_name, const char **ret_value)
{
	const struct edge *x = edge_of(c);

	if (i >= x->n_headers)
		return false;
	*ret_name = x->headers[i].name;
	*ret_value = x->headers[i].value;
	return true;
}
