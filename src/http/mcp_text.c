/* mcp_text: see the header. */
#include "http/mcp_text.h"

#include "base/utf8.h"
#include "text/visible.h"

#define FENCE_MIN 3

static void backticks(struct buf *out, size_t n)
{
	while (n-- > 0)
		buf_char(out, '`');
}

void mcp_code(struct buf *out, struct str name, size_t max)
{
	struct str s;
	size_t ticks;
	bool pad;
	AUTO_BUF shown;

	buf_init(&shown, SIZE_MAX);
	text_visible_name(str_trim(name), max, &shown);
	if (shown.len == 0)
		buf_z(&shown, "(nothing)");
	s = buf_view(&shown);
	pad = s.p[0] == '`' || s.p[s.len - 1] == '`';
	ticks = text_longest_run(s, '`') + 1;
	backticks(out, ticks);
	buf_z(out, pad ? " " : "");
	buf_str(out, s);
	buf_z(out, pad ? " " : "");
	backticks(out, ticks);
}

struct str mcp_shown(struct arena *a, struct str name)
{
	AUTO_BUF shown;

	buf_init(&shown, SIZE_MAX);
	text_visible_name(name, SIZE_MAX, &shown);
	return arena_str(a, buf_view(&shown));
}

void mcp_fence(struct buf *out, struct str visible)
{
	size_t ticks = text_longest_run(visible, '`') + 1;

	ticks = ticks < FENCE_MIN ? FENCE_MIN : ticks;
	buf_z(out, "\n" MCP_NOTE "\n");
	backticks(out, ticks);
	buf_z(out, "text\n");
	buf_str(out, visible);
	if (visible.len > 0 && visible.p[visible.len - 1] != '\n')
		buf_char(out, '\n');
	backticks(out, ticks);
	buf_char(out, '\n');
}

bool mcp_line(struct buf *out, struct str line, size_t max)
{
	size_t from = out->len;

	text_visible(line, out);
	if (out->len - from <= max)
		return false;
	buf_cut(out, from + utf8_floor(str_from(buf_view(out), from), max));
	return true;
}
