/*
 * terminal: pieces of text that look alike (styled.h) go through text_visible(); in front of each the look is changed. So what goes out is
 * made of our own few sequences, whatever came in, and a line cannot leave the next one red, or linked.
 */
#include "text/terminal.h"

#include "text/styled.h"
#include "text/visible.h"

struct shown {
	struct buf *out;
	struct settle_pen is; /* the look in force */
};

static bool is_plain(struct str s)
{
	bool plain = true;

	for (size_t i = 0; i < s.len; i++)
		plain &= (s.p[i] >= ' ' && s.p[i] <= '~') || s.p[i] == '\t';
	return plain;
}

static bool has_return(struct str s)
{
	return str_find(s, '\r') < s.len;
}

static void put(void *arg, const struct settle_pen *look, struct str text)
{
	struct shown *sh = arg;

	settle_pen_change(&sh->is, look, sh->out);
	sh->is = *look;
	text_visible(text, sh->out);
}

void text_terminal(struct str line, bool colours, struct buf *out)
{
	struct shown sh = { .out = out };

	if (str_ends(line, STR("\r"))) /* in front of a line end it is nothing */
		line.len--;
	if (is_plain(line)) {
		buf_str(out, line);
		return;
	}
	if (!colours || has_return(line)) {
		text_visible(line, out);
		return;
	}
	text_styled(line, put, &sh);
	settle_pen_change(&sh.is, &(struct settle_pen){ 0 }, out);
}
