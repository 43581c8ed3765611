#ifndef HTTP_LOG_ROWS_H
#define HTTP_LOG_ROWS_H
/*
 * log_rows: lines of a log in a page, each with its number, an anchor (#L120, counted from 1), its level in a letter and a colour, and its text as
 * a terminal would show it. Where numbers jump, it says how many lines are not there.
 */
#include "http/html.h"
#include "service/line_reader.h"

#define LOG_ROWS_PAGE 200                /* lines on a page of a log */
#define LOG_ROWS_BYTES (2 * 1024 * 1024) /* of a page, behind which no further line begins */

struct log_rows {
	int64_t step_id;
	bool prefixed; /* anchors are S7-L120, because others of this page are L120 */
	bool to_step;  /* numbers link to the line on the step's own page; else to the line itself */
	bool whole;    /* lines follow each other: where numbers jump lines are missing */
};

/* Lines in ascending order. Returns how many of them were put: fewer than n when the page has become too long. label: what they are, for who does not see. */
size_t log_rows_put(
	struct html *h, const struct log_rows *r, const struct log_line *lines, size_t n, struct str label);
/* The address of a line (from 0) on its step's page. */
void log_rows_address(struct html *h, int64_t step_id, int64_t number);

#endif
