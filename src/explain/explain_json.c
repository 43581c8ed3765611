/* explain_json: findings as JSON. What is not known is left out, so that a reader sees what is there. */
#include "explain/explain.h"

#include "base/json.h"

#include "text/tail.h"

static void put_known(struct json_out *j, const char *key, struct str value)
{
	if (value.len > 0)
		json_put_str(j, key, value);
}

static void put_number(struct json_out *j, const char *key, int64_t value)
{
	if (value > 0)
		json_put_int(j, key, value);
}

static void put_block(struct json_out *j, const struct finding *f)
{
	json_open_object(j, NULL);
	json_put_z(j, "role", error_role_name(f->role));
	json_put_z(j, "class", error_class_name(f->class));
	json_put_z(j, "severity", error_severity_name(f->severity));
	if (f->to > f->from) { /* else it was told beside the log */
		json_put_int(j, "start_line", (int64_t)f->from + 1);
		json_put_int(j, "end_line", (int64_t)f->to);
		json_put_int(j, "start_byte", (int64_t)f->start_byte);
		json_put_int(j, "end_byte", (int64_t)f->end_byte);
	}
	put_known(j, "tool", f->tool);
	put_known(j, "file", f->file);
	put_number(j, "line", f->line);
	put_number(j, "col", f->col);
	put_known(j, "code", f->code);
	put_known(j, "test", f->test);
	put_known(j, "message", f->message);
	put_known(j, "advice", f->advice);
	if (f->flaky)
		json_put_bool(j, "flaky", true);
	put_number(j, "reruns", f->reruns);
	json_put_str(j, "fingerprint", f->fingerprint);
	json_put_z(j, "found_by", error_by_name(f->by));
	put_known(j, "rule", f->rule);
	json_put_int(j, "score", f->score);
	put_known(j, "why", f->why);
	json_close_object(j);
}

void explain_json(const struct findings *f, struct str log, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_int(&j, "version", 1);
	json_put_int(&j, "lines", text_count_lines(log));
	json_put_int(&j, "bytes", (int64_t)log.len);
	json_put_bool(&j, "truncated", f->full);
	json_open_array(&j, "blocks");
	for (size_t i = 0; i < f->n; i++)
		put_block(&j, &f->v[i]);
	json_close_array(&j);
	json_close_object(&j);
	buf_char(out, '\n');
}
