/* error_text: see the header. */
#include "cli/error_text.h"

#include "text/terminal.h"
#include "text/visible.h"

#define LINES_MAX 12
#define NAME_MAX_BYTES 300

void error_text_name(struct str text, struct buf *out)
{
	text_visible_name(text, NAME_MAX_BYTES, out);
}

void error_text_place(struct json *where, struct buf *out)
{
	struct str file = json_str(json_get(where, "file"));
	int64_t n;

	if (file.len == 0)
		return;
	error_text_name(file, out);
	if (!json_int(json_get(where, "line"), &n))
		return;
	buf_fmt(out, ":%lld", (long long)n);
	if (json_int(json_get(where, "column"), &n))
		buf_fmt(out, ":%lld", (long long)n);
}

void error_text_message(struct str message, const char *indent, struct buf *out)
{
	struct str rest = message;

	for (int i = 0; i < LINES_MAX && (rest.len > 0 || i == 0); i++) {
		struct str line = { rest.p, str_find(rest, '\n') };

		rest = str_from(rest, line.len + 1);
		buf_z(out, indent);
		text_terminal(line, false, out);
		buf_char(out, '\n');
	}
	if (rest.len > 0)
		buf_fmt(out, "%s...\n", indent);
}

void error_text_lines(struct json *error, struct buf *out)
{
	int64_t from, to, step;

	if (!json_int(json_get(error, "from_line"), &from) || !json_int(json_get(error, "to_line"), &to) ||
		!json_int(json_get(error, "step_id"), &step))
		return;
	if (from == to)
		buf_fmt(out, "line %lld", (long long)from);
	else
		buf_fmt(out, "lines %lld-%lld", (long long)from, (long long)to);
	buf_fmt(out, ": sluice logs --step %lld --from %lld", (long long)step, (long long)from);
}

void error_text_date(struct str time, struct buf *out)
{
	if (time.len > 10)
		time.len = 10;
	error_text_name(time.len > 0 ? time : STR("-"), out);
}

void error_text_sha(struct str sha, struct buf *out)
{
	if (sha.len > 12)
		sha.len = 12;
	error_text_name(sha, out);
}

void error_text_style(bool colours, const char *style, struct buf *out)
{
	if (colours)
		buf_fmt(out, "\x1b[%sm", style);
}
