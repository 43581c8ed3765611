#ifndef EXPLAIN_LINES_H
#define EXPLAIN_LINES_H
/*
 * lines: a log as the explainer looks at it: every line without its escapes and without what the runner
 * writes in front of it (line_prefix.h), all in one text, so that ^ in a pattern is where the tool's own
 * output begins; and for each line where it stands in the log as given.
 *
 * A line ends at CR LF, LF or a lone CR. Bytes stay as they are, also when they are no UTF-8; only the first
 * LINES_LOOK bytes of a line are kept in the text.
 *
 * What is held are views of the log and a copy about as long as it; both have to live as long.
 */
#include "base/buf.h"
#include "text/line.h"

#define LINES_LOOK 4096          /* bytes of a line */
#define LINES_TEXT_MAX (1 << 30) /* bytes of a log: patterns take no more than 2 GiB */

struct lines_line {
	uint32_t start, len; /* in the log, without its line end */
	uint32_t at;         /* in the text */
	uint16_t kept;       /* bytes of it there */
	uint8_t level;       /* enum line_level that the runner wrote in front; INFO: nothing worse */
	bool said;           /* a level stands in front, INFO or worse */
	bool echoed;         /* the runner shows what it is about to run: no output */
	uint8_t indent;      /* blanks at its start, a tab counts as 8; at most 255 */
};

struct lines {
	struct str log;  /* as given */
	struct buf text; /* the lines, each with a LF behind it */
	struct lines_line *v;
	size_t n, cap;
	bool in_script; /* while they are read */
};

/* ERR_TOO_LARGE over LINES_TEXT_MAX. lines_done in any case. */
MUST_CHECK enum err_code lines_init(struct lines *l, struct str log, struct err *e);
void lines_done(struct lines *l);

/* What is looked at of line i. */
static inline struct str lines_text(const struct lines *l, size_t i)
{
	return (struct str){ l->text.p + l->v[i].at, l->v[i].kept };
}

/* The line that has byte `at` of the text (its LF counts as its own). */
size_t lines_at(const struct lines *l, size_t at);
bool lines_is_blank(const struct lines *l, size_t i);

#define AUTO_LINES __attribute__((cleanup(lines_done))) struct lines

#endif
