/*
 * mask_match: the rest of a token, by kind.
 *
 * A shape has to be long and dense enough not to be met in ordinary text: the least lengths are in the table,
 * and a word that goes on before the prefix ("task-...") is no token. A token that lost its end is masked
 * when what is left is long enough; one that lost its beginning is not known as one.
 */
#include "text/mask_match.h"

#include "text/mask_header.h"
#include "text/mask_pem.h"

#include <string.h>

#define SENDGRID_SECOND 30

static bool is_digit(uint8_t b)
{
	return b >= '0' && b <= '9';
}

static bool is_alnum(uint8_t b)
{
	return is_digit(b) || (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z');
}

static bool is_hex_digit(uint8_t b)
{
	return is_digit(b) || (b >= 'a' && b <= 'f') || (b >= 'A' && b <= 'F');
}

static uint8_t byte_at(struct str s, size_t i)
{
	return i < s.len ? (uint8_t)s.p[i] : 0;
}

/*
 * What stands before `at` may look like a letter of the same word and be none: the end of a colour
 * ("ESC[32m"), of an escape in JSON ("\n", "\u003d") or of one in a URL ("%3D").
 */
static bool ends_escape(struct str text, size_t at)
{
	const char *p = text.p;
	size_t i = at - 1;

	if (i >= 1 && p[i - 1] == '\\' && strchr("nrtbf", p[i]))
		return true;
	if (i >= 2 && p[i - 2] == '%' && is_hex_digit((uint8_t)p[i - 1]) && is_hex_digit((uint8_t)p[i]))
		return true;
	if (i >= 5 && p[i - 5] == '\\' && p[i - 4] == 'u' && is_hex_digit((uint8_t)p[i - 1]) &&
		is_hex_digit((uint8_t)p[i]))
		return true;
	if (p[i] != 'm' && p[i] != 'K')
		return false;
	for (size_t n = 0; i > 0 && n < 20 && (is_digit((uint8_t)p[i - 1]) || p[i - 1] == ';'); n++)
		i--;
	return i >= 2 && p[i - 1] == '[' && p[i - 2] == '\x1b';
}

static bool is_boundary(struct str text, size_t at)
{
	if (at == 0 || !is_alnum((uint8_t)text.p[at]))
		return true;

	uint8_t before = (uint8_t)text.p[at - 1];
	return !(is_alnum(before) || before == '_') || ends_escape(text, at);
}

/* A dot at the end belongs to the sentence. */
static size_t trim_end(struct str text, size_t from, size_t end)
{
	while (end > from && text.p[end - 1] == '.')
		end--;
	return end;
}

static bool match_run(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	size_t from = at + strlen(x->prefix), end;

	if (!is_boundary(s->text, at))
		return false;
	end = trim_end(s->text, from, scan_run_end(s, x->class, from));
	if (end - from < x->min || end - from > x->max)
		return false;
	*ret = (struct span){ x->kind == BEHIND ? from : at, end };
	return true;
}

static bool match_keyed(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	size_t i = at + strlen(x->prefix);

	for (size_t n = 0; n < 12 && byte_at(s->text, i) && strchr(" \t\"'\\:=,>", s->text.p[i]); n++)
		i++;

	size_t end = scan_run_end(s, x->class, i);
	if (end - i < x->min || end - i > x->max)
		return false;
	*ret = (struct span){ i, end };
	return true;
}

static bool match_two(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	size_t from = at + strlen(x->prefix), dot = scan_run_end(s, x->class, from);

	if (!is_boundary(s->text, at) || dot - from < x->min || dot - from > x->max ||
		byte_at(s->text, dot) != '.')
		return false;

	size_t end = scan_run_end(s, x->class, dot + 1);
	if (end - dot - 1 < SENDGRID_SECOND)
		return false;
	*ret = (struct span){ at, end };
	return true;
}

/* Signed (RFC 7519): three parts, the second a JSON object as the first; encrypted (RFC 7516): five. */
static bool match_jwt(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	size_t part = at, end = at, n = 0;
	bool object_second = false;

	if (!is_boundary(s->text, at))
		return false;
	for (;; part = end + 1) {
		end = scan_run_end(s, x->class, part);
		if (n == 0 && end - part < x->min)
			return false;
		if (n == 1)
			object_second = end - part >= x->min && strncmp(s->text.p + part, "eyJ", 3) == 0;
		n++;
		if (n == 5 || byte_at(s->text, end) != '.')
			break;
	}
	if (!(object_second && n >= 3) && n < 5)
		return false;
	*ret = (struct span){ at, trim_end(s->text, at, end) };
	return true;
}

/* scheme://user:password@ (RFC 3986, 3.2.1). */
static bool match_url(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	size_t from = at + strlen(x->prefix), colon = 0, end = 0;

	for (size_t i = from; i < s->text.len && i - from < x->max; i++) {
		uint8_t b = (uint8_t)s->text.p[i];

		if (b <= ' ' || b == 0x7f || strchr("/?#\"'<>\\`", b))
			break;
		if (b == ':' && colon == 0)
			colon = i;
		if (b == '@' && colon != 0)
			end = i;
	}
	if (end == 0 || end - colon - 1 < x->min)
		return false;
	*ret = (struct span){ colon + 1, end };
	return !str_eq((struct str){ s->text.p + colon + 1, end - colon - 1 }, str_z(MASK_TEXT));
}

bool match_shape(struct scan *s, const struct shape *x, size_t at, struct span *ret)
{
	switch (x->kind) {
	case PLAIN:
	case BEHIND:
		return match_run(s, x, at, ret);
	case KEYED:
		return match_keyed(s, x, at, ret);
	case TWO:
		return match_two(s, x, at, ret);
	case JWT:
		return match_jwt(s, x, at, ret);
	case PEM:
		return pem_match(s, at, ret);
	case PEM_END:
		return pem_match_end(s, at, ret);
	case URL:
		return match_url(s, x, at, ret);
	case HEADER:
		return header_match(s, at, ret);
	case COMMAND:
		break;
	}
	return false;
}
