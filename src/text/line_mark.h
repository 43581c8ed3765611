#ifndef TEXT_LINE_MARK_H
#define TEXT_LINE_MARK_H
/*
 * line_mark: the words that a CI system writes into a log for itself, at the start of a line.
 *
 * GitHub and Forgejo: "::error file=a.c,line=1::message" (workflow commands), and "##[error]message", which
 * the runner makes of them and Azure took over. GitLab: "section_start:1700000000:name[collapsed=true]", a
 * CR and an erase, the title.
 */
#include "base/str.h"
#include "text/line.h"

struct line_mark_found {
	enum line_mark mark;
	enum line_level level;
	size_t title, title_end; /* in s */
};

/* Is s (without escapes) a mark? */
bool line_mark_read(struct str s, struct line_mark_found *ret);

/* Does one begin with c? Asked at each part of a line, nearly always in vain. */
static inline bool line_mark_begins(char c)
{
	return c == '#' || c == ':' || c == '[' || c == 's';
}

#endif
