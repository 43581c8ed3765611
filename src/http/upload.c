/* upload: see the header. */
#include "http/upload.h"

#include "base/json.h"
#include "service/suite.h"

struct upload {               /* in the call's arena */
	struct errand errand; /* first */
	struct call *call;
	struct blob_file *file;
	struct str digest;
	upload_keep_fn *keep;
};

struct str upload_digest(struct call *c, struct str given)
{
	char *digest = arena_cstr(&c->arena, given);

	for (char *p = digest; *p; p++)
		if (*p >= 'A' && *p <= 'F')
			*p = (char)(*p + 32);
	return (struct str){ digest, given.len };
}

static enum err_code write_piece(void *arg, struct str bytes, struct err *e)
{
	return suite_file_add(((struct upload *)arg)->file, bytes, e);
}

static void end(void *arg)
{
	suite_file_end(((struct upload *)arg)->file);
}

enum err_code upload_begin(struct call *c, struct str digest, upload_keep_fn *keep, struct err *e)
{
	struct upload *u = arena_alloc(&c->arena, sizeof *u);

	u->call = c;
	u->digest = digest;
	u->keep = keep;
	TRY(suite_file_begin(c->app->store, &u->file, e));
	c->sink = (struct call_sink){ write_piece, end, u };
	return ERR_OK;
}

static void keep(struct errand *errand)
{
	struct upload *u = (struct upload *)(void *)errand;
	struct call *c = u->call;
	struct err result = { .code = ERR_OK };
	bool is_new = false;
	int64_t bytes = 0;

	result.code = u->keep(c, u->file, u->digest, &is_new, &bytes, &result);
	if (result.code == ERR_OK) {
		struct json_out j = reply_json(c, is_new ? 201 : 200);

		json_open_object(&j, NULL);
		json_put_str(&j, "sha256", u->digest);
		json_put_int(&j, "size_bytes", bytes);
		json_close_object(&j);
	}
	call_finish(c, &result);
}

enum err_code upload_end(struct call *c, struct err *e)
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
