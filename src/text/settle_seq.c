/*
 * settle_seq: a state, and the bytes so far. A reader would expect a flag for "too long": there is none. The
 * bytes of such a sequence are replaced by the beginning of one that nobody acts upon and that ends in the same way,
 * so that what settle_seq_save() writes is right by itself.
 */
#include "text/settle_seq.h"

#include "text/escape.h"

#define BEL 0x07
#define CAN 0x18
#define SUB 0x1a
#define ESC (uint8_t) ESCAPE_FIRST
#define C1_LEAD (uint8_t) ESCAPE_FIRST_C1
#define C1_ST 0x9c
#define DUMB_CSI "\x1b[!" /* an intermediate byte in front of parameters: known to no terminal */
#define DUMB_STRING "\x1bX"

static bool in(uint8_t b, uint8_t first, uint8_t last)
{
	return b >= first && b <= last;
}

static uint8_t byte_at(struct str s, size_t i)
{
	return i < s.len ? (uint8_t)s.p[i] : 0;
}

void settle_seq_init(struct settle_seq *q)
{
	q->state = SETTLE_SEQ_NONE;
	buf_init(&q->bytes, 2 * SETTLE_SEQ_MAX);
}

void settle_seq_done(struct settle_seq *q)
{
	buf_done(&q->bytes);
}

/* The state that the byte behind ESC leads to. */
static enum settle_seq_state opened_by(uint8_t b)
{
	switch (b) {
	case '[':
		return SETTLE_SEQ_CSI;
	case ']':
	case 'P':
	case 'X':
	case '^':
	case '_':
		return SETTLE_SEQ_STRING;
	default:
		return SETTLE_SEQ_NONE;
	}
}

size_t settle_seq_begin(struct settle_seq *q, struct str text, size_t i)
{
	uint8_t b = byte_at(text, i);
	uint8_t second = (uint8_t)(byte_at(text, i + 1) - 0x40); /* U+009B is ESC [, and so on */

	if (b != ESC && (b != C1_LEAD || opened_by(second) == SETTLE_SEQ_NONE))
		return i;
	buf_reset(&q->bytes);
	buf_char(&q->bytes, ESCAPE_FIRST);
	q->state = SETTLE_SEQ_ESC;
	if (b == ESC)
		return i + 1;
	buf_char(&q->bytes, (char)second);
	q->state = opened_by(second);
	return i + 2;
}

static void hold(struct settle_seq *q, struct str text, size_t from, size_t to, const char *dumb)
{
	size_t n = to - from;

	if (q->bytes.len + n <= SETTLE_SEQ_MAX) {
		buf_add(&q->bytes, text.p + from, n);
		return;
	}
	buf_reset(&q->bytes);
	buf_z(&q->bytes, dumb);
}

static struct str body(const struct settle_seq *q)
{
	return str_from(buf_view(&q->bytes), 2);
}

static size_t take_esc(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret)
{
	uint8_t b = byte_at(text, i);
	bool bare = q->bytes.len == 1;

	if (in(b, 0x20, 0x2f)) {
		if (bare) /* how many there are makes no difference */
			buf_char(&q->bytes, (char)b);
		return i + 1;
	}
	q->state = bare ? opened_by(b) : SETTLE_SEQ_NONE;
	if (q->state != SETTLE_SEQ_NONE) {
		buf_char(&q->bytes, (char)b);
		return i + 1;
	}
	if (!in(b, 0x30, 0x7e))
		return i;
	if (bare)
		ret->kind = (char)b;
	return i + 1;
}

static size_t take_csi(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret)
{
	size_t end = i;

	while (in(byte_at(text, end), 0x20, 0x3f))
		end++;
	hold(q, text, i, end, DUMB_CSI);
	if (end == text.len)
		return end;
	q->state = SETTLE_SEQ_NONE;
	if (!in(byte_at(text, end), 0x40, 0x7e))
		return end;
	*ret = (struct settle_seq_got){ .kind = '[', .final = text.p[end], .body = body(q) };
	return end + 1;
}

static size_t end_string(struct settle_seq *q, size_t end, struct settle_seq_got *ret)
{
	q->state = SETTLE_SEQ_NONE;
	if (q->bytes.p[1] == ']')
		*ret = (struct settle_seq_got){ .kind = ']', .body = body(q) };
	return end;
}

static size_t take_string(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret)
{
	size_t end = i;
	uint8_t b = 0;

	for (; end < text.len; end++) {
		b = (uint8_t)text.p[end];
		if (b == BEL || b == ESC || b == '\n' || b == CAN || b == SUB ||
			(b == C1_LEAD && byte_at(text, end + 1) == C1_ST))
			break;
	}
	hold(q, text, i, end, DUMB_STRING);
	if (end == text.len)
		return end;
	if (b == BEL)
		return end_string(q, end + 1, ret);
	if (b == C1_LEAD)
		return end_string(q, end + 2, ret);
	if (b == ESC) {
		q->state = SETTLE_SEQ_STRING_ESC;
		return end + 1;
	}
	q->state = SETTLE_SEQ_NONE;
	return end;
}

/* An ESC that is not the string's end cuts it short and is the first byte of the next sequence. */
static size_t take_string_esc(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret)
{
	if (text.p[i] == '\\')
		return end_string(q, i + 1, ret);
	buf_cut(&q->bytes, 1);
	q->state = SETTLE_SEQ_ESC;
	return i;
}

size_t settle_seq_take(struct settle_seq *q, struct str text, size_t i, struct settle_seq_got *ret)
{
	*ret = (struct settle_seq_got){ 0 };
	while (i < text.len && q->state != SETTLE_SEQ_NONE) {
		switch (q->state) {
		case SETTLE_SEQ_ESC:
			i = take_esc(q, text, i, ret);
			break;
		case SETTLE_SEQ_CSI:
			i = take_csi(q, text, i, ret);
			break;
		case SETTLE_SEQ_STRING:
			i = take_string(q, text, i, ret);
			break;
		case SETTLE_SEQ_STRING_ESC:
			i = take_string_esc(q, text, i, ret);
			break;
		case SETTLE_SEQ_NONE:
			break;
		}
	}
	return i;
}

void settle_seq_save(const struct settle_seq *q, struct buf *out)
{
	if (q->state == SETTLE_SEQ_NONE)
		return;
	buf_str(out, buf_view(&q->bytes));
	if (q->state == SETTLE_SEQ_STRING_ESC)
		buf_char(out, ESCAPE_FIRST);
}
