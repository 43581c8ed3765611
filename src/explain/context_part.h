#ifndef EXPLAIN_CONTEXT_PART_H
#define EXPLAIN_CONTEXT_PART_H
/*
 * context_part: what the Markdown and the JSON of a context have in common. Internal to context_*.c, but for part_code() and part_fence(), by which whoever writes Markdown puts text
 * from outside where it is nothing but text.
 */
#include "explain/context.h"

/* Widths of what senders may choose freely, in bytes. */
#define PART_NAME_MAX 100
#define PART_URL_MAX 300
#define PART_WORD_MAX 60     /* a tool, a code */
#define PART_FILE_MAX 200    /* a file, a test */
#define PART_MESSAGE_MAX 300 /* a message, advice, why */

/* A made-up leg only keeps the legs of a matrix apart; it means nothing to a reader. */
bool part_leg_is_told(const struct step_facts *f);
/* What a reader would call the job: its name, else the forge's id of it. May be empty. */
struct str part_job(const struct step_facts *f);
/* As a code span of Markdown, made visible, at most max bytes between the backticks. */
void part_code(struct str name, size_t max, struct buf *out);
/* A text of any number of lines, made visible, in a fence longer than any run of backticks in it. info: a literal behind the fence, may be empty. */
void part_fence(struct str text, const char *info, struct buf *out);
void part_number(int64_t n, struct buf *out); /* 2,140 */
/* "1 line", "2,140 lines" */
void part_count(int64_t n, const char *one, const char *many, struct buf *out);
void part_plural(int64_t n, const char *one, const char *many, struct buf *out); /* the word alone */

int64_t part_total_lines(const struct step *s);
/*
 * Does the kept text of a step begin inside a line? It is told by its shape, which the cutting gives it (text/tail.h,
 * and the runner does the same): bytes are gone and no line; or some are, and all that is kept is a single line as
 * long as the least that can be kept, with at most empty ones behind it.
 */
bool part_begins_in_line(const struct step *s);

/*
 * Shares room out among n that need so much each: evenly, and what the small ones leave goes to the others.
 * Where an even share would be less than `least`, the last ones get that and the first ones nothing: steps
 * come in the order of time, and what broke last is read first.
 */
void part_share(const size_t *need, size_t n, size_t room, size_t least, size_t *ret_share);

/* What was asked for, in words: "commit `..` of `..`". */
void part_subject(const struct context_query *q, struct buf *out);
/* Each true bit of in->absence: its name in JSON, and a sentence about it. NULL: bit not set, or no such bit.
 */
const char *part_reason(const struct context_input *in, unsigned i);
void part_reason_prose(const struct context_input *in, unsigned i, struct buf *out);
#define PART_N_REASONS 4
void part_retention(const struct context_input *in, struct buf *out);

/* Of an error: does it have a place in the log? Then its first and last line, from 1, and where to read them. */
bool part_has_lines(const struct error *f);
void part_page_link(const struct error *f, struct buf *out);  /* /steps/7?from=1001#L1120 */
void part_lines_link(const struct error *f, struct buf *out); /* GET /api/v1/steps/7/lines?from=120&to=131 */
/* Was it first seen in the commit of the step? False too when nothing is known. */
bool part_is_new(const struct context_error *x, const struct step *s);

/* Where to read what did not fit. Empty where there is nothing more to be had. */
void part_command(const struct context_input *in, struct buf *out); /* sluice context .. */
void part_request(const struct context_input *in, struct buf *out); /* GET /api/v1/context?.. */
struct str part_url(const struct context_input *in);

#endif
