#ifndef TESTS_HTTP_DISPATCHING_H
#define TESTS_HTTP_DISPATCHING_H
/* dispatching: failures that are handed over, for the tests of who asks about them. Nothing outside is reached. What goes wrong fails the test. */
#include "tests/http/fixture.h"

#include "model/error.h"

/* acme/pump is dispatched from now on, by these actions (DISPATCH_ bits). */
void dispatching_configure(unsigned actions);
/* A red run with its log, in which one error was found, of branch topic and pull request 12; then a pass. */
void dispatching_red(const char *sha, int run, enum error_class class, const char *message);
/* All that is due is decided and handed over. */
void dispatching_pass(void);

#endif
