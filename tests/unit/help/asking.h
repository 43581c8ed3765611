#ifndef TESTS_UNIT_HELP_ASKING_H
#define TESTS_UNIT_HELP_ASKING_H
/*
 * asking: a little server, and somebody who asks it with the token "slc_token", can be told to stop, and whose stderr is heard (place.h).
 */
#include "agent/ask.h"
#include "base/arena.h"
#include "tests/unit/help/little_server.h"

struct asking {
	struct little_server *server;
	struct peer peer;
	struct work_stop stop;
	struct ask ask;
	struct arena a;
	struct err e;
};
extern struct asking asking;

int asking_set_up(void **state); /* cmocka's */
int asking_tear_down(void **state);
/* Request i has this text in it. */
void assert_asked(size_t i, const char *text);

#endif
