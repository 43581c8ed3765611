/* api_blobs: the files of the suite, by their content. */
#include "api_table.h"

#include "base/file.h"
#include "http/part.h"
#include "http/upload.h"
#include "service/queue.h"
#include "service/suite.h"

static enum err_code keep(struct call *c, struct blob_file *f, struct str digest, bool *ret_new,
	int64_t *ret_bytes, struct err *e)
{
	return suite_file_keep(c->app->store, f, digest, c->now, ret_new, ret_bytes, e);
}

enum err_code api_put_blob_begin(struct call *c, struct err *e)
{
	return upload_begin(c, upload_digest(c, arg_str(c, "sha256")), keep, e);
}

enum err_code api_put_blob(struct call *c, struct err *e)
{
	return upload_end(c, e);
}

enum err_code api_get_blob(struct call *c, struct err *e)
{
	struct str digest = upload_digest(c, arg_str(c, "sha256"));
	const char *tag = arena_fmt(&c->arena, "\"%.*s\"", STR_FMT(digest)).p;
	struct part_piece p;
	int64_t bytes = 0;
	AUTO_FD fd = -1;

	TRY(suite_file_open(c->app->store, digest, c->now, &c->arena, &fd, &bytes, e));
	reply_header(c, "ETag", tag);
	reply_header(c, "Accept-Ranges", "bytes");
	if (part_is_known(c, tag)) {
		reply_empty(c, 304);
		return ERR_OK;
	}
	TRY(part_choose(c, tag, bytes, "the file", &p, e));
	reply_file(c, p.ranged ? 206 : 200, "application/octet-stream", fd, p.from, p.len);
	fd = -1;
	return ERR_OK;
}

/* The same, for a worker. */
enum err_code api_fetch_blob(struct call *c, struct err *e)
{
	TRY(queue_may_work(&c->identity, e));
	return api_get_blob(c, e);
}

enum err_code api_find_missing_blobs(struct call *c, struct err *e)
{
	const struct json *list = json_get(c->body, "sha256");
	size_t n = json_len(list), n_missing = 0;
	struct str *asked = arena_array(&c->arena, n + 1, sizeof *asked),
		   *missing = arena_array(&c->arena, n + 1, sizeof *missing);
	struct json_out j;

	for (size_t i = 0; i < n; i++)
		asked[i] = json_str(json_at(list, i));
	TRY(suite_missing(c->app->store, asked, n, &c->arena, missing, &n_missing, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_open_array(&j, "missing");
	for (size_t i = 0; i < n_missing; i++)
		json_put_str(&j, NULL, missing[i]);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}
