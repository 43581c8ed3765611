#ifndef AGENT_BACKLOG_H
#define AGENT_BACKLOG_H
/*
 * backlog: the masked bytes of a step that the server does not have yet, in a file, within a bound.
 *
 *	0 ........ front ........ end ........ (over: the last bytes, in memory)
 *	durable there   to be sent
 *
 * Offsets count from the start of the stream. When more than `limit` bytes wait, or the disk refuses them, what is in
 * the file stays and of what comes then only the last BACKLOG_LAST bytes are kept, in memory. As soon as half of the
 * limit is free they are written behind the others, from a line's start on, with a line in front that says how many
 * bytes were dropped. So the middle of a log is lost, not its beginning, where builds say what they are, nor its end.
 *
 * Not for two threads at once but in one thing: backlog_read() of bytes that were there before may go on beside a
 * backlog_add(), since bytes in front of `end` do not change.
 */
#include "agent/ring.h"
#include "agent/stream_file.h"

#define BACKLOG_LAST (256 * 1024)
#define BACKLOG_LIMIT (64 * 1024 * 1024)

struct backlog {
	struct stream_file *file; /* borrowed */
	int64_t front, end;
	int64_t limit;
	int64_t n_dropped;
	bool in_line; /* what was written last has no line end yet */
	bool over;
	struct ring ring; /* while over */
};

/* On a new file, or on one that was left: then what is in it waits. */
void backlog_init(struct backlog *b, struct stream_file *file, int64_t limit);
void backlog_done(struct backlog *b);
void backlog_add(struct backlog *b, struct str bytes);
/* No more will come: what is in memory is written, whatever the limit. Not if the disk refuses that too: ERR_STORAGE. */
MUST_CHECK enum err_code backlog_end(struct backlog *b, struct err *e);
/* n bytes from `at` on, front <= at <= at + n <= end. */
MUST_CHECK enum err_code backlog_read(const struct backlog *b, int64_t at, char *p, size_t n, struct err *e);
/* What is in front of `front` is durable elsewhere. Not less than before, not more than end. */
void backlog_ack(struct backlog *b, int64_t front);

#endif
