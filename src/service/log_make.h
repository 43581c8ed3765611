#ifndef SERVICE_LOG_MAKE_H
#define SERVICE_LOG_MAKE_H
/*
 * log_make: text that was put down in a log becomes chunks: pieces cut at line ends, each a frame (text/frame.h) with what its lines say
 * about themselves (text/line.h).
 */
#include "base/crew.h"
#include "store/nouns.h"
#include "text/frame.h"

/* Where a log stands: what the next piece of text goes on from. */
struct log_end {
	int64_t text_bytes, n_line_ends;
	int64_t group_line; /* -1: none is open */
	int64_t n_chunks;
	bool in_line; /* the last line has no end yet */
};

/* A chunk of so much text is kept as the frame that it is, and has its bitmap for searches. */
#define LOG_MAKE_GRAMS_FROM (128 * 1024)

/*
 * text is cut into chunks of about max bytes (FRAME_TEXT at most), an eighth more where that saves one, numbered and placed behind *end, which moves
 * on. now: when it arrived, ms. crew (NULL: nobody) helps with many. Chunks live in a. The bitmap for
 * searches is left out of small ones: they become parts of larger frames before a log is sealed.
 */
MUST_CHECK enum err_code log_make_chunks(struct log_end *end, struct crew *crew, struct str text, size_t max,
	int64_t now, struct arena *a, struct chunk **ret, size_t *ret_n, struct err *e);

/* All that can be known of a piece of text that is put down behind *end, which moves on, but for when it arrived: an entry without times; file_at and zstd_len are 0. */
void log_make_look(struct log_end *end, struct str text, struct arena *a, struct frame *ret);

/* A frame of text whose entry takes over what is known of the frames it is made of: levels, sources, times, group. parts follow on each other. */
MUST_CHECK enum err_code log_make_merged(const struct frame *parts, size_t n, struct str text,
	struct arena *a, struct frame *ret, struct buf *zstd, struct err *e);

/* The line that stands in place of the dropped middle, with its line end; no more than LOG_GAP_LINE bytes. */
#define LOG_GAP_LINE 200
void log_make_gap_line(int64_t bytes, int64_t lines, struct buf *out);

#endif
