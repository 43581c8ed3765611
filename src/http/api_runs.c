/*
 * api_runs: runs, and the lines of all their steps, as the results API has them (clients of it expect these names and no others, and take more).
 */
#include "api_table.h"

#include "http/run_json.h"
#include "service/facts.h"
#include "service/run_lines.h"
#include "text/escape.h"

/* ---- lists ---- */

static enum run_order order_of(struct str sort)
{
	static const struct {
		const char *name;
		enum run_order order;
	} orders[] = { { "created_at", RUNS_OLDEST }, { "-created_at", RUNS_NEWEST },
		{ "run_id", RUNS_BY_ID }, { "-run_id", RUNS_BY_ID_DOWN } };

	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++)
		if (str_eq(sort, str_z(orders[i].name)))
			return orders[i].order;
	return RUNS_NEWEST;
}

enum err_code api_list_runs(struct call *c, struct err *e)
{
	struct run_query q = {
		.status = arg_str(c, "status"),
		.branch = arg_str(c, "branch"),
		.head_sha = arg_str(c, "commit_sha"),
		.repo = arg_str(c, "repository"),
		.platform = arg_str(c, "platform"),
		.created_from = arg_time(c, "created_after"),
		.created_to = arg_time(c, "created_before"),
		.now = c->now,
		.order = order_of(arg_str(c, "sort")),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset"),
	};
	struct run *runs = NULL;
	struct json_out j;
	int64_t total;
	size_t n = 0;

	TRY(facts_runs(c->app->store, &c->identity, &q, &c->arena, &runs, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		run_json(&j, NULL, &runs[i], c->now);
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_get_run(struct call *c, struct err *e)
{
	struct json_out j;
	struct run run;

	TRY(facts_run(c->app->store, &c->identity, arg_int(c, "run_id"), c->now, &c->arena, &run, e));
	j = reply_json(c, 200);
	run_json(&j, NULL, &run, c->now);
	return ERR_OK;
}

/* ---- logs ---- */

/* A message is for programs: without colours and links. */
static void put_line(struct json_out *j, int64_t run_id, const struct run_line *l)
{
	AUTO_BUF message;

	buf_init(&message, SIZE_MAX);
	escape_take_out(l->line.text, &message);
	json_open_object(j, NULL);
	json_put_time(j, "timestamp", l->line.at_ms ? l->line.at_ms : l->arrived_at);
	json_put_z(j, "level", line_level_name(l->line.level));
	json_put_z(j, "source", line_source_name(l->line.source));
	json_put_str(j, "message", buf_view(&message));
	json_put_int(j, "run_id", run_id);
	json_put_number(j, "sample_id", l->sample_id > 0, l->sample_id);
	json_put_int(j, "step_id", l->step_id);
	json_put_int(j, "number", l->line.number + 1);
	if (l->line.truncated)
		json_put_bool(j, "truncated", true);
	json_close_object(j);
}

static struct run_lines_query lines_query_of(const struct call *c)
{
	struct run_lines_query q = { .run_id = arg_int(c, "run_id"),
		.contains = arg_str(c, "contains"),
		.cursor = arg_int(c, "cursor"),
		.limit = (size_t)arg_int(c, "limit"),
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock };
	enum line_level level;

	if (line_level_find(arg_str(c, "level"), &level))
		q.levels = 1u << level;
	return q;
}

/* ERR_GONE tells the date to programs too. */
static enum err_code read_lines(
	struct call *c, const struct run_lines_query *q, struct run_lines_page *ret, struct err *e)
{
	int64_t expired_at = 0;
	char date[CLOCK_RFC3339_LEN];
	enum err_code code = run_lines_read(c->app->store, q, &c->arena, ret, &expired_at, e);

	if (code == ERR_GONE)
		call_detail(c, "expired_at", arena_cstr(&c->arena, str_z(clock_rfc3339(expired_at, date))));
	return code;
}

static enum err_code reply_lines(struct call *c, struct run_lines_query *q, struct err *e)
{
	struct run_lines_page page;
	struct json_out j;
	struct run run;

	TRY(facts_run(c->app->store, &c->identity, q->run_id, c->now, &c->arena, &run, e));
	q->may_come = run.tally.stage == STAGE_QUEUED || run.tally.stage == STAGE_WORKING;
	TRY(read_lines(c, q, &page, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_open_object(&j, "pagination");
	json_put_int(&j, "limit", (int64_t)q->limit);
	json_put_number(&j, "next_cursor", page.next >= 0, page.next);
	json_close_object(&j);
	json_open_array(&j, "data");
	for (size_t i = 0; i < page.n; i++)
		put_line(&j, q->run_id, &page.lines[i]);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}

enum err_code api_get_run_logs(struct call *c, struct err *e)
{
	struct run_lines_query q = lines_query_of(c);
	enum line_source source;

	if (line_source_find(arg_str(c, "source"), &source))
		q.sources = 1u << source;
	return reply_lines(c, &q, e);
}

enum err_code api_get_sample_logs(struct call *c, struct err *e)
{
	struct run_lines_query q = lines_query_of(c);

	q.sample_id = arg_int(c, "sample_id");
	return reply_lines(c, &q, e);
}
