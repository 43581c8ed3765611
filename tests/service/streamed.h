#ifndef TESTS_SERVICE_STREAMED_H
#define TESTS_SERVICE_STREAMED_H
/*
 * streamed: logs that were streamed, for tests of what becomes of them. Over the store of the fixture, each call waited for.
 */
#include "service/stream.h"
#include "tests/service/fixture.h"

extern struct streams *streamed;
extern int64_t streamed_now; /* wall, ms: when what is sent arrives */

int streamed_up(void **state); /* with the fixture */
int streamed_down(void **state);
/* Streams stop and start: what is in memory is forgotten. With the store closed in between, if that is asked for. */
void streamed_stop(void);
void streamed_start(void);

/* An open step of that forge's run; its id. */
int64_t streamed_open(const char *step, const char *run);
void streamed_append(int64_t step_id, int64_t offset, struct str bytes);
void streamed_finish(int64_t step_id, enum conclusion conclusion);
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
