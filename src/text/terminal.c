/*
 * terminal: runs of text between sequences go through text_visible(); in front of each the look is changed, if the
 * sequences before it changed it (settle_pen.h). So what goes out is made of our own few sequences, whatever came in, and
 * a line cannot leave the next one red, or linked.
 */
#include "text/terminal.h"

#include "text/escape.h"
#include "text/settle_pen.h"
#include "text/visible.h"

#define STYLE_HIDDEN (1U << 8)

struct shown {
	struct buf *out;
	struct settle_pen is, wanted; /* the look in force, and the one that the next text has */
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

/* What stands behind the beginning of a sequence of this kind: ESC [ or U+009B, ESC ] or U+009D. False: it is another. */
static bool body_of(struct str escape, char kind, struct str *ret)
{
	/* The second byte of the one-character forms is that of the others, and 0x40 more. */
	uint8_t more = escape.p[0] == ESCAPE_FIRST ? 0 : 0x40;

	if (escape.len < 2 || (uint8_t)escape.p[1] != (uint8_t)kind + more)
		return false;
	*ret = str_from(escape, 2);
	return true;
}

static bool is_numbers(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((s.p[i] < '0' || s.p[i] > '9') && s.p[i] != ';' && s.p[i] != ':')
			return false;
	return true;
}

static void heed_sgr(struct shown *sh, struct str csi)
{
	struct str params = { csi.p, csi.len > 0 ? csi.len - 1 : 0 };

	if (!str_ends(csi, STR("m")) || !is_numbers(params))
		return;
	settle_pen_sgr(&sh->wanted, params);
	sh->wanted.style &= ~STYLE_HIDDEN;
}

/* Without what ends it: BEL, ESC \ or U+009C. False: it never ends. */
static bool cut_end(struct str *osc)
{
	static const struct str ends[] = { { "\x07", 1 }, { "\x1b\\", 2 }, { "\xc2\x9c", 2 } };

	for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
		if (!str_ends(*osc, ends[i]))
			continue;
		osc->len -= ends[i].len;
		return true;
	}
	return false;
}

static bool is_web(struct str link)
{
	if (!str_starts(link, STR("http://")) && !str_starts(link, STR("https://")))
		return false;
	for (size_t i = 0; i < link.len; i++)
		if (link.p[i] <= ' ' || link.p[i] > '~')
			return false;
	return true;
}

/* A link to elsewhere ends the one before all the same. */
static void heed_link(struct shown *sh, struct str osc)
{
	struct str link;

	if (cut_end(&osc) && settle_pen_link(osc, &link))
		sh->wanted.link = is_web(link) ? link : STR("");
}

static void heed(struct shown *sh, struct str escape)
{
	struct str body;

	if (body_of(escape, '[', &body))
		heed_sgr(sh, body);
	else if (body_of(escape, ']', &body))
		heed_link(sh, body);
}

static void put(struct shown *sh, struct str text)
{
	if (text.len == 0)
		return;
	settle_pen_change(&sh->is, &sh->wanted, sh->out);
	sh->is = sh->wanted;
	text_visible(text, sh->out);
}

void text_terminal(struct str line, bool colours, struct buf *out)
{
	struct shown sh = { .out = out };
	size_t done = 0, i = 0;

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
	while (i < line.len) {
		size_t end = i;

		if (line.p[i] == ESCAPE_FIRST || line.p[i] == ESCAPE_FIRST_C1)
			end = escape_end(line, i);
		if (end == i) {
			i++;
			continue;
		}
		put(&sh, (struct str){ line.p + done, i - done });
		heed(&sh, (struct str){ line.p + i, end - i });
		done = i = end;
	}
	put(&sh, str_from(line, done));
	settle_pen_change(&sh.is, &(struct settle_pen){ 0 }, out);
}
