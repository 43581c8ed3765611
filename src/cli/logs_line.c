/* logs_line: see the header. */
#include "cli/logs_line.h"

#include "text/terminal.h"
#include "text/visible.h"

enum err_code logs_line_read(struct json *node, struct logs_line *ret, struct err *e)
{
	struct logs_line l = {
		.timestamp = json_str(json_get(node, "timestamp")),
		.level = json_str(json_get(node, "level")),
		.source = json_str(json_get(node, "source")),
		.group = json_str(json_get(node, "group")),
		.text = json_str(json_get(node, "text")),
		.match = json_is_true(json_get(node, "match")),
		.truncated = json_is_true(json_get(node, "truncated")),
	};

	if (!json_int(json_get(node, "number"), &l.number) ||
		json_kind(json_get(node, "text")) != JSON_STRING)
		return err_set(
			e, ERR_NETWORK, "what was answered is no line of a log; is it a Sluice server?");
	*ret = l;
	return ERR_OK;
}

static void put_if_any(struct json_out *j, const char *key, struct str value)
{
	if (value.len > 0)
		json_put_str(j, key, value);
	else
		json_put_null(j, key);
}

static void print_json(const struct logs_line *l, int64_t step_id, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_int(&j, "step_id", step_id);
	json_put_int(&j, "number", l->number);
	put_if_any(&j, "timestamp", l->timestamp);
	put_if_any(&j, "level", l->level);
	put_if_any(&j, "source", l->source);
	put_if_any(&j, "group", l->group);
	json_put_str(&j, "text", l->text);
	json_put_bool(&j, "match", l->match);
	json_put_bool(&j, "truncated", l->truncated);
	json_close_object(&j);
	buf_char(out, '\n');
}

void logs_line_print_number(int64_t number, char mark, struct buf *out)
{
	buf_fmt(out, "%6lld%c ", (long long)number, mark);
}

void logs_line_print(
	const struct logs_line *l, int64_t step_id, const struct logs_style *style, struct buf *out)
{
	char mark = !style->marks_matches ? ' ' : l->match ? ':' : '-';

	if (style->json) {
		print_json(l, step_id, out);
		return;
	}
	if (style->numbers)
		logs_line_print_number(l->number, mark, out);
	if (style->timestamps) {
		text_visible_name(l->timestamp, 40, out);
		buf_char(out, ' ');
	}
	text_terminal(l->text, style->colours, out);
	buf_z(out, l->truncated ? " [...]\n" : "\n");
}
