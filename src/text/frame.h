#ifndef TEXT_FRAME_H
#define TEXT_FRAME_H
/*
 * frame: a log as pieces that can be read on their own.
 *
 * A frame is some lines of a log (about FRAME_TEXT bytes) as one zstd frame (RFC 8878, with content size and
 * checksum). What must be known of it to pass it by unread is its entry: its place in the text and in the file,
 * its lines, which levels and sources occur, whether it has escapes, and which four-byte sequences occur (a
 * bitmap), for searches.
 *
 * A sealed log is a file: its frames one after the other, the index (all entries and bitmaps) in a skippable
 * frame, and a seek table (zstd's seekable format 0.1.0, contrib/seekable_format of zstd, with checksums):
 * `zstd -d` reads it. Until it is sealed the index grows in pieces beside the file (frame_index_encode of a few
 * entries), and sealing joins them.
 *
 * Lines are numbered from 0 through the whole log. A line is ended by "\n"; a frame ends with a line end but for
 * the last one of a log, and but for lines that are longer than FRAME_LINE. Where the middle of a log was dropped,
 * the numbers jump: line_at of a frame may be more than the end of the one before. The kept text has no gaps:
 * text_at and file_at of a frame are the ends of the one before, and those of a log's first frame are 0.
 *
 * Nothing here takes a clock or a lock. What is read from a file is checked before it is believed.
 */
#include "base/arena.h"
#include "base/buf.h"

#define FRAME_TEXT (256 * 1024)
#define FRAME_LINE (256 * 1024)
#define FRAME_TEXT_MAX (1024 * 1024) /* of one frame; ERR_TOO_LARGE beyond */
#define FRAMES_MAX (256 * 1024)      /* of one log: 64 GiB */
#define FRAMES_SKIPPED_MIN 4         /* a sealed log of fewer has no bitmaps */

struct frame {           /* an entry: plain data */
	int64_t text_at; /* bytes of kept text in front of it */
	int64_t line_at; /* number of the line that its first byte belongs to */
	int64_t file_at; /* where it begins in the file */
	uint32_t text_len, zstd_len;
	uint32_t n_line_ends; /* "\n" in it */
	bool in_line;         /* its first byte is not the first of its line */
	bool unended;         /* its last byte is not the last of its line, or that line has no end */
	bool has_escapes;
	uint8_t levels, sources; /* bit a level or source that occurs (text/line.h) */
	int64_t group_line;      /* number of the line that opened the group its first line is in; -1: none */
	struct str times;        /* when its lines arrived: frame_times_add; borrowed */
	struct str grams;        /* which four-byte sequences occur: a bitmap; borrowed; empty: not known */
};

/*
 * Compresses text, which is not empty, and fills in what can be known from it alone: text_len, zstd_len, n_line_ends,
 * unended, has_escapes, grams (memory of a); group_line is -1, all else zero. The zstd frame is appended to out. The
 * caller sets places, levels, sources, group and times.
 */
MUST_CHECK enum err_code frame_make(
	struct str text, struct arena *a, struct frame *ret, struct buf *out, struct err *e);
/* The same without compressing: zstd_len is 0. */
void frame_look(struct str text, struct arena *a, struct frame *ret);
/* The text of a frame, appended to out. ERR_STORAGE: damaged, or not what the entry says. */
MUST_CHECK enum err_code frame_text(const struct frame *f, struct str zstd, struct buf *out, struct err *e);
/* The checksum that frame_make's bytes end with, for frame_seal: the low half of the XXH64 of the text. */
MUST_CHECK enum err_code frame_checksum(struct str zstd, uint32_t *ret_checksum, struct err *e);

/* ---- searching ---- */
/*
 * Could a line that contains `needle`, in any case (ASCII letters), be in this frame? True when not known. Lines are
 * taken without their escape sequences, so a needle may lie on both sides of one; but what lies on both sides of the end
 * of a frame, in a line over FRAME_LINE, is in neither. A needle with less than four ASCII
 * bytes in a row is in every frame, for all that is known here: the case of other characters is not. False positives:
 * one to three frames of a hundred for a word that is in none of a real log, fewer the longer it is.
 */
bool frame_may_contain(const struct frame *f, struct str needle);

/* ---- times ---- */
/*
 * Marks that lines from line (counted from the frame's first) on arrived at at_ms (since 1970). For the first mark
 * of a frame times is empty, and *last_line and *last_ms are 0; afterwards they are whatever this left there. Both
 * ascend: a mark that would go back to an earlier line or tell no other time is none, an earlier time is the last.
 */
void frame_times_add(struct buf *times, uint32_t line, int64_t at_ms, int64_t *last_line, int64_t *last_ms);
int64_t frame_time_of(const struct frame *f, uint32_t line); /* ms since 1970; 0: not known */

/* ---- the index ---- */
/* n entries as bytes, appended; what a piece of an index is made of. n is 1 to FRAMES_MAX. */
MUST_CHECK enum err_code frame_index_encode(const struct frame *f, size_t n, struct buf *out, struct err *e);
/* Appends the entries in bytes, one piece or several in a row, to the list *ret, *ret_n (memory of a; bytes may go
 * afterwards). The list is one array that moves as it grows. ERR_STORAGE: damaged, or the entries do not follow on
 * each other. */
MUST_CHECK enum err_code frame_index_decode(
	struct str bytes, struct arena *a, struct frame **ret, size_t *ret_n, struct err *e);

/* What follows the frames in a sealed file: the index as a skippable frame and the seek table. checksums: of each
 * frame, frame_checksum. n may be 0. */
MUST_CHECK enum err_code frame_seal(
	const struct frame *f, const uint32_t *checksums, size_t n, struct buf *out, struct err *e);

/*
 * The same of frames that are not all in memory, nor their bitmaps: init, add each in turn, finish. Part of it is in out
 * from the first add on, and means nothing if one of them fails.
 */
struct frame_sealer {
	struct buf *out; /* the rest is frame_seal.c's */
	size_t start, n, n_in_block;
	struct frame before, *block;
	char *bitmaps;
	bool has_grams;
	struct buf entries, table, seek;
};
void frame_sealer_init(struct frame_sealer *s, struct buf *out);
void frame_sealer_done(struct frame_sealer *s); /* frees; may be called twice */
/* What f points to may go afterwards. */
MUST_CHECK enum err_code frame_sealer_add(
	struct frame_sealer *s, const struct frame *f, uint32_t checksum, struct err *e);
MUST_CHECK enum err_code frame_sealer_finish(struct frame_sealer *s, struct err *e);
#define AUTO_FRAME_SEALER __attribute__((cleanup(frame_sealer_done))) struct frame_sealer

struct frame_file { /* a sealed file, opened; plain data that any number of threads may read */
	int fd;     /* the caller's */
	int64_t bytes;
	struct frame *frames;
	size_t n;
	bool has_grams;
	/* the rest is frame_file.c's */
	int64_t grams_at, grams_len;
	const uint32_t *checksums;
};
/* Reads the entries of a sealed file, without the bitmaps (they are most of the index): memory of a. ERR_STORAGE:
 * not a sealed log, or damaged. */
MUST_CHECK enum err_code frame_file_open(int fd, struct arena *a, struct frame_file *ret, struct err *e);
/*
 * For a search: frame_may_contain() of each frame as (*ret)[0..n), memory of a. Reads only that part of the bitmaps that
 * the needle asks for: 1 GiB of text is passed by in a few milliseconds. ERR_STORAGE: the bitmaps are damaged, and the
 * frames may still be sound.
 */
MUST_CHECK enum err_code frame_file_may_contain(
	const struct frame_file *f, struct str needle, struct arena *a, bool **ret, struct err *e);
/* All bitmaps, for who wants to index the frames anew: fills grams of all frames; memory of a (2 KiB a frame). */
MUST_CHECK enum err_code frame_file_grams(struct frame_file *f, struct arena *a, struct err *e);
/* The compressed bytes of a frame, appended. */
MUST_CHECK enum err_code frame_file_read(
	const struct frame_file *f, size_t i, struct buf *out, struct err *e);
/*
 * Everything in the file, which is read anew, against everything: checksums, entries, bitmaps, seek table. Calls
 * back for each thing that is wrong (frame: how many there are, when it is of the whole file); ERR_STORAGE when it
 * cannot even be opened.
 */
typedef void frame_wrong_fn(void *arg, size_t frame, const char *what);
MUST_CHECK enum err_code frame_file_verify(
	const struct frame_file *f, frame_wrong_fn *wrong, void *arg, struct err *e);

int64_t frame_line_end(const struct frame *f); /* number of the line behind the last that it has a byte of */
/* The entry whose lines include line, or the first one behind it; n when there is none. Of a line that goes on
 * through several frames, the one it begins in. Binary search. */
size_t frame_of_line(const struct frame *f, size_t n, int64_t line);
/* The entry that holds byte `at` of the text; n when beyond. */
size_t frame_of_byte(const struct frame *f, size_t n, int64_t at);

#endif
