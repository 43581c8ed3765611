/*
 * mask_pem: a private key has lines of base64 between a BEGIN and an END line; in JSON these may be one line, and
 * in a log each may have something in front.
 *
 * A key without an END line is masked as far as lines go on that could be of it, not to the end of the text:
 * tools that warn of keys quote the BEGIN line, and the rest of their log is what the reader came for. A key
 * whose beginning was cut off, as tails are cut, is known by its END line and masked as far back.
 */
#include "text/mask_pem.h"

#include "base/utf8.h"

#include <string.h>

#define PEM_MAX 16384 /* a PEM block of a 16384-bit RSA key has 12.6 KB */
#define PEM_BEGIN "-----BEGIN "
#define PEM_END_LINE "-----END "
#define PEM_LABEL_MAX 64
#define PEM_RUN_MIN 24 /* of base64 in a line of a key without an end, */
#define PEM_LOOK 256   /* so near its start */

/* Behind the dashes of a label that begins at `from` and is of a private key; 0: it is not. */
static size_t label_end(const struct scan *s, size_t from)
{
	struct str label = str_from(s->text, from);
	size_t dashes;

	if (label.len > PEM_LABEL_MAX)
		label.len = PEM_LABEL_MAX;
	label.len = str_find(label, '\n');
	dashes = str_find_str(label, STR("-----"));
	if (dashes == label.len ||
		str_find_str((struct str){ label.p, dashes }, STR("PRIVATE KEY")) == dashes)
		return 0;
	return from + dashes + 5;
}

/* Of RFC 1421 and RFC 4880. */
static bool is_header(struct str line)
{
	static const char *const names[] = {
		"Proc-Type:", "DEK-Info:", "Version:", "Comment:", "Hash:", "Charset:", "MessageID:"
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_starts(line, str_z(names[i])))
			return true;
	return false;
}

/* Has this part of the text a long run of base64, near its start? Or nothing but base64 (*ret_alone)? */
static bool has_long_run(struct scan *s, size_t from, size_t end, bool *ret_alone)
{
	struct str line = str_trim((struct str){ s->text.p + from, end - from });

	*ret_alone = false;
	for (size_t i = from; i < end && i - from < PEM_LOOK;) {
		size_t run = scan_run_end(s, BASE64, i);

		if (run > end)
			run = end;
		*ret_alone |= run > i && run - i == line.len;
		if (run - i >= PEM_RUN_MIN)
			return true;
		i = run > i ? run : i + 1;
	}
	return false;
}

/* Could this line be part of a key that began? */
static bool is_key_line(struct scan *s, size_t from, size_t end)
{
	struct str line = str_trim((struct str){ s->text.p + from, end - from });
	bool alone;

	return line.len == 0 || is_header(line) || has_long_run(s, from, end, &alone) || alone;
}

/* A key that lost its end: as far as lines go on that could be of it. */
static size_t body_end(struct scan *s, size_t from, size_t limit)
{
	size_t end = from;

	for (size_t at = from; at < limit;) {
		struct str rest = { s->text.p + at, limit - at };
		size_t line_end = at + str_find(rest, '\n');

		if (!is_key_line(s, at, line_end))
			break;
		end = line_end;
		at = line_end + 1;
	}
	return end;
}

/* Behind the END line that comes within PEM_MAX of `from`; 0 when none does. */
static size_t end_line(struct scan *s, size_t from)
{
	size_t limit = from + PEM_MAX < s->text.len ? from + PEM_MAX : s->text.len;
	size_t at = from > s->no_pem_end_before ? from : s->no_pem_end_before;

	if (at >= limit)
		return 0;
	at += str_find_str((struct str){ s->text.p + at, limit - at }, STR(PEM_END_LINE));
	if (at == limit) {
		/* One that begins just before the limit has not been seen whole. */
		s->no_pem_end_before =
			limit - (sizeof PEM_END_LINE - 1 < limit ? sizeof PEM_END_LINE - 1 : limit);
		return 0;
	}

	struct str label = str_from(s->text, at + sizeof PEM_END_LINE - 1);
	if (label.len > PEM_LABEL_MAX)
		label.len = PEM_LABEL_MAX;
	label.len = str_find(label, '\n');
	size_t dashes = str_find_str(label, STR("-----"));
	return at + sizeof PEM_END_LINE - 1 + (dashes < label.len ? dashes + 5 : 0);
}

bool pem_match(struct scan *s, size_t at, struct span *ret)
{
	size_t body = label_end(s, at + sizeof PEM_BEGIN - 1), end;

	if (body == 0)
		return false;
	end = end_line(s, body);
	if (end == 0)
		end = body_end(s, body,
			utf8_floor(s->text, body + PEM_MAX < s->text.len ? body + PEM_MAX : s->text.len));
	*ret = (struct span){ at, end };
	s->pem_done = end;
	return true;
}

/* Where the base64 begins that ends at `at` in the same line, with the "\n" that JSON writes in it. */
static size_t run_start(const struct scan *s, size_t at, size_t limit)
{
	while (at > limit && (scan_is(BASE64, s->text.p[at - 1]) || s->text.p[at - 1] == '\\'))
		at--;
	return at;
}

static size_t line_start(const struct scan *s, size_t at, size_t limit)
{
	const char *lf = at > limit ? memrchr(s->text.p + limit, '\n', at - limit) : NULL;

	return lf ? (size_t)(lf - s->text.p) + 1 : limit;
}

/* Where the lines begin that are of a key and end at `end`, the start of a line. The last of them may be short,
 * and so may the first of a text, which is cut. */
static size_t body_start(struct scan *s, size_t end, size_t limit)
{
	size_t start = end;
	bool last = true;

	for (size_t at = end; at > limit; last = false) {
		size_t from = line_start(s, at - 1, limit);
		bool alone, run = has_long_run(s, from, at - 1, &alone);

		if (run || (from == 0 && alone && start == at))
			start = from;
		else if (!last)
			break;
		at = from;
	}
	return start;
}

bool pem_match_end(struct scan *s, size_t at, struct span *ret)
{
	size_t end = label_end(s, at + sizeof PEM_END_LINE - 1), limit, line, run, body;

	if (end == 0)
		return false;
	limit = at > PEM_MAX ? utf8_ceil(s->text, at - PEM_MAX) : 0;
	if (limit < s->pem_done)
		limit = s->pem_done; /* so that no part of a text is looked at twice */
	s->pem_done = end;

	line = line_start(s, at, limit);
	run = run_start(s, at, line);
	body = body_start(s, line, limit);
	if (at - run >= PEM_RUN_MIN && (run > line || body == line))
		*ret = (struct span){ run, end };
	else if (body < line)
		*ret = (struct span){ body, end };
	else
		return false;
	return true;
}

/* The first BEGIN line at or behind `from`, or text.len. By its B, since dashes are in every log. */
static size_t find_begin(struct str text, size_t from)
{
	static const struct str begin = { PEM_BEGIN, sizeof PEM_BEGIN - 1 };
	const size_t dashes = 5;

	for (size_t at = from + dashes; at < text.len; at++) {
		at += str_find(str_from(text, at), 'B');
		if (at < text.len && str_starts(str_from(text, at - dashes), begin))
			return at - dashes;
	}
	return text.len;
}

size_t pem_open(struct str text, size_t max)
{
	struct scan s = { .text = text };

	for (size_t at = 0; at < text.len;) {
		size_t begin = find_begin(text, at), body, from, end;

		if (begin == text.len)
			break;
		body = label_end(&s, begin + sizeof PEM_BEGIN - 1);
		at = begin + sizeof PEM_BEGIN - 1;
		if (body == 0)
			continue;
		from = line_start(&s, begin, 0);
		end = from + max < text.len ? from + max : text.len;
		at = body + str_find_str((struct str){ text.p + body, end > body ? end - body : 0 },
				    STR(PEM_END_LINE));
		if (at >= end)
			return begin;
	}
	return text.len;
}
