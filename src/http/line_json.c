/* line_json: see the header. */
#include "http/line_json.h"

void line_json(struct json_out *j, const struct log_line *line, int64_t arrived_at, bool match)
{
	json_open_object(j, NULL);
	json_put_int(j, "number", line->number + 1);
	json_put_time(j, "timestamp", line->at_ms ? line->at_ms : arrived_at);
	json_put_z(j, "level", line_level_name(line->level));
	json_put_z(j, "source", line_source_name(line->source));
	json_put_str(j, "text", line->text);
	if (line->group.len > 0)
		json_put_str(j, "group", line->group);
	else
		json_put_null(j, "group");
	if (match)
		json_put_bool(j, "match", line->match);
	json_put_bool(j, "truncated", line->truncated);
	json_close_object(j);
}
