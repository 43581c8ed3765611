/*
 * api_errors: what broke in a step, in Sluice's own words; and in a run, to the letter of the results API: its types are made of classes, its severities
 * have other names, and clients of it take more members than it names.
 */
#include "api_table.h"

#include "http/error_json.h"

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

/* Types of results are none of a log's: no bit. */
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

	q.types = arg_has(c, "sample_id") ? 0 : types_of(c); /* what a log tells is of no sample */
	TRY(errors_of_run(c->app->store, &c->identity, &q, &c->arena, &x, e));
	j = reply_page(c, q.limit, q.offset, x.n, x.total);
	for (size_t i = 0; i < x.n; i++)
		error_json_item(&j, &x.errors[i], NULL);
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

static enum err_code put_items(
	struct call *c, const struct run_errors *x, bool stacks, struct json_out *j, struct err *e)
{
	struct error_stacks reading = { .store = c->app->store,
		.cfg = c->cfg,
		.clock = c->app->clock,
		.a = &c->arena,
		.began_ms = clock_steady_ms(c->app->clock) };

	for (size_t i = 0; i < x->n; i++) {
		struct error_stack stack;
		bool has = false;

		if (stacks)
			TRY(errors_stack(&reading, &x->errors[i], &stack, &has, e));
		error_json_item(j, &x->errors[i], has ? &stack : NULL);
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
	TRY(errors_of_run(c->app->store, &c->identity, &q, &c->arena, &x, e));
	j = reply_page(c, q.limit, q.offset, x.n, x.total);
	TRY(put_items(c, &x, stacks, &j, e));
	end_page(&j, &x);
	return ERR_OK;
}

static void put_bucket(struct json_out *j, const struct error_bucket *b, bool by_type)
{
	json_open_object(j, NULL);
	json_put_z(j, "group_by", by_type ? "type" : "severity");
	json_put_z(j, "key", by_type ? error_type_name(b->type) : error_json_severity(b->severity));
	json_put_int(j, "count", b->n);
	json_put_z(j, "severity", error_json_severity(b->severity));
	json_open_array(j, "sample_ids");
	json_close_array(j);
	json_put_time(j, "first_seen_at", b->first_at);
	json_put_time(j, "last_seen_at", b->last_at);
	json_close_object(j);
}

enum err_code api_get_error_summary(struct call *c, struct err *e)
{
	struct run_errors_query q = run_query_of(c, false);
	bool by_type = str_eq(arg_str(c, "group_by"), STR("type"));
	bool by_severity = str_eq(arg_str(c, "group_by"), STR("severity"));
	struct error_summary x;
	struct json_out j;
	size_t from, n;

	if (!by_type && !by_severity)
		q.types = 0; /* by sample or test: a log is of none */
	TRY(errors_summary(c->app->store, &c->identity, &q, by_severity ? ERRORS_BY_SEVERITY : ERRORS_BY_TYPE,
		&c->arena, &x, e));
	from = (size_t)q.offset < x.n ? (size_t)q.offset : x.n;
	n = x.n - from < (size_t)q.limit ? x.n - from : (size_t)q.limit;
	j = reply_page(c, q.limit, q.offset, n, (int64_t)x.n);
	for (size_t i = 0; i < n; i++)
		put_bucket(&j, &x.buckets[from + i], by_type);
	reply_page_end(&j);
	return ERR_OK;
}
