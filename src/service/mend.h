#ifndef SERVICE_MEND_H
#define SERVICE_MEND_H
/*
 * mend: of a damaged log is kept what is sound.
 *
 * A frame or chunk that is lost becomes a line in its place, and all others stay as they are, with their numbers. An index that is lost is made anew from the
 * text. Where rows and a sound file differ, the file is believed. A log of which nothing is left, or whose file is missing, counts as
 * expired: its facts stay.
 *
 * What is sound is never given up for this: a new file is whole and synced before it takes the place of the old one, and rows change in one
 * transaction. The store is open for writing, and nobody else works on it.
 */
#include "base/buf.h"
#include "model/log.h"
#include "store/store.h"

/* What was done is appended to did. ERR_UNPROCESSABLE: nothing could be, and nothing was; e says why. */
MUST_CHECK enum err_code mend_log(
	struct store *s, const struct log *l, int64_t now, struct buf *did, struct err *e);
/* The tail of a step cannot be read: it counts as expired. */
MUST_CHECK enum err_code mend_lost_text(struct store *s, int64_t step_id, int64_t now, struct err *e);

#endif
