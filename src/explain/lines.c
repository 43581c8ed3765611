/*
 * lines: one walk over the log. Whole stretches are looked at for what is rare (CR, escapes), so that
 * lines without either cost one copy.
 */
#include "explain/lines.h"

#include "explain/line_prefix.h"
#include "text/escape.h"

#include "base/arena.h"

#include <stdlib.h>

static uint8_t indent_of(struct str s)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.len && n < UINT8_MAX && (s.p[i] == ' ' || s.p[i] == '\t'); i++)
		n += s.p[i] == ' ' ? 1 : 8;
	return (uint8_t)(n < UINT8_MAX ? n : UINT8_MAX);
}

/* GitHub shows each script and its environment in a group of its own: what is in it was not said by anything. */
static bool is_echoed(struct lines *l, struct str line)
{
	if (str_starts(line, STR("##[group]Run ")))
		l->in_script = true;
	else if (str_starts(line, STR("##[endgroup]")))
		l->in_script = false;
	return l->in_script;
}

static void add_line(struct lines *l, size_t from, size_t to, struct buf *plain)
{
	struct str s = { l->log.p + from, to - from };
	enum line_level level = LINE_DEBUG;
	size_t prefix;
	bool said;

	if (s.len > LINES_LOOK)
		s.len = LINES_LOOK;
	if (str_find(s, ESCAPE_FIRST) < s.len) {
		buf_reset(plain);
		escape_take_out(s, plain);
		s = buf_view(plain);
	}
	prefix = line_prefix(s, &level);
	said = level > LINE_DEBUG;
	s = str_from(s, prefix);
	while (s.len > 0 && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	if (l->n == l->cap) {
		l->cap = l->cap > 0 ? 2 * l->cap : 1024;
		l->v = mem_grow(l->v, l->cap * sizeof *l->v);
	}
	l->v[l->n++] = (struct lines_line){ .start = (uint32_t)from,
		.len = (uint32_t)(to - from),
		.at = (uint32_t)l->text.len,
		.kept = (uint16_t)s.len,
		.level = (uint8_t)(said ? level : LINE_INFO),
		.said = said,
		.echoed = is_echoed(l, s),
		.indent = indent_of(s) };
	buf_str(&l->text, s);
	buf_char(&l->text, '\n');
}

/* From one LF to the next: one line, unless there are lone CRs in it. */
static void add_lines(struct lines *l, size_t from, size_t to, struct buf *plain)
{
	if (to > from && l->log.p[to - 1] == '\r' && to < l->log.len)
		to--;
	for (;;) {
		struct str s = { l->log.p + from, to - from };
		size_t cr = str_find(s, '\r');

		add_line(l, from, from + cr, plain);
		if (cr == s.len)
			return;
		from += cr + 1;
	}
}

enum err_code lines_init(struct lines *l, struct str log, struct err *e)
{
	AUTO_BUF plain;

	*l = (struct lines){ .log = log };
	buf_init(&l->text, SIZE_MAX);
	buf_init(&plain, SIZE_MAX);
	if (log.len > LINES_TEXT_MAX)
		return err_set(e, ERR_TOO_LARGE, "a log of %zu bytes is too long to explain; %d is the most",
			log.len, LINES_TEXT_MAX);
	(void)buf_room(&l->text, log.len + 1);
	for (size_t from = 0; from < log.len;) {
		size_t to = from + str_find(str_from(log, from), '\n');

		add_lines(l, from, to, &plain);
		from = to + 1;
	}
	return ERR_OK;
}

void lines_done(struct lines *l)
{
	free(l->v);
	buf_done(&l->text);
	*l = (struct lines){ 0 };
}

size_t lines_at(const struct lines *l, size_t at)
{
	size_t low = 0, high = l->n;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (l->v[middle].at <= at)
			low = middle;
		else
			high = middle;
	}
	return low;
}

bool lines_is_blank(const struct lines *l, size_t i)
{
	return l->v[i].kept == 0;
}
