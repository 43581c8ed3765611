#ifndef AGENT_STREAM_FILE_H
#define AGENT_STREAM_FILE_H
/*
 * stream_file: the log of one step on disk, from when its command writes it until the server has it.
 *
 * It lies in the spool (spool.h) as MILLISECONDS-RANDOM.stream, mode 0600. In front a head of STREAM_HEAD bytes, lines
 * of text with zeros behind:
 *
 *	sluice stream 1
 *	acked OFFSET        what is before it is durable on the server, and may be a hole here
 *	url URL             of the server, without user and password; it is sent to no other
 *	open JSON           of POST /internal/steps
 *	finish JSON         of its finish; not there while the command runs, nor when `sluice run` was killed
 *
 * behind it the masked text: the byte at OFFSET of the stream at STREAM_HEAD + OFFSET. There is no token in it.
 *
 * Whoever works on it holds an flock(2) on it. That ends with its process, however that ends; so a file that can be
 * locked has been left, and is anybody's to send on. It appears under its name when its head is complete. Nothing is
 * synced: it outlives a kill -9, not a loss of power.
 *
 * Where there is no folder to be had the file has no name and ends with us.
 */
#include "agent/spool.h"

#include <sys/types.h>

#define STREAM_HEAD (64 * 1024)
#define STREAM_FILES 64 /* that may be left; beyond, the oldest go */

struct stream_file {
	int fd;
	struct str path; /* empty: it has no name */
	struct str url, open, finish;
	off_t finish_at;
	int64_t acked, length; /* length: of the text, when it was opened */
	int64_t given_back;
};

/*
 * A new one; strings live in the spool's arena. Does not fail: *e says why it has no name when it has none (code is
 * ERR_OK otherwise). Before, left ones go until they are fewer than STREAM_FILES and have at most bytes_max on disk;
 * ret_n_lost: how many.
 */
void stream_file_create(struct spool *s, struct str url, struct str open, int64_t bytes_max,
	struct stream_file *ret, int *ret_n_lost, struct err *e);
/*
 * Takes the oldest that was left for this url and whose name sorts behind `after` (NULL: the first). False: there is
 * none. Damaged ones are removed and counted.
 */
bool stream_file_next(
	struct spool *s, struct str url, const char *after, struct stream_file *ret, int *ret_n_broken);

MUST_CHECK enum err_code stream_file_write(
	struct stream_file *f, int64_t at, struct str bytes, struct err *e);
/* n bytes, all of them, or ERR_STORAGE. May go on beside a write of others. */
MUST_CHECK enum err_code stream_file_read(
	const struct stream_file *f, int64_t at, char *p, size_t n, struct err *e);
/* The text has this length and no more: after a write that failed. */
void stream_file_cut(struct stream_file *f, int64_t length);
/* What is before acked is given back to the disk, now and then; `now` also when it is little. */
void stream_file_ack(struct stream_file *f, int64_t acked, bool now);
/* Other facts than those it was made with. */
MUST_CHECK enum err_code stream_file_set_open(struct stream_file *f, struct str json, struct err *e);
/* How it ended, for whoever sends it on. */
MUST_CHECK enum err_code stream_file_set_finish(struct stream_file *f, struct str json, struct err *e);
void stream_file_remove(struct stream_file *f); /* sent, or refused for good */
void stream_file_leave(struct stream_file *f);  /* closed; one with a name stays */

#endif
