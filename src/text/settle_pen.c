/*
 * settle_pen: a colour is one number, its kind in the top byte: 0 is the default, else the numbers below. The palette's
 * first sixteen and the 256 are not made one (38;5;1 stays what it is): terminals show the two differently when bold.
 */
#include "text/settle_pen.h"

#include <string.h>

#define KIND_16 1U  /* | SGR number of the foreground: 30-37, 90-97 */
#define KIND_256 2U /* | 0-255 */
#define KIND_RGB 3U /* | 0xrrggbb */
#define COLOUR(kind, value) ((kind) << 24 | (uint32_t)(value))
#define NUMBER_MAX 9999
#define BIT(n) (1U << (n))
#define SGR_MAX 80 /* bytes that the longest SGR of ours has at most */

/* What each number below 30 does: these styles off, those on. */
static const struct {
	uint32_t off, on;
} styles[30] = {
	[1] = { 0, BIT(1) },
	[2] = { 0, BIT(2) },
	[3] = { 0, BIT(3) },
	[4] = { 0, BIT(4) },
	[5] = { 0, BIT(5) },
	[6] = { 0, BIT(5) }, /* blinks fast */
	[7] = { 0, BIT(7) },
	[8] = { 0, BIT(8) },
	[9] = { 0, BIT(9) },
	[21] = { 0, BIT(4) }, /* twice underlined */
	[22] = { BIT(1) | BIT(2), 0 },
	[23] = { BIT(3), 0 },
	[24] = { BIT(4), 0 },
	[25] = { BIT(5), 0 },
	[27] = { BIT(7), 0 },
	[28] = { BIT(8), 0 },
	[29] = { BIT(9), 0 },
};

bool settle_pen_is_default(const struct settle_pen *p)
{
	return p->style == 0 && p->fg == 0 && p->bg == 0 && p->link.len == 0;
}

static bool same_look(const struct settle_pen *a, const struct settle_pen *b)
{
	return a->style == b->style && a->fg == b->fg && a->bg == b->bg;
}

bool settle_pen_eq(const struct settle_pen *a, const struct settle_pen *b)
{
	return same_look(a, b) && str_eq(a->link, b->link);
}

/* Takes what stands in front of the next c off the front of *s. */
static struct str take_to(struct str *s, char c)
{
	size_t n = str_find(*s, c);
	struct str part = { s->p, n };

	*s = str_from(*s, n < s->len ? n + 1 : n);
	return part;
}

/* Empty is 0; -1: no number. */
static int number(struct str s)
{
	int n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return -1;
		if (n < NUMBER_MAX)
			n = 10 * n + (s.p[i] - '0');
	}
	return n;
}

static bool is_byte(int n)
{
	return n >= 0 && n <= 255;
}

/* The colour of n values behind a 38 or 48: 5 and an index, or 2 and red, green, blue. False: none. */
static bool colour_of(const int *v, size_t n, uint32_t *ret)
{
	if (n >= 2 && v[0] == 5 && is_byte(v[1])) {
		*ret = COLOUR(KIND_256, v[1]);
		return true;
	}
	if (n >= 4 && v[0] == 2 && is_byte(v[1]) && is_byte(v[2]) && is_byte(v[3])) {
		*ret = COLOUR(KIND_RGB, v[1] << 16 | v[2] << 8 | v[3]);
		return true;
	}
	return false;
}

/* 38:5:n, 38:2:r:g:b, and 38:2:space:r:g:b, which is how the standard has it. */
static bool colon_colour(struct str parts, uint32_t *ret)
{
	int v[6];
	size_t n = 0;

	while (parts.len > 0 && n < sizeof v / sizeof v[0])
		v[n++] = number(take_to(&parts, ':'));
	if (n >= 5 && v[0] == 2)
		memmove(v + 1, v + 2, 3 * sizeof v[0]);
	return colour_of(v, n, ret);
}

/* 38;5;n and 38;2;r;g;b: takes what belongs to it off *rest, also when it is no colour. */
static bool semicolon_colour(struct str *rest, uint32_t *ret)
{
	int v[4];
	size_t n = 1, want;

	v[0] = number(take_to(rest, ';'));
	want = v[0] == 5 ? 2 : v[0] == 2 ? 4 : 1;
	while (n < want && rest->len > 0)
		v[n++] = number(take_to(rest, ';'));
	return colour_of(v, n, ret);
}

static void set_colour(struct settle_pen *p, int which, uint32_t colour)
{
	if (which == 38)
		p->fg = colour;
	else if (which == 48)
		p->bg = colour;
	/* 58 colours the underline: that is not kept. */
}

static void set_simple(struct settle_pen *p, int n)
{
	if (n == 0) {
		p->style = p->fg = p->bg = 0;
	} else if (n < 30) {
		p->style = (p->style & ~styles[n].off) | styles[n].on;
	} else if (n <= 37 || (n >= 90 && n <= 97)) {
		p->fg = COLOUR(KIND_16, n);
	} else if (n == 39) {
		p->fg = 0;
	} else if ((n >= 40 && n <= 47) || (n >= 100 && n <= 107)) {
		p->bg = COLOUR(KIND_16, n - 10);
	} else if (n == 49) {
		p->bg = 0;
	}
}

void settle_pen_sgr(struct settle_pen *p, struct str params)
{
	bool ends_in_0 = str_ends(params, STR(";")); /* a number that is not there is 0 */

	do {
		struct str sub = take_to(&params, ';');
		int n = number(take_to(&sub, ':'));
		bool is_colour = n == 38 || n == 48 || n == 58;
		uint32_t colour;

		if (n < 0)
			continue;
		if (is_colour &&
			(sub.len > 0 ? colon_colour(sub, &colour) : semicolon_colour(&params, &colour)))
			set_colour(p, n, colour);
		else if (n == 4 && number(sub) == 0 && sub.len > 0)
			set_simple(p, 24); /* 4:0 is no underline; 4:1 to 4:5 are kinds of one */
		else if (!is_colour)
			set_simple(p, n);
	} while (params.len > 0);
	if (ends_in_0)
		set_simple(p, 0);
}

bool settle_pen_link(struct str osc, struct str *ret_link)
{
	struct str rest = osc;

	if (!str_eq(take_to(&rest, ';'), STR("8")))
		return false;
	take_to(&rest, ';'); /* its parameters: an id that joins links of several lines */
	*ret_link = rest;
	if (rest.len > SETTLE_PEN_LINK_MAX)
		ret_link->len = 0;
	for (size_t i = 0; i < rest.len; i++) {
		uint8_t b = (uint8_t)rest.p[i];
		uint8_t next = i + 1 < rest.len ? (uint8_t)rest.p[i + 1] : 0;

		if (b < 0x20 || b == 0x7f || (b == 0xc2 && next >= 0x80 && next <= 0x9f))
			ret_link->len = 0; /* no address has a control character */
	}
	return true;
}

/* ";" and n, by hand: this is written for each change of colour, and printf takes longer than all the rest. */
static char *add_number(char *p, uint32_t n)
{
	*p++ = ';';
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

static char *add_colour(char *p, uint32_t colour, uint32_t base)
{
	switch (colour >> 24) {
	case KIND_16:
		return add_number(p, (colour & 255) + base - 30);
	case KIND_256:
		p = add_number(add_number(p, base + 8), 5);
		return add_number(p, colour & 255);
	case KIND_RGB:
		p = add_number(add_number(p, base + 8), 2);
		p = add_number(add_number(p, colour >> 16 & 255), colour >> 8 & 255);
		return add_number(p, colour & 255);
	default:
		return p;
	}
}

/* The look from scratch: what was on is put off by a 0 in front, which is shorter than most ways round it. */
static size_t write_look(const struct settle_pen *from, const struct settle_pen *to, char *text)
{
	char *p = text + 1;

	if (from->style | from->fg | from->bg)
		p = add_number(p, 0);
	for (uint32_t i = 1; to->style >> i != 0; i++)
		if (to->style & BIT(i))
			p = add_number(p, i);
	p = add_colour(add_colour(p, to->fg, 30), to->bg, 40);
	*p++ = 'm';
	text[0] = '\x1b';
	text[1] = '['; /* for the first ";" */
	return (size_t)(p - text);
}

size_t settle_pen_change(const struct settle_pen *from, const struct settle_pen *to, struct buf *out)
{
	size_t len = 0;

	if (from->link.len + to->link.len > 0 && !str_eq(from->link, to->link)) {
		len += strlen("\x1b]8;;\x1b\\") + to->link.len;
		if (out) {
			buf_z(out, "\x1b]8;;");
			buf_str(out, to->link);
			buf_z(out, "\x1b\\");
		}
	}
	if (!same_look(from, to)) {
		char text[SGR_MAX];
		size_t n = write_look(from, to, text);

		len += n;
		if (out)
			buf_add(out, text, n);
	}
	return len;
}

void settle_pen_copy(struct settle_pen *to, const struct settle_pen *from, struct buf *own)
{
	struct settle_pen copy = *from;

	if (from->link.p != own->p) {
		buf_reset(own);
		buf_str(own, from->link);
	}
	copy.link = buf_view(own);
	*to = copy;
}
