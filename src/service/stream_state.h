#ifndef SERVICE_STREAM_STATE_H
#define SERVICE_STREAM_STATE_H
/*
 * stream_state: one stream in memory, and how bytes change it. Internal to stream*.c.
 *
 * Who has a stream (it is busy) calls these; nobody else looks at it, but for what streams.lock guards.
 */
#include "service/follow.h"
#include "service/keeper.h"
#include "service/log_make.h"
#include "service/run_names.h"
#include "service/stream.h"
#include "text/flow.h"

#include <pthread.h>

#define STREAM_BUCKETS 1024

/* A chunk behind the gap of a log that is over its limit: the oldest is dropped when there is too much. */
struct late_chunk {
	int64_t number, text_len, n_line_ends;
};

struct stream {
	int64_t step_id;
	/* streams.lock guards these */
	struct stream *next;
	bool busy;
	int64_t heard_at; /* steady ms */
	int64_t told;     /* log.sent_bytes when it was last given back */

	/* its holder's */
	bool loaded;
	struct log log;   /* as on disk */
	struct buf saved; /* holds log.saved */
	bool in_line;     /* the last line that was put down has no end */
	struct flow *flow;
	struct buf held;    /* what came from log.sent_bytes on and is not durable */
	int64_t loose_text; /* text in chunks that were not asked to be moved yet */
	struct late_chunk *late;
	size_t n_late, late_cap;
};

struct streams {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	struct run_names_table *names;
	struct keeper *keeper;
	struct crew *crew;
	struct explainer *explainer;
	pthread_mutex_t lock; /* guards the table, and what struct stream says */
	struct stream *buckets[STREAM_BUCKETS];
	size_t n;
	struct follow_table *followers;
};

struct stream *stream_new(int64_t step_id);
void stream_free(struct streams *s, struct stream *st);
/* What is in memory is not trusted any more. */
void stream_forget(struct streams *s, struct stream *st);
/* From disk, if it is not in memory. ERR_NOT_FOUND: no such step, or it was never opened. ERR_GONE: log says
   whose it was. */
MUST_CHECK enum err_code stream_load(struct streams *s, struct stream *st, struct err *e);
/* bytes come at offset. ERR_CONFLICT: that is not where it stands. */
MUST_CHECK enum err_code stream_hold(struct stream *st, int64_t offset, struct str bytes, struct err *e);

/* A change, made in memory and not yet on disk. Zeroed at birth. */
struct stream_put {
	struct log log; /* as it will be */
	bool in_line;
	int64_t sent_before;
	int64_t from;                  /* chunks from this number on are replaced; INT64_MAX: none */
	int64_t drop_below, drop_from; /* chunks in [drop_from, drop_below) fall into the gap */
	int64_t undone_bytes;
	struct chunk *chunks;
	size_t n_chunks;
	struct str *masks;           /* that the run asks for, sealed */
	size_t n_masks, masks_upto;  /* how many; how many of the run's are on disk with this */
	struct follow_change change; /* for who follows */
	struct arena arena;
	size_t text_len; /* of the text in the chunks that were made */
	size_t bytes;    /* that it holds */
	bool made;
};

/* All that is held goes as far as it can; last: all of it. On failure the stream must be forgotten. */
MUST_CHECK enum err_code stream_put_make(struct streams *s, const struct config *cfg, struct stream *st,
	bool last, int64_t now, struct stream_put *ret, struct err *e);
bool stream_put_is_empty(const struct stream_put *p);
/* On the writer's thread. */
MUST_CHECK enum err_code stream_put_apply(const struct stream_put *p, struct db *db, struct err *e);
/* It is on disk: the stream is so in memory. */
void stream_put_take(struct stream *st, const struct stream_put *p);
void stream_put_done(struct stream_put *p);
/* Is there enough in chunks to be moved? */
void stream_note_chunks(struct streams *s, struct stream *st, const struct stream_put *p);

/* stream_revive.c: a stream that was given up, and is loaded, goes on from where it was. ERR_CONFLICT: it cannot. */
MUST_CHECK enum err_code stream_revive(struct streams *s, struct stream *st, struct err *e);

#endif
