/*
 * mask_flow: where a stream may be cut.
 *
 * Nearly always the answer is "behind the last line end": a part is then all whole lines that there are. The rest is for what reaches over
 * line ends. Whether something is open is asked of the text up to there; if so the part ends before the line in
 * which it begins, and the next one begins with it. If that one gets as long as MASK_HOLD, it is let go all the same: no key and no value is
 * that long, so it was none.
 *
 * That cuts do not depend on the pieces: a part is let go only where it would be let go if the whole stream were there, or at
 * the end of a line over which nothing secret reaches; two parts at such an end are masked as one would be.
 */
#include "text/mask_flow.h"

#include "text/escape.h"
#include "text/mask_pem.h"

#include <string.h>

#define ESCAPE_LOOK 4096 /* a link in a sequence is not longer */

static struct str first_of(struct str text, size_t n)
{
	return (struct str){ text.p, n < text.len ? n : text.len };
}

/* Behind the last line end of text, or 0. */
static size_t behind_last_line_end(struct str text)
{
	const char *lf = text.len > 0 ? memrchr(text.p, '\n', text.len) : NULL;

	return lf ? (size_t)(lf - text.p) + 1 : 0;
}

/* How far lines go that have ended and are no longer than MASK_HOLD. */
static size_t whole_lines(struct str text)
{
	size_t at = 0, n;

	do {
		n = behind_last_line_end(first_of(str_from(text, at), MASK_HOLD));
		at += n;
	} while (n > 0);
	return at;
}

/* The start of the line that `at` is in, or of an earlier one where a secret reaches over that. */
static size_t line_start_outside_secrets(
	const struct mask *m, const struct mask_names *names, struct str lines, size_t at)
{
	bool moved = true;
	AUTO_SPANS spans = { 0 };

	mask_find_flow(m, names, lines, &spans);
	at = behind_last_line_end(first_of(lines, at));
	while (moved) {
		moved = false;
		for (size_t i = 0; i < spans.n; i++) {
			if (spans.p[i].at >= at || spans.p[i].end <= at)
				continue;
			at = behind_last_line_end(first_of(lines, spans.p[i].at));
			moved = true;
		}
	}
	return at;
}

/* Where the line begins in which something begins that is still open at the end of lines; lines.len if nothing is. */
static size_t open_at(const struct mask *m, const struct mask_names *names, struct str lines)
{
	size_t at = pem_open(lines, MASK_HOLD), value = mask_partial(m, lines),
	       name = mask_names_partial(names, lines);

	at = value < at ? value : at;
	at = name < at ? name : at;
	return at == lines.len ? at : line_start_outside_secrets(m, names, lines, at);
}

static size_t outside_secrets(
	const struct mask *m, const struct mask_names *names, struct str window, size_t cut)
{
	AUTO_SPANS spans = { 0 };

	mask_find_flow(m, names, window, &spans);
	for (size_t i = 0; i < spans.n; i++)
		if (spans.p[i].at < cut && spans.p[i].end > cut)
			return spans.p[i].at > 0 ? spans.p[i].at : spans.p[i].end;
	return cut;
}

static size_t outside_escapes(struct str window, size_t cut)
{
	size_t from = cut > ESCAPE_LOOK ? cut - ESCAPE_LOOK : 0;
	const char *esc = memrchr(window.p + from, ESCAPE_FIRST, cut - from);
	size_t at = esc ? (size_t)(esc - window.p) : 0;

	return at > 0 && escape_end(window, at) > cut ? at : cut;
}

static size_t outside_characters(struct str window, size_t cut)
{
	for (size_t n = 0; n < 3 && cut > 1 && cut < window.len && ((uint8_t)window.p[cut] & 0xc0) == 0x80;
		n++)
		cut--;
	return cut;
}

/* window: the first MASK_HOLD bytes of a line that goes on. */
static size_t cut_line(const struct mask *m, const struct mask_names *names, struct str window)
{
	const char *cr = memrchr(window.p, '\r', window.len);
	size_t cut;

	if (cr && cr > window.p)
		return outside_secrets(m, names, window, (size_t)(cr - window.p));
	cut = outside_secrets(m, names, window, MASK_HOLD / 2);
	return outside_characters(window, outside_escapes(window, cut));
}

size_t mask_flow_ready(const struct mask *m, const struct mask_names *names, struct str text, bool last)
{
	size_t lines = whole_lines(text), at;

	if (lines == 0 && text.len >= MASK_HOLD)
		return cut_line(m, names, first_of(text, MASK_HOLD));
	if (lines == 0)
		return last ? text.len : 0;
	at = open_at(m, names, first_of(text, lines));
	if (at > 0)
		return at;
	if (text.len >= MASK_HOLD)
		return behind_last_line_end(first_of(text, MASK_HOLD));
	return last ? text.len : 0;
}

size_t mask_flow_write(const struct mask *m, const struct mask_names *names, struct str part, struct buf *out)
{
	AUTO_SPANS spans = { 0 };

	mask_find_flow(m, names, part, &spans);
	return spans_write(&spans, part, 0, out);
}
