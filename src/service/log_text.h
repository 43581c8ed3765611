#ifndef SERVICE_LOG_TEXT_H
#define SERVICE_LOG_TEXT_H
/*
 * log_text: the text of a log from one byte to another, read piece by piece in the memory of one frame, as it is stored, without escapes, or
 * compressed.
 *
 * It is the text that was there when it was opened. A log that grows may be moved, cut in its middle or change its last lines meanwhile: then reading
 * goes on from the same line, and what was changed is given as it is by then.
 *
 * Life cycle: log_text_open(), look at the view, log_text_start() once, log_text_read() to the end, log_text_free().
 */
#include "service/log_view.h"

#include <sys/types.h>

enum log_text_form {
	LOG_TEXT_PLAIN,
	LOG_TEXT_STRIPPED, /* without escapes: colours and links */
	LOG_TEXT_ZSTD,     /* zstd frames one after the other, nearly all as they are stored */
};

struct log_text;

/* Errors are those of log_view_open(). */
MUST_CHECK enum err_code log_text_open(
	struct store *s, int64_t step_id, struct log_text **ret, struct err *e);
void log_text_free(struct log_text *t); /* NULL is fine */
const struct log_view *log_text_view(const struct log_text *t);
/* Where in the text line number `line`, from 0, begins; of one that is not there, where the next one does, or the end. Before log_text_start(). */
MUST_CHECK enum err_code log_text_place(struct log_text *t, int64_t line, int64_t *ret_at, struct err *e);
/* Bytes [from, from + len) of the text, which has them. */
void log_text_start(struct log_text *t, enum log_text_form form, int64_t from, int64_t len);
/* Nothing comes any more, and the text is what it is now; until then it may still change. */
bool log_text_is_final(const struct log_text *t);
/* How many bytes log_text_read() will give of a final log in this form; -1: not known before. */
int64_t log_text_size(const struct log_text *t, enum log_text_form form);
/* At most max bytes. 0: that was all. -1: it cannot be read on; e says why. */
ssize_t log_text_read(struct log_text *t, char *room, size_t max, struct err *e);

#endif
