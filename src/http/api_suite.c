/* api_suite: the suite as one document, and its samples and tests as the results API has them. */
#include "api_table.h"

#include "service/suite.h"

#include <string.h>

#define DOCUMENT_MAX ((size_t)16 << 20) /* of an answer: one that was taken is smaller */

/* ---- the document ---- */

struct taking {               /* in the call's arena */
	struct errand errand; /* first */
	struct call *call;
};

static void import(struct errand *errand)
{
	struct call *c = ((struct taking *)(void *)errand)->call;
	const struct suite_import in = {
		.yaml = c->raw, .all = arg_bool(c, "all"), .by = &c->identity, .now = c->now
	};
	struct err result = { .code = ERR_OK };
	struct suite_counts counts = { 0 };

	result.code = suite_import(c->app->store, &in, &counts, &result);
	if (result.code == ERR_OK) {
		struct json_out j = reply_json(c, 200);

		json_open_object(&j, NULL);
		json_put_int(&j, "samples", counts.samples);
		json_put_int(&j, "regression_tests", counts.tests);
		json_close_object(&j);
	}
	call_finish(c, &result);
}

enum err_code api_put_suite(struct call *c, struct err *e)
{
	struct taking *t = arena_alloc(&c->arena, sizeof *t);
	enum err_code code;

	*t = (struct taking){ .errand = { .run = import }, .call = c };
	call_defer(c, NULL, NULL);
	code = errands_submit(c->app->files, &t->errand, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}

enum err_code api_get_suite(struct call *c, struct err *e)
{
	AUTO_BUF out;

	buf_init(&out, DOCUMENT_MAX);
	TRY(suite_export(c->app->store, &out, e));
	reply_text(c, 200, "application/yaml", buf_view(&out));
	return ERR_OK;
}

/* ---- samples ---- */

static void put_words(struct json_out *j, const char *name, const struct suite_words *w)
{
	json_open_array(j, name);
	for (size_t i = 0; i < w->n; i++)
		json_put_str(j, NULL, w->v[i]);
	json_close_array(j);
}

static void put_sample(struct call *c, struct json_out *j, const struct sample *s)
{
	json_open_object(j, NULL);
	json_put_int(j, "sample_id", s->id);
	json_put_str(j, "sha", s->digest);
	json_put_str(j, "extension", s->extension);
	json_put_str(j, "original_name", s->name);
	json_put_str(j, "filename",
		s->extension.len > 0
			? arena_fmt(&c->arena, "%.*s.%.*s", STR_FMT(s->digest), STR_FMT(s->extension))
			: s->digest);
	put_words(j, "tags", &s->tags);
	json_put_int(j, "regression_test_count", s->n_tests);
	json_put_bool(j, "active", s->active);
	json_close_object(j);
}

enum err_code api_list_samples(struct call *c, struct err *e)
{
	struct sample_query q = { .active = -1,
		.name = arg_str(c, "name"),
		.tag = arg_str(c, "tag"),
		.digest = arg_str(c, "sha256"),
		.extension = arg_str(c, "extension"),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct sample *samples = NULL;
	struct json_out j;
	int64_t total = 0;
	size_t n = 0;

	if (arg_has(c, "status"))
		q.active = str_eq(arg_str(c, "status"), STR("active"));
	TRY(suite_samples(c->app->store, &q, &c->arena, &samples, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_sample(c, &j, &samples[i]);
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_get_sample(struct call *c, struct err *e)
{
	struct sample s;
	struct json_out j;

	TRY(suite_sample(c->app->store, arg_int(c, "sample_id"), &c->arena, &s, e));
	j = reply_json(c, 200);
	put_sample(c, &j, &s);
	return ERR_OK;
}

/* ---- tests ---- */

static void put_test(struct json_out *j, const struct regression_test *t)
{
	json_open_object(j, NULL);
	json_put_int(j, "regression_test_id", t->id);
	json_put_str(j, "name", t->name);
	json_put_int(j, "sample_id", t->sample_id);
	json_put_str(j, "sample_name", t->sample_name);
	json_put_str(j, "command", t->command);
	json_put_bool(j, "shell", t->shell);
	json_put_str(j, "input_type", t->input_type);
	json_put_str(j, "output_type", t->output_type);
	json_put_int(j, "expected_rc", t->expected_rc);
	json_put_bool(j, "active", t->active);
	put_words(j, "categories", &t->categories);
	if (t->description.len > 0)
		json_put_str(j, "description", t->description);
	else
		json_put_null(j, "description");
	json_close_object(j);
}

enum err_code api_list_regression_tests(struct call *c, struct err *e)
{
	struct regression_test_query q = { .active = arg_bool(c, "active"),
		.category = arg_str(c, "category"),
		.tag = arg_str(c, "tag"),
		.sample_id = arg_has(c, "sample_id") ? arg_int(c, "sample_id") : 0,
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct regression_test *tests = NULL;
	struct json_out j;
	int64_t total = 0;
	size_t n = 0;

	TRY(suite_tests(c->app->store, &q, &c->arena, &tests, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_test(&j, &tests[i]);
	reply_page_end(&j);
	return ERR_OK;
}
