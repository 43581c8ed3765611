#ifndef TESTS_UNIT_HELP_STEP_SERVER_H
#define TESTS_UNIT_HELP_STEP_SERVER_H
/*
 * step_server: a little server that takes streams of steps, as the routes under /internal/steps promise, with all the
 * trouble that a test wants. Steps are told apart by their name and index.
 *
 * It holds back an unfinished line, as the real one does, and forgets it when it is "restarted".
 */
#include "base/buf.h"

enum trouble {
	NO_TROUBLE,
	ANSWER_LOST,  /* done, but nobody is told */
	REQUEST_LOST, /* not done, and the connection closed */
	BUSY,         /* 503 */
	DISK_FULL,    /* 507 */
	FORBIDDEN,    /* 403 */
	REMOVED,      /* 404 */
	RESTARTED,    /* what was held back is forgotten, then it is done */
	HANGING,      /* no answer until the client goes */
};

struct step_server;
struct step_server *step_server_new(void);
void step_server_free(struct step_server *s);
const char *step_server_url(const struct step_server *s);
/* What becomes of the n-th request from now on (0: the next). */
void step_server_trouble(struct step_server *s, size_t n, enum trouble trouble);
/* Of every request from now on, with NO_TROUBLE after all of them again. */
void step_server_all(struct step_server *s, enum trouble trouble);
/* Trouble that passes, at random, before one of `in` requests. */
void step_server_random(struct step_server *s, unsigned in, uint64_t seed);
/* Until n requests of all have come. */
void step_server_wait(struct step_server *s, size_t n);

size_t step_server_n_requests(struct step_server *s);
size_t step_server_n_beats(struct step_server *s); /* empty PATCHes */
size_t step_server_n_steps(struct step_server *s);
/* Of the i-th step, in the order in which they were opened; borrowed while nothing more comes. */
struct str step_server_text(struct step_server *s, size_t i); /* durable */
const char *step_server_open(struct step_server *s, size_t i);
const char *step_server_finish(struct step_server *s, size_t i); /* empty: it is open */

#endif
