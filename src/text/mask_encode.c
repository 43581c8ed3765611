/*
 * mask_encode: the spellings of a secret.
 *
 * A log rarely shows a secret as it is: it shows a header with it in base64, a URL with it percent-encoded, a
 * JSON document with it escaped. Libraries differ in what they escape and in the case of hex digits, so each
 * encoder here takes flags, and all of their combinations are made. Most come out alike, and the same
 * spelling twice costs nothing (needles.h).
 *
 * Base64 is found at any of the three positions that the secret may have in what was encoded, also in the
 * middle of it; but not when the encoder wrapped its lines (at 64 or 76 columns) in the middle of the secret:
 * that would need a search that ignores line ends. Nor is anything found that was encoded twice, compressed,
 * or printed a character a line.
 */
#include "text/mask_encode.h"

#include "base/utf8.h"
#include "text/needles.h"

#include <string.h>

#define BASE64_MIN 6 /* shorter ones are found in any text */
#define LINE_MIN 8   /* of a value of several lines */

const char base64_std[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const char base64_url[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

enum { JSON_SLASH = 1, JSON_ASCII = 2, JSON_UPPER = 4, JSON_LONG = 8, JSON_HTML = 16, JSON_ALL = 31 };
enum { URL_UPPER = 1, URL_PLUS = 2 };

/* What stays as it is beside letters and digits: RFC 3986; Python; JavaScript's two; HTML forms. */
static const char *const url_safe[] = { "-._~", "-._~/", "-_.!~*'()", "-_.!~*'();/?:@&=+$,#", "*-._" };

unsigned base64_first_char(unsigned shift)
{
	return (8 * shift + 5) / 6;
}

void encode_base64_inside(struct str value, unsigned shift, const char alphabet[65], struct buf *out)
{
	const uint8_t *v = (const uint8_t *)value.p;
	size_t end = 8 * (shift + value.len) / 6;

	for (size_t c = base64_first_char(shift); c < end; c++) {
		size_t bit = 6 * c - 8 * (size_t)shift, at = bit / 8;
		unsigned two = (unsigned)v[at] << 8 | (at + 1 < value.len ? v[at + 1] : 0u);

		buf_char(out, alphabet[two >> (10 - bit % 8) & 63]);
	}
}

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void encode_url(struct str value, const char *safe, unsigned flags, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (is_alnum(c) || (c != '\0' && strchr(safe, c)))
			buf_char(out, c);
		else if (c == ' ' && (flags & URL_PLUS))
			buf_char(out, '+');
		else
			buf_fmt(out, flags & URL_UPPER ? "%%%02X" : "%%%02x", (unsigned)(uint8_t)c);
	}
}

static void json_unit(uint32_t unit, unsigned flags, struct buf *out)
{
	buf_fmt(out, flags & JSON_UPPER ? "\\u%04X" : "\\u%04x", (unsigned)unit);
}

static void json_ascii(char c, unsigned flags, struct buf *out)
{
	static const char shorts[0x20] = {
		['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};
	char letter = (uint8_t)c < sizeof shorts ? shorts[(uint8_t)c] : '\0';

	if (letter && !(flags & JSON_LONG)) {
		buf_char(out, '\\');
		buf_char(out, letter);
	} else if ((uint8_t)c < 0x20 || ((flags & JSON_HTML) && strchr("<>&'=", c))) {
		json_unit((uint8_t)c, flags, out);
	} else {
		if (c == '"' || c == '\\' || (c == '/' && (flags & JSON_SLASH)))
			buf_char(out, '\\');
		buf_char(out, c);
	}
}

static void encode_json(struct str value, unsigned flags, struct buf *out)
{
	for (size_t i = 0; i < value.len;) {
		uint32_t c;
		size_t n = utf8_decode(value.p + i, value.len - i, &c);

		if (n == 1) {
			json_ascii(value.p[i], flags, out);
		} else if (n == 0 || !(flags & JSON_ASCII)) {
			n = n ? n : 1;
			buf_add(out, value.p + i, n);
		} else if (c < 0x10000) {
			json_unit(c, flags, out);
		} else {
			json_unit(0xd800 + ((c - 0x10000) >> 10), flags, out);
			json_unit(0xdc00 + ((c - 0x10000) & 0x3ff), flags, out);
		}
		i += n;
	}
}

/* A quote inside single quotes: quote is what the shell (or Python's shlex) writes in its place. */
static void encode_shell(struct str value, const char *quote, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\'')
			buf_z(out, quote);
		else
			buf_char(out, value.p[i]);
	}
}

static void encode_line_ends(struct str value, const char *line_end, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.p[i] == '\r' && i + 1 < value.len && value.p[i + 1] == '\n')
			continue;
		if (value.p[i] == '\n')
			buf_z(out, line_end);
		else
			buf_char(out, value.p[i]);
	}
}

struct call {
	enum err_code (*each)(void *arg, struct str encoding, struct err *e);
	void *arg;
	struct buf *scratch; /* holds one encoding at a time */
};

/* Hands on what is in scratch, unless it is longer than can be looked for (only of values with kilobytes of
 * control characters). */
static enum err_code hand_on(const struct call *c, struct err *e)
{
	enum err_code code = ERR_OK;

	if (!c->scratch->full && c->scratch->len >= NEEDLE_MIN)
		code = c->each(c->arg, buf_view(c->scratch), e);
	buf_reset(c->scratch);
	return code;
}

static enum err_code each_base64(const struct call *c, struct str value, struct err *e)
{
	for (unsigned i = 0; i < 6; i++) {
		encode_base64_inside(value, i / 2, i % 2 ? base64_url : base64_std, c->scratch);
		if (c->scratch->len < BASE64_MIN)
			buf_reset(c->scratch);
		TRY(hand_on(c, e));
	}
	return ERR_OK;
}

static enum err_code each_escape(const struct call *c, struct str value, struct err *e)
{
	for (size_t i = 0; i < sizeof url_safe / sizeof url_safe[0]; i++) {
		for (unsigned flags = 0; flags <= (URL_UPPER | URL_PLUS); flags++) {
			encode_url(value, url_safe[i], flags, c->scratch);
			TRY(hand_on(c, e));
		}
	}
	for (unsigned flags = 0; flags <= JSON_ALL; flags++) {
		encode_json(value, flags, c->scratch);
		TRY(hand_on(c, e));
	}
	encode_shell(value, "'\\''", c->scratch);
	TRY(hand_on(c, e));
	encode_shell(value, "'\"'\"'", c->scratch);
	return hand_on(c, e);
}

/* Nearly every token is of letters, digits and these: no escape changes it. */
static bool needs_escapes(struct str value)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] == '\0' || (!is_alnum(value.p[i]) && !strchr("-._", value.p[i])))
			return true;
	return false;
}

static enum err_code each_spelling(const struct call *c, struct str value, struct err *e)
{
	TRY(c->each(c->arg, value, e));
	TRY(each_base64(c, value, e));
	return needs_escapes(value) ? each_escape(c, value, e) : ERR_OK;
}

static enum err_code each_line(const struct call *c, struct str value, struct err *e)
{
	for (size_t at = 0; at < value.len;) {
		struct str rest = str_from(value, at);
		size_t len = str_find(rest, '\n');
		struct str line = str_trim((struct str){ rest.p, len });

		if (line.len >= LINE_MIN)
			TRY(c->each(c->arg, line, e));
		at += len + 1;
	}
	return ERR_OK;
}

static enum err_code each_of_lines(const struct call *c, struct str value, struct err *e)
{
	static const char *const line_ends[] = { "\n", "\r\n" };
	enum err_code code = ERR_OK;
	AUTO_BUF settled;

	buf_init(&settled, NEEDLE_MAX);
	for (size_t i = 0; i < 2 && code == ERR_OK; i++) {
		buf_reset(&settled);
		encode_line_ends(value, line_ends[i], &settled);
		code = each_spelling(c, buf_view(&settled), e);
	}
	return code == ERR_OK ? each_line(c, value, e) : code;
}

enum err_code encodings_each(struct str value,
	enum err_code (*each)(void *arg, struct str encoding, struct err *e), void *arg, struct err *e)
{
	enum err_code code;
	AUTO_BUF scratch;

	buf_init(&scratch, NEEDLE_MAX);
	struct call c = { .each = each, .arg = arg, .scratch = &scratch };
	code = each_spelling(&c, value, e);
	if (code == ERR_OK && str_find(value, '\n') < value.len)
		code = each_of_lines(&c, value, e);
	return code;
}
