/*
 * frame_rows: bitmaps turned by a quarter, in parts that can be read one by one.
 *
 * A search asks every frame for the same few hashes. So up to BLOCK bitmaps are written as rows, one a hash, that have
 * a bit a frame; some PART bytes of rows are one zstd frame. A needle of eight letters touches five parts of sixteen,
 * and nothing else is read. Rows compress better, too: what is common is in most frames and what is rare is in none, so
 * the rows are long runs. Measured on real logs, for each frame of 256 KiB: 1.35 KB, against 1.66 as bitmaps and 2 KiB
 * raw.
 *
 *	table     for each part its length (32 bits, little-endian)
 *	parts     those of the first block, of the second, ...
 *
 * A frame without a bitmap has a one in every row: it may contain everything. A block of so FEW frames that rows would be mostly empty, as
 * the index of one chunk is, has the bitmaps as they are in its one part: made and read in a tenth of the time.
 */
#include "text/frame_rows.h"

#include "base/zst.h"
#include "text/frame_grams.h"
#include "text/frame_index.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK FRAME_ROWS_BLOCK
#define PART (32u * 1024)
#define FEW 8u /* frames do not fill a byte of a row */

struct shape { /* of the block that begins with frame `at` of n */
	size_t at, n;
	bool whole;     /* few frames: the bitmaps as they are, one behind the other; a row is a bitmap */
	size_t row_len; /* bytes: a power of two */
	size_t n_rows;  /* of a part: a power of two, but of a whole block */
	size_t n_parts;
};

static struct shape shape_of(size_t at, size_t n)
{
	struct shape s = { .at = at, .n = n - at < BLOCK ? n - at : BLOCK, .row_len = 1 };

	if (s.n < FEW)
		return (struct shape){ at, s.n, true, FRAME_GRAMS_LEN, s.n, 1 };
	while (s.row_len * 8 < s.n)
		s.row_len *= 2;
	s.n_rows = PART / s.row_len < FRAME_HASHES ? PART / s.row_len : FRAME_HASHES;
	s.n_parts = FRAME_HASHES / s.n_rows;
	return s;
}

static size_t table_len(size_t n)
{
	return (n / BLOCK * shape_of(0, BLOCK).n_parts + (n % BLOCK ? shape_of(0, n % BLOCK).n_parts : 0)) *
	       4;
}

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "the bitmaps of a log are damaged: %s", how);
}

/* Bit k of byte i becomes bit i of byte k (Warren, Hacker's Delight, 7-3). */
static uint64_t turned(uint64_t x)
{
	uint64_t t = (x ^ x >> 7) & 0x00aa00aa00aa00aa;

	x ^= t ^ t << 7;
	t = (x ^ x >> 14) & 0x0000cccc0000cccc;
	x ^= t ^ t << 14;
	t = (x ^ x >> 28) & 0x00000000f0f0f0f0;
	return x ^ t ^ t << 28;
}

/* ---- writing ---- */

static uint8_t byte_of(const struct frame *f, size_t at)
{
	return f->grams.len > 0 ? (uint8_t)f->grams.p[at] : 0xff;
}

static void turn_block(const struct frame *f, const struct shape *s, uint8_t *rows)
{
	for (size_t first = 0; first < s->n; first += 8) {
		size_t n_here = s->n - first < 8 ? s->n - first : 8;

		for (size_t at = 0; at < FRAME_GRAMS_LEN; at++) {
			uint64_t x = 0;

			for (size_t k = 0; k < n_here; k++)
				x |= (uint64_t)byte_of(&f[first + k], at) << 8 * k;
			x = turned(x);
			for (size_t k = 0; k < 8; k++)
				rows[(8 * at + k) * s->row_len + first / 8] = (uint8_t)(x >> 8 * k);
		}
	}
}

static void join_block(const struct frame *f, const struct shape *s, char *rows)
{
	for (size_t i = 0; i < s->n; i++, rows += FRAME_GRAMS_LEN) {
		memset(rows, 0xff, FRAME_GRAMS_LEN);
		if (f[i].grams.len > 0)
			memcpy(rows, f[i].grams.p, FRAME_GRAMS_LEN);
	}
}

enum err_code frame_rows_put_block(
	const struct frame *f, size_t n, struct buf *table, struct buf *parts, struct err *e)
{
	struct shape s = shape_of(0, n);
	size_t part_len = s.n_rows * s.row_len;
	char *rows = mem_alloc(s.n_parts * part_len);
	enum err_code code = ERR_OK;

	for (size_t i = 0; i < n; i++)
		assert(f[i].grams.len == 0 || f[i].grams.len == FRAME_GRAMS_LEN);
	if (s.whole)
		join_block(f, &s, rows);
	else
		turn_block(f, &s, (uint8_t *)rows);
	for (size_t i = 0; i < s.n_parts && code == ERR_OK; i++) {
		size_t before = parts->len;

		code = zst_compress((struct str){ rows + i * part_len, part_len }, 1, parts, e);
		frame_put_u32(table, (uint32_t)(parts->len - before));
	}
	free(rows);
	return code;
}

enum err_code frame_rows_put(const struct frame *f, size_t n, struct buf *out, struct err *e)
{
	AUTO_BUF table;
	AUTO_BUF parts;

	buf_init(&table, table_len(n));
	buf_init(&parts, UINT32_MAX / 2);
	for (size_t at = 0; at < n; at += BLOCK)
		TRY(frame_rows_put_block(f + at, n - at < BLOCK ? n - at : BLOCK, &table, &parts, e));
	buf_str(out, buf_view(&table));
	buf_str(out, buf_view(&parts));
	return buf_check(out, "the bitmaps of a log", e);
}

/* ---- reading ---- */

struct rows { /* what is being read: each part is at the sum of the lengths in front of it */
	frame_rows_read_fn *read;
	void *arg;
	size_t len;
	struct buf table, zstd, part;
	size_t n_before, at; /* parts in front of the block, and where they end */
};

static enum err_code rows_open(struct rows *r, size_t n, struct err *e)
{
	uint64_t sum = table_len(n);

	if (sum > r->len)
		return damaged(e, "they are cut short");
	TRY(r->read(r->arg, 0, (size_t)sum, &r->table, e));
	r->at = r->table.len;
	for (size_t i = 0; i < r->table.len; i += 4)
		sum += frame_get_u32(r->table.p + i);
	return sum == r->len ? ERR_OK : damaged(e, "their parts do not add up");
}

static void rows_init(struct rows *r, frame_rows_read_fn *read, void *arg, size_t len)
{
	*r = (struct rows){ .read = read, .arg = arg, .len = len };
	buf_init(&r->table, FRAMES_MAX);
	buf_init(&r->zstd, 2 * PART);
	buf_init(&r->part, PART);
}

static void rows_done(struct rows *r)
{
	buf_done(&r->table);
	buf_done(&r->zstd);
	buf_done(&r->part);
}

#define AUTO_ROWS __attribute__((cleanup(rows_done))) struct rows

/* Part i of the block into r->part. */
static enum err_code rows_part(struct rows *r, const struct shape *s, size_t i, struct err *e)
{
	const char *entry = r->table.p + 4 * r->n_before;
	size_t at = r->at;

	for (size_t k = 0; k < i; k++)
		at += frame_get_u32(entry + 4 * k);
	buf_reset(&r->zstd);
	buf_reset(&r->part);
	if (frame_get_u32(entry + 4 * i) > r->zstd.ceiling)
		return damaged(e, "a part has an impossible length");
	TRY(r->read(r->arg, at, frame_get_u32(entry + 4 * i), &r->zstd, e));
	TRY(frame_unpack(buf_view(&r->zstd), PART, &r->part, e));
	return r->part.len == s->n_rows * s->row_len ? ERR_OK : damaged(e, "rows are missing");
}

static void rows_next_block(struct rows *r, const struct shape *s)
{
	for (size_t i = 0; i < s->n_parts; i++)
		r->at += frame_get_u32(r->table.p + 4 * (r->n_before + i));
	r->n_before += s->n_parts;
}

static void ask_row(const struct shape *s, const char *row, bool *ret)
{
	for (size_t i = 0; i < s->n; i++)
		ret[i] = ret[i] && (uint8_t)row[i / 8] >> i % 8 & 1;
}

static enum err_code ask_whole(struct rows *r, const struct shape *s, const uint16_t *hashes, size_t n_hashes,
	bool *ret, struct err *e)
{
	TRY(rows_part(r, s, 0, e));
	for (size_t i = 0; i < s->n; i++)
		for (size_t k = 0; k < n_hashes; k++)
			ret[i] = ret[i] &&
				 (uint8_t)r->part.p[i * FRAME_GRAMS_LEN + hashes[k] / 8] >> hashes[k] % 8 & 1;
	return ERR_OK;
}

/* Those hashes whose row is in part i; the part is read if there are any. */
static enum err_code ask_part(struct rows *r, const struct shape *s, size_t i, const uint16_t *hashes,
	size_t n_hashes, bool *ret, struct err *e)
{
	bool have = false;

	for (size_t k = 0; k < n_hashes; k++) {
		if (hashes[k] / s->n_rows != i)
			continue;
		if (!have)
			TRY(rows_part(r, s, i, e));
		have = true;
		ask_row(s, r->part.p + hashes[k] % s->n_rows * s->row_len, ret);
	}
	return ERR_OK;
}

enum err_code frame_rows_ask(frame_rows_read_fn *read, void *arg, size_t len, size_t n,
	const uint16_t *hashes, size_t n_hashes, bool *ret, struct err *e)
{
	AUTO_ROWS r;

	rows_init(&r, read, arg, len);
	TRY(rows_open(&r, n, e));
	for (size_t at = 0; at < n; at += BLOCK) {
		struct shape s = shape_of(at, n);

		if (s.whole)
			TRY(ask_whole(&r, &s, hashes, n_hashes, ret + at, e));
		for (size_t i = 0; i < s.n_parts && !s.whole; i++)
			TRY(ask_part(&r, &s, i, hashes, n_hashes, ret + at, e));
		rows_next_block(&r, &s);
	}
	return ERR_OK;
}

/* The rows of part i into the bitmaps of the block's frames, which lie one behind the other. */
static void turn_part(const struct shape *s, size_t i, const uint8_t *rows, uint8_t *bitmaps)
{
	for (size_t row = 0; row < s->n_rows; row += 8) {
		uint8_t *to = bitmaps + (i * s->n_rows + row) / 8;

		for (size_t first = 0; first < s->n; first += 8) {
			uint64_t x = 0;

			for (size_t k = 0; k < 8; k++)
				x |= (uint64_t)rows[(row + k) * s->row_len + first / 8] << 8 * k;
			x = turned(x);
			for (size_t k = 0; k < 8 && first + k < s->n; k++)
				to[(first + k) * FRAME_GRAMS_LEN] = (uint8_t)(x >> 8 * k);
		}
	}
}

static bool is_all_ones(const uint8_t *bitmap)
{
	for (size_t i = 0; i < FRAME_GRAMS_LEN; i++)
		if (bitmap[i] != 0xff)
			return false;
	return true;
}

static enum err_code get_block(
	struct rows *r, const struct shape *s, struct arena *a, struct frame *f, struct err *e)
{
	uint8_t *bitmaps = arena_alloc(a, s->n * FRAME_GRAMS_LEN);

	for (size_t i = 0; i < s->n_parts; i++) {
		TRY(rows_part(r, s, i, e));
		if (s->whole)
			memcpy(bitmaps, r->part.p, r->part.len);
		else
			turn_part(s, i, (const uint8_t *)r->part.p, bitmaps);
	}
	for (size_t i = 0; i < s->n; i++) {
		const uint8_t *bitmap = bitmaps + i * FRAME_GRAMS_LEN;

		if (!is_all_ones(bitmap))
			f[i].grams = (struct str){ (const char *)bitmap, FRAME_GRAMS_LEN };
	}
	return ERR_OK;
}

static enum err_code read_memory(void *arg, size_t at, size_t len, struct buf *out, struct err *e)
{
	const struct str *bytes = arg;

	buf_add(out, bytes->p + at, len);
	return buf_check(out, "the bitmaps of a log", e);
}

enum err_code frame_rows_get(struct str bytes, struct arena *a, struct frame *f, size_t n, struct err *e)
{
	AUTO_ROWS r;

	rows_init(&r, read_memory, &bytes, bytes.len);
	TRY(rows_open(&r, n, e));
	for (size_t at = 0; at < n; at += BLOCK) {
		struct shape s = shape_of(at, n);

		TRY(get_block(&r, &s, a, f + at, e));
		rows_next_block(&r, &s);
	}
	return ERR_OK;
}
