#ifndef TEXT_FRAME_SALVAGE_H
#define TEXT_FRAME_SALVAGE_H
/*
 * frame_salvage: what is left of a file of frames that is damaged.
 *
 * Every frame has a checksum, so one is sound or it is lost; there is nothing in between. Which frames there were is told by the index of the
 * file, if that can be read, even where the seek table cannot; else the frames are looked for, from the front, and behind a damaged place
 * from the next one on that is sound.
 */
#include "text/frame.h"

struct frame_left {
	struct frame f;
	bool lost;
};

/*
 * The frames in the first `bytes` of a file, in order. has_index: each has its entry (without a bitmap), also those that are lost. Otherwise of a frame
 * that is not lost is known what frame_look() tells and where it is; and of one that is lost, which may have been several, file_at alone.
 * Memory of a.
 */
MUST_CHECK enum err_code frame_salvage(int fd, int64_t bytes, struct arena *a, struct frame_left **ret,
	size_t *ret_n, bool *ret_has_index, struct err *e);
/* The text of the frame that f says is in fd, appended. False: it is lost. Then out is as it was. */
bool frame_read_text(int fd, const struct frame *f, struct buf *out);

#endif
