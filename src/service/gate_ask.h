#ifndef SERVICE_GATE_ASK_H
#define SERVICE_GATE_ASK_H
/*
 * gate_ask: the sources of a gate, asked in turn until one answers: the forge, the path, those to fall back to.
 */
#include "service/gate.h"
#include "service/gate_window.h"

#define GATE_BEYOND                                                                                          \
	1000 /* so many more than may send are asked of a repository here, so that it is known how far behind a commit is */

struct gate_asking {
	struct http_client *http;
	const struct clock *clock;
	const atomic_bool *stop;       /* between two sources it is looked at */
	const struct gate_window *now; /* what is known; NULL: nothing yet */
};

struct gate_heard {
	enum gate_source source;
	struct str from; /* URL or path, without secrets */
	bool same;       /* the head is the one that is known, and as many commits are; nothing in list */
	struct commit_list list; /* else at least one */
	size_t asked;
	struct str trouble; /* what those said that were asked before; empty: it was the first */
};

/* *ret in the arena. ERR_UNAVAILABLE: no source answered; the text says of each why. Slow: for a thread of its own. */
MUST_CHECK enum err_code gate_ask(const struct gate_asking *q, const struct gate_config *c, struct arena *a,
	struct gate_heard *ret, struct err *e);

#endif
