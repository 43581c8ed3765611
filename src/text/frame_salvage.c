/*
 * frame_salvage: see the header.
 *
 * What looks like the beginning of a frame and is none (four bytes of somebody's text, compressed) does not have its checksum, but by
 * one chance in 2^32. So whatever decompresses is taken, and whatever does not is passed by, byte for byte.
 *
 * Behind the frames the index is compressed as well. Where its beginning is damaged it would be taken for text, but for that text has no
 * NUL in it (base/utf8.h), and an index has many.
 */
#include "text/frame_salvage.h"

#include "base/file.h"
#include "base/zst.h"
#include "text/frame_index.h"

#include <string.h>

#define WINDOW ((int64_t)FRAME_TEXT_MAX + FRAME_TEXT_MAX / 64) /* no frame is longer when compressed */

bool frame_read_text(int fd, const struct frame *f, struct buf *out)
{
	bool ok;
	AUTO_BUF zstd;

	buf_init(&zstd, (size_t)WINDOW);
	ok = fd_read_at(fd, f->file_at, f->zstd_len, &zstd, NULL) == ERR_OK &&
	     frame_text(f, buf_view(&zstd), out, NULL) == ERR_OK;
	return ok;
}

/* ---- by the index ---- */

static void add(struct buf *list, const struct frame_left *l)
{
	buf_add(list, l, sizeof *l);
}

static void take(struct buf *list, struct arena *a, struct frame_left **ret, size_t *ret_n)
{
	*ret_n = list->len / sizeof **ret;
	*ret = arena_array(a, *ret_n + 1, sizeof **ret);
	if (list->len > 0)
		memcpy(*ret, list->p, list->len);
}

static void check_each(int fd, const struct frame *frames, size_t n, struct buf *list)
{
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	for (size_t i = 0; i < n; i++) {
		struct frame_left l = { .f = frames[i] };

		buf_reset(&text);
		l.f.grams = (struct str){ 0 };
		l.lost = !frame_read_text(fd, &frames[i], &text);
		add(list, &l);
	}
}

/* Is there an index at `at` that can be read? Its entries then. */
static bool read_index(int fd, int64_t at, int64_t bytes, struct arena *a, struct frame **ret, size_t *ret_n)
{
	struct frame_index_head h;
	int64_t len;
	AUTO_BUF b;
	AUTO_BUF list;

	buf_init(&b, SIZE_MAX);
	buf_init(&list, FRAMES_MAX * sizeof(struct frame));
	if (fd_read_at(fd, at, FRAME_SKIP_LEN + FRAME_INDEX_HEAD_LEN, &b, NULL) != ERR_OK)
		return false;
	len = frame_get_u32(b.p + 4);
	if (len > bytes - at - FRAME_SKIP_LEN ||
		frame_index_head(str_from(buf_view(&b), FRAME_SKIP_LEN), &h, NULL) != ERR_OK ||
		FRAME_INDEX_HEAD_LEN + (int64_t)h.entries_len + h.grams_len != len)
		return false;
	buf_reset(&b);
	if (fd_read_at(fd, at + FRAME_SKIP_LEN + FRAME_INDEX_HEAD_LEN, h.entries_len, &b, NULL) != ERR_OK ||
		frame_index_entries(buf_view(&b), h.n, a, &list, NULL) != ERR_OK)
		return false;
	*ret_n = h.n;
	*ret = arena_array(a, h.n, sizeof **ret);
	memcpy(*ret, list.p, list.len);
	return true;
}

/* ---- by looking ---- */

struct looking {
	int fd;
	int64_t bytes;
	struct arena *a;
	struct buf *list;
	struct frame *entries; /* of the index, once it was found */
	size_t n_entries;
	bool ended; /* here the frames end */
};

/* Does a sound frame begin at `at`? window: what is there. */
static bool find_frame(struct looking *x, int64_t at, struct str window, struct frame *ret)
{
	size_t len;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	if (!zst_frame_len(window, &len) ||
		frame_unpack((struct str){ window.p, len }, FRAME_TEXT_MAX, &text, NULL) != ERR_OK ||
		text.len == 0 || memchr(text.p, 0, text.len))
		return false;
	frame_look(buf_view(&text), x->a, ret);
	ret->grams = (struct str){ 0 };
	ret->file_at = at;
	ret->zstd_len = (uint32_t)len;
	return true;
}

static bool find_end(struct looking *x, int64_t at, struct str window)
{
	uint32_t magic = window.len >= 4 ? frame_get_u32(window.p) : 0;

	struct frame_index_head h;

	if (magic == FRAME_INDEX_MAGIC && read_index(x->fd, at, x->bytes, x->a, &x->entries, &x->n_entries))
		x->ended = true;
	else if (magic == FRAME_INDEX_MAGIC &&
		 frame_index_head(str_from(window, FRAME_SKIP_LEN), &h, NULL) == ERR_OK)
		x->ended = true; /* it is one, and cut off or damaged */
	else if (magic == FRAME_INDEX_MAGIC || magic == FRAME_TABLE_MAGIC)
		x->ended = window.len >= FRAME_SKIP_LEN &&
			   at + FRAME_SKIP_LEN + frame_get_u32(window.p + 4) <= x->bytes;
	return x->ended;
}

/* Where in window, behind its first byte, something may begin; its length when nothing does. */
static size_t next_candidate(struct str window)
{
	for (size_t i = 1; i + 4 <= window.len; i++) {
		uint32_t magic = frame_get_u32(window.p + i);

		if (magic == 0xFD2FB528u || magic == FRAME_INDEX_MAGIC || magic == FRAME_TABLE_MAGIC)
			return i;
	}
	return window.len;
}

static enum err_code look(struct looking *x, struct err *e)
{
	int64_t lost_from = -1;
	AUTO_BUF b;

	buf_init(&b, (size_t)WINDOW);
	for (int64_t at = 0; at < x->bytes && !x->ended;) {
		int64_t len = x->bytes - at < WINDOW ? x->bytes - at : WINDOW;
		struct frame_left l = { 0 };
		size_t skip;

		buf_reset(&b);
		TRY(fd_read_at(x->fd, at, (size_t)len, &b, e));
		if (find_frame(x, at, buf_view(&b), &l.f)) {
			if (lost_from >= 0)
				add(x->list, &(struct frame_left){ .f.file_at = lost_from, .lost = true });
			lost_from = -1;
			add(x->list, &l);
			at += l.f.zstd_len;
			continue;
		}
		if (find_end(x, at, buf_view(&b)))
			break;
		lost_from = lost_from < 0 ? at : lost_from;
		skip = next_candidate(buf_view(&b));
		/* What begins in the last three bytes is seen with the next window. */
		at += skip == b.len && at + len < x->bytes ? len - 3 : (int64_t)skip;
	}
	if (lost_from >= 0)
		add(x->list, &(struct frame_left){ .f.file_at = lost_from, .lost = true });
	return ERR_OK;
}

enum err_code frame_salvage(int fd, int64_t bytes, struct arena *a, struct frame_left **ret, size_t *ret_n,
	bool *ret_has_index, struct err *e)
{
	struct looking x = { .fd = fd, .bytes = bytes, .a = a };
	struct frame_file whole;
	AUTO_BUF list;

	buf_init(&list, FRAMES_MAX * sizeof(struct frame_left));
	x.list = &list;
	if (frame_file_open(fd, a, &whole, NULL) == ERR_OK && whole.bytes == bytes) {
		x.entries = whole.frames;
		x.n_entries = whole.n;
		x.ended = true;
	} else {
		TRY(look(&x, e));
	}
	*ret_has_index = x.entries != NULL;
	if (x.entries) {
		buf_reset(&list);
		check_each(fd, x.entries, x.n_entries, &list);
	}
	TRY(buf_check(&list, "the frames of a damaged log", e));
	take(&list, a, ret, ret_n);
	return ERR_OK;
}
