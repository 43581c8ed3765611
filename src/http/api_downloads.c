/*
 * api_downloads: sluice-run for whoever has curl. The file goes out with its digest in three forms: as ETag, so
 * that who has it need not fetch it again; as Repr-Digest (RFC 9530); and as a file of its own that sha256sum
 * reads.
 */
#include "api_table.h"

#include "base/file.h"
#include "http/part.h"
#include "service/downloads.h"

#include <string.h>

#define SUM_ENDING ".sha256"

static const char *hex_of(struct call *c, const struct sha256 *digest)
{
	AUTO_BUF hex;

	buf_init(&hex, 2 * SHA256_LEN);
	hex_encode(digest->b, SHA256_LEN, &hex);
	return arena_cstr(&c->arena, buf_view(&hex));
}

static void put_digest(struct call *c, const struct sha256 *digest)
{
	AUTO_BUF text;

	buf_init(&text, 100);
	buf_z(&text, "sha-256=:");
	base64_encode((struct str){ (const char *)digest->b, SHA256_LEN }, &text);
	buf_z(&text, ":");
	reply_header(c, "Repr-Digest", buf_cstr(&text));
}

static void reply_sum(struct call *c, const struct download *file, struct str name)
{
	struct str line = arena_fmt(&c->arena, "%s  %.*s\n", hex_of(c, &file->digest), STR_FMT(name));

	reply_text(c, 200, "text/plain; charset=utf-8", line);
}

static void reply_program(struct call *c, struct download *file)
{
	const char *tag = arena_fmt(&c->arena, "\"%s\"", hex_of(c, &file->digest)).p;

	reply_header(c, "ETag", tag);
	reply_header(c, "Cache-Control", "public, max-age=300");
	if (part_is_known(c, tag)) {
		reply_empty(c, 304);
		return;
	}
	put_digest(c, &file->digest);
	reply_file(c, 200, "application/octet-stream", file->fd, 0, file->size);
	file->fd = -1;
}

enum err_code api_get_download(struct call *c, struct err *e)
{
	struct str name = arg_str(c, "file");
	bool sum = str_ends(name, STR(SUM_ENDING));
	struct download file;

	if (sum)
		name.len -= strlen(SUM_ENDING);
	TRY(downloads_open(c->app->downloads, c->cfg->downloads.p, arena_cstr(&c->arena, name), &file, e));
	if (sum)
		reply_sum(c, &file, name);
	else
		reply_program(c, &file);
	fd_close(&file.fd);
	return ERR_OK;
}
