/* ship_send: see the header. */
#include "agent/ship_send.h"

#include "base/file.h"
#include "base/json.h"
#include "model/episode.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define META_MAX ((size_t)1 << 20)

/* ---- meta.json ---- */

static enum err_code read_bytes(const struct ship_folder *f, const char *id, struct buf *out, struct err *e)
{
	char name[SHIP_NAME_MAX];
	struct stat st;
	AUTO_FD fd =
		openat(f->episodes, ship_name(name, id, "/meta.json"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? err_set(e, ERR_NOT_FOUND, "it has no meta.json")
				       : err_errno(e, ERR_STORAGE, errno, "meta.json");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (uint64_t)st.st_size > META_MAX)
		return err_set(e, ERR_INVALID, "its meta.json is no file of at most %zu bytes", META_MAX);
	return fd_read_at(fd, 0, (size_t)st.st_size, out, e);
}

/* A number or a text, if it can stand in a head. */
static void take_schema(const struct json *j, char ret[static SHIP_SCHEMA_MAX + 1])
{
	struct str text = json_str(j);
	AUTO_BUF number;

	buf_init(&number, META_MAX);
	if (json_kind(j) == JSON_NUMBER) {
		json_write(j, &number);
		text = buf_view(&number);
	}
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return;
	if (text.len <= SHIP_SCHEMA_MAX)
		snprintf(ret, SHIP_SCHEMA_MAX + 1, "%.*s", text.len > 0 ? (int)text.len : 0,
			text.len > 0 ? text.p : "");
}

static enum err_code take_meta(const struct json *root, struct ship_meta *ret, struct err *e)
{
	struct str commit = json_str(json_get(json_get(root, "code_version"), "commit"));

	if (commit.len == 0)
		return err_set(e, ERR_INVALID, "its meta.json has no code_version.commit");
	if (commit_check(commit, e) != ERR_OK)
		return err_in(e, "code_version.commit of its meta.json");
	snprintf(ret->commit, sizeof ret->commit, "%.*s", STR_FMT(commit));
	take_schema(json_get(root, "schema_version"), ret->schema);
	return ERR_OK;
}

enum err_code ship_meta_read(
	const struct ship_folder *f, const char *id, struct ship_meta *ret, struct err *e)
{
	struct ship_meta meta = { 0 };
	struct json_doc *doc = NULL;
	enum err_code code;
	AUTO_BUF bytes;

	buf_init(&bytes, META_MAX);
	TRY(read_bytes(f, id, &bytes, e));
	if (json_parse(buf_view(&bytes), JSON_REPAIR_TEXT, &doc, e) != ERR_OK)
		return err_in(e, "its meta.json");
	code = take_meta(json_root(doc), &meta, e);
	json_free(doc);
	if (code == ERR_OK)
		*ret = meta;
	return code;
}

/* ---- the request ---- */

enum err_code ship_send(struct http_client *http, const struct ship_sending *s, const char *id,
	const struct ship_meta *meta, const struct ship_archive *archive, struct http_answer *ret,
	struct err *e)
{
	const struct ship_options *o = s->options;
	const char *schema = o->schema_version ? o->schema_version : meta->schema;
	const struct http_upload upload = { .fd = archive->fd,
		.bytes = archive->bytes,
		.silence_ms = (int)o->timeout_s * 1000,
		.stop = s->stop,
		.progress = s->progress,
		.arg = s->arg };
	struct http_header headers[5];
	struct http_request r = { .method = "PUT",
		.bearer = peer_token(s->peer),
		.content_type = "application/zstd",
		.headers = headers,
		.max_answer = SHIP_ANSWER_MAX,
		.authorities = o->ca,
		.certificate = o->certificate,
		.key = o->key };
	AUTO_ARENA a;
	AUTO_BUF hex;

	arena_init(&a);
	buf_init(&hex, 2 * SHA256_LEN);
	hex_encode(archive->digest.b, SHA256_LEN, &hex);
	headers[r.n_headers++] = (struct http_header){ "X-Content-SHA256", buf_cstr(&hex) };
	headers[r.n_headers++] = (struct http_header){ "X-Lab-Host", o->host };
	headers[r.n_headers++] = (struct http_header){ "X-Episode-Id", id };
	headers[r.n_headers++] = (struct http_header){ o->header, meta->commit };
	if (*schema)
		headers[r.n_headers++] = (struct http_header){ "X-Schema-Version", schema };
	r.url = arena_fmt(&a, "%s%s", buf_cstr(&s->peer->url), arena_cstr(&a, ship_options_path(o, id, &a)))
			.p;
	return http_upload(http, &r, &upload, ret, e);
}
