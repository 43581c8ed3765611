/*
 * http_parse: a machine that takes lines while it is in a head, and counts bytes while it is in a body.
 *
 * Strict where two readers of one message could part (RFC 9112, 6.3: two lengths, a length beside chunks,
 * blanks in front of a colon, folded lines), for behind a proxy that is how an answer is put in another's
 * place. Lenient about a bare LF at the end of a line, which the RFC allows. Retry-After is read as seconds
 * only: its other form, a date, would be compared with a clock that need not be the server's.
 */
#include "net/http_parse.h"

#include <stdio.h>
#include <string.h>

void http_parse_init(struct http_parse *p, struct http_answer *a, bool no_body)
{
	*p = (struct http_parse){ .answer = a, .no_body = no_body, .length = -1 };
	a->upload_offset = -1;
	buf_init(&p->line, HTTP_HEAD_MAX);
}

void http_parse_done(struct http_parse *p)
{
	buf_done(&p->line);
}

static enum http_parse_state whole(struct http_parse *p)
{
	p->at = PARSE_DONE;
	return HTTP_WHOLE;
}

/* "HTTP/1.1 200 reason" */
static enum http_parse_state take_status(struct http_parse *p, struct str line)
{
	struct http_answer *a = p->answer;
	struct str code = { line.p + 9, 3 };
	int64_t status;

	if (line.len < 12 || !str_starts(line, STR("HTTP/1.")) || line.p[7] < '0' || line.p[7] > '9' ||
		line.p[8] != ' ' || (line.len > 12 && line.p[12] != ' ') || !str_to_int(code, &status) ||
		status < 100 || status == 101 || status > 599)
		return HTTP_WRONG;
	a->status = (int)status;
	a->retry_after_s = 0; /* an interim answer has said nothing about this one */
	a->upload_offset = -1;
	a->content_type[0] = '\0';
	p->keep_alive =
		line.p[7] != '0'; /* HTTP/1.0 closes; where it would not, one more connection is made */
	p->length = -1;
	p->chunked = p->other_coding = false;
	p->at = PARSE_HEADERS;
	return HTTP_MORE;
}

static bool take_length(struct http_parse *p, struct str value)
{
	int64_t length;

	if (!str_to_int(value, &length) || value.p[0] == '-' || (p->length >= 0 && length != p->length))
		return false;
	p->length = length;
	return true;
}

static void take_number(struct str value, int64_t *ret)
{
	int64_t n;

	if (str_to_int(value, &n) && n >= 0)
		*ret = n;
}

/* Is word one of the comma-separated words of list? */
static bool has_word(struct str list, struct str word)
{
	while (list.len > 0) {
		struct str one = { list.p, str_find(list, ',') };

		if (str_eq_nocase(str_trim(one), word))
			return true;
		list = str_from(list, one.len + 1);
	}
	return false;
}

static bool is_token(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~' || strchr("\"(),/:;<=>?@[\\]{}", name.p[i]))
			return false;
	return name.len > 0;
}

static enum http_parse_state take_header(struct http_parse *p, struct str line)
{
	struct str name = { line.p, str_find(line, ':') };
	struct str value = str_trim(str_from(line, name.len + 1));
	struct http_answer *a = p->answer;

	if (name.len == line.len || !is_token(name) || (value.len > 0 && memchr(value.p, '\0', value.len)))
		return HTTP_WRONG;
	if (str_eq_nocase(name, STR("Content-Length"))) {
		return take_length(p, value) ? HTTP_MORE : HTTP_WRONG;
	} else if (str_eq_nocase(name, STR("Transfer-Encoding"))) {
		p->other_coding |= p->chunked || !str_eq_nocase(value, STR("chunked"));
		p->chunked = true;
	} else if (str_eq_nocase(name, STR("Connection"))) {
		p->keep_alive = p->keep_alive && !has_word(value, STR("close"));
	} else if (str_eq_nocase(name, STR("Content-Type"))) {
		snprintf(a->content_type, sizeof a->content_type, "%.*s", STR_FMT(value));
	} else if (str_eq_nocase(name, STR("Retry-After"))) {
		take_number(value, &a->retry_after_s);
	} else if (str_eq_nocase(name, STR("Upload-Offset"))) {
		take_number(value, &a->upload_offset);
	}
	return HTTP_MORE;
}

/* The empty line behind the headers: what follows is said by them (RFC 9112, 6.3). */
static enum http_parse_state take_head_end(struct http_parse *p)
{
	int status = p->answer->status;

	if (status < 200) {
		p->at = PARSE_STATUS;
		return HTTP_MORE;
	}
	if (p->no_body || status == 204 || status == 304)
		return whole(p);
	if (p->other_coding || (p->chunked && p->length >= 0))
		return HTTP_WRONG;
	p->left = p->length;
	if (p->length == 0)
		return whole(p);
	p->at = p->chunked ? PARSE_CHUNK_SIZE : p->length > 0 ? PARSE_LENGTH : PARSE_TO_END;
	return HTTP_MORE;
}

static enum http_parse_state take_chunk_size(struct http_parse *p, struct str line)
{
	struct str digits = str_trim((struct str){ line.p, str_find(line, ';') });
	int64_t size = 0;

	if (digits.len == 0 || digits.len > 15)
		return HTTP_WRONG;
	for (size_t i = 0; i < digits.len; i++) {
		char c = digits.p[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return HTTP_WRONG;
		size = size * 16 + digit;
	}
	p->left = size;
	p->at = size > 0 ? PARSE_CHUNK : PARSE_TRAILERS;
	return HTTP_MORE;
}

static enum http_parse_state take_line(struct http_parse *p, struct str line)
{
	switch (p->at) {
	case PARSE_STATUS:
		return take_status(p, line);
	case PARSE_HEADERS:
		return line.len > 0 ? take_header(p, line) : take_head_end(p);
	case PARSE_CHUNK_SIZE:
		return take_chunk_size(p, line);
	case PARSE_CHUNK_END:
		p->at = PARSE_CHUNK_SIZE;
		return line.len == 0 ? HTTP_MORE : HTTP_WRONG;
	case PARSE_TRAILERS:
		return line.len > 0 ? HTTP_MORE : whole(p);
	case PARSE_LENGTH:
	case PARSE_CHUNK:
	case PARSE_TO_END:
	case PARSE_DONE:
		break;
	}
	return HTTP_WRONG;
}

/* Takes from bytes up to the end of a line; a line that is there is acted upon. */
static enum http_parse_state feed_line(struct http_parse *p, struct str bytes, size_t *ret_used)
{
	size_t end = str_find(bytes, '\n');
	enum http_parse_state state;
	struct str line;

	*ret_used = end < bytes.len ? end + 1 : bytes.len;
	if (p->at != PARSE_CHUNK_SIZE && p->at != PARSE_CHUNK_END)
		p->n_head += *ret_used;
	if (p->n_head > HTTP_HEAD_MAX)
		return HTTP_WRONG;
	buf_add(&p->line, bytes.p, end);
	if (p->line.full)
		return HTTP_WRONG;
	if (end == bytes.len)
		return HTTP_MORE;
	line = buf_view(&p->line);
	if (str_ends(line, STR("\r")))
		line.len--;
	state = take_line(p, line);
	buf_reset(&p->line);
	return state;
}

static enum http_parse_state feed_body(struct http_parse *p, struct str bytes, size_t *ret_used)
{
	bool counted = p->at != PARSE_TO_END;
	size_t n = counted && (uint64_t)p->left < bytes.len ? (size_t)p->left : bytes.len;

	*ret_used = n;
	buf_add(&p->answer->body, bytes.p, n);
	if (p->answer->body.full)
		return HTTP_TOO_LARGE;
	if (!counted)
		return HTTP_MORE;
	p->left -= (int64_t)n;
	if (p->left > 0)
		return HTTP_MORE;
	if (p->at == PARSE_LENGTH)
		return whole(p);
	p->at = PARSE_CHUNK_END;
	return HTTP_MORE;
}

enum http_parse_state http_parse_feed(struct http_parse *p, struct str bytes)
{
	enum http_parse_state state = HTTP_MORE;
	size_t used;

	while (bytes.len > 0 && state == HTTP_MORE) {
		bool in_body = p->at == PARSE_LENGTH || p->at == PARSE_CHUNK || p->at == PARSE_TO_END;

		state = in_body ? feed_body(p, bytes, &used) : feed_line(p, bytes, &used);
		bytes = str_from(bytes, used);
	}
	if (bytes.len > 0)
		p->keep_alive = false;
	return state;
}

enum http_parse_state http_parse_end(struct http_parse *p)
{
	p->keep_alive = false;
	return p->at == PARSE_TO_END || p->at == PARSE_DONE ? HTTP_WHOLE : HTTP_CUT;
}
