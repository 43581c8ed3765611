/* api_rules: the rules in force, and rules that are tried before they are. */
#include "api_table.h"

#include "service/explainer.h"
#include "service/rule_test.h"

#include <strings.h>

/* ---- the list ---- */

static void put_rule(struct json_out *j, const struct rule_fact *r)
{
	json_open_object(j, NULL);
	json_put_str(j, "id", r->id);
	json_put_told(j, "tool", r->tool);
	json_put_z(j, "class", error_class_name(r->class));
	json_put_z(j, "severity", error_severity_name(r->severity));
	json_put_z(j, "role", error_role_name(r->role));
	json_put_int(j, "weight", r->weight);
	json_put_int(j, "precedence", r->precedence);
	json_put_bool(j, "ignore", r->ignore);
	json_put_told(j, "advice", r->advice);
	json_put_int(j, "patterns", (int64_t)r->n_patterns);
	json_put_int(j, "examples", (int64_t)r->n_examples);
	json_put_bool(j, "built_in", r->built_in);
	json_put_str(j, "file", r->file);
	json_close_object(j);
}

struct filter {
	struct str tool;
	bool has_class;
	enum error_class class;
};

static bool is_wanted(const struct filter *f, const struct rule_fact *r)
{
	if (f->has_class && r->class != f->class)
		return false;
	return f->tool.len == 0 ||
	       (f->tool.len == r->tool.len && strncasecmp(f->tool.p, r->tool.p, f->tool.len) == 0);
}

static void put_list(struct call *c, const struct rule_list *list)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total = 0;
	struct filter f = { .tool = arg_str(c, "tool") };
	const struct rule_fact **page = arena_array(&c->arena, (size_t)limit, sizeof *page);
	struct json_out j;
	size_t n = 0;

	f.has_class = error_class_find(arg_str(c, "class"), &f.class);
	for (size_t i = 0; i < list->n; i++)
		if (is_wanted(&f, &list->v[i])) {
			if (total >= offset && n < (size_t)limit)
				page[n++] = &list->v[i];
			total++;
		}
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_rule(&j, page[i]);
	json_close_array(&j);
	json_put_str(&j, "version", list->version);
	json_put_int(&j, "matchers", (int64_t)list->n_matchers);
	json_put_told(&j, "problem", list->problem);
	json_close_object(&j);
}

enum err_code api_list_rules(struct call *c, struct err *e)
{
	struct rule_list *list = NULL;

	TRY(explainer_rule_list(c->app->explainer, &list, e));
	put_list(c, list);
	rule_list_unref(list);
	return ERR_OK;
}

/* ---- trying ---- */

static void put_rules(struct json_out *j, const struct rule_test *t)
{
	json_open_array(j, "rules");
	for (size_t i = 0; i < t->rules->n; i++) {
		const struct rule_test_rule *r = &t->v[i];

		json_open_object(j, NULL);
		json_put_str(j, "id", r->rule->id);
		json_put_int(j, "hits", r->n_hits);
		json_put_int(j, "green_hits", r->n_green);
		json_put_int(j, "green_hit_percent", rule_test_percent(r->n_green, t->green.n_steps));
		json_close_object(j);
	}
	json_close_array(j);
}

static void put_hit(struct json_out *j, const struct rule_test_hit *h)
{
	static const char *const names[] = {
#define RULE_CAPTURE_SLUG(name, slug) slug,
		RULE_CAPTURES(RULE_CAPTURE_SLUG)
#undef RULE_CAPTURE_SLUG
	};

	json_open_object(j, NULL);
	if (h->step_id > 0)
		json_put_int(j, "step_id", h->step_id);
	else
		json_put_null(j, "step_id");
	json_put_str(j, "rule", h->rule->id);
	json_put_int(j, "from_line", h->from_line + 1);
	json_put_int(j, "to_line", h->to_line);
	json_put_int(j, "line", h->head_line + 1);
	json_open_object(j, "captures");
	for (size_t i = 0; i < RULE_N_CAPTURES; i++)
		if (h->captures[i].len > 0)
			json_put_str(j, names[i], h->captures[i]);
	json_close_object(j);
	json_put_str(j, "message", h->message);
	json_close_object(j);
}

static void put_look(struct json_out *j, const char *key, const struct rule_test_look *l)
{
	json_open_object(j, key);
	json_put_int(j, "steps", l->n_steps);
	json_put_int(j, "scanned_bytes", l->bytes);
	json_put_bool(j, "complete", l->complete);
}

static void put_green(struct json_out *j, const struct rule_test *t)
{
	put_look(j, "green", &t->green);
	json_put_int(j, "hits", t->n_green_hit);
	json_put_int(j, "hit_percent", rule_test_percent(t->n_green_hit, t->green.n_steps));
	json_open_array(j, "hit_step_ids");
	for (int64_t i = 0; i < t->n_green_hit; i++)
		json_put_int(j, NULL, t->green_ids[i]);
	json_close_array(j);
	json_close_object(j);
}

static void put_test(struct call *c, const struct rule_test *t)
{
	struct json_out j = reply_json(c, 200);

	json_open_object(&j, NULL);
	json_open_array(&j, "problems");
	for (size_t i = 0; i < t->n_problems; i++)
		json_put_str(&j, NULL, t->problems[i]);
	json_close_array(&j);
	json_put_int(&j, "examples", (int64_t)t->n_examples);
	put_rules(&j, t);
	json_open_array(&j, "hits");
	for (size_t i = 0; i < t->n_hits; i++)
		put_hit(&j, &t->hits[i]);
	json_close_array(&j);
	put_look(&j, "looked", &t->looked);
	json_close_object(&j);
	put_green(&j, t);
	json_close_object(&j);
}

#define GREEN_IDS_TOLD 5

static enum err_code refuse(struct call *c, const struct rule_test *t, struct err *e)
{
	const struct rule_test_rule *r = t->refused;
	int64_t percent = rule_test_percent(r->n_green, t->green.n_steps);
	AUTO_BUF ids;

	buf_init(&ids, SIZE_MAX);
	for (int64_t i = 0; i < r->n_green && i < GREEN_IDS_TOLD; i++)
		buf_fmt(&ids, "%s%lld", i ? "," : "", (long long)r->green_ids[i]);
	call_detail(c, "rule", arena_cstr(&c->arena, r->rule->id));
	call_detail_int(c, "green_hit_percent", percent);
	call_detail_int(c, "green_hits", r->n_green);
	call_detail_int(c, "green_looked_at", t->green.n_steps);
	call_detail(c, "green_step_ids", arena_cstr(&c->arena, buf_view(&ids)));
	return err_set(e, ERR_UNPROCESSABLE,
		"rule %.*s finds something in %lld %% of the steps that passed (%lld of the newest %lld); "
		"more than %d "
		"%% is refused: make its patterns narrower, or exclude with `not` what is harmless",
		STR_FMT(r->rule->id), (long long)percent, (long long)r->n_green, (long long)t->green.n_steps,
		RULE_TEST_GREEN_PERCENT);
}

static void read_ids(struct call *c, struct rule_test_query *q)
{
	const struct json *list = json_get(c->body, "step_ids");

	for (size_t i = 0; i < json_len(list) && i < RULE_TEST_STEPS_MAX; i++)
		if (json_int(json_at(list, i), &q->step_ids[q->n_step_ids]))
			q->n_step_ids++;
}

enum err_code api_test_rules(struct call *c, struct err *e)
{
	struct rule_test_query q = {
		.rule = json_str(json_get(c->body, "rule")),
		.has_text = json_kind(json_get(c->body, "text")) == JSON_STRING,
		.text = json_str(json_get(c->body, "text")),
		.repo_id = c->repo.id,
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock,
	};
	AUTO_RULE_TEST t = { 0 };

	read_ids(c, &q);
	if (q.text.len > RULE_TEST_TEXT_MAX)
		return err_field(e, "text", "must have at most %d bytes", RULE_TEST_TEXT_MAX);
	if (json_get(c->body, "forge") && q.repo_id == 0)
		return err_field(e, "forge", "is of a repo; name the repo too");
	TRY(rule_test_run(c->app->store, &c->identity, &q, &c->arena, &t, e));
	if (t.refused)
		return refuse(c, &t, e);
	put_test(c, &t);
	return ERR_OK;
}
