/*
 * api_errors: what broke in a step, in Sluice's own words; and in a run, to the letter of the results API: its types are made of classes, its severities
 * have other names, and clients of it take more members than it names.
 */
#include "api_table.h"

#include "http/error_json.h"
#include "service/run_errors.h"

/* ---- of a step ---- */

static struct error_query step_query_of(const struct call *c)
{
	struct error_query q = { .limit = arg_int(c, "limit"), .offset = arg_int(c, "offset") };
	enum error_severity severity;
	enum error_class class;
	enum error_role role;

	if (error_role_find(arg_str(c, "role"), &role))
		q.roles = 1u << role;
	if (error_class_find(arg_str(c, "class"), &class))
		q.classes = 1u << class;
	if (error_severity_find(arg_str(c, "severity"), &severity))
		q.severities = 1u << severity;
	return q;
}

enum err_code api_list_step_errors(struct call *c, struct err *e)
{
	struct error_query q = step_query_of(c);
	struct step_errors x;
	struct json_out j;

	TRY(errors_of_step(c->app->store, &c->identity, arg_int(c, "step_id"), &q, c->now, &c->arena, &x, e));
	j = reply_page(c, q.limit, q.offset, x.n, x.total);
	for (size_t i = 0; i < x.n; i++)
		error_json(&j, &x.errors[i], errors_group_of(&x, &x.errors[i]), x.head_sha);
	json_close_array(&j);
	json_put_time(&j, "explained_at", x.state.explained_at);
	json_put_bool(&j, "due", x.state.due);
	json_put_told(&j, "failed", x.state.failed);
	json_close_object(&j);
	return ERR_OK;
}

/* ---- of a run ---- */

static unsigned severities_of(const struct call *c)
{
	for (unsigned i = 0; i < ERROR_N_SEVERITIES; i++)
		if (str_eq(arg_str(c, "severity"), str_z(error_json_severity((enum error_severity)i))))
			return 1u << i;
	return 0;
}

static unsigned types_of(const struct call *c)
{
	enum error_type type;

	if (!arg_has(c, "type"))
		return ERRORS_ALL_TYPES;
	return error_type_find(arg_str(c, "type"), &type) ? 1u << type : 0;
}

static struct run_errors_query run_query_of(const struct call *c, bool infrastructure)
{
	return (struct run_errors_query){ .run_id = arg_int(c, "run_id"),
		.infrastructure = infrastructure,
		.types = ERRORS_ALL_TYPES,
		.severities = severities_of(c),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset"),
		.now = c->now };
}

static void end_page(struct json_out *j, const struct run_errors *x)
{
	json_close_array(j);
	json_put_int(j, "due_steps", x->n_due);
	json_close_object(j);
}

enum err_code api_list_run_errors(struct call *c, struct err *e)
{
	struct run_errors_query q = run_query_of(c, false);
	struct run_errors x;
	struct json_out j;

	q.types = types_of(c);
	q.sample_id = arg_has(c, "sample_id") ? arg_int(c, "sample_id") : 0;
	TRY(run_errors_list(c->app->store, &c->identity, &q, &c->arena, &x, e));
	j = reply_page(c, q.limit, q.offset, x.n, x.total);
	for (size_t i = 0; i < x.n; i++)
		error_json_of_run(&j, q.run_id, &x.errors[i], NULL);
	end_page(&j, &x);
	return ERR_OK;
}

/* Stacks may be of a log with more in it than an error's message: not for everybody who may see that something is wrong. */
static enum err_code allow_stacks(struct call *c, struct err *e)
{
	unsigned roles = ROLE_BIT(ROLE_ADMIN) | ROLE_BIT(ROLE_CONTRIBUTOR);

	call_needs(c, 0, roles);
	return access_allow(&c->identity, 0, roles, e);
}

static enum err_code put_items(struct call *c, int64_t run_id, const struct run_errors *x, bool stacks,
	struct json_out *j, struct err *e)
{
	struct error_stacks reading = { .store = c->app->store,
		.cfg = c->cfg,
		.clock = c->app->clock,
		.a = &c->arena,
		.began_ms = clock_steady_ms(c->app->clock) };

	for (size_t i = 0; i < x->n; i++) {
		struct error_stack stack;
		bool has = false;

		if (stacks && x->errors[i].log)
			TRY(errors_stack(&reading, x->errors[i].log, &stack, &has, e));
		error_json_of_run(j, run_id, &x->errors[i], has ? &stack : NULL);
	}
	return ERR_OK;
}

enum err_code api_list_infra_errors(struct call *c, struct err *e)
{
	struct run_errors_query q = run_query_of(c, true);
	bool stacks = arg_bool(c, "include_stack");
	struct run_errors x;
	struct json_out j;

	q.types = types_of(c);
	if (stacks)
		TRY(allow_stacks(c, e));
	TRY(run_errors_list(c->app->store, &c->identity, &q, &c->arena, &x, e));
	j = reply_page(c, q.limit, q.offset, x.n, x.total);
	TRY(put_items(c, q.run_id, &x, stacks, &j, e));
	end_page(&j, &x);
	return ERR_OK;
}

static const char *const by_names[] = { [ERRORS_BY_TYPE] = "type",
	[ERRORS_BY_SEVERITY] = "severity",
	[ERRORS_BY_SAMPLE] = "sample_id",
	[ERRORS_BY_TEST] = "regression_id" };

static void put_key(struct call *c, struct json_out *j, enum errors_by by, int64_t key)
{
	if (by == ERRORS_BY_TYPE)
		json_put_z(j, "key", error_type_name((enum error_type)key));
	else if (by == ERRORS_BY_SEVERITY)
		json_put_z(j, "key", error_json_severity((enum error_severity)key));
	else
		json_put_str(j, "key", arena_fmt(&c->arena, "%lld", (long long)key));
}

static void put_bucket(struct call *c, struct json_out *j, enum errors_by by, const struct error_bucket *b)
{
	json_open_object(j, NULL);
	json_put_z(j, "group_by", by_names[by]);
	put_key(c, j, by, b->key);
	json_put_int(j, "count", b->n);
	json_put_z(j, "severity", error_json_severity(b->severity));
	json_open_array(j, "sample_ids");
	for (size_t i = 0; i < b->n_samples; i++)
		json_put_int(j, NULL, b->samples[i]);
	json_close_array(j);
	json_put_time(j, "first_seen_at", b->first_at);
	json_put_time(j, "last_seen_at", b->last_at);
	json_close_object(j);
}

static enum errors_by group_by(const struct call *c)
{
	unsigned by = ERRORS_BY_TYPE;

	while (by < ERRORS_BY_TEST && !str_eq(arg_str(c, "group_by"), str_z(by_names[by])))
		by++;
	return (enum errors_by)by;
}

enum err_code api_get_error_summary(struct call *c, struct err *e)
{
	struct run_errors_query q = run_query_of(c, false);
	enum errors_by by = group_by(c);
	struct error_summary x;
	struct json_out j;
	size_t from, n;

	TRY(run_errors_summary(c->app->store, &c->identity, &q, by, &c->arena, &x, e));
	from = (size_t)q.offset < x.n ? (size_t)q.offset : x.n;
	n = x.n - from < (size_t)q.limit ? x.n - from : (size_t)q.limit;
	j = reply_page(c, q.limit, q.offset, n, x.total);
	for (size_t i = 0; i < n; i++)
		put_bucket(c, &j, by, &x.buckets[from + i]);
	reply_page_end(&j);
	return ERR_OK;
}
