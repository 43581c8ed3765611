#ifndef EXPLAIN_CONTEXT_PLAN_H
#define EXPLAIN_CONTEXT_PLAN_H
/*
 * context_plan: what of a context has room in its budget. Internal to context_*.c.
 *
 * What is to be written of a step is its heading and a list of pieces: of each error what it is and then its lines, and behind them the end of the log.
 * What a piece takes is for the format to say. Kinds of pieces are given room one after the other, in the order of enum piece_kind: what an error is
 * has room in whole or not at all, the best of each step before the second of any, the newest step before the others (but one that others refer to before
 * those); texts share what there is (part_share).
 *
 * Use: plan_init(), plan_need(); if that is more than there is room for, plan_share(). Then the steps from `first` on are written, each piece with plan_text()
 * into what it was given and what others have left.
 */
#include "explain/context_text.h"

#define PLAN_TEXT_LEAST 400 /* less of a text than this helps nobody */

enum piece_kind { /* in the order in which they get room */
	PIECE_CAUSE,
	PIECE_CAUSE_LINES,
	PIECE_OTHER, /* an error that is no cause */
	PIECE_TAIL,
	PIECE_OTHER_LINES,
	PIECE_N_KINDS
};

struct piece {
	enum piece_kind kind;
	size_t step;
	const struct context_error *error; /* NULL: of the tail */
	struct piece *same; /* of an error: it is told there, in front of this one. NULL: it is told here */
	size_t need;        /* bytes, in full */
	size_t given;
};

struct plan;
struct plan_format {
	/* At most so long is the heading of a step with its tail as a whole, or in part. alone: the step in front of it is not shown. */
	size_t (*heading)(const struct plan *p, size_t step, bool whole, bool alone);
	/* So long is what an error is, without its lines. */
	size_t (*error)(const struct plan *p, const struct piece *x);
	/* So much more it is with this text, which is not empty: never less than the text, and more for a longer end of it. */
	size_t (*text)(const struct plan *p, const struct piece *x, struct str text);
	/* No line twice: those of causes are left out of the tail, those of other errors are told there only. */
	bool marks;
};

struct plan {
	const struct context_input *in;
	const struct plan_format *format;
	size_t first;    /* the steps from here on have a place, those in front of it have none */
	size_t *heading; /* of each step, at most */
	size_t *start;   /* of each step: where its pieces begin. Behind the last one: how many there are */
	struct piece *pieces;
	struct buf scratch; /* of the text that was looked at last */
};

void plan_init(struct plan *p, const struct context_input *in, const struct plan_format *format);
void plan_done(struct plan *p);

/* What all of it takes, and every piece is given that. */
size_t plan_need(struct plan *p);
/* There is less room. */
void plan_share(struct plan *p, size_t room);

struct plan_shown {      /* of the text of a piece */
	struct str text; /* until the next one is looked at */
	int64_t n_lines; /* of the log; with those of which it is said that they are above */
	int64_t n_cut;   /* lines that were kept and are not in it */
	bool all;
	bool in_line; /* begins inside a line */
	size_t took;  /* bytes in the answer; 0: the text is empty */
};
/* As much as takes at most room: of an error its first and last lines, of a log its end. */
void plan_text(struct plan *p, const struct piece *x, size_t room, struct plan_shown *ret);
/* Errors of the steps that have a place, and of those that have none, of which it is not told what they are. */
int64_t plan_omitted_errors(const struct plan *p);

static inline const struct context_found *plan_found(const struct plan *p, size_t step)
{
	return p->in->found ? &p->in->found[step] : NULL;
}

#endif
