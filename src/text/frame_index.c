/*
 * frame_index: entries and bitmaps as bytes.
 *
 *	head      "slx1", n, length of the entries, length of the bitmaps (32 bits each, little-endian)
 *	entries   one zstd frame: n entries of varints (LEB128)
 *	bitmaps   frame_rows.c; nothing when no entry has one
 *
 * An entry mostly follows from the one before it (it begins where that ended), so what is written is by how much
 * it differs from that: most of it is zeros. The first entry of a piece is written as if one of zeros stood before
 * it. The zstd frames bring a checksum, so damage is told from nonsense.
 *
 * Reading believes nothing: no length is used before it was compared with what is there, and an entry that could
 * not stand where it stands is damage as well. The largest index that can be is ENTRIES_MAX in memory, whatever
 * zstd makes of it.
 */
#include "text/frame_index.h"

#include "base/zst.h"
#include "text/frame_rows.h"

#include <assert.h>
#include <string.h>

#define MAGIC STR("slx1")
#define ENTRIES_MAX (64u * 1024 * 1024)
#define ENTRY_MIN 11u             /* bytes of the shortest */
#define PLACE_MAX (INT64_MAX / 4) /* so that no sum of two wraps */

enum { IN_LINE = 1, UNENDED = 2, HAS_ESCAPES = 4, FLAGS_ALL = 7 };

static enum err_code damaged(struct err *e, const char *how)
{
	return err_set(e, ERR_STORAGE, "the index of a log is damaged: %s", how);
}

enum err_code frame_unpack(struct str zstd, size_t max, struct buf *out, struct err *e)
{
	enum err_code code;

	TRY(buf_check(out, "a part of a log", e));
	code = zst_decompress(zstd, max, out, e);
	return code == ERR_TOO_LARGE && !out->full ? damaged(e, "a part of it is larger than any can be")
						   : code;
}

void frame_put_u32(struct buf *out, uint32_t v)
{
	char b[4] = { (char)v, (char)(v >> 8), (char)(v >> 16), (char)(v >> 24) };

	buf_add(out, b, sizeof b);
}

uint32_t frame_get_u32(const char *p)
{
	const uint8_t *b = (const uint8_t *)p;

	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

void frame_put_varint(struct buf *out, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		buf_char(out, (char)(v | 0x80));
	buf_char(out, (char)v);
}

bool frame_take_varint(struct str *s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s->len && i < 10; i++) {
		uint8_t b = (uint8_t)s->p[i];

		v |= (uint64_t)(b & 0x7f) << 7 * i;
		if (b & 0x80)
			continue;
		*s = str_from(*s, i + 1);
		*ret = v;
		return true;
	}
	return false;
}

/* ---- entries ---- */

static void put(struct buf *out, uint64_t v)
{
	frame_put_varint(out, v);
}

/* Signed: small ones of either sign stay short. */
static void put_signed(struct buf *out, int64_t v)
{
	put(out, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

struct reader {
	struct str rest;
	bool bad; /* something was missing or too large */
};

static uint64_t get(struct reader *r)
{
	uint64_t v = 0;

	if (!frame_take_varint(&r->rest, &v))
		r->bad = true;
	return v;
}

static int64_t get_signed(struct reader *r)
{
	uint64_t v = get(r);

	return (int64_t)(v >> 1 ^ -(v & 1));
}

static uint32_t get_u32(struct reader *r)
{
	uint64_t v = get(r);

	if (v > UINT32_MAX)
		r->bad = true;
	return (uint32_t)v;
}

static uint8_t get_u8(struct reader *r)
{
	uint32_t v = get_u32(r);

	if (v > UINT8_MAX)
		r->bad = true;
	return (uint8_t)v;
}

/* base + what is written; wraps when that is nonsense, which frame_index_fault() then sees. */
static int64_t get_beside(struct reader *r, int64_t base)
{
	return (int64_t)((uint64_t)base + (uint64_t)get_signed(r));
}

/* Where the next frame begins when nothing was dropped. */
static struct frame next_of(const struct frame *f)
{
	return (struct frame){
		.text_at = f->text_at + f->text_len,
		.line_at = f->line_at + f->n_line_ends,
		.file_at = f->file_at + f->zstd_len,
		.group_line = f->group_line,
	};
}

void frame_index_put_entry(struct buf *out, const struct frame *f, const struct frame *before)
{
	struct frame guess = before ? next_of(before) : (struct frame){ .group_line = -1 };

	put_signed(out, f->text_at - guess.text_at);
	put_signed(out, f->line_at - guess.line_at);
	put_signed(out, f->file_at - guess.file_at);
	put_signed(out, f->group_line - guess.group_line);
	put(out, f->text_len);
	put(out, f->zstd_len);
	put(out, f->n_line_ends);
	put(out, (f->in_line ? IN_LINE : 0u) | (f->unended ? UNENDED : 0u) |
			 (f->has_escapes ? HAS_ESCAPES : 0u));
	put(out, f->levels);
	put(out, f->sources);
	put(out, f->times.len);
	buf_str(out, f->times);
}

static struct frame get_entry(struct reader *r, const struct frame *guess, struct arena *a)
{
	struct frame f = { 0 };
	uint64_t times_len;
	uint8_t flags;

	f.text_at = get_beside(r, guess->text_at);
	f.line_at = get_beside(r, guess->line_at);
	f.file_at = get_beside(r, guess->file_at);
	f.group_line = get_beside(r, guess->group_line);
	f.text_len = get_u32(r);
	f.zstd_len = get_u32(r);
	f.n_line_ends = get_u32(r);
	flags = get_u8(r);
	f.levels = get_u8(r);
	f.sources = get_u8(r);
	times_len = get(r);
	if (flags & ~FLAGS_ALL || times_len > r->rest.len)
		r->bad = true;
	if (r->bad)
		return f;
	f.in_line = flags & IN_LINE;
	f.unended = flags & UNENDED;
	f.has_escapes = flags & HAS_ESCAPES;
	if (times_len > 0)
		f.times = arena_str(a, (struct str){ r->rest.p, (size_t)times_len });
	r->rest = str_from(r->rest, (size_t)times_len);
	return f;
}

static bool is_place(int64_t at)
{
	return at >= 0 && at <= PLACE_MAX;
}

const char *frame_index_fault(const struct frame *f, const struct frame *before)
{
	if (!is_place(f->text_at) || !is_place(f->line_at) || !is_place(f->file_at))
		return "a frame lies nowhere";
	if (f->text_len == 0 || f->text_len > FRAME_TEXT_MAX)
		return "a frame has an impossible length";
	if (f->n_line_ends + f->unended == 0 || f->n_line_ends + f->unended > f->text_len)
		return "a frame has an impossible number of lines";
	if (f->zstd_len == 0 || f->zstd_len > FRAME_TEXT_MAX + FRAME_TEXT_MAX / 128)
		return "a frame has an impossible compressed length";
	if (f->group_line < -1 || f->group_line > f->line_at)
		return "a frame lies in a group that is yet to come";
	if (!before)
		return NULL;
	if (f->text_at != before->text_at + before->text_len ||
		f->file_at != before->file_at + before->zstd_len)
		return "a frame does not begin where the one before it ends";
	if (f->line_at < (f->in_line ? before->line_at + before->n_line_ends : frame_line_end(before)))
		return "lines go backwards";
	return NULL;
}

static enum err_code get_entries(
	struct str content, size_t n, struct arena *a, struct buf *list, struct err *e)
{
	struct reader r = { content, false };
	struct frame guess = { .group_line = -1 }, before;
	bool has_before = list->len > 0;

	if (has_before)
		memcpy(&before, list->p + list->len - sizeof before, sizeof before);
	for (size_t i = 0; i < n; i++) {
		struct frame f = get_entry(&r, &guess, a);
		const char *fault =
			r.bad ? "it ends in an entry" : frame_index_fault(&f, has_before ? &before : NULL);

		if (fault)
			return damaged(e, fault);
		buf_add(list, &f, sizeof f);
		guess = next_of(&f);
		before = f;
		has_before = true;
	}
	return r.rest.len == 0 ? buf_check(list, "the list of a log's frames", e)
			       : damaged(e, "it does not end behind its last entry");
}

enum err_code frame_index_entries(
	struct str bytes, size_t n, struct arena *a, struct buf *list, struct err *e)
{
	AUTO_BUF content;

	buf_init(&content, ENTRIES_MAX);
	TRY(frame_unpack(bytes, ENTRIES_MAX, &content, e));
	if (n > content.len / ENTRY_MIN)
		return damaged(e, "it has fewer entries than it says");
	return get_entries(buf_view(&content), n, a, list, e);
}

/* ---- pieces ---- */

static bool has_grams(const struct frame *f, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (f[i].grams.len > 0)
			return true;
	return false;
}

enum err_code frame_index_pack_entries(struct str entries, struct buf *out, struct err *e)
{
	if (entries.len > ENTRIES_MAX)
		return err_set(e, ERR_TOO_LARGE, "the index of a log is over its limit");
	return zst_compress(entries, 3, out, e);
}

void frame_index_put_head(struct buf *out, const struct frame_index_head *h)
{
	buf_str(out, MAGIC);
	frame_put_u32(out, h->n);
	frame_put_u32(out, h->entries_len);
	frame_put_u32(out, h->grams_len);
}

enum err_code frame_index_encode(const struct frame *f, size_t n, struct buf *out, struct err *e)
{
	AUTO_BUF content;
	AUTO_BUF entries;
	AUTO_BUF grams;

	assert(n > 0 && n <= FRAMES_MAX);
	buf_init(&content, ENTRIES_MAX);
	buf_init(&entries, ENTRIES_MAX);
	buf_init(&grams, UINT32_MAX / 2);
	for (size_t i = 0; i < n; i++)
		frame_index_put_entry(&content, &f[i], i > 0 ? &f[i - 1] : NULL);
	TRY(buf_check(&content, "the index of a log", e));
	TRY(frame_index_pack_entries(buf_view(&content), &entries, e));
	if (has_grams(f, n))
		TRY(frame_rows_put(f, n, &grams, e));
	frame_index_put_head(
		out, &(struct frame_index_head){ (uint32_t)n, (uint32_t)entries.len, (uint32_t)grams.len });
	buf_str(out, buf_view(&entries));
	buf_str(out, buf_view(&grams));
	return buf_check(out, "the index of a log", e);
}

enum err_code frame_index_head(struct str bytes, struct frame_index_head *ret, struct err *e)
{
	uint32_t n;

	if (bytes.len < FRAME_INDEX_HEAD_LEN || !str_starts(bytes, MAGIC))
		return damaged(e, "it does not begin as one");
	n = frame_get_u32(bytes.p + 4);
	if (n == 0 || n > FRAMES_MAX)
		return damaged(e, "it has an impossible number of entries");
	*ret = (struct frame_index_head){ n, frame_get_u32(bytes.p + 8), frame_get_u32(bytes.p + 12) };
	return ERR_OK;
}

/* Takes a piece off the front of *bytes. */
static enum err_code take_piece(struct str *bytes, struct arena *a, struct buf *list, struct err *e)
{
	struct frame_index_head h;
	struct str rest;

	TRY(frame_index_head(*bytes, &h, e));
	rest = str_from(*bytes, FRAME_INDEX_HEAD_LEN);
	if (h.entries_len > rest.len || h.grams_len > rest.len - h.entries_len)
		return damaged(e, "it is cut short");

	size_t from = list->len;
	TRY(frame_index_entries((struct str){ rest.p, h.entries_len }, h.n, a, list, e));
	if (h.grams_len > 0)
		TRY(frame_rows_get((struct str){ rest.p + h.entries_len, h.grams_len }, a,
			(struct frame *)(void *)(list->p + from), h.n, e));
	*bytes = str_from(rest, (size_t)h.entries_len + h.grams_len);
	return ERR_OK;
}

enum err_code frame_index_decode(
	struct str bytes, struct arena *a, struct frame **ret, size_t *ret_n, struct err *e)
{
	AUTO_BUF list;

	buf_init(&list, FRAMES_MAX * sizeof(struct frame));
	buf_add(&list, *ret, *ret_n * sizeof(struct frame));
	while (bytes.len > 0)
		TRY(take_piece(&bytes, a, &list, e));
	*ret_n = list.len / sizeof(struct frame);
	*ret = arena_array(a, *ret_n, sizeof(struct frame));
	if (list.len > 0)
		memcpy(*ret, list.p, list.len);
	return ERR_OK;
}
