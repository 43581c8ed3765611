/*
 * escape: sequences are taken by the grammar of ECMA-48 and not by a list, so that those nobody has heard of are
 * known too. One that never ends has what belongs to it by the grammar and at most the rest of its line, never a
 * line end: no log can hide what follows in it.
 */
#include "text/escape.h"

#include <stdbool.h>

#define ESC (uint8_t) ESCAPE_FIRST
#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define C1_LEAD (uint8_t) ESCAPE_FIRST_C1

static uint8_t byte_at(struct str s, size_t i)
{
	return i < s.len ? (uint8_t)s.p[i] : 0;
}

static bool in(uint8_t b, uint8_t first, uint8_t last)
{
	return b >= first && b <= last;
}

/* Behind the parameters of a CSI and its final byte, if there is one. */
static size_t csi_end(struct str s, size_t i)
{
	while (in(byte_at(s, i), 0x20, 0x3f))
		i++;
	return in(byte_at(s, i), 0x40, 0x7e) ? i + 1 : i;
}

/*
 * Behind an OSC, DCS, SOS, PM or APC: its BEL, ESC \ or U+009C. Whatever else no string may hold ends it as
 * well, and is not part of it: a line end, another escape, CAN, SUB.
 */
static size_t string_end(struct str s, size_t i)
{
	for (; i < s.len; i++) {
		uint8_t b = (uint8_t)s.p[i];

		if (b == BEL)
			return i + 1;
		if (b == ESC)
			return byte_at(s, i + 1) == '\\' ? i + 2 : i;
		if (b == C1_LEAD && byte_at(s, i + 1) == 0x9c)
			return i + 2;
		if (b == '\n' || b == CAN || b == SUB)
			return i;
	}
	return i;
}

/* Behind the rest of a sequence, i being behind its ESC. */
static size_t rest_end(struct str s, size_t i)
{
	switch (byte_at(s, i)) {
	case '[':
		return csi_end(s, i + 1);
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		return string_end(s, i + 1);
	default:
		break;
	}
	while (in(byte_at(s, i), 0x20, 0x2f))
		i++;
	return in(byte_at(s, i), 0x30, 0x7e) ? i + 1 : i;
}

size_t escape_end(struct str s, size_t i)
{
	uint8_t b = byte_at(s, i);

	if (b == ESC)
		return rest_end(s, i + 1);
	if (b != C1_LEAD)
		return i;
	switch (byte_at(s, i + 1)) {
	case 0x9b:
		return csi_end(s, i + 2);
	case 0x90:
	case 0x98:
	case 0x9d:
	case 0x9e:
	case 0x9f:
		return string_end(s, i + 2);
	default:
		return i;
	}
}

/* Offset of the first `byte` at or behind `from`; s.len when there is none. */
static size_t find_from(struct str s, size_t from, char byte)
{
	return from + str_find(str_from(s, from), byte);
}

/* Between two sequences, memory is copied. */
void escape_take_out(struct str s, struct buf *out)
{
	size_t done = 0, first = find_from(s, 0, ESCAPE_FIRST), c1 = find_from(s, 0, ESCAPE_FIRST_C1);

	while (first < s.len || c1 < s.len) {
		size_t at = first < c1 ? first : c1;
		size_t end = escape_end(s, at);

		if (end > at) {
			buf_add(out, s.p + done, at - done);
			done = end;
		} else {
			end = at + 1;
		}
		if (first < end)
			first = find_from(s, end, ESCAPE_FIRST);
		if (c1 < end)
			c1 = find_from(s, end, ESCAPE_FIRST_C1);
	}
	buf_str(out, str_from(s, done));
}
