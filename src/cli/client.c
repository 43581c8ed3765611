/* client: requests, pages, errors. */
#include "cli/client.h"

#include "base/digest.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE 100
#define PUT_MS (4 * 3600 * 1000) /* for a file, however large and slow the line is */
#define URL_CEILING (64 * 1024)
#define PAGES_MAX 10000 /* a server that pages for ever is not to keep us for ever */

enum err_code client_init(struct client *c, const struct client_flags *flags, struct err *e)
{
	*c = (struct client){ 0 };
	TRY(peer_init(&c->peer, flags->url, flags->token_file, e));
	if (c->peer.token.len == 0)
		return err_set(
			e, ERR_UNAUTHORIZED, "no token is known; set SLUICE_TOKEN or give --token-file FILE");
	c->http = http_client_new();
	return ERR_OK;
}

static void forget_answer(struct client *c)
{
	json_free(c->doc);
	c->doc = NULL;
	if (c->body.p)
		secret_wipe(c->body.p, c->body.len); /* it may hold a new token */
	buf_done(&c->body);
}

void client_forget_token(struct client *c)
{
	secret_wipe(c->peer.token.p, c->peer.token.len);
	buf_reset(&c->peer.token);
}

void client_done(struct client *c)
{
	forget_answer(c);
	http_client_free(c->http);
	c->http = NULL;
	peer_done(&c->peer);
}

static enum err_code write_url(const struct client *c, const char *path, struct buf *out, struct err *e)
{
	buf_fmt(out, "%s%s", buf_cstr(&c->peer.url), path);
	return buf_check(out, "request", e);
}

static enum err_code send_request(
	struct client *c, struct http_request *request, const char *path, struct err *e)
{
	struct http_answer answer;
	enum err_code code = ERR_OK;
	AUTO_BUF url;

	buf_init(&url, URL_CEILING);
	forget_answer(c);
	c->retry_after_s = 0;
	TRY(write_url(c, path, &url, e));
	request->url = buf_cstr(&url);
	request->bearer = peer_token(&c->peer);
	TRY(http_send(c->http, request, &answer, e));
	c->retry_after_s = answer.retry_after_s;
	if (answer.status < 200 || answer.status > 299) {
		code = peer_error(&c->peer, &answer, e);
		http_answer_done(&answer);
		return code;
	}
	c->status = answer.status;
	c->body = answer.body;
	if (strncmp(answer.content_type, "application/json", 16) == 0)
		code = json_parse(buf_view(&c->body), JSON_REPAIR_TEXT, &c->doc, e);
	if (code != ERR_OK)
		return err_set(e, ERR_NETWORK, "%s answered with JSON that is none; is it a Sluice server?",
			buf_cstr(&c->peer.shown));
	return ERR_OK;
}

enum err_code client_call(
	struct client *c, const char *method, const char *path, const struct buf *body, struct err *e)
{
	struct http_request request = { .method = method };

	if (body) {
		request.content_type = "application/json";
		request.body = buf_view(body);
	}
	return send_request(c, &request, path, e);
}

enum err_code client_put_bytes(struct client *c, const char *path, struct str bytes, struct err *e)
{
	struct http_request request = {
		.method = "PUT", .content_type = "application/octet-stream", .body = bytes, .total_ms = PUT_MS
	};

	return send_request(c, &request, path, e);
}

enum err_code client_fetch(struct client *c, const char *path, const struct http_header *headers,
	size_t n_headers, int wanted, int silence_ms, http_take_fn *take, void *arg, struct err *e)
{
	struct http_request request = {
		.method = "GET",
		.bearer = peer_token(&c->peer),
		.headers = headers,
		.n_headers = n_headers,
		.total_ms = silence_ms,
	};
	struct http_answer answer;
	enum err_code code = ERR_OK;
	AUTO_BUF url;

	buf_init(&url, URL_CEILING);
	c->retry_after_s = 0;
	TRY(write_url(c, path, &url, e));
	request.url = buf_cstr(&url);
	TRY(http_fetch(c->http, &request, wanted, take, arg, &answer, e));
	c->retry_after_s = answer.retry_after_s;
	if (answer.status != wanted)
		code = peer_error(&c->peer, &answer, e);
	http_answer_done(&answer);
	return code;
}

struct json *client_root(const struct client *c)
{
	return c->doc ? json_root(c->doc) : NULL;
}

void query_add(struct buf *path, const char *name, const char *value)
{
	if (!value)
		return;
	buf_fmt(path, "%c%s=", str_find(buf_view(path), '?') < path->len ? '&' : '?', name);
	url_encode(str_z(value), path);
}

void query_add_int(struct buf *path, const char *name, int64_t value)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)value);
	query_add(path, name, text);
}

/* left: how many items may come yet. */
static enum err_code each_of_page(struct client *c, int64_t *left,
	enum err_code (*each)(void *arg, struct json *item, struct err *e), void *arg, struct err *e)
{
	struct json *data = json_get(client_root(c), "data");

	if (json_kind(data) != JSON_ARRAY)
		return err_set(e, ERR_NETWORK,
			"%s answered with something that is no list; is it a Sluice server?",
			buf_cstr(&c->peer.shown));
	for (size_t i = 0; i < json_len(data) && *left > 0; i++, (*left)--)
		TRY(each(arg, json_at(data, i), e));
	return ERR_OK;
}

enum err_code client_each_first(struct client *c, const char *path, int64_t limit,
	enum err_code (*each)(void *arg, struct json *item, struct err *e), void *arg, struct err *e)
{
	int64_t offset = 0, next, left = limit > 0 ? limit : INT64_MAX;
	AUTO_BUF paged;

	buf_init(&paged, 64 * 1024);
	for (int page = 0; page < PAGES_MAX; page++) {
		buf_reset(&paged);
		buf_z(&paged, path);
		query_add_int(&paged, "limit", left < PAGE ? left : PAGE);
		query_add_int(&paged, "offset", offset);
		TRY(client_call(c, "GET", buf_cstr(&paged), NULL, e));
		TRY(each_of_page(c, &left, each, arg, e));
		if (left == 0 ||
			!json_int(json_get(json_get(client_root(c), "pagination"), "next_offset"), &next) ||
			next <= offset)
			return ERR_OK;
		offset = next;
	}
	return err_set(e, ERR_NETWORK, "the list at %s does not end", buf_cstr(&c->peer.shown));
}

enum err_code client_each(struct client *c, const char *path,
	enum err_code (*each)(void *arg, struct json *item, struct err *e), void *arg, struct err *e)
{
	return client_each_first(c, path, 0, each, arg, e);
}

static enum err_code add_item(void *arg, struct json *item, struct err *e)
{
	struct buf *out = arg;

	buf_z(out, out->len > 1 ? ",\n" : "");
	json_write(item, out);
	return buf_check(out, "list", e);
}

enum err_code client_print_list(struct client *c, const char *path, int64_t limit, struct err *e)
{
	AUTO_BUF out;

	buf_init(&out, 64 * 1024 * 1024);
	buf_char(&out, '[');
	TRY(client_each_first(c, path, limit, add_item, &out, e));
	buf_z(&out, "]\n");
	TRY(buf_check(&out, "list", e));
	return print_all(buf_view(&out), e);
}

enum err_code print_all(struct str text, struct err *e)
{
	if (fwrite(text.p, 1, text.len, stdout) != text.len || fflush(stdout) != 0)
		return err_errno(e, ERR_STORAGE, errno, "standard output");
	return ERR_OK;
}
