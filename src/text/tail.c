/*
 * tail: line ends, and the end of a text.
 *
 * text_tail() walks back from the end, a line at a time, until a limit is met: what lies in front of the
 * limit is looked at only to count its line ends. A single line that is over the limit by itself is cut
 * inside, so that a failure is never answered with nothing.
 */
#include "text/tail.h"

#include "base/utf8.h"

#include <string.h>

void text_settle_line_ends(struct str text, struct buf *out)
{
	size_t done = 0;

	for (size_t at = 0; at < text.len;) {
		const char *cr = memchr(text.p + at, '\r', text.len - at);
		if (!cr)
			break;

		size_t i = (size_t)(cr - text.p);
		if (i + 1 < text.len && text.p[i + 1] == '\n') {
			buf_add(out, text.p + done, i - done);
			done = i + 1;
		}
		at = i + 1;
	}
	if (done < text.len)
		buf_add(out, text.p + done, text.len - done);
}

struct str text_without_final_line_end(struct str text)
{
	if (text.len == 0 || text.p[text.len - 1] != '\n')
		return text;
	text.len--;
	if (text.len > 0 && text.p[text.len - 1] == '\r')
		text.len--;
	return text;
}

static int64_t count_line_ends(struct str text)
{
	int64_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

int64_t text_count_lines(struct str text)
{
	if (text.len == 0)
		return 0;
	return count_line_ends(text) + (text.p[text.len - 1] != '\n');
}

/* Is there anything but line ends from `at` on? Empty lines alone are not worth cutting at. */
static bool has_content(struct str text, size_t at)
{
	while (at < text.len && text.p[at] == '\n')
		at++;
	return at < text.len;
}

/* The start of the earliest line from which all fits the limits, and how many lines that are. False: the line
 * at the limit of bytes has to be cut. */
static bool line_start_within(
	struct str text, int64_t max_lines, size_t max_bytes, size_t *ret_start, int64_t *ret_n_lines)
{
	size_t line_end = text.len;

	*ret_start = text.len;
	for (*ret_n_lines = 0; *ret_n_lines < max_lines; (*ret_n_lines)++) {
		const char *lf = line_end > 0 ? memrchr(text.p, '\n', line_end) : NULL;
		size_t start = lf ? (size_t)(lf - text.p) + 1 : 0;

		if (text.len - start > max_bytes)
			return has_content(text, *ret_start);
		*ret_start = start;
		if (start == 0) {
			(*ret_n_lines)++;
			break;
		}
		line_end = start - 1;
	}
	return true;
}

struct tail text_tail(struct str text, int64_t max_lines, size_t max_bytes)
{
	int64_t n_lines;
	size_t start;

	if (text.len == 0)
		return (struct tail){ .text = text };
	if (!line_start_within(text, max_lines, max_bytes, &start, &n_lines)) {
		size_t cut = utf8_ceil(text, text.len - max_bytes);

		n_lines += cut < start;
		start = cut;
	}

	struct str dropped = { text.p, start }, kept = str_from(text, start);
	return (struct tail){
		.text = kept,
		.in_line = kept.len > 0 && start > 0 && text.p[start - 1] != '\n',
		.dropped_lines = count_line_ends(dropped) + (kept.len == 0),
		.dropped_bytes = (int64_t)start,
		.n_lines = kept.len > 0 ? n_lines : 0,
	};
}
