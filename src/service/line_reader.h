#ifndef SERVICE_LINE_READER_H
#define SERVICE_LINE_READER_H
/*
 * line_reader: the lines of a log, frame by frame, and what is told of one.
 *
 * A frame's unit are the lines that begin in it. Its last line may go on in the frames behind it, when it is longer than a frame: then the text of the
 * unit has its beginning only, and line_reader_rest() the rest. What a line needs to be shown is always in the beginning, or is joined here.
 *
 * The text of one frame is in memory at a time. Views of it are good until another one is asked for.
 *
 * The log may move on while it is read (ERR_CONFLICT, as of log_view_text): line_reader_open_again(), and numbers of frames are others, numbers of
 * lines are the same.
 */
#include "service/log_view.h"
#include "text/line.h"

#define LINE_TEXT_MAX 4000  /* characters of a line that are shown */
#define LINE_GROUP_MAX 1000 /* bytes of the title of a group */

struct log_line {
	int64_t number; /* from 0 */
	int64_t at_ms;  /* its own, else when its chunk arrived; 0: not known */
	enum line_level level;
	enum line_source source;
	struct str text;  /* at most LINE_TEXT_MAX characters, with its escapes */
	struct str group; /* title of the group it is in, or opens; empty: of none */
	bool truncated;   /* text is not all of it */
	bool match;       /* the caller's */
};

struct line_reader {
	struct log_view view;

	/* line_reader.c's */
	struct store *store;
	int64_t step_id;
	struct arena arena; /* of the view */
	struct buf text;    /* of frame `loaded` */
	struct buf joined;  /* the beginning of a long line */
	size_t loaded;      /* SIZE_MAX: none */
	int64_t read_bytes; /* of text, since it was opened */
	/* what is known of groups */
	struct buf marks; /* of frame `marked`, in its first marked_to bytes */
	size_t marked, marked_to;
	int64_t opener; /* the line whose title this is; -1: none */
	struct buf opener_title;
};

/* Errors are those of log_view_open(). Closed by line_reader_close(), after a failure too. */
MUST_CHECK enum err_code line_reader_open(
	struct line_reader *r, struct store *s, int64_t step_id, struct err *e);
MUST_CHECK enum err_code line_reader_open_again(struct line_reader *r, struct err *e);
void line_reader_close(struct line_reader *r);
#define AUTO_LINE_READER __attribute__((cleanup(line_reader_close))) struct line_reader

struct line_unit {
	size_t frame;
	int64_t first, n; /* number of its first line, and how many lines begin in it */
	size_t at;        /* in the text of the frame: where the first begins */
	struct str text;  /* from there on */
	bool has_escapes;
	bool goes_on; /* the last line has more than is in text */
};

/* How many lines begin in frame i, and the number of the first of them: without reading it. */
int64_t line_reader_begin(const struct line_reader *r, size_t i, int64_t *ret_first);
bool line_reader_goes_on(const struct line_reader *r, size_t i);
MUST_CHECK enum err_code line_reader_unit(
	struct line_reader *r, size_t i, struct line_unit *ret, struct err *e);
/*
 * The last line of a unit that goes on, in pieces of about `piece` bytes, of which each begins with the last `overlap` bytes of the one before; until
 * each() says false. The unit's text is not good any more.
 */
typedef bool line_piece_fn(void *arg, struct str piece);
MUST_CHECK enum err_code line_reader_rest(struct line_reader *r, size_t i, size_t piece, size_t overlap,
	line_piece_fn *each, void *arg, struct err *e);

/* The line with this number, which begins at `at` in the text of frame i. Memory of a. */
MUST_CHECK enum err_code line_reader_show(struct line_reader *r, size_t i, int64_t number, size_t at,
	struct arena *a, struct log_line *ret, struct err *e);

/* The first LINE_TEXT_MAX characters of a line. *ret_truncated: set if there are more. */
struct str line_cut(struct str text, bool *ret_truncated);
/* The next line off the front of text. */
struct str line_take(struct str *text);

#endif
