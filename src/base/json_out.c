/* json_out: the writing half of json: straight into a buf, commas by themselves. */
#include "base/json.h"

#include "base/clock.h"
#include "base/utf8.h"

#include <assert.h>

void json_out_init(struct json_out *j, struct buf *out)
{
	*j = (struct json_out){ .out = out };
}

/* For each byte: 0 as it is, 'u' as \u00XX, else the letter behind the backslash; 1: not ASCII. */
static char escape_of(unsigned char c)
{
	if (c >= 0x20 && c != '"' && c != '\\' && c < 0x7F)
		return 0;
	switch (c) {
	case '"':
		return '"';
	case '\\':
		return '\\';
	case '\b':
		return 'b';
	case '\f':
		return 'f';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return c < 0x80 ? 'u' : 1;
	}
}

/* Bytes of s, at which plain() stopped, that the escape replaces: all of a maximal invalid subpart. */
static size_t replaced(struct str s, char esc)
{
	return esc == 1 ? utf8_bad_len(s) : 1;
}

/* Bytes at the start of s that stand in JSON as they are. */
static size_t plain(struct str s)
{
	uint32_t code;
	size_t i = 0, n;

	while (i < s.len) {
		char esc = escape_of((unsigned char)s.p[i]);

		if (esc == 0)
			i++;
		else if (esc == 1 && (n = utf8_decode(s.p + i, s.len - i, &code)) > 0)
			i += n;
		else
			break;
	}
	return i;
}

static void put_string(struct buf *out, struct str s)
{
	buf_char(out, '"');
	while (s.len > 0) {
		size_t n = plain(s);
		char esc;

		buf_add(out, s.p, n);
		s = str_from(s, n);
		if (s.len == 0)
			break;
		esc = escape_of((unsigned char)s.p[0]);
		if (esc == 1)
			buf_z(out, "\xEF\xBF\xBD");
		else if (esc == 'u')
			buf_fmt(out, "\\u%04x", (unsigned char)s.p[0]);
		else
			buf_add(out, (char[2]){ '\\', esc }, 2);
		s = str_from(s, replaced(s, esc));
	}
	buf_char(out, '"');
}

size_t json_str_size(struct str s)
{
	size_t size = 2;

	while (s.len > 0) {
		size_t n = plain(s);
		char esc;

		size += n;
		s = str_from(s, n);
		if (s.len == 0)
			break;
		esc = escape_of((unsigned char)s.p[0]);
		size += esc == 1 ? 3 : esc == 'u' ? 6 : 2;
		s = str_from(s, replaced(s, esc));
	}
	return size;
}

static void begin(struct json_out *j, const char *key)
{
	uint64_t bit = UINT64_C(1) << j->depth;

	if (j->has_member & bit)
		buf_char(j->out, ',');
	j->has_member |= bit;
	if (key) {
		put_string(j->out, str_z(key));
		buf_char(j->out, ':');
	}
}

static void open_bracket(struct json_out *j, const char *key, char bracket)
{
	begin(j, key);
	buf_char(j->out, bracket);
	assert(j->depth < 63);
	j->depth++;
	j->has_member &= ~(UINT64_C(1) << j->depth);
}

static void close_bracket(struct json_out *j, char bracket)
{
	assert(j->depth > 0);
	j->depth--;
	buf_char(j->out, bracket);
}

void json_open_object(struct json_out *j, const char *key)
{
	open_bracket(j, key, '{');
}

void json_close_object(struct json_out *j)
{
	close_bracket(j, '}');
}

void json_open_array(struct json_out *j, const char *key)
{
	open_bracket(j, key, '[');
}

void json_close_array(struct json_out *j)
{
	close_bracket(j, ']');
}

void json_put_str(struct json_out *j, const char *key, struct str value)
{
	begin(j, key);
	put_string(j->out, value);
}

void json_put_z(struct json_out *j, const char *key, const char *value)
{
	if (value)
		json_put_str(j, key, str_z(value));
	else
		json_put_null(j, key);
}

void json_put_json(struct json_out *j, const char *key, struct str json)
{
	begin(j, key);
	buf_str(j->out, json);
}

void json_put_int(struct json_out *j, const char *key, int64_t value)
{
	begin(j, key);
	buf_fmt(j->out, "%lld", (long long)value);
}

void json_put_bool(struct json_out *j, const char *key, bool value)
{
	begin(j, key);
	buf_z(j->out, value ? "true" : "false");
}

void json_put_null(struct json_out *j, const char *key)
{
	begin(j, key);
	buf_z(j->out, "null");
}

void json_put_time(struct json_out *j, const char *key, int64_t ms)
{
	char text[CLOCK_RFC3339_LEN];

	if (ms == 0)
		json_put_null(j, key);
	else
		json_put_z(j, key, clock_rfc3339(ms, text));
}

void json_put_told(struct json_out *j, const char *key, struct str value)
{
	if (value.len > 0)
		json_put_str(j, key, value);
	else
		json_put_null(j, key);
}

void json_put_number(struct json_out *j, const char *key, bool told, int64_t value)
{
	if (told)
		json_put_int(j, key, value);
	else
		json_put_null(j, key);
}
