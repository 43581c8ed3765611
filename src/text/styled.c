/* styled: runs of text between sequences; what a sequence changes is the look of those behind it (settle_pen.h). */
#include "text/styled.h"

#include "text/escape.h"

#define STYLE_HIDDEN (1U << 8)

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

static void heed_sgr(struct settle_pen *look, struct str csi)
{
	struct str params = { csi.p, csi.len > 0 ? csi.len - 1 : 0 };

	if (!str_ends(csi, STR("m")) || !is_numbers(params))
		return;
	settle_pen_sgr(look, params);
	look->style &= ~STYLE_HIDDEN;
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
static void heed_link(struct settle_pen *look, struct str osc)
{
	struct str link;

	if (cut_end(&osc) && settle_pen_link(osc, &link))
		look->link = is_web(link) ? link : STR("");
}

static void heed(struct settle_pen *look, struct str escape)
{
	struct str body;

	if (body_of(escape, '[', &body))
		heed_sgr(look, body);
	else if (body_of(escape, ']', &body))
		heed_link(look, body);
}

void text_styled(struct str line, styled_fn *each, void *arg)
{
	struct settle_pen look = { 0 };
	size_t done = 0, i = 0;

	while (i < line.len) {
		size_t end = i;

		if (line.p[i] == ESCAPE_FIRST || line.p[i] == ESCAPE_FIRST_C1)
			end = escape_end(line, i);
		if (end == i) {
			i++;
			continue;
		}
		if (i > done)
			each(arg, &look, (struct str){ line.p + done, i - done });
		heed(&look, (struct str){ line.p + i, end - i });
		done = i = end;
	}
	if (i > done)
		each(arg, &look, str_from(line, done));
}
