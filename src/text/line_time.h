#ifndef TEXT_LINE_TIME_H
#define TEXT_LINE_TIME_H
/*
 * line_time: the time stamp that a line begins with: RFC 3339 and what tools make of it (blank for T,
 * slashes, commas, a zone without colon, seven digits, no zone, no date), and syslog's "Jan  2 15:04:05".
 */
#include "base/str.h"

/*
 * Length of the stamp that s begins with, 0: none. *ret_ms: ms since 1970, or 0 when its date or zone is
 * not known.
 */
size_t line_time(struct str s, int64_t *ret_ms);

/* Does a stamp begin with c? Asked at each part of a line, nearly always in vain. A month's name begins with one of the letters. */
static inline bool line_time_begins(char c)
{
	return (c >= '0' && c <= '9') || c == 'J' || c == 'F' || c == 'M' || c == 'A' || c == 'S' ||
	       c == 'O' || c == 'N' || c == 'D';
}

#endif
