#ifndef TESTS_UNIT_HELP_CONTEXTS_H
#define TESTS_UNIT_HELP_CONTEXTS_H
/*
 * contexts: steps and errors to write contexts of, and what every context has to be. What is not as it should be fails the test.
 */
#include "base/json.h"
#include "explain/context.h"

#define CEILING ((size_t)4 << 20)
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define NOW INT64_C(1767323045678) /* 2026-01-02T03:04:05.678Z */

struct step step_of(const char *text);
struct context_input input_of(const struct step *steps, size_t n);

/* The context: within its budget, whole, valid. */
void markdown(const struct context_input *in, struct buf *out);
struct json_doc *json(const struct context_input *in);

void assert_has(const struct buf *out, const char *part);
void assert_has_not(const struct buf *out, const char *part);
/* What a reader of Markdown sees outside of fences, and how many fences there are. Each has to be closed. */
size_t outside_fences(const struct buf *md, struct buf *out);

/* Text of all kinds of lengths of lines; free() it. And a step whose text is the first len bytes of it. */
char *fill_pool(size_t len);
struct step big_step(const char *pool, size_t len, size_t i);

/* A cause or what followed from it, in lines [from, to) of step s, with a message of its own. */
struct error error_of(
	const struct step *s, enum error_role role, int64_t from, int64_t to, const char *message);
/* With its lines out of the text of s, whose first line has the number 0. Free head.p and end.p by done_errors(). */
struct context_error found_error(const struct step *s, const struct error *error, const struct group *group);
void done_errors(struct context_error *errors, size_t n);
struct context_found found_of(struct context_error *errors, size_t n);
/* Seen first in this commit. */
struct group group_of(int64_t id);

#endif
