/*
 * xml: expat, fed in pieces.
 *
 * The pieces are made clean on their way: what expat would refuse is replaced, character by character, and a CR
 * becomes a blank, so that lines are counted as everywhere else. Memory is that of one piece. A piece is cut
 * anywhere; the few bytes of a character that is cut stay for the next.
 *
 * expat looks at an unfinished tag from its start again with each piece. So a tag that does not end within
 * XML_MAX_TAG is an error: sixteen looks are the most that one gets.
 */
#include "base/xml.h"

#include "base/arena.h"
#include "base/utf8.h"

#include <expat.h>
#include <string.h>

#define PIECE ((size_t)64 * 1024)

struct reader {
	const struct xml_handler *h;
	XML_Parser parser;
	struct buf clean;
	size_t depth;
	size_t fed;  /* bytes given to expat */
	size_t seen; /* up to where the last event was */
	enum err_code code;
	struct err *e;
};

static void stop(struct reader *r, enum err_code code, const char *what)
{
	if (r->code == ERR_OK)
		r->code = err_set(r->e, code, "line %llu: %s",
			(unsigned long long)XML_GetCurrentLineNumber(r->parser), what);
	XML_StopParser(r->parser, XML_FALSE);
}

/* Prefixes are not resolved: reports are told apart by their names, and many use prefixes nobody declared. */
static struct str local_name(const char *name)
{
	struct str s = str_z(name);
	const char *colon = memrchr(name, ':', s.len);

	return str_from(s, colon ? (size_t)(colon - name) + 1 : 0);
}

static void saw(struct reader *r)
{
	r->seen = (size_t)XML_GetCurrentByteIndex(r->parser);
}

static struct xml_event event_of(const struct reader *r, const char *name)
{
	return (struct xml_event){
		.name = local_name(name),
		.depth = r->depth,
		.line = (size_t)XML_GetCurrentLineNumber(r->parser) - 1,
	};
}

static void on_open(void *arg, const char *name, const char **pairs)
{
	struct reader *r = arg;
	struct xml_attr attrs[XML_MAX_ATTRS];
	struct xml_event ev = event_of(r, name);

	saw(r);
	if (r->code != ERR_OK)
		return;
	if (r->depth == XML_MAX_DEPTH) {
		stop(r, ERR_TOO_LARGE, "elements are nested too deep");
		return;
	}
	for (; pairs[2 * ev.n_attrs]; ev.n_attrs++) {
		if (ev.n_attrs == XML_MAX_ATTRS) {
			stop(r, ERR_TOO_LARGE, "too many attributes");
			return;
		}
		attrs[ev.n_attrs] = (struct xml_attr){
			local_name(pairs[2 * ev.n_attrs]),
			str_z(pairs[2 * ev.n_attrs + 1]),
		};
	}
	ev.attrs = attrs;
	r->depth++;
	if (r->h->open)
		r->h->open(r->h->arg, &ev);
}

static void on_close(void *arg, const char *name)
{
	struct reader *r = arg;

	saw(r);
	if (r->code != ERR_OK)
		return;
	r->depth--;
	struct xml_event ev = event_of(r, name);
	if (r->h->close)
		r->h->close(r->h->arg, &ev);
}

static void on_text(void *arg, const char *p, int n)
{
	struct reader *r = arg;

	saw(r);
	if (r->code == ERR_OK && r->h->text)
		r->h->text(r->h->arg, (struct str){ p, (size_t)n });
}

static void on_doctype(void *arg, const char *name, const char *sysid, const char *pubid, int has_internal)
{
	(void)name, (void)sysid, (void)pubid, (void)has_internal;
	stop(arg, ERR_UNPROCESSABLE, "a document type is not read here; leave <!DOCTYPE> out");
}

/* Comments and instructions are not told, but their end is an end. */
static void on_comment(void *arg, const char *text)
{
	(void)text;
	saw(arg);
}

static void on_instruction(void *arg, const char *target, const char *text)
{
	(void)target, (void)text;
	saw(arg);
}

/* "Char" of XML 1.0, 2.2. CR is one too, but becomes a blank. */
static bool is_xml_char(uint32_t c)
{
	return c >= 0x20 ? c < 0xfffe || c > 0xffff : c == '\t' || c == '\n';
}

/* A piece without what XML forbids. Returns how many bytes it took: all but a character that is not whole. */
static size_t make_clean(struct str s, bool last, struct buf *out)
{
	size_t done = 0, i = 0;

	while (i < s.len) {
		uint8_t b = (uint8_t)s.p[i];
		uint32_t c = b;
		size_t n = b < 0x80 ? 1 : utf8_decode(s.p + i, s.len - i, &c);

		if (n > 0 && is_xml_char(c)) {
			i += n;
			continue;
		}
		if (n == 0 && !last && s.len - i < 4)
			break;
		buf_add(out, s.p + done, i - done);
		buf_z(out, c == '\r' ? " " : "\xef\xbf\xbd");
		i += n > 0 ? n : utf8_bad_len(str_from(s, i));
		done = i;
	}
	buf_add(out, s.p + done, i - done);
	return i;
}

static void feed(struct reader *r, struct str piece, bool last)
{
	enum XML_Status status;

	status = XML_Parse(r->parser, piece.len > 0 ? piece.p : "", (int)piece.len, last);
	r->fed += piece.len;
	if (status == XML_STATUS_ERROR)
		stop(r, ERR_INVALID, XML_ErrorString(XML_GetErrorCode(r->parser)));
	else if (r->fed - r->seen > XML_MAX_TAG + PIECE)
		stop(r, ERR_TOO_LARGE, "a tag or comment is too long");
}

static void feed_all(struct reader *r, struct str text)
{
	do {
		struct str piece = { text.p, text.len < PIECE ? text.len : PIECE };
		bool last = piece.len == text.len;

		buf_reset(&r->clean);
		text = str_from(text, make_clean(piece, last, &r->clean));
		feed(r, buf_view(&r->clean), last);
	} while (r->code == ERR_OK && text.len > 0);
}

enum err_code xml_read(struct str text, const struct xml_handler *h, struct err *e)
{
	struct reader r = { .h = h, .e = e };

	if (str_starts(text, STR("\xef\xbb\xbf")))
		text = str_from(text, 3);
	r.parser = mem_must(XML_ParserCreate("UTF-8"));
	buf_init(&r.clean, 3 * PIECE);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_open, on_close);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	XML_SetCommentHandler(r.parser, on_comment);
	XML_SetProcessingInstructionHandler(r.parser, on_instruction);
	feed_all(&r, text);
	XML_ParserFree(r.parser);
	buf_done(&r.clean);
	return r.code;
}

struct str xml_attr(const struct xml_event *ev, const char *name)
{
	struct str want = str_z(name);

	for (size_t i = 0; i < ev->n_attrs; i++)
		if (str_eq(ev->attrs[i].name, want))
			return ev->attrs[i].value;
	return STR("");
}
