#ifndef SERVICE_LOG_WINDOW_H
#define SERVICE_LOG_WINDOW_H
/*
 * log_window: as much of a log's text as may be in memory at once: all of it, or of a long one its beginning and, three times as long, its end;
 * and which line of the log a line of that is.
 *
 * Lines of the window are counted from 0 as in any text. Numbers of lines and places of bytes in the log are those of log_view.h.
 */
#include "service/log_view.h"

struct log_window {
	struct buf text;
	int64_t skipped_bytes; /* of text that is not in it */

	/* log_window.c's: where line numbers or places jump */
	struct window_piece {
		size_t line, byte;        /* of the window, where it begins */
		int64_t line_at, text_at; /* of the log */
	} * pieces;
	size_t n_pieces;
};

/* Errors are those of log_view_open(), and ERR_CONFLICT when the log has moved again and again meanwhile. Memory of a. */
MUST_CHECK enum err_code log_window_read(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, struct err *e);
void log_window_done(struct log_window *w); /* also of a zeroed one */
int64_t log_window_line(const struct log_window *w, size_t line);
int64_t log_window_byte(const struct log_window *w, size_t byte);

#define AUTO_LOG_WINDOW __attribute__((cleanup(log_window_done))) struct log_window

#endif
