#ifndef SERVICE_LOG_VIEW_H
#define SERVICE_LOG_VIEW_H
/*
 * log_view: a step's log as its readers see it: a list of frames, wherever each of them is (file, database, the tail of a one-shot
 * post), in the order of their lines.
 *
 * A view is of one moment: what comes later is not in it. It costs no text: frames are read one by one. The log may move on meanwhile: a chunk moves into
 * the file, the text expires. Then log_view_text() fails with ERR_CONFLICT, and the reader opens the log again and goes on from
 * its line.
 *
 * Lines are numbered from 0; of a tail, from the first line that was dropped on. text_at is counted through the text that is there.
 */
#include "base/arena.h"
#include "model/log.h"
#include "store/store.h"
#include "text/frame.h"

struct log_view {
	struct log log;
	struct frame *frames;
	size_t n;
	int64_t text_bytes; /* of all frames */
	int64_t n_lines;    /* number of the line behind the last one */

	/* log_view.c's */
	struct store *store;
	struct frame_file file;
	size_t n_in_file; /* of frames: the first ones */
	size_t late_from; /* of a log that is not sealed: the first frame behind log.gap_at; SIZE_MAX: none */
	int64_t *numbers; /* of the chunks behind those; -1: text[] holds it */
	struct str *texts;
	int fd;
};

/*
 * ERR_NOT_FOUND: no such step, or nothing ever came of it. ERR_GONE: its text has expired; the text of the error says when. grams: the bitmaps of
 * a sealed log are read too, for a search. Memory of a; log_view_close() closes the file.
 */
MUST_CHECK enum err_code log_view_open(
	struct store *s, int64_t step_id, bool grams, struct arena *a, struct log_view *ret, struct err *e);
void log_view_close(struct log_view *v); /* also after a failure, of a zeroed one */
/* The text of a frame, appended to out. */
MUST_CHECK enum err_code log_view_text(const struct log_view *v, size_t i, struct buf *out, struct err *e);
/* Its bytes as they are stored: one zstd frame. ERR_NOT_FOUND: it has none, being no text of its own. */
MUST_CHECK enum err_code log_view_zstd(const struct log_view *v, size_t i, struct buf *out, struct err *e);

/*
 * The last lines of a log: at most max_lines of them and max_bytes, as text/tail.h cuts them, appended to out. What is in front of them
 * is counted in *ret.
 */
MUST_CHECK enum err_code log_view_tail(const struct log_view *v, int64_t max_lines, size_t max_bytes,
	struct buf *out, struct tail_size *ret, struct err *e);

#define AUTO_LOG_VIEW __attribute__((cleanup(log_view_close))) struct log_view

#endif
