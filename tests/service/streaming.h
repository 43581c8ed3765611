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
/* Streams stop and start: what is in memory is forgotten. With the store closed in between, if that is asked for. */
void streaming_stop(void);
void streaming_start(void);

int64_t open_stream(const char *name);                                 /* its step_id */
int64_t append_text(int64_t step_id, int64_t offset, struct str text); /* where the next text goes */
int64_t stream_of_run(const char *name, const char *run);              /* of that run of the forge */
void end_stream(int64_t step_id, enum conclusion conclusion);
void drop_stream(int64_t step_id); /* as a success whose text is not kept */
/* All of it, in pieces of at most `piece` bytes; ended or not. */
int64_t streamed(const char *name, struct str text, size_t piece, bool ended); /* as a failure */
/* A log from its beginning to its end, sealed; the step's id. */
int64_t streamed_log(const char *step, const char *run, struct str text, enum conclusion conclusion);

struct log streamed_row(int64_t step_id);
/* Text as log_view shows it, in fx.arena. */
struct str streamed_text(int64_t step_id);
/* n bytes of lines that do not compress to nothing, in fx.arena. */
struct str streamed_lines(size_t n);
/* ID.part or ID.zst; in fx.arena. */
const char *streamed_path(int64_t step_id, bool sealed);

#endif
