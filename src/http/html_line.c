/*
 * html_line: each piece of text (text/styled.h) that does not have the default look is one <span>, in one <a> if it is linked, and is closed behind
 * it: nothing stays open, and what is written for a piece does not depend on those before.
 */
#include "http/html_line.h"

#include "text/styled.h"

#include <stdio.h>

/* As settle_pen.c has them: the kind of a colour is its top byte. */
enum { KIND_DEFAULT, KIND_16, KIND_256, KIND_RGB };
#define INVERSE (1U << 7)
#define NO_COLOUR (-1)

static unsigned level_of(unsigned value) /* of the cube: 0 to 5 */
{
	return value < 48 ? 0 : value < 115 ? 1 : (value - 35) / 40;
}

static unsigned square(unsigned a, unsigned b)
{
	unsigned d = a > b ? a - b : b - a;

	return d * d;
}

unsigned html_line_nearest(uint32_t rgb)
{
	static const unsigned levels[] = { 0, 95, 135, 175, 215, 255 };
	unsigned r = rgb >> 16 & 255, g = rgb >> 8 & 255, b = rgb & 255;
	unsigned cr = level_of(r), cg = level_of(g), cb = level_of(b);
	unsigned mean = (r + g + b) / 3, step = mean < 8 ? 0 : mean > 238 ? 23 : (mean - 3) / 10;
	unsigned grey = 8 + 10 * step;
	unsigned far_cube = square(r, levels[cr]) + square(g, levels[cg]) + square(b, levels[cb]);
	unsigned far_grey = square(r, grey) + square(g, grey) + square(b, grey);

	return far_grey < far_cube ? 232 + step : 16 + 36 * cr + 6 * cg + cb;
}

/* Number in the palette. */
static int number_of(uint32_t colour)
{
	uint32_t value = colour & 0xffffff;

	switch (colour >> 24) {
	case KIND_16:
		return (int)(value >= 90 ? value - 90 + 8 : value - 30);
	case KIND_256:
		return (int)value;
	case KIND_RGB:
		return (int)html_line_nearest(value);
	default:
		return NO_COLOUR;
	}
}

static void put_word(struct html *h, const char *word, bool *any)
{
	if (*any)
		buf_char(h->out, ' ');
	buf_z(h->out, word);
	*any = true;
}

static void put_colours(struct html *h, const struct settle_pen *look, bool *any)
{
	bool inverse = look->style & INVERSE;
	int fg = number_of(inverse ? look->bg : look->fg), bg = number_of(inverse ? look->fg : look->bg);
	char word[8] = "fi";

	if (fg != NO_COLOUR)
		snprintf(word, sizeof word, "f%d", fg);
	if (fg != NO_COLOUR || inverse)
		put_word(h, word, any);
	if (fg != NO_COLOUR && (bg != NO_COLOUR || inverse))
		put_word(h, "k", any);
	snprintf(word, sizeof word, "gi");
	if (bg != NO_COLOUR)
		snprintf(word, sizeof word, "g%d", bg);
	if (bg != NO_COLOUR || inverse)
		put_word(h, word, any);
}

static void put_classes(struct html *h, const struct settle_pen *look)
{
	static const char *const styles[] = {
		[1] = "bold", [2] = "faint", [3] = "italic", [4] = "under", [9] = "strike"
	};
	bool any = false;

	put_colours(h, look, &any);
	for (size_t i = 0; i < sizeof styles / sizeof *styles; i++)
		if (styles[i] && look->style & 1U << i)
			put_word(h, styles[i], &any);
}

static bool has_classes(const struct settle_pen *look)
{
	static const uint32_t shown = 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 9 | INVERSE;

	return look->fg != 0 || look->bg != 0 || (look->style & shown) != 0;
}

static void put_piece(void *arg, const struct settle_pen *look, struct str text)
{
	struct html *h = arg;

	if (look->link.len > 0)
		html_open_link(h, look->link);
	if (has_classes(look)) {
		html(h, "<span class=\"");
		put_classes(h, look);
		html(h, "\">");
	}
	html_text(h, text);
	if (has_classes(look))
		html(h, "</span>");
	if (look->link.len > 0)
		html(h, "</a>");
}

void html_line(struct html *h, struct str line)
{
	if (str_ends(line, STR("\r"))) /* in front of a line end it is nothing */
		line.len--;
	if (str_find(line, '\r') <
		line.len) /* the text was not settled: what stands where is for text_visible() to say */
		html_text(h, line);
	else
		text_styled(line, put_piece, h);
}
