/*
 * file_diff_unified: a diff as `diff -u` writes it, up to so many bytes.
 *
 * A line is added in whole, with the mark that it does not end, or not at all. Room for the last word, that the rest
 * is left out, is kept from the beginning.
 */
#include "base/utf8.h"
#include "forge/file_diff.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */
#define NO_NEWLINE "\n\\ No newline at end of file"
#define THE_REST "\\ the rest is left out: the text is too long\n"

struct unified {
	struct buf *out;
	size_t room; /* bytes that may still be added */
	bool full;
};

static void put(struct unified *u, const char *mark, struct str text, const char *end)
{
	size_t len = strlen(mark) + text.len + strlen(end) + 1;

	if (u->full || len > u->room) {
		u->full = true;
		return;
	}
	u->room -= len;
	buf_z(u->out, mark);
	buf_str(u->out, text);
	buf_z(u->out, end);
	buf_char(u->out, '\n');
}

static void put_fmt(struct unified *u, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void put_fmt(struct unified *u, const char *fmt, ...)
{
	va_list ap;
	AUTO_BUF line;

	buf_init(&line, 400);
	va_start(ap, fmt);
	buf_vfmt(&line, fmt, ap);
	va_end(ap);
	put(u, "", buf_view(&line), "");
}

static void add_name(struct buf *out, struct str name)
{
	for (size_t i = 0; i < name.len;) {
		size_t plain = i;

		while (plain < name.len && (unsigned char)name.p[plain] >= ' ' && name.p[plain] != '\x7F')
			plain++;
		utf8_clean((struct str){ name.p + i, plain - i }, out);
		if (plain < name.len)
			buf_z(out, REPLACEMENT);
		i = plain + 1;
	}
}

static void put_names(struct unified *u, const char *before, struct str name)
{
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	add_name(&clean, name);
	put(u, before, buf_view(&clean), "");
}

static void put_binary(struct unified *u, struct str expected_name, struct str actual_name)
{
	AUTO_BUF line;

	buf_init(&line, SIZE_MAX);
	add_name(&line, expected_name);
	buf_z(&line, " and ");
	add_name(&line, actual_name);
	put(u, "Binary files ", buf_view(&line), " differ");
}

/* "7", "7,2": a single line is not counted. */
static void add_range(struct buf *out, int64_t start, int64_t n_lines)
{
	buf_fmt(out, "%" PRId64, start);
	if (n_lines != 1)
		buf_fmt(out, ",%" PRId64, n_lines);
}

static void put_hunk_head(struct unified *u, const struct file_diff_hunk *h)
{
	AUTO_BUF line;

	buf_init(&line, 200);
	buf_z(&line, "@@ -");
	add_range(&line, h->expected_start, h->expected_lines);
	buf_z(&line, " +");
	add_range(&line, h->actual_start, h->actual_lines);
	put(u, "", buf_view(&line), " @@");
}

static void put_hunk(struct unified *u, const struct file_diff_hunk *h)
{
	static const char *const mark[] = { [DIFF_CONTEXT] = " ", [DIFF_ADDED] = "+", [DIFF_REMOVED] = "-" };
	int64_t expected = 0, actual = 0;

	put_hunk_head(u, h);
	for (size_t i = 0; i < h->n && !u->full; i++) {
		const struct file_diff_line *x = &h->lines[i];

		expected += x->kind != DIFF_ADDED;
		actual += x->kind != DIFF_REMOVED;
		put(u, mark[x->kind], x->text, x->no_newline ? NO_NEWLINE : "");
	}
	if (h->cut)
		put_fmt(u,
			"\\ left out from this hunk: %" PRId64 " lines of %" PRId64 ", and %" PRId64
			" of %" PRId64,
			h->expected_lines - expected, h->expected_lines, h->actual_lines - actual,
			h->actual_lines);
}

void file_diff_write_unified(const struct file_diff *d, struct str expected_name, struct str actual_name,
	size_t max_bytes, struct buf *out)
{
	struct unified u = { .out = out };

	if (d->identical || max_bytes < sizeof THE_REST)
		return;
	u.room = max_bytes - (sizeof THE_REST - 1);
	if (d->binary) {
		put_binary(&u, expected_name, actual_name);
	} else {
		put_names(&u, "--- ", expected_name);
		put_names(&u, "+++ ", actual_name);
	}
	for (size_t i = 0; i < d->n && !u.full; i++)
		put_hunk(&u, &d->hunks[i]);
	if (d->n_hunks > (int64_t)d->n)
		put_fmt(&u, "\\ left out: %" PRId64 " more hunks", d->n_hunks - (int64_t)d->n);
	if (d->partial)
		put_fmt(&u, "\\ the files differ too much to compare all of them; the rest was not compared");
	if (u.full)
		buf_z(out, THE_REST);
}
