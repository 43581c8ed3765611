/* api_lines: pages of the lines of a step's log. In the document lines count from 1, and so do cursors; in the program from 0. */
#include "api_table.h"

#include "http/find_step.h"
#include "http/line_json.h"
#include "service/lines.h"

static unsigned level_bits(const struct call *c)
{
	enum line_level level;
	unsigned bits = 0;

	if (line_level_find(arg_str(c, "level"), &level))
		bits = 1u << level;
	else if (line_level_find(arg_str(c, "min_level"), &level))
		for (; level < LINE_N_LEVELS; level++)
			bits |= 1u << level;
	return bits;
}

static unsigned source_bits(const struct call *c)
{
	enum line_source source;

	return line_source_find(arg_str(c, "source"), &source) ? 1u << source : 0;
}

static enum err_code query_of(const struct call *c, struct lines_query *ret, struct err *e)
{
	if (arg_has(c, "level") && arg_has(c, "min_level"))
		return err_field(e, "min_level", "is for this level and above; give it or level, not both");
	*ret = (struct lines_query){
		.step_id = arg_int(c, "step_id"),
		.levels = level_bits(c),
		.sources = source_bits(c),
		.contains = arg_str(c, "contains"),
		.regex = arg_str(c, "regex"),
		.from = arg_int(c, "from") - 1,
		.to = arg_has(c, "to") ? arg_int(c, "to") - 1 : INT64_MAX,
		.before = arg_int(c, "before"),
		.after = arg_int(c, "after"),
		.descending = str_eq(arg_str(c, "order"), STR("desc")),
		.limit = (size_t)arg_int(c, "limit"),
		.cursor = arg_has(c, "cursor") ? arg_int(c, "cursor") - 1 : -1,
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock,
	};
	return ERR_OK;
}

enum err_code api_get_step_lines(struct call *c, struct err *e)
{
	struct lines_query q;
	struct lines_page page;
	struct step_view v;
	struct json_out j;

	TRY(find_step_text(c, &v, e));
	TRY(query_of(c, &q, e));
	TRY(lines_read(c->app->store, &q, &c->arena, &page, e));
	j = reply_json(c, 200);
	json_open_object(&j, NULL);
	json_open_object(&j, "pagination");
	json_put_int(&j, "limit", (int64_t)q.limit);
	if (page.next >= 0)
		json_put_int(&j, "next_cursor", page.next + 1);
	else
		json_put_null(&j, "next_cursor");
	json_close_object(&j);
	json_put_bool(&j, "complete", page.complete);
	json_put_int(&j, "scanned_bytes", page.scanned_bytes);
	json_put_z(&j, "state", log_state_name(page.state));
	json_open_array(&j, "data");
	for (size_t i = 0; i < page.n; i++)
		line_json(&j, &page.lines[i], v.step.received_at, true);
	json_close_array(&j);
	json_close_object(&j);
	return ERR_OK;
}
