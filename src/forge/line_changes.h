#ifndef FORGE_LINE_CHANGES_H
#define FORGE_LINE_CHANGES_H
/*
 * line_changes: which lines of a text were removed and which were added, to make another text of it.
 *
 * The only file that lets libgit2 compare. Made for file_diff.h, which shows what comes of it to people.
 *
 * Life cycle: a list for each text, line_changes() of the two, line_list_done() of both. The lists borrow their
 * texts.
 */
#include "base/err.h"
#include "base/str.h"

/*
 * What is compared is bounded, for libgit2 cannot be interrupted: so many lines of each text took at most half a
 * second of all that was tried (random, permuted, periodic, long, made to collide). libgit2 searches twice as hard when both together are more than 262,140 lines, and
 * takes twice as long. Memory: 40 MiB.
 */
#define LINE_LIST_MAX_LINES 130000
#define LINE_LIST_MAX_BYTES (64 * 1024 * 1024)

/* The first lines of a text. A line ends with "\n", or with the text; "\r" is a byte like others. */
struct line_list {
	struct str text;
	size_t *at; /* n + 1 of them: where each line begins, and the end of the last */
	size_t n;
	bool whole; /* there are no others */
};

/* As many lines as the bounds allow; the first one whatever its length. */
void line_list_init(struct line_list *l, struct str text);
void line_list_done(struct line_list *l);
/* The i-th from 0, with its line end. */
struct str line_list_get(const struct line_list *l, size_t i);

/* n_removed lines from the expected-th on (from 0) are replaced by n_added lines from the actual-th on. */
struct line_change {
	size_t expected, n_removed, actual, n_added;
};

/*
 * In order; between two changes stands at least one line that both have. The array is the caller's to free().
 * Lists of the same lines give none. ERR_INTERNAL when libgit2 fails. For any number of threads at once.
 */
MUST_CHECK enum err_code line_changes(const struct line_list *expected, const struct line_list *actual,
	struct line_change **ret_changes, size_t *ret_n, struct err *e);

#endif
