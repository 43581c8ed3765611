/*
 * api_blobs: the files of the suite, by their content.
 *
 * One is written while it comes, by the thread that receives it, and put in its place by another: to sync a large file may take seconds, and a worker has
 * others to answer.
 */
#include "api_table.h"

#include "base/file.h"
#include "http/part.h"
#include "service/suite.h"

struct upload {               /* in the call's arena */
	struct errand errand; /* first */
	struct call *call;
	struct blob_file *file;
	struct str digest;
};

static struct str digest_of(const struct call *c, struct arena *a)
{
	struct str given = arg_str(c, "sha256");
	char *digest = arena_cstr(a, given);

	for (char *p = digest; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p + 32);
	return (struct str){ digest, given.len };
}

static enum err_code write_piece(void *arg, struct str bytes, struct err *e)
{
	return suite_file_add(((struct upload *)arg)->file, bytes, e);
}

static void end_upload(void *arg)
{
	suite_file_end(((struct upload *)arg)->file);
}

enum err_code api_put_blob_begin(struct call *c, struct err *e)
{
	struct upload *u = arena_alloc(&c->arena, sizeof *u);

	u->call = c;
	u->digest = digest_of(c, &c->arena);
	TRY(suite_file_begin(c->app->store, &u->file, e));
	c->sink = (struct call_sink){ write_piece, end_upload, u };
	return ERR_OK;
}

static void keep(struct errand *errand)
{
	struct upload *u = (struct upload *)(void *)errand;
	struct call *c = u->call;
	struct err result = { .code = ERR_OK };
	bool is_new = false;
	int64_t bytes = 0;

	if (suite_file_keep(c->app->store, u->file, u->digest, c->now, &is_new, &bytes, &result) == ERR_OK) {
		struct json_out j = reply_json(c, is_new ? 201 : 200);

		json_open_object(&j, NULL);
		json_put_str(&j, "sha256", u->digest);
		json_put_int(&j, "size_bytes", bytes);
		json_close_object(&j);
	}
	call_finish(c, &result);
}

enum err_code api_put_blob(struct call *c, struct err *e)
{
	struct upload *u = c->sink.arg;
	enum err_code code;

	u->errand.run = keep;
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->files, &u->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code api_get_blob(struct call *c, struct err *e)
{
	struct str digest = digest_of(c, &c->arena);
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
