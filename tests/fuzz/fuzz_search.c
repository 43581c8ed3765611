/* search: what matches in a text is what matches in each line alone, whatever the regex; `contains` is what a
 * naive loop finds. The input: length of contains, length of regex, both, the text. */
#include "base/utf8.h"
#include "text/search.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	const struct search *s;
	struct str text; /* what has not been seen yet */
	size_t line;
	int64_t n;
};

/* The first line of text, with its line end. */
static struct str first_line(struct str text)
{
	size_t len = str_find(text, '\n');

	return (struct str){ text.p, len < text.len ? len + 1 : len };
}

static bool matches_alone(const struct search *s, struct str line)
{
	int64_t n = -1;

	assert(search_count(s, line, true, &n, NULL) == ERR_OK && (n == 0 || n == 1));
	return n == 1;
}

/* The lines in front of this one do not match, and it does. */
static bool check_line(void *arg, size_t line, struct str text)
{
	struct seen *seen = arg;

	for (;; seen->line++) {
		struct str next = first_line(seen->text);

		seen->text = str_from(seen->text, next.len);
		assert(matches_alone(seen->s, next) == (seen->line == line));
		if (seen->line == line) {
			assert(next.p == text.p && str_find(next, '\n') == text.len);
			break;
		}
	}
	seen->line++;
	seen->n++;
	return true;
}

static bool has_nocase(struct str line, struct str contains)
{
	for (size_t i = 0; i + contains.len <= line.len; i++)
		if (str_eq_nocase((struct str){ line.p + i, contains.len }, contains))
			return true;
	return false;
}

static int64_t naive_count(struct str text, struct str contains)
{
	int64_t n = 0;

	while (text.len > 0) {
		struct str line = { text.p, str_find(text, '\n') };

		n += has_nocase(line, contains);
		text = str_from(text, line.len + 1);
	}
	return n;
}

static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((uint8_t)s.p[i] >= 0x80 || s.p[i] == '\x1b')
			return false;
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF clean = { 0 };
	struct search *s;

	if (size < 2 || size - 2 < (size_t)data[0] + data[1])
		return 0;
	struct str contains = { (const char *)data + 2, data[0] };
	struct str regex = { contains.p + contains.len, data[1] };
	struct str text = { regex.p + regex.len, size - 2 - data[0] - data[1] };
	if (search_new(contains, regex, &s, NULL) != ERR_OK)
		return 0;
	buf_init(&clean, 3 * size);
	utf8_clean(text, &clean);
	text = buf_view(&clean);

	struct seen seen = { .s = s, .text = text };
	int64_t n = -1;
	assert(search_lines(s, text, true, check_line, &seen, NULL) == ERR_OK);
	assert(search_count(s, text, true, &n, NULL) == ERR_OK && n == seen.n);
	for (struct str rest = seen.text; rest.len > 0; rest = str_from(rest, first_line(rest).len))
		assert(!matches_alone(s, first_line(rest)));
	if (regex.len == 0 && is_plain(text) && is_plain(contains))
		assert(n == naive_count(text, contains));
	search_free(s);
	return 0;
}
