#ifndef SERVICE_FOLLOW_H
#define SERVICE_FOLLOW_H
/*
 * follow: the lines of a log as they come, for many readers at once.
 *
 * Whoever changes a log tells the text that has just been committed (follow_tell), and a step that somebody follows keeps the newest FOLLOW_RING bytes
 * of it in memory: so what a line costs does not grow by a read of the database for each reader. A reader that is behind that, because it began at an
 * earlier line or is slow, reads from the log itself until it has caught up.
 *
 * A reader that had caught up, and that the newest FOLLOW_RING bytes have passed, has FOLLOW_SLOW_MS to catch up again. Then it is dropped: nobody waits for it.
 *
 * Lines are told when they have their end, the last one of a log when the step has ended. A line that its program rewrites is told again, with its
 * number, and all behind it.
 *
 * Threads: one reader is one thread's at a time; everything else is safe from any.
 */
#include "base/clock.h"
#include "service/line_reader.h"
#include "store/store.h"

#define FOLLOW_RING (1024 * 1024)
#define FOLLOW_SLOW_MS 10000
#define FOLLOW_QUIET_MS 15000 /* a reader is woken when there was nothing for so long */
#define FOLLOW_DEFAULT_LINES 100

struct follow_table;
struct follow_table *follow_table_new(struct store *s, const struct clock *clock);
void follow_table_free(struct follow_table *t); /* NULL is fine. All readers are gone */

/* ---- for who changes logs ---- */

/* Is the text of the next change wanted? */
bool follow_is_wanted(struct follow_table *t, int64_t step_id);
struct follow_change {
	int64_t step_id;
	struct str text; /* that was put down; not there if it was not wanted */
	bool has_text;
	int64_t line;  /* number of the line that it begins in */
	bool in_line;  /* that line had begun before */
	bool rewrites; /* lines from there on had been told, and are void */
	bool ended;    /* nothing more comes, unless the step comes to life again */
	int64_t at_ms; /* when it came */
};
/* After the commit, in the order of the commits. */
void follow_tell(struct follow_table *t, const struct follow_change *c);
/* Now and then: wakes readers that have been quiet, drops those that are too slow. */
void follow_tick(struct follow_table *t);

/* ---- for readers ---- */

struct follow_options {
	int64_t step_id;
	int64_t from; /* the first line; -1: the last FOLLOW_DEFAULT_LINES */
	int64_t most; /* readers that there may be */
	void (*wake)(
		void *arg); /* there may be something; quick; from any thread until follow_free() has returned */
	void (*dropped)(void *arg); /* it was too slow. As wake */
	void *arg;
};

struct follow;
/* ERR_UNAVAILABLE: there are as many as there may be. Else as log_view_open(). */
MUST_CHECK enum err_code follow_new(
	struct follow_table *t, const struct follow_options *o, struct follow **ret, struct err *e);
void follow_free(struct follow *f); /* NULL is fine */

enum follow_got {
	FOLLOW_LINES,
	FOLLOW_NOTHING, /* now: wake() comes */
	FOLLOW_QUIET,   /* for FOLLOW_QUIET_MS, and now too */
	FOLLOW_ENDED,   /* the step has, and all was told */
	FOLLOW_DROPPED,
	FOLLOW_FAILED, /* the log cannot be read: e says why */
};
/* The next lines: memory of a. at_ms 0: not known. */
enum follow_got follow_next(
	struct follow *f, struct arena *a, struct log_line **ret, size_t *ret_n, struct err *e);

#endif
