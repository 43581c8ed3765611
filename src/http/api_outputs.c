/*
 * api_outputs: what a test wrote and what it was expected to write: to be read, compared, accepted; and sent by its worker.
 *
 * To compare may take half a second: that is done beside the requests.
 */
#include "api_table.h"

#include "base/digest.h"
#include "base/utf8.h"
#include "http/step_facts.h"
#include "http/upload.h"
#include "service/baselines.h"
#include "service/output_diff.h"

#define CONTENT_MAX 1048576 /* characters of a content (results API) */

static struct output_place place_of(const struct call *c)
{
	return (struct output_place){ .run_id = arg_int(c, "run_id"),
		.sample_id = arg_int(c, "sample_id"),
		.test_id = arg_int(c, "regression_id"),
		.output_id = arg_int(c, "output_id") };
}

static void put_place(struct json_out *j, const struct output_place *at)
{
	json_put_int(j, "run_id", at->run_id);
	json_put_int(j, "sample_id", at->sample_id);
	json_put_int(j, "regression_id", at->test_id);
	json_put_int(j, "output_id", at->output_id);
}

/* ---- contents ---- */

/* Valid UTF-8 of at most CONTENT_MAX characters. *ret_truncated: of a longer text. */
static void put_text(struct json_out *j, struct str text, bool *ret_truncated)
{
	AUTO_BUF valid;

	buf_init(&valid, SIZE_MAX);
	utf8_clean(text, &valid);
	if (valid.len > CONTENT_MAX) {
		*ret_truncated = true;
		valid.len = utf8_floor(buf_view(&valid), CONTENT_MAX);
	}
	json_put_z(j, "encoding", "utf-8");
	json_put_str(j, "content", buf_view(&valid));
}

static void put_base64(struct json_out *j, struct str bytes)
{
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	base64_encode(bytes, &text);
	json_put_z(j, "encoding", "base64");
	json_put_str(j, "content", buf_view(&text));
}

static const char *content_type_of(const struct output_content *x)
{
	bool cut = (int64_t)x->text.len < x->n_bytes; /* perhaps inside a character */

	return utf8_valid(x->text) + (cut ? 3 : 0) >= x->text.len ? "text/plain; charset=utf-8"
								  : "application/octet-stream";
}

static enum err_code reply_content(struct call *c, bool actual, struct err *e)
{
	bool text = str_eq(arg_str(c, "format"), STR("text"));
	struct str base = call_base_url(c);
	struct output_place at = place_of(c);
	struct output_content x;
	struct json_out j;
	bool truncated;

	TRY(output_content_read(c->app->store, &c->identity, &at, actual,
		text ? CONTENT_MAX : CONTENT_MAX / 4 * 3, c->now, &c->arena, &x, e));
	truncated = (int64_t)x.text.len < x.n_bytes;
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	put_place(&j, &at);
	json_put_str(&j, "filename", x.pair.output.filename);
	json_put_z(&j, "content_type", content_type_of(&x));
	if (text)
		put_text(&j, x.text, &truncated);
	else
		put_base64(&j, x.text);
	json_put_bool(&j, "truncated", truncated);
	json_put_int(&j, "size_bytes", x.n_bytes > 0 ? x.n_bytes : 0);
	json_put_told(&j, "download_url",
		x.state == BLOB_MISSING
			? STR("")
			: arena_fmt(&c->arena, "%.*s/api/v1/blobs/%.*s", STR_FMT(base), STR_FMT(x.digest)));
	json_put_str(&j, "sha256", x.digest);
	json_put_z(&j, "storage_status", blob_state_name(x.state));
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_expected_output(struct call *c, struct err *e)
{
	return reply_content(c, false, e);
}

enum err_code api_get_actual_output(struct call *c, struct err *e)
{
	return reply_content(c, true, e);
}

/* ---- differences ---- */

static void put_line(struct json_out *j, const struct file_diff_line *l)
{
	static const char *const kinds[] = { "context", "added", "removed" };

	json_open_object(j, NULL);
	json_put_z(j, "kind", kinds[l->kind]);
	json_put_number(j, "expected_line", l->expected_line > 0, l->expected_line);
	json_put_number(j, "actual_line", l->actual_line > 0, l->actual_line);
	json_put_str(j, "text", l->text);
	json_close_object(j);
}

static void put_hunks(struct json_out *j, const struct file_diff *d)
{
	json_open_object(j, "summary");
	json_put_int(j, "added_lines", d->added);
	json_put_int(j, "removed_lines", d->removed);
	json_put_int(j, "changed_hunks", d->n_hunks);
	json_close_object(j);
	json_open_array(j, "hunks");
	for (size_t i = 0; i < d->n; i++) {
		json_open_object(j, NULL);
		json_put_int(j, "expected_start", d->hunks[i].expected_start);
		json_put_int(j, "actual_start", d->hunks[i].actual_start);
		json_open_array(j, "lines");
		for (size_t k = 0; k < d->hunks[i].n; k++)
			put_line(j, &d->hunks[i].lines[k]);
		json_close_array(j);
		json_close_object(j);
	}
	json_close_array(j);
}

static void reply_structured(struct call *c, const struct output_place *at, const struct output_diff *x)
{
	static const char *const statuses[] = { [OUTPUT_IDENTICAL] = "identical",
		[OUTPUT_DIFFERENT] = "different",
		[OUTPUT_NO_EXPECTED] = "missing_expected",
		[OUTPUT_NO_ACTUAL] = "missing_actual" };
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	put_place(&j, at);
	json_put_z(&j, "status", statuses[x->status]);
	json_put_bool(&j, "binary", x->diff.binary);
	json_put_bool(&j, "truncated", x->diff.truncated);
	put_hunks(&j, &x->diff);
	json_close_object(&j);
}

static void reply_unified(struct call *c, const struct output_place *at, const struct output_diff *x)
{
	struct json_out j = reply_json(c, 200);
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	if (x->status == OUTPUT_DIFFERENT)
		file_diff_write_unified(&x->diff, arena_fmt(&c->arena, "expected/%.*s", STR_FMT(x->filename)),
			arena_fmt(&c->arena, "actual/%.*s", STR_FMT(x->filename)), FILE_DIFF_UNIFIED_MAX,
			&text);
	json_open_object(&j, NULL);
	put_place(&j, at);
	json_put_z(&j, "format", "unified");
	json_put_str(&j, "content", buf_view(&text));
	json_put_bool(&j, "truncated", x->diff.truncated);
	json_close_object(&j);
}

struct comparing {            /* in the call's arena */
	struct errand errand; /* first */
	struct call *call;
};

static void compare(struct errand *errand)
{
	struct call *c = ((struct comparing *)(void *)errand)->call;
	struct err result = { .code = ERR_OK };
	struct output_place at = place_of(c);
	struct output_diff_options options = { .context_lines = (size_t)arg_int(c, "context_lines") };
	struct output_diff x;

	/* What was looked for on the way and not found may have left its code. */
	result.code =
		output_diff_make(c->app->store, &c->identity, &at, &options, c->now, &c->arena, &x, &result);
	if (result.code == ERR_OK) {
		if (str_eq(arg_str(c, "format"), STR("unified")))
			reply_unified(c, &at, &x);
		else
			reply_structured(c, &at, &x);
	}
	call_finish(c, &result);
}

enum err_code api_get_diff(struct call *c, struct err *e)
{
	struct comparing *w = arena_alloc(&c->arena, sizeof *w);
	enum err_code code;

	*w = (struct comparing){ .errand = { .run = compare }, .call = c };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->files, &w->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

/* ---- approvals ---- */

enum err_code api_approve_baseline(struct call *c, struct err *e)
{
	struct output_place at = { .run_id = arg_int(c, "run_id"),
		.sample_id = arg_int(c, "sample_id"),
		.test_id = body_int(c, "regression_id", 0),
		.output_id = body_int(c, "output_id", 0) };
	struct str by = c->identity.email;
	struct json_out j;

	TRY(baselines_approve(c->app->store, &c->identity, &at,
		json_is_true(json_get(c->body, "remove_variants")), c->now, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_put_z(&j, "status", "approved");
	put_place(&j, &at);
	json_put_str(&j, "requested_by", (struct str){ by.p, utf8_floor(by, 100) });
	json_put_time(&j, "created_at", c->now);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_revert_baseline(struct call *c, struct err *e)
{
	struct output_place at = place_of(c);

	TRY(baselines_revert(c->app->store, &c->identity, &at, c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}
