#ifndef SERVICE_MEND_PIECES_H
#define SERVICE_MEND_PIECES_H
/*
 * mend_pieces: a damaged log as a list of pieces, each of them sound or lost, with a place in the log. Internal to mend*.c.
 *
 * A piece is a frame of the file or a chunk. What is lost becomes a line that says so; lost pieces that follow on each other are one. The
 * lines behind keep their numbers, as far as it is known how many were lost.
 */
#include "service/log_make.h"
#include "store/nouns.h"
#include "store/store.h"
#include "text/frame.h"

struct piece {
	struct frame f;
	bool lost;
	bool changed;        /* its entry is not the one that is stored */
	int64_t lost_lines;  /* of a lost one; -1: not known */
	int64_t number;      /* of a chunk; -1: it is in the file */
	struct str zstd;     /* of a chunk */
	int64_t text_before; /* text_len as its entry said: of a lost one, what went; -1: not known */
};

struct pieces {
	struct piece *p;
	size_t n;
	size_t n_sound;
	bool hopeless; /* a chunk of which neither text nor entry is left, or a gap whose place cannot be told */
};

/* Of the sealed file fd. */
MUST_CHECK enum err_code pieces_of_sealed(
	int fd, const struct log *l, struct arena *a, struct pieces *ret, struct err *e);
/* Of a log that is not sealed. fd: of its .part, -1: it is not there. */
MUST_CHECK enum err_code pieces_of_unsealed(
	struct store *s, int fd, const struct log *l, struct arena *a, struct pieces *ret, struct err *e);
/* The line in place of a lost piece: with its line end, unless the whole piece lay within one line. */
void piece_lost_line(const struct piece *p, struct buf *out);

#endif
