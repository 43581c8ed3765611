#ifndef SERVICE_LOG_WINDOW_H
#define SERVICE_LOG_WINDOW_H
/*
 * log_window: as much of a log's text as may be in memory at once: all of it, or of a long one its beginning and, three times as long, its end;
 * and which line of the log a byte of that is in. Lines cost memory too, whoever looks at them: each counts LOG_WINDOW_LINE bytes beside its own.
 *
 * Numbers of lines and places of bytes in the log are those of log_view.h: a line ends at LF. Who explains it sees more lines, as a lone CR ends one there
 * (explain/lines.h): so lines are asked for by a byte.
 */
#include "service/log_view.h"

#define LOG_WINDOW_LINE 16

struct log_window {
	struct buf text;
	int64_t skipped_bytes; /* of text that is not in it */

	/* log_window.c's: where line numbers or places jump */
	struct window_piece {
		size_t line, byte;        /* of the window, where it begins */
		int64_t line_at, text_at; /* of the log */
	} * pieces;
	size_t n_pieces;
	uint32_t *line_ends; /* where each LF of the text is */
	size_t n_line_ends;
};

/* Errors are those of log_view_open(), and ERR_CONFLICT when the log has moved again and again meanwhile. Memory of a. */
MUST_CHECK enum err_code log_window_read(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, struct err *e);
void log_window_done(struct log_window *w); /* also of a zeroed one */
/* Number of the line that byte is in; of the text's end: of the line that would be there. */
int64_t log_window_line(const struct log_window *w, size_t byte);
int64_t log_window_byte(const struct log_window *w, size_t byte);

#define AUTO_LOG_WINDOW __attribute__((cleanup(log_window_done))) struct log_window

#endif
