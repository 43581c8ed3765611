#ifndef SERVICE_LINES_H
#define SERVICE_LINES_H
/*
 * lines: pages of the lines of one log.
 *
 * The lines that a query is for, the matches, and those around each (before, after) are one list in the order of their numbers, each line once. A page is
 * the next `limit` of that list from a cursor on, or down from it. A cursor is the number of a line: any number is good, and what a page costs does
 * not grow with it. So pages put together are the list, wherever they were cut.
 *
 * Frames are passed by unread if what is known of them (levels, sources, four-byte sequences) says that no match begins there. A query that finds little
 * may have much to read all the same: when it has read scan_bytes of text, or scan_ms have passed, the page ends where it is, is not complete, and its
 * cursor goes on from there. At least one frame is read, or a few if the lines around a match need them.
 *
 * A line of more than LINES_PIECE bytes is searched in pieces that overlap by LINES_OVERLAP: a match that is longer than the overlap may be missed in
 * it, and ^ and $ are the ends of pieces as well. All shorter lines are searched as they are.
 *
 * While the log grows, so does the list; a line that its program rewrites changes. From and to, and the lines around, are numbers of lines from 0.
 */
#include "service/line_reader.h"

#define LINES_LIMIT_MAX 500
#define LINES_AROUND_MAX 50
#define LINES_PIECE (1024 * 1024)
#define LINES_OVERLAP 1024
#define LINES_PAGE_BYTES (1024 * 1024) /* of the text on a page, or one line */

struct lines_query {
	int64_t step_id;
	unsigned levels, sources;   /* bit a level, a source; 0: all */
	struct str contains, regex; /* empty: not; text/search.h */
	int64_t from, to;           /* the first and the last line that count; to INT64_MAX: all */
	int64_t before, after;      /* lines around a match, at most LINES_AROUND_MAX */
	bool descending;
	size_t limit;
	int64_t cursor; /* -1: from the beginning, or from the end down */
	int64_t scan_bytes, scan_ms;
	const struct clock *clock;
};

struct lines_page {
	struct log_line *lines; /* in the order of the query */
	size_t n;
	/* Of the next page; -1: there is none now. While the log grows a page that has lines tells one also at the end: where to ask again. */
	int64_t next;
	bool complete;         /* false: the scan was over before the page was full */
	int64_t scanned_bytes; /* of text that was read */
	enum log_state state;
	int64_t n_whole; /* number of the line behind the last one that has its end, or will have no other */
};

/* Memory of a. ERR_INVALID names the field contains or regex; else errors are those of log_view_open(). */
MUST_CHECK enum err_code lines_read(
	struct store *s, const struct lines_query *q, struct arena *a, struct lines_page *ret, struct err *e);

#endif
