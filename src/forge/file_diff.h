#ifndef FORGE_FILE_DIFF_H
#define FORGE_FILE_DIFF_H
/*
 * file_diff: how a file that a test wrote differs from the one that was expected, line by line.
 *
 * For files of any size and any bytes, in bounded memory and time. What both begin and end with is compared at the
 * speed of memory; of what stands between, up to 130,000 lines and 64 MiB of each (line_changes.h), which takes half
 * a second at worst. When there is more, the beginning is compared and the rest is not: the diff is then partial, and
 * what is in it is right as far as it goes. A file with a NUL in its first 8000 bytes is binary, as for Git.
 *
 * A line ends with "\n": of a file with CRLF the "\r" is the last character of each line, and a line without is
 * another line. That the last line does not end makes it another line, too.
 *
 * All that comes out lies in the arena and needs the files no longer. For any number of threads at once.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct file_diff_limits {
	size_t context_lines;  /* around each change, 1-50 */
	size_t max_hunks;      /* from 1, as all that follow */
	size_t max_hunk_lines; /* at most 100,000 */
	size_t max_line_chars; /* at most 100,000 */
	size_t max_text_bytes; /* of all lines together: about as much goes into the arena, twice if lines are short */
};
#define FILE_DIFF_LIMITS                                                                                     \
	((struct file_diff_limits){ .context_lines = 3,                                                      \
		.max_hunks = 500,                                                                            \
		.max_hunk_lines = 500,                                                                       \
		.max_line_chars = 1000,                                                                      \
		.max_text_bytes = 4 * 1024 * 1024 })
#define FILE_DIFF_UNIFIED_MAX (512 * 1024)

enum file_diff_kind { DIFF_CONTEXT, DIFF_ADDED, DIFF_REMOVED };

struct file_diff_line {
	enum file_diff_kind kind;
	int64_t expected_line, actual_line; /* from 1; 0: not in that file */
	struct str text; /* valid UTF-8 without the line end; what was invalid, and NUL, is U+FFFD */
	bool cut;        /* it is longer: "…" is its last character */
	bool no_newline; /* the last line of its file, which does not end */
};

/* As in unified text: a hunk that has no line of a file starts behind the line before. */
struct file_diff_hunk {
	int64_t expected_start, expected_lines, actual_start, actual_lines;
	struct file_diff_line *lines; /* removed before added; context between */
	size_t n;
	bool cut; /* it has more lines. Of a change that is too long the beginnings of both sides are there */
};

struct file_diff {
	bool identical; /* byte by byte; also told of binary files */
	bool binary;    /* one of them; there are no hunks and counts */
	bool partial;   /* only the beginning of what differs was compared, and is in the counts */
	bool truncated; /* partial, or hunks or lines are left out from hunks[] */
	int64_t added, removed, n_hunks; /* also of what is left out from hunks[] */
	struct file_diff_hunk *hunks;
	size_t n;
};

/* Fails only when libgit2 does (ERR_INTERNAL). Limits out of bounds are a mistake of the programmer. */
MUST_CHECK enum err_code file_diff_make(struct str expected, struct str actual,
	const struct file_diff_limits *l, struct arena *a, struct file_diff *ret_diff, struct err *e);

/*
 * As `diff -u` writes it, appended to out, whose ceiling should leave room for max_bytes: nothing for identical
 * files, one line for binary ones. Characters of the names that would break a line become U+FFFD. What was left out is
 * said in lines that begin with "\ ", which programs that apply patches pass over: at the end of a hunk that is cut,
 * whose header counts all its lines, and at the end of a text that goes beyond max_bytes. That one ends at a line end.
 */
void file_diff_write_unified(const struct file_diff *d, struct str expected_name, struct str actual_name,
	size_t max_bytes, struct buf *out);

#endif
