/*
 * settle: lines as they end up on a terminal.
 *
 * So far of what a terminal does: line ends of both kinds, and that colours and links are kept while all other
 * sequences are taken out. The cursor does not move yet, so nothing that was put out becomes void.
 */
#include "text/settle.h"

#include "base/arena.h"
#include "text/escape.h"

#include <stdlib.h>
#include <string.h>

struct settle {
	struct buf pending; /* the line whose end is not there yet, as it came in */
};

struct settle *settle_new(void)
{
	struct settle *s = mem_grow(NULL, sizeof *s);

	buf_init(&s->pending, SIZE_MAX);
	return s;
}

void settle_free(struct settle *s)
{
	if (!s)
		return;
	buf_done(&s->pending);
	free(s);
}

static bool is_kept(struct str seq)
{
	if (str_starts(seq, STR("\x1b[")))
		return seq.p[seq.len - 1] == 'm';
	return str_starts(seq, STR("\x1b]8;"));
}

static void put_line(struct str line, struct buf *out)
{
	for (size_t i = 0; i < line.len;) {
		size_t end = escape_end(line, i);

		if (end > i) {
			if (is_kept((struct str){ line.p + i, end - i }))
				buf_add(out, line.p + i, end - i);
			i = end;
			continue;
		}
		if ((uint8_t)line.p[i] >= 0x20 || line.p[i] == '\t')
			buf_char(out, line.p[i]);
		i++;
	}
}

size_t settle_add(struct settle *s, struct str text, struct buf *out)
{
	for (;;) {
		size_t n = str_find(text, '\n');

		buf_add(&s->pending, text.p, n);
		if (n == text.len)
			return 0;
		put_line(buf_view(&s->pending), out);
		buf_char(out, '\n');
		buf_reset(&s->pending);
		text = str_from(text, n + 1);
	}
}

size_t settle_end(struct settle *s, struct buf *out)
{
	put_line(buf_view(&s->pending), out);
	buf_reset(&s->pending);
	return 0;
}

void settle_save(const struct settle *s, struct buf *out)
{
	buf_str(out, buf_view(&s->pending));
}

struct settle *settle_resume(struct str last_lines, struct str saved)
{
	struct settle *s = settle_new();

	(void)last_lines; /* what was put out never changes yet */
	buf_str(&s->pending, saved);
	return s;
}

bool settle_is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t b = (uint8_t)text.p[i];

		if ((b < 0x20 && b != '\n' && b != '\t') || b == 0x7f || escape_end(text, i) > i)
			return false;
	}
	return true;
}
