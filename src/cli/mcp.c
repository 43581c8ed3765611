/*
 * mcp: `sluice mcp`, for clients that start a program and speak the Model Context Protocol with it over its input and output: each line is a message, which goes to
 * POST /mcp of the server as it is, and what comes back is one line. Nothing else is written to stdout.
 *
 * What a client of the older era agreed on with `initialize` is told in the header of later messages; a message of the newer era says itself what its headers are. The
 * relay knows no more of the protocol than that. Messages are answered in turn. A request always has an answer: where the server gave none, an error
 * with its id says why.
 */
#include "cli/cli.h"

#include "base/digest.h"
#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES (1024 * 1024)
#define ANSWER_MS 60000
#define META_VERSION "io.modelcontextprotocol/protocolVersion"
#define PARSE_ERROR (-32700)
#define FAILED (-32603)

struct relay {
	struct client client;
	struct buf url;
	struct buf version; /* what initialize agreed on; empty: nothing yet */
	struct buf in;      /* read, and not given out; at most a line and a piece */
	size_t taken;       /* of in: given out */
	bool too_long;      /* the line that is coming is, and what came of it is dropped */
	bool ended;
};

/* ---- lines ---- */

static enum err_code read_more(struct relay *r, struct err *e)
{
	char piece[65536];
	ssize_t n;

	do
		n = read(STDIN_FILENO, piece, sizeof piece);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_STORAGE, errno, "standard input");
	buf_add(&r->in, piece, (size_t)n);
	r->ended = n == 0;
	return ERR_OK;
}

struct line {
	struct str text; /* without its end; until the next one is asked for */
	bool is;         /* false: there is none any more */
	bool too_long;   /* and text is what is left of it */
};

static struct line give_out(struct relay *r, size_t len, size_t with_end)
{
	struct line line = { { r->in.p + r->taken, len }, true, r->too_long };

	r->taken += with_end;
	r->too_long = false;
	return line;
}

static enum err_code next_line(struct relay *r, struct line *ret, struct err *e)
{
	for (;;) {
		struct str rest = str_from(buf_view(&r->in), r->taken);
		size_t len = str_find(rest, '\n');

		if (len < rest.len || (r->ended && (len > 0 || r->too_long))) {
			*ret = give_out(r, len, len < rest.len ? len + 1 : len);
			return ERR_OK;
		}
		if (r->ended) {
			*ret = (struct line){ .is = false };
			return ERR_OK;
		}
		buf_drop(&r->in, r->taken);
		r->taken = 0;
		if (r->in.len > LINE_MAX_BYTES) {
			buf_reset(&r->in);
			r->too_long = true;
		}
		TRY(read_more(r, e));
	}
}

/* ---- messages ---- */

struct message {
	struct json_doc *doc;
	struct str line, method, version, name; /* version: that it says itself */
	const struct json *id;                  /* NULL: it has none that can be told */
	bool wants_answer;
};

static bool is_object(const struct json *n)
{
	return json_kind(n) == JSON_OBJECT;
}

static enum err_code read_message(struct str line, struct message *ret, struct err *e)
{
	struct json *root, *params, *id;
	int64_t n;

	*ret = (struct message){ .line = line };
	TRY(json_parse(line, 0, &ret->doc, e));
	root = json_root(ret->doc);
	params = json_get(root, "params");
	id = json_get(root, "id");
	ret->method = json_str(json_get(root, "method"));
	ret->version = json_str(json_get(json_get(params, "_meta"), META_VERSION));
	ret->name = json_str(json_get(params, "name"));
	ret->id = json_kind(id) == JSON_STRING || json_int(id, &n) ? id : NULL;
	ret->wants_answer = !is_object(root) || (id && !json_get(root, "result") && !json_get(root, "error"));
	return ERR_OK;
}

/* ---- answers ---- */

static enum err_code put_line(struct buf *line, struct err *e)
{
	buf_char(line, '\n');
	TRY(buf_check(line, "answer", e));
	return print_all(buf_view(line), e);
}

/* error: as JSON. */
static enum err_code put_error(const struct json *id, struct str error, struct err *e)
{
	struct json_out j;
	AUTO_BUF id_text, line;

	buf_init(&id_text, SIZE_MAX);
	buf_init(&line, SIZE_MAX);
	if (id)
		json_write(id, &id_text);
	json_out_init(&j, &line);
	json_open_object(&j, NULL);
	json_put_z(&j, "jsonrpc", "2.0");
	json_put_json(&j, "id", id ? buf_view(&id_text) : STR("null"));
	json_put_json(&j, "error", error);
	json_close_object(&j);
	return put_line(&line, e);
}

static enum err_code put_own_error(const struct json *id, int code, const char *text, struct err *e)
{
	struct json_out j;
	AUTO_BUF error;

	buf_init(&error, SIZE_MAX);
	json_out_init(&j, &error);
	json_open_object(&j, NULL);
	json_put_int(&j, "code", code);
	json_put_z(&j, "message", text);
	json_close_object(&j);
	return put_error(id, buf_view(&error), e);
}

static void keep_version(struct relay *r, const struct message *m, const struct json *result)
{
	if (!str_eq(m->method, STR("initialize")))
		return;
	buf_reset(&r->version);
	buf_str(&r->version, json_str(json_get(result, "protocolVersion")));
}

/* What the server gave, as one line. An error that it gave before it knew the message is this message's. */
static enum err_code put_answer(
	struct relay *r, const struct message *m, const struct http_answer *a, struct err *e)
{
	struct json_doc *doc = NULL;
	struct err why;
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	if (json_parse(buf_view(&a->body), JSON_REPAIR_TEXT, &doc, &why) == ERR_OK) {
		const struct json *root = json_root(doc);

		if (is_object(json_get(root, "result"))) {
			keep_version(r, m, json_get(root, "result"));
			json_write(root, &text);
			code = put_line(&text, e);
			json_free(doc);
			return code;
		}
		if (is_object(json_get(root, "error"))) {
			json_write(json_get(root, "error"), &text);
			code = put_error(m->id, buf_view(&text), e);
			json_free(doc);
			return code;
		}
		json_free(doc);
	}
	peer_error(&r->client.peer, a, &why);
	return put_own_error(m->id, FAILED, why.text, e);
}

/* ---- headers ---- */

/* As a header may say it (RFC 9110), without blanks at its ends. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] < ' ' || s.p[i] > '~')
			return false;
	return s.len > 0 && s.len <= 1000 && str_trim(s).len == s.len && !str_starts(s, STR("=?"));
}

static struct str header_text(struct arena *a, struct str s)
{
	AUTO_BUF coded;

	buf_init(&coded, SIZE_MAX);
	if (is_plain(s))
		return arena_str(a, s);
	buf_z(&coded, "=?base64?");
	base64_encode(s, &coded);
	buf_z(&coded, "?=");
	return arena_str(a, buf_view(&coded));
}

#define HEADERS_MAX 4

static size_t headers_of(
	const struct relay *r, const struct message *m, struct arena *a, struct http_header out[HEADERS_MAX])
{
	size_t n = 0;

	out[n++] = (struct http_header){ "Accept", "application/json, text/event-stream" };
	if (m->version.len == 0) {
		if (r->version.len > 0 && is_plain(buf_view(&r->version)) &&
			!str_eq(m->method, STR("initialize")))
			out[n++] = (struct http_header){ "MCP-Protocol-Version", buf_cstr(&r->version) };
		return n;
	}
	out[n++] = (struct http_header){ "MCP-Protocol-Version", header_text(a, m->version).p };
	out[n++] = (struct http_header){ "Mcp-Method", header_text(a, m->method).p };
	if (m->name.len > 0)
		out[n++] = (struct http_header){ "Mcp-Name", header_text(a, m->name).p };
	return n;
}

/* ---- all together ---- */

static enum err_code relay_message(struct relay *r, const struct message *m, struct err *e)
{
	struct http_header headers[HEADERS_MAX];
	struct http_request request = { .method = "POST",
		.url = buf_cstr(&r->url),
		.bearer = peer_token(&r->client.peer),
		.content_type = "application/json",
		.body = m->line,
		.headers = headers,
		.total_ms = ANSWER_MS };
	struct http_answer answer;
	struct err why;
	enum err_code code = ERR_OK;
	AUTO_ARENA a;

	arena_init(&a);
	request.n_headers = headers_of(r, m, &a, headers);
	if (http_send(r->client.http, &request, &answer, &why) != ERR_OK)
		return m->wants_answer ? put_own_error(m->id, FAILED, why.text, e) : ERR_OK;
	if (m->wants_answer)
		code = put_answer(r, m, &answer, e);
	http_answer_done(&answer);
	return code;
}

static enum err_code relay_line(struct relay *r, const struct line *line, struct err *e)
{
	struct message m = { 0 };
	struct err why;
	enum err_code code;

	if (line->too_long)
		return put_own_error(NULL, PARSE_ERROR, "a message of more than 1 MiB", e);
	if (str_trim(line->text).len == 0)
		return ERR_OK;
	if (read_message(line->text, &m, &why) == ERR_OK)
		code = relay_message(r, &m, e);
	else
		code = put_own_error(NULL, PARSE_ERROR, why.text, e);
	json_free(m.doc);
	return code;
}

static enum err_code relay_all(struct relay *r, struct err *e)
{
	struct line line;

	for (;;) {
		TRY(next_line(r, &line, e));
		if (!line.is)
			return ERR_OK;
		TRY(relay_line(r, &line, e));
	}
}

static enum err_code mcp(const struct client_flags *flags, struct err *e)
{
	struct relay r = { 0 };
	enum err_code code;

	buf_init(&r.url, 64 * 1024);
	buf_init(&r.version, 100);
	buf_init(&r.in, SIZE_MAX);
	code = client_init(&r.client, flags, e);
	if (code == ERR_OK) {
		buf_fmt(&r.url, "%s/mcp", buf_cstr(&r.client.peer.url));
		code = relay_all(&r, e);
	}
	client_done(&r.client);
	buf_done(&r.url);
	buf_done(&r.version);
	buf_done(&r.in);
	return code;
}

int cmd_mcp(int argc, char **argv)
{
	struct client_flags flags = { 0 };
	const struct opt opts[] = {
		CLIENT_OPTS(&flags),
		{ 0 },
	};
	const struct command_usage usage = { .name = "mcp",
		.synopsis = "[OPTIONS]",
		.prose = "Relays the Model Context Protocol between a client that starts this program and "
			 "the server:\n"
			 "a message a line on standard input, an answer a line on standard output, until the "
			 "end of\n"
			 "the input. Clients that speak HTTP need no relay: the server answers at /mcp.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 0)
		return command_usage_fail("mcp", "no arguments");
	if (flags.token_file && strcmp(flags.token_file, "-") == 0)
		return command_usage_fail("mcp", "standard input has the messages; keep the token in a file");
	return mcp(&flags, &e) == ERR_OK ? 0 : command_fail("mcp", &e);
}
