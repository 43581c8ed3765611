#ifndef TESTS_SERVICE_STREAMING_H
#define TESTS_SERVICE_STREAMING_H
/* streaming: logs that were streamed, for the tests of those who read them. What is sent goes well, or the test fails. */
#include "service/stream.h"
#include "tests/service/fixture.h"

extern struct streams *streams;
extern const struct clock still; /* NOW, until streaming_wall is set */
extern int64_t streaming_wall;
void streaming_wait(int64_t ms); /* the steady clock goes on, and nobody waits */

int streaming_up(void **state);
int streaming_down(void **state);
int64_t open_stream(const char *name);                                 /* its step_id */
int64_t append_text(int64_t step_id, int64_t offset, struct str text); /* where the next text goes */
void end_stream(int64_t step_id);                                      /* as a failure */
void drop_stream(int64_t step_id); /* as a success whose text is not kept */
/* All of it, in pieces of at most `piece` bytes; ended or not. */
int64_t streamed(const char *name, struct str text, size_t piece, bool ended);

#endif
