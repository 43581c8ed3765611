#ifndef CLI_LOGS_READER_H
#define CLI_LOGS_READER_H
/*
 * logs_reader: what the three ways to read a log share, and these three: its text as it is (logs_text.c), the lines that are asked for
 * (logs_pages.c), what comes while it grows (logs_follow.c).
 *
 * Each way reads one step after reader_begin(). What it prints goes through reader_put(), which puts the heading of the step in front
 * of the first line, when there are several steps. A request that fails in a way that may pass is sent again after reader_wait() (cli/patience.h); none of
 * the ways prints a line twice or leaves one out for it.
 */
#include "cli/logs_line.h"
#include "cli/logs_steps.h"
#include "cli/pager.h"
#include "cli/patience.h"

#define LOGS_LAST_MAX 100000
#define LOGS_CONTEXT_MAX 50 /* the server's */

struct logs_want {
	const char *grep, *contains, *level; /* NULL: not asked for */
	int64_t last, from;                  /* lines; 0: not asked for */
	int64_t context;
	bool follow;
	struct logs_style style;
};

struct logs_reader {
	struct client *client;
	const struct logs_want *want;
	struct pager out;
	const struct logs_step *step;
	bool has_headings, has_heading; /* of all steps; of this one, already */
	bool has_printed;               /* anything of any step */
	bool has_hint;                  /* on standard error, and still there */
	struct patience patience;
};

void reader_begin(struct logs_reader *r, const struct logs_step *step);
MUST_CHECK enum err_code reader_put(struct logs_reader *r, struct str bytes, struct err *e);
/* The heading now, if it has to be and is not out yet. */
MUST_CHECK enum err_code reader_put_heading(struct logs_reader *r, struct err *e);
/*
 * After a failure of code: false when it is final, else waits, and says so if that is long. A failure of the output is
 * final.
 */
bool reader_wait(struct logs_reader *r, const struct err *why, enum err_code code);
/* client_call, patient. */
MUST_CHECK enum err_code reader_call(struct logs_reader *r, const char *path, struct err *e);

/* Where reading begins, by `from` and `last`: number of a line, 0: with the first. */
MUST_CHECK enum err_code reader_find_from(struct logs_reader *r, int64_t *ret, struct err *e);
/* What is being done meanwhile, on the terminal as long as nothing else is there; empty: nothing any more. */
void reader_hint(struct logs_reader *r, const char *text);

/* Not the whole, but lines that have something. */
bool logs_is_search(const struct logs_want *w);
/* Do the lines have to be asked for, because the text alone does not tell what is wanted? */
MUST_CHECK enum err_code reader_wants_lines(struct logs_reader *r, bool *ret, struct err *e);

MUST_CHECK enum err_code logs_text_read(struct logs_reader *r, struct err *e);
MUST_CHECK enum err_code logs_pages_read(struct logs_reader *r, struct err *e);
MUST_CHECK enum err_code logs_follow_read(struct logs_reader *r, struct err *e);

#endif
