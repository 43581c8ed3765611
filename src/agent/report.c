/*
 * report: read, mask, compress, one request.
 */
#include "agent/report.h"

#include "agent/body.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "base/utf8.h"
#include "base/zst.h"
#include "text/mask_document.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define ANSWER_MAX (64 * 1024)
#define OPEN_MAX (48 * 1024)
#define NAME_MAX_CHARS 255 /* the server's limit */
#define REQUEST_MS 60000   /* of a file of many MiB, over a slow line */

enum err_code report_check(const struct sending *to, struct err *e)
{
	if (to->no_peer.code != ERR_OK) {
		*e = to->no_peer;
		return e->code;
	}
	if (to->peer.token.len == 0)
		return err_set(e, ERR_INVALID, "not known: a token (SLUICE_TOKEN, --token-file)");
	return ERR_OK;
}

bool report_is_of_server(enum err_code code)
{
	return err_may_retry(code) || err_http(code) >= 500 || code == ERR_UNAUTHORIZED ||
	       code == ERR_FORBIDDEN || code == ERR_GONE;
}

/* ---- the file ---- */

static enum err_code read_all(int fd, const char *path, struct buf *out, struct err *e)
{
	for (;;) {
		char *room = buf_room(out, 1 << 16);
		ssize_t n;

		if (!room)
			return err_set(e, ERR_TOO_LARGE,
				"%s has more than %zu MiB, the largest report there can be ([limits] "
				"report-bytes of the "
				"server); let the tool write one for each suite",
				path, REPORT_MAX >> 20);
		n = read(fd, room, 1 << 16);
		buf_wrote(out, n > 0 ? (size_t)n : 0);
		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_STORAGE, errno, "%s", path);
		if (n == 0)
			return ERR_OK;
	}
}

static enum err_code read_file(const char *path, struct buf *out, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;

	if (fd < 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_STORAGE, errno,
			"%s", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(e, ERR_INVALID,
			"%s is a folder; name the files in it, '%s/*.xml' for instance", path, path);
	TRY(read_all(fd, path, out, e));
	if (out->len == 0)
		return err_set(e, ERR_MEDIA, "%s is empty", path);
	return ERR_OK;
}

/* What is too long keeps its end, which tells files apart, and a digest of the whole. */
static struct str name_of(const char *path, const struct mask *m, struct arena *a)
{
	struct str name = str_z(path);
	AUTO_BUF masked, clean, hex;

	buf_init(&masked, SIZE_MAX);
	buf_init(&clean, SIZE_MAX);
	buf_init(&hex, 100);
	while (str_starts(name, STR("./")))
		name = str_from(name, 2 + strspn(name.p + 2, "/"));
	mask_document(m, NULL, name, &masked);
	utf8_clean(buf_view(&masked), &clean);
	for (size_t i = 0; i < clean.len; i++)
		if ((unsigned char)clean.p[i] < ' ' || clean.p[i] == 0x7f)
			clean.p[i] = '?';
	name = buf_view(&clean);
	if (name.len > NAME_MAX_CHARS) {
		struct sha256 digest = sha256_of(name);

		hex_encode(digest.b, 8, &hex);
		name = str_from(name, utf8_ceil(name, name.len - (NAME_MAX_CHARS - 20)));
		return arena_fmt(a, "%s ...%.*s", buf_cstr(&hex), STR_FMT(name));
	}
	return arena_str(a, name);
}

/* ---- requests ---- */

static int ms_left(const struct report_call *c)
{
	int64_t left = c->until - clock_steady_ms(&clock_system);

	return left < 1 ? 1 : left > REQUEST_MS ? REQUEST_MS : (int)left;
}

/* An answer of success, as JSON; the caller frees *ret. */
static enum err_code ask(
	struct report_call *c, struct http_request *r, const char *path, struct json_doc **ret, struct err *e)
{
	struct http_answer answer;
	enum err_code code = ERR_OK;
	AUTO_BUF url;

	buf_init(&url, 8192);
	buf_fmt(&url, "%s%s", buf_cstr(&c->peer->url), path);
	r->method = "POST";
	r->url = buf_cstr(&url);
	r->bearer = peer_token(c->peer);
	r->total_ms = ms_left(c);
	r->connect_ms = r->total_ms < HTTP_CONNECT_MS ? r->total_ms : HTTP_CONNECT_MS;
	r->max_answer = ANSWER_MAX;
	TRY(http_send(c->http, r, &answer, e));
	if (answer.status != 200 && answer.status != 201)
		code = peer_error(c->peer, &answer, e);
	else if (json_parse(buf_view(&answer.body), JSON_REPAIR_TEXT, ret, NULL) != ERR_OK)
		code = err_set(e, ERR_NETWORK,
			"%s did not answer as a Sluice server would; is the URL right?",
			buf_cstr(&c->peer->shown));
	http_answer_done(&answer);
	return code;
}

enum err_code report_find_step(
	struct report_call *c, const struct step_facts *facts, int64_t *ret_step_id, struct err *e)
{
	struct http_request r = { .content_type = "application/json" };
	struct json_doc *doc = NULL;
	int64_t id = 0;
	AUTO_BUF body;

	buf_init(&body, OPEN_MAX);
	body_write_find(facts, &body);
	r.body = buf_view(&body);
	TRY(ask(c, &r, "/internal/steps", &doc, e));
	json_int(json_get(json_root(doc), "step_id"), &id);
	json_free(doc);
	if (id < 1)
		return err_set(e, ERR_NETWORK,
			"%s did not answer as a Sluice server would; is the URL right?",
			buf_cstr(&c->peer->shown));
	*ret_step_id = id;
	return ERR_OK;
}

static enum err_code send_text(
	struct report_call *c, struct str name, struct str text, struct json_doc **ret, struct err *e)
{
	struct http_header coding = { "Content-Encoding", "zstd" };
	struct http_request r = {
		.content_type = "application/octet-stream", .headers = &coding, .n_headers = 1
	};
	AUTO_BUF frame, path;

	buf_init(&frame, SIZE_MAX);
	buf_init(&path, 4096);
	TRY(zst_compress(text, 1, &frame, e));
	buf_fmt(&path, "/internal/steps/%" PRId64 "/reports?name=", c->step_id);
	url_encode(name, &path);
	r.body = buf_view(&frame);
	return ask(c, &r, buf_cstr(&path), ret, e);
}

enum err_code report_send(
	struct report_call *c, const char *path, struct arena *a, struct report_answer *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct json *root;
	enum err_code code;
	AUTO_BUF text, masked;

	buf_init(&text, REPORT_MAX);
	buf_init(&masked, SIZE_MAX);
	TRY(read_file(path, &text, e));
	mask_document(c->mask, NULL, buf_view(&text), &masked);
	code = send_text(c, name_of(path, c->mask, a), buf_view(&masked), &doc, e);
	if (code != ERR_OK)
		return report_is_of_server(code) ? code : err_in(e, "%s", path);
	root = json_root(doc);
	*ret = (struct report_answer){ .kind = arena_str(a, json_str(json_get(root, "kind"))),
		.problem = arena_str(a, json_str(json_get(root, "problem"))) };
	json_int(json_get(root, "findings"), &ret->n_findings);
	json_int(json_get(root, "failures"), &ret->n_failures);
	json_free(doc);
	return ERR_OK;
}
