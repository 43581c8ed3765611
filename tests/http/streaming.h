#ifndef TESTS_HTTP_STREAMING_H
#define TESTS_HTTP_STREAMING_H
/* streaming: a runner that asks the router in process. What it sends goes well, or the test fails. */
#include "tests/http/fixture.h"

int64_t stream_step(const char *name);                              /* opened; its step_id */
void stream_text(int64_t step_id, int64_t offset, struct str text); /* appended */
void stream_end_of(int64_t step_id, const char *conclusion);
/* All three. */
int64_t streamed(const char *name, struct str text);

#endif
