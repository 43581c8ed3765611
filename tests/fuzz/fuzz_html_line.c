/* html_line: what comes out is our own few elements, closed in order, around the text that a terminal would show, escaped. */
#include "base/utf8.h"
#include "http/html_line.h"
#include "text/escape.h"
#include "text/terminal.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Behind the element that begins at i, and whether it is in order. */
static size_t element(struct str s, size_t i, bool *in_a, bool *in_span)
{
	static const struct str class = { "<span class=\"", 13 }, link = { "<a href=\"http", 13 },
				rel = { "\" rel=\"noopener noreferrer nofollow\">", 37 };
	struct str rest = str_from(s, i);

	if (str_starts(rest, STR("</span>"))) {
		assert(*in_span);
		*in_span = false;
		return i + strlen("</span>");
	}
	if (str_starts(rest, STR("</a>"))) {
		assert(*in_a && !*in_span);
		*in_a = false;
		return i + strlen("</a>");
	}
	if (str_starts(rest, class)) {
		size_t n = strspn(rest.p + class.len, "abcdefghijklmnopqrstuvwxyz0123456789 ");

		assert(!*in_span && n > 0 && str_starts(str_from(rest, class.len + n), STR("\">")));
		*in_span = true;
		return i + class.len + n + strlen("\">");
	}
	assert(str_starts(rest, link) && !*in_a && !*in_span);
	*in_a = true;
	size_t n = link.len + str_find(str_from(rest, link.len), '"');
	for (size_t k = link.len; k < n; k++)
		assert(rest.p[k] > ' ' && rest.p[k] <= '~' && rest.p[k] != '<' && rest.p[k] != '>');
	assert(str_starts(str_from(rest, n), rel));
	return i + n + rel.len;
}

static size_t character(struct str s, size_t i, struct buf *text)
{
	static const struct {
		struct str name;
		char c;
	} entities[] = { { { "&amp;", 5 }, '&' }, { { "&lt;", 4 }, '<' }, { { "&gt;", 4 }, '>' },
		{ { "&quot;", 6 }, '"' }, { { "&#39;", 5 }, '\'' } };

	assert(!strchr("<>\"'", s.p[i]) && (uint8_t)s.p[i] != 0x7f &&
		((uint8_t)s.p[i] >= ' ' || s.p[i] == '\t'));
	for (size_t k = 0; s.p[i] == '&'; k++) {
		assert(k < sizeof entities / sizeof *entities);
		if (str_starts(str_from(s, i), entities[k].name)) {
			buf_char(text, entities[k].c);
			return i + entities[k].name.len;
		}
	}
	buf_char(text, s.p[i]);
	return i + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, str_find((struct str){ (const char *)data, size }, '\n') };
	bool in_a = false, in_span = false;
	struct html h;
	AUTO_BUF out, text, terminal, want;

	buf_init(&out, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	buf_init(&terminal, SIZE_MAX);
	buf_init(&want, SIZE_MAX);
	h.out = &out;
	html_line(&h, line);
	struct str shown = buf_view(&out);
	assert(utf8_valid(shown) == shown.len);
	for (size_t i = 0; i < shown.len;)
		i = shown.p[i] == '<' ? element(shown, i, &in_a, &in_span) : character(shown, i, &text);
	assert(!in_a && !in_span);
	text_terminal(line, true, &terminal);
	escape_take_out(buf_view(&terminal), &want);
	assert(str_eq(buf_view(&text), buf_view(&want)));
	return 0;
}
