/* file_diff: two files, parted by a byte 01: the numbers and the text of the hunks fit the files, and the unified text its bound. */
#include "base/utf8.h"
#include "forge/file_diff.h"

#include <assert.h>
#include <git2.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str next_line(struct str *rest)
{
	size_t end = str_find(*rest, '\n');
	struct str line = { rest->p, end };

	*rest = str_from(*rest, end + 1);
	return line;
}

static bool shows(const struct file_diff_line *x, struct str line)
{
	bool same;
	struct buf clean;

	buf_init(&clean, SIZE_MAX);
	utf8_clean(line, &clean);
	same = x->cut || str_eq(buf_view(&clean), x->text);
	buf_done(&clean);
	return same;
}

/* Of one of the files: all of its lines that the hunks have stand where they say, and what no hunk has is counted. */
static void check_side(
	const struct file_diff *d, struct str file, enum file_diff_kind other, int64_t *ret_lines)
{
	int64_t line = 0;

	*ret_lines = 0;
	for (size_t i = 0; i < d->n; i++) {
		for (size_t k = 0; k < d->hunks[i].n; k++) {
			const struct file_diff_line *x = &d->hunks[i].lines[k];
			int64_t at = other == DIFF_ADDED ? x->expected_line : x->actual_line;
			struct str text = STR("");

			assert((at == 0) == (x->kind == other));
			if (at == 0)
				continue;
			assert(at > line && file.len > 0);
			for (; line < at; line++)
				text = next_line(&file);
			assert(shows(x, text));
			*ret_lines += x->kind != DIFF_CONTEXT;
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int started;
	struct file_diff_limits l = { 1 + size % 3, 1 + size % 7, 1 + size % 11, 1 + size % 50,
		1 + size % 3000 };
	struct str all = { (const char *)data, size };
	struct str expected = { all.p, str_find(all, '\1') }, actual = str_from(all, expected.len + 1);
	struct file_diff d = { 0 };
	int64_t removed, added;
	AUTO_ARENA a;
	AUTO_BUF text;

	if (!started)
		started = git_libgit2_init(); /* once, for it takes longer than all that is tried here */
	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	assert(file_diff_make(expected, actual, &l, &a, &d, NULL) == ERR_OK);
	assert(d.identical == str_eq(expected, actual));
	assert(d.identical || d.binary || d.n_hunks > 0);
	check_side(&d, expected, DIFF_ADDED, &removed);
	check_side(&d, actual, DIFF_REMOVED, &added);
	assert(d.truncated ? removed <= d.removed && added <= d.added
			   : removed == d.removed && added == d.added);
	file_diff_write_unified(&d, STR("a"), STR("b"), size, &text);
	assert(text.len <= size && utf8_valid(buf_view(&text)) == text.len);
	assert(text.len == 0 || text.p[text.len - 1] == '\n');
	return 0;
}
