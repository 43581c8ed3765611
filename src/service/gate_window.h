#ifndef SERVICE_GATE_WINDOW_H
#define SERVICE_GATE_WINDOW_H
/*
 * gate_window: commits of a branch, newest first, as they were heard at one moment; never changed, shared by reference count, and looked up by the first digits of an id.
 *
 * It holds more than those that may send: what is behind them, so that it can be told how far behind a commit is.
 */
#include "forge/commits.h"

#define GATE_HELD_MAX 10000 /* behind those that were heard, so many in all are kept */
#define GATE_DIGITS_MIN 12  /* of an id, so that it is looked for at all */

struct gate_window; /* opaque */

/*
 * list is copied; it is not empty. asked: how many were asked for: with fewer in the list there are no more. old: what was known before, or NULL: of that is kept what stands
 * behind the last of the list. Free by gate_window_put().
 */
struct gate_window *gate_window_new(
	const struct commit_list *list, size_t asked, const struct gate_window *old);
struct gate_window *gate_window_get(struct gate_window *w); /* one more reference; any thread. NULL is fine */
void gate_window_put(struct gate_window *w);                /* any thread. NULL is fine */

struct str gate_window_head(const struct gate_window *w);
size_t gate_window_asked(const struct gate_window *w);
size_t gate_window_len(const struct gate_window *w);   /* all that are held */
size_t gate_window_heard(const struct gate_window *w); /* of those, what a source told in its last answer */
struct str gate_window_at(const struct gate_window *w, size_t i); /* i < len; lives as long as w */

struct gate_place {
	size_t n_all; /* commits that begin so, of all */
	size_t n_in;  /* of the first `window` that were heard */
	size_t at;    /* of the newest of them; how far it is behind the head */
};
/* digits: lower case hex. window: how many of them may send. */
struct gate_place gate_window_find(const struct gate_window *w, struct str digits, size_t window);

#endif
