#ifndef AGENT_MERGE_H
#define AGENT_MERGE_H
/*
 * merge: the output of a command as one text, whichever way it comes.
 *
 * It may come over two pipes (stdout, stderr), cut anywhere. It is merged by whole lines, in the order in which the
 * lines end, so that no line is made of halves of two. Only a line of MERGE_LINE_MAX bytes or more is taken in pieces,
 * which end where mask_flow.h would cut it: not in the middle of a secret.
 *
 * Of one stream what comes out is what went in, and where a long line is cut follows from the text alone.
 */
#include "base/str.h"
#include "text/mask_flow.h"

#define MERGE_LINE_MAX MASK_HOLD

/* Whole lines, or (without a line feed at its end) a piece of one that is too long or was never ended. */
typedef void merge_fn(void *arg, struct str lines);

struct merge {
	const struct mask *mask; /* borrowed: of what no piece ends inside */
	merge_fn *take;
	void *arg;
	struct merge_line {
		char *p; /* the beginning of a line whose end has not come */
		size_t len;
	} lines[2];
	int open; /* the stream whose unfinished line is the last thing that was taken, or -1 */
};

void merge_init(struct merge *m, const struct mask *mask, merge_fn *take, void *arg);
void merge_done(struct merge *m);
/* stream: 0 or 1. */
void merge_add(struct merge *m, int stream, struct str bytes);
/* No more will come: unfinished lines are taken too. */
void merge_end(struct merge *m);

#endif
