#ifndef TEXT_LINE_HEAD_H
#define TEXT_LINE_HEAD_H
/*
 * line_head: what stands in front of the message of a line, part by part, and how a reader of a line goes
 * through it.
 */
#include "base/str.h"
#include "text/line.h"

struct line_head {
	struct str s;      /* the line without escapes */
	size_t i;          /* what is in front has been taken */
	bool record;       /* a time stamp or a level was seen */
	bool settled;      /* a level was seen that nothing behind it changes */
	struct line *line; /* what was found */
};

/* Makes the table of known starts: once, before the others. */
void line_head_init(void);
/*
 * Takes one part: a time stamp, a bracket, a level, a known start (line_starts.tbl), what holds parts
 * together. Something is left. False: the head is over, nothing was taken.
 */
bool line_head_part(struct line_head *h);
/* Takes a level that is meant (line_word_stated). */
bool line_head_level(struct line_head *h);
/* The line says that it has this level. Nothing changes one that is a warning or worse. */
void line_head_state(struct line_head *h, enum line_level level);
/* Up to the next blank. */
struct str line_head_token(const struct line_head *h);

/* What is looked at for each character; calls would take as long as the rest. */
static inline struct str line_head_rest(const struct line_head *h)
{
	return str_from(h->s, h->i);
}

/* NUL beyond the end. */
static inline char line_head_char(const struct line_head *h, size_t i)
{
	return i < h->s.len ? h->s.p[i] : '\0';
}

static inline bool line_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static inline void line_head_skip_blanks(struct line_head *h)
{
	while (h->i < h->s.len && line_is_blank(h->s.p[h->i]))
		h->i++;
}

static inline bool line_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool line_is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || line_is_digit(c) || c == '_';
}

#endif
