/*
 * frame: one piece of a log, made and read, and finding the right one.
 *
 * Why 256 KiB: a page anywhere in the log costs the decompression of one frame (0.2 ms), and in smaller frames zstd
 * has to begin from nothing too often. frame_grams.c has the bitmaps, frame_index.c the entries as bytes,
 * frame_file.c the sealed file.
 *
 * Times are pairs of varints (LEB128): how many lines, and how many milliseconds, behind the pair before.
 */
#include "text/frame.h"

#include "base/zst.h"
#include "text/escape.h"
#include "text/frame_grams.h"
#include "text/frame_index.h"

#include <assert.h>
#include <string.h>

#define LEVEL 1

static bool has_escapes(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		const char *c1 = memchr(text.p + i, ESCAPE_FIRST_C1, text.len - i);

		if (!c1)
			break;
		i = (size_t)(c1 - text.p);
		if (escape_end(text, i) > i)
			return true;
	}
	return str_find(text, ESCAPE_FIRST) < text.len;
}

/* In runs of a fixed length, which compilers turn into vector instructions. */
static uint32_t count_line_ends(struct str text)
{
	uint32_t n = 0;
	size_t i = 0;

	for (; i + 128 <= text.len; i += 128) {
		uint8_t here = 0;

		for (size_t k = 0; k < 128; k++)
			here = (uint8_t)(here + (text.p[i + k] == '\n'));
		n += here;
	}
	for (; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

void frame_look(struct str text, struct arena *a, struct frame *ret)
{
	*ret = (struct frame){
		.text_len = (uint32_t)text.len,
		.n_line_ends = count_line_ends(text),
		.unended = text.len > 0 && text.p[text.len - 1] != '\n',
		.has_escapes = has_escapes(text),
		.group_line = -1,
	};
	ret->grams = frame_grams_make(text, ret->has_escapes, a);
}

enum err_code frame_make(struct str text, struct arena *a, struct frame *ret, struct buf *out, struct err *e)
{
	size_t before = out->len;

	assert(text.len > 0);
	if (text.len > FRAME_TEXT_MAX)
		return err_set(e, ERR_TOO_LARGE, "a frame of %zu bytes: at most %d can be one", text.len,
			FRAME_TEXT_MAX);
	TRY(zst_compress(text, LEVEL, out, e));
	frame_look(text, a, ret);
	ret->zstd_len = (uint32_t)(out->len - before);
	return ERR_OK;
}

enum err_code frame_text(const struct frame *f, struct str zstd, struct buf *out, struct err *e)
{
	size_t before = out->len;

	if (zstd.len != f->zstd_len)
		return err_set(e, ERR_STORAGE, "a frame has %zu bytes, and its entry says %u", zstd.len,
			f->zstd_len);
	TRY(frame_unpack(zstd, FRAME_TEXT_MAX, out, e));
	if (out->len - before == f->text_len)
		return ERR_OK;
	err_set(e, ERR_STORAGE, "a frame has a text of %zu bytes, and its entry says %u", out->len - before,
		f->text_len);
	buf_cut(out, before);
	return ERR_STORAGE;
}

enum err_code frame_checksum(struct str zstd, uint32_t *ret_checksum, struct err *e)
{
	if (!zst_checksum(zstd, ret_checksum))
		return err_set(e, ERR_STORAGE, "a frame has no checksum");
	return ERR_OK;
}

/* ---- times ---- */

void frame_times_add(struct buf *times, uint32_t line, int64_t at_ms, int64_t *last_line, int64_t *last_ms)
{
	if (line < *last_line || at_ms <= *last_ms)
		return;
	frame_put_varint(times, (uint64_t)(line - *last_line));
	frame_put_varint(times, (uint64_t)(at_ms - *last_ms));
	*last_line = line;
	*last_ms = at_ms;
}

int64_t frame_time_of(const struct frame *f, uint32_t line)
{
	struct str rest = f->times;
	uint64_t at_line = 0, at_ms = 0, lines, ms;

	while (frame_take_varint(&rest, &lines) && frame_take_varint(&rest, &ms)) {
		if (lines > UINT32_MAX || ms > (uint64_t)INT64_MAX - at_ms)
			break;
		at_line += lines;
		if (at_line > line)
			break;
		at_ms += ms;
	}
	return (int64_t)at_ms;
}

/* ---- finding ---- */

int64_t frame_line_end(const struct frame *f)
{
	return f->line_at + f->n_line_ends + f->unended;
}

size_t frame_of_line(const struct frame *f, size_t n, int64_t line)
{
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (frame_line_end(&f[middle]) <= line)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

size_t frame_of_byte(const struct frame *f, size_t n, int64_t at)
{
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (f[middle].text_at + f[middle].text_len <= at)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}
