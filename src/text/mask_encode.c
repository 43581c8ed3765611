/*
 * mask_encode: the spellings of a secret.
 *
 * A log rarely shows a secret as it is: it shows a header with it in base64, a URL with it percent-encoded, a
 * JSON document with it escaped. Libraries differ in what they escape and in the case of hex digits, so each
 * encoder here takes flags, and all of their combinations are made that can come out differently.
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
#define URL_DIFFERENT "~/!*'();?:@&=+$,#" /* not the same in all of these */

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

static void put_hex(unsigned n, unsigned digits, bool upper, struct buf *out)
{
	const char *hex = upper ? "0123456789ABCDEF" : "0123456789abcdef";

	while (digits-- > 0)
		buf_char(out, hex[n >> 4 * digits & 15]);
}

static void encode_url(struct str value, const char *safe, unsigned flags, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (is_alnum(c) || (c != '\0' && strchr(safe, c)))
			buf_char(out, c);
		else if (c == ' ' && (flags & URL_PLUS))
			buf_char(out, '+');
		else {
			buf_char(out, '%');
			put_hex((uint8_t)c, 2, flags & URL_UPPER, out);
		}
	}
}

static void json_unit(uint32_t unit, unsigned flags, struct buf *out)
{
	buf_z(out, "\\u");
	put_hex(unit, 4, flags & JSON_UPPER, out);
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

static bool has_any(struct str value, const char *set)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.p[i] != '\0' && strchr(set, value.p[i]))
			return true;
	return false;
}

static bool has_byte(struct str value, uint8_t first, uint8_t last)
{
	for (size_t i = 0; i < value.len; i++)
		if ((uint8_t)value.p[i] >= first && (uint8_t)value.p[i] <= last)
			return true;
	return false;
}

/* The flags that make a difference to this value. */
static unsigned json_flags(struct str value)
{
	bool control = has_byte(value, 0, 0x1f), other = has_byte(value, 0x80, 0xff);
	bool html = has_any(value, "<>&'=");

	return (has_any(value, "/") ? JSON_SLASH : 0) | (other ? JSON_ASCII : 0) | (control ? JSON_LONG : 0) |
	       (html ? JSON_HTML : 0) | (control || other || html ? JSON_UPPER : 0);
}

static enum err_code each_url(const struct call *c, struct str value, struct err *e)
{
	size_t n_safe = has_any(value, URL_DIFFERENT) ? sizeof url_safe / sizeof url_safe[0] : 1;
	unsigned all = has_any(value, " ") ? URL_UPPER | URL_PLUS : URL_UPPER;

	for (size_t i = 0; i < n_safe; i++) {
		for (unsigned flags = 0; flags <= all; flags++) {
			encode_url(value, url_safe[i], flags, c->scratch);
			TRY(hand_on(c, e));
		}
	}
	return ERR_OK;
}

static enum err_code each_json(const struct call *c, struct str value, struct err *e)
{
	unsigned relevant = json_flags(value);

	for (unsigned flags = 0; flags <= JSON_ALL; flags++) {
		if (flags & ~relevant)
			continue;
		encode_json(value, flags, c->scratch);
		TRY(hand_on(c, e));
	}
	return ERR_OK;
}

static enum err_code each_shell(const struct call *c, struct str value, struct err *e)
{
	if (!has_any(value, "'"))
		return ERR_OK;
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

static enum err_code each_escape(const struct call *c, struct str value, struct err *e)
{
	if (!needs_escapes(value))
		return ERR_OK;
	TRY(each_url(c, value, e));
	TRY(each_json(c, value, e));
	return each_shell(c, value, e);
}

static enum err_code each_of_kind(const struct call *c, struct str value, enum spelling kind, struct err *e)
{
	switch (kind) {
	case SPELLING_BASE64:
		return each_base64(c, value, e);
	case SPELLING_ESCAPED:
		return each_escape(c, value, e);
	case SPELLING_PLAIN:
	case SPELLING_N:
		break;
	}
	return c->each(c->arg, value, e);
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

/* With other line ends than it has. */
static enum err_code each_settled(const struct call *c, struct str value, enum spelling kind, struct err *e)
{
	static const char *const line_ends[] = { "\n", "\r\n" };
	enum err_code code = ERR_OK;
	AUTO_BUF settled;

	buf_init(&settled, NEEDLE_MAX);
	for (size_t i = 0; i < 2 && code == ERR_OK; i++) {
		buf_reset(&settled);
		encode_line_ends(value, line_ends[i], &settled);
		if (!str_eq(buf_view(&settled), value))
			code = each_of_kind(c, buf_view(&settled), kind, e);
	}
	return code;
}

enum err_code spellings_each(struct str value, enum spelling kind,
	enum err_code (*each)(void *arg, struct str spelling, struct err *e), void *arg, struct err *e)
{
	enum err_code code;
	AUTO_BUF scratch;

	buf_init(&scratch, NEEDLE_MAX);
	struct call c = { .each = each, .arg = arg, .scratch = &scratch };
	code = each_of_kind(&c, value, kind, e);
	if (code != ERR_OK || str_find(value, '\n') == value.len)
		return code;
	TRY(each_settled(&c, value, kind, e));
	return kind == SPELLING_PLAIN ? each_line(&c, value, e) : ERR_OK;
}
