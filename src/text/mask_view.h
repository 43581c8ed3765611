#ifndef TEXT_MASK_VIEW_H
#define TEXT_MASK_VIEW_H
/*
 * mask_view: a text as a reader will see it, and where each part of that came from. Internal to mask_*.c.
 *
 * A secret with a colour in the middle is no secret to a search, until somebody takes the colours out. So what is
 * looked for is also looked for in views of the text, and what is found there is masked in the text itself,
 * with what stands inside it.
 */
#include "text/mask_span.h"

struct view_cut {
	size_t at;        /* in the view */
	size_t from, end; /* in the text: what was before goes to `from`, what comes goes on at `end` */
};

struct view { /* of a text that has to outlive it */
	struct buf text;
	struct view_cut *cuts;
	size_t n, cap;
};

#define AUTO_VIEW __attribute__((cleanup(view_done))) struct view

void view_init(struct view *v, struct str text);
void view_reset(struct view *v); /* for another text, no longer than that of view_init(); its memory stays */
void view_done(struct view *v);
/* Without escape sequences. False: it has none, and the view is empty. */
bool view_plain(struct view *v, struct str text);
/* With what JSON and URLs escape of ASCII as itself ("\/", "\u003d", "%2F"). False: nothing of it is there. */
bool view_unescaped(struct view *v, struct str text);
/* With the references of XML, "&lt;", "&#60;", "&#x3C;", as the characters that they stand for. False: there are none. */
bool view_references(struct view *v, struct str text);
/* Adds what was found in the view to what was found in the text. */
void view_add_spans(const struct view *v, const struct spans *found, struct spans *ret_spans);

#endif
