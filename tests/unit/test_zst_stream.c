#include "tests/test.h"

#include "base/zst_stream.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/zst.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define TEXT_LEN ((size_t)3 << 20)

static struct err e;

/* Half of it noise, half of it the same words again. */
static struct str a_text(void)
{
	char *p = mem_alloc(TEXT_LEN);

	random_bytes(p, TEXT_LEN / 2);
	for (size_t i = TEXT_LEN / 2; i < TEXT_LEN; i++)
		p[i] = "error: ld returned 1 exit status\n"[i % 33];
	return (struct str){ p, TEXT_LEN };
}

static void pack_in_pieces(struct str text, size_t piece, size_t room, struct buf *out)
{
	struct zst_packer *z = zst_packer_new(1);
	char *p = mem_alloc(room);
	bool done = false;

	while (!done) {
		struct str in = { text.p, text.len < piece ? text.len : piece };
		struct zst_room to = { p, room, 0 };
		size_t before = in.len;

		if (in.len > 0)
			assert_int_equal(zst_pack(z, &in, &to, &e), ERR_OK);
		else
			assert_int_equal(zst_pack_end(z, &to, &done, &e), ERR_OK);
		assert_true(in.len == 0 || to.len == room);
		text = str_from(text, before - in.len);
		buf_add(out, p, to.len);
	}
	zst_packer_free(z);
	free(p);
}

/* What comes of it; *ret_whole is left as it is when it is damaged. */
static enum err_code unpack_in_pieces(
	struct str frames, size_t piece, size_t room, struct buf *out, bool *ret_whole)
{
	struct zst_unpacker *z = zst_unpacker_new();
	char *p = mem_alloc(room);
	enum err_code code = ERR_OK;
	bool full = false;

	while (code == ERR_OK && (frames.len > 0 || full)) {
		struct str in = { frames.p, frames.len < piece ? frames.len : piece };
		struct zst_room to = { p, room, 0 };
		size_t before = in.len;

		code = zst_unpack(z, &in, &to, &e);
		frames = str_from(frames, before - in.len);
		full = to.len == room;
		buf_add(out, p, to.len);
	}
	if (code == ERR_OK)
		*ret_whole = zst_unpacked_whole(z);
	zst_unpacker_free(z);
	free(p);
	return code;
}

static enum err_code unpack(struct str frames, struct buf *out, bool *ret_whole)
{
	*ret_whole = false;
	return unpack_in_pieces(frames, 1000, 5000, out, ret_whole);
}

static void what_goes_in_comes_out_whatever_the_pieces(void **state)
{
	static const size_t pieces[][2] = { { 1 << 20, 1 << 20 }, { 1 << 16, 777 }, { 999, 1 << 16 } };
	struct str text = a_text();
	AUTO_BUF first;
	AUTO_BUF back;

	(void)state;
	buf_init(&first, 2 * TEXT_LEN);
	buf_init(&back, 2 * TEXT_LEN);
	pack_in_pieces(text, 1 << 17, 1 << 17, &first);
	assert_true(first.len < TEXT_LEN * 3 / 5);
	for (size_t i = 0; i < 3; i++) {
		bool whole = false;
		AUTO_BUF again;

		buf_init(&again, 2 * TEXT_LEN);
		pack_in_pieces(text, pieces[i][0], pieces[i][1], &again);
		assert_true(str_eq(buf_view(&again), buf_view(&first)));
		buf_reset(&back);
		assert_int_equal(
			unpack_in_pieces(buf_view(&first), pieces[i][0], pieces[i][1], &back, &whole),
			ERR_OK);
		assert_true(whole);
		assert_true(str_eq(buf_view(&back), text));
	}
	free((void *)(uintptr_t)text.p);
}

static void a_byte_at_a_time_is_fine(void **state)
{
	bool whole = false;
	AUTO_BUF frame;
	AUTO_BUF back;

	(void)state;
	buf_init(&frame, 1000);
	buf_init(&back, 1000);
	pack_in_pieces(STR("text and text and text"), 1, 1, &frame);
	assert_int_equal(unpack_in_pieces(buf_view(&frame), 1, 1, &back, &whole), ERR_OK);
	assert_true(whole);
	assert_string_equal(buf_cstr(&back), "text and text and text");
}

static void frames_in_a_row_and_skippable_ones_are_fine(void **state)
{
	bool whole;
	AUTO_BUF frames;
	AUTO_BUF back;

	(void)state;
	buf_init(&frames, 1000);
	buf_init(&back, 1000);
	buf_str(&frames, STR("\x5f\x2A\x4D\x18\x03\0\0\0xyz"));
	assert_int_equal(zst_compress(STR("one "), 1, &frames, &e), ERR_OK);
	buf_str(&frames, STR("\x50\x2A\x4D\x18\x00\0\0\0"));
	assert_int_equal(zst_compress(STR(""), 1, &frames, &e), ERR_OK);
	pack_in_pieces(STR("two"), 9, 9, &frames);
	buf_str(&frames, STR("\x50\x2A\x4D\x18\x01\0\0\0x"));
	assert_int_equal(unpack(buf_view(&frames), &back, &whole), ERR_OK);
	assert_true(whole);
	assert_string_equal(buf_cstr(&back), "one two");
}

static void nothing_more_changes_nothing(void **state)
{
	struct zst_unpacker *z = zst_unpacker_new();
	char p[100];
	struct zst_room to = { p, sizeof p, 0 };
	struct str in;
	AUTO_BUF frame;

	(void)state;
	buf_init(&frame, 1000);
	pack_in_pieces(STR("text"), 9, 9, &frame);
	in = buf_view(&frame);
	assert_int_equal(zst_unpack(z, &in, &to, &e), ERR_OK);
	assert_int_equal(zst_unpack(z, &in, &to, &e), ERR_OK);
	assert_true(zst_unpacked_whole(z));
	assert_int_equal(to.len, 4);
	zst_unpacker_free(z);
	zst_unpacker_free(NULL);
	zst_packer_free(NULL);
}

static void what_breaks_off_is_not_whole(void **state)
{
	bool whole;
	AUTO_BUF frame;
	AUTO_BUF back;

	(void)state;
	buf_init(&frame, 1000);
	buf_init(&back, 1000);
	assert_int_equal(unpack(STR(""), &back, &whole), ERR_OK);
	assert_false(whole);
	pack_in_pieces(STR("text"), 9, 9, &frame);
	for (size_t i = 1; i < frame.len; i++) {
		assert_int_equal(unpack((struct str){ frame.p, i }, &back, &whole), ERR_OK);
		assert_false(whole);
	}
	buf_str(&frame, STR("\x50\x2A\x4D\x18\x09\0\0\0x"));
	assert_int_equal(unpack(buf_view(&frame), &back, &whole), ERR_OK);
	assert_false(whole);
}

static void what_follows_a_frame_is_an_error(void **state)
{
	bool whole;
	AUTO_BUF frame;
	AUTO_BUF back;

	(void)state;
	buf_init(&frame, 1000);
	buf_init(&back, 1000);
	pack_in_pieces(STR("text"), 9, 9, &frame);
	buf_str(&frame, STR("\0\0\0\0"));
	assert_int_equal(unpack(buf_view(&frame), &back, &whole), ERR_UNPROCESSABLE);
	buf_cut(&frame, frame.len - 1); /* too short to be told what it is: not whole then */
	assert_int_equal(unpack(buf_view(&frame), &back, &whole), ERR_OK);
	assert_false(whole);
	assert_int_equal(unpack(STR("no frame at all"), &back, &whole), ERR_UNPROCESSABLE);
	/* What zstd 0.4 to 0.7 wrote; it is not of RFC 8878. */
	for (const char *old = "\x24\x25\x26\x27"; *old; old++) {
		char magic[9] = { *old, '\xB5', '\x2F', '\xFD', 0, 1, 2, 3, 4 };

		assert_int_equal(
			unpack((struct str){ magic, sizeof magic }, &back, &whole), ERR_UNPROCESSABLE);
		assert_non_null(strstr(e.text, "it is no zstd stream"));
	}
}

static void damage_is_noticed(void **state)
{
	struct str text = STR("error: ld returned 1 exit status\nerror: ld returned 1 exit status\n");
	AUTO_BUF frame;
	AUTO_BUF back;

	(void)state;
	buf_init(&frame, 1000);
	buf_init(&back, 100000);
	pack_in_pieces(text, 99, 99, &frame);
	for (size_t i = 0; i < frame.len; i++) {
		bool whole;
		enum err_code code;

		frame.p[i] ^= 0x10;
		buf_reset(&back);
		code = unpack(buf_view(&frame), &back, &whole);
		assert_true(code == ERR_UNPROCESSABLE || !whole || i < 6);
		assert_true(code != ERR_OK || !whole || str_eq(buf_view(&back), text));
		frame.p[i] ^= 0x10;
	}
}

static void pack_with_window(struct str text, int window_log, struct buf *out)
{
	ZSTD_CCtx *c = mem_must(ZSTD_createCCtx());
	size_t bound = ZSTD_compressBound(text.len);
	ZSTD_inBuffer from = { text.p, text.len, 0 };
	ZSTD_outBuffer to = { buf_room(out, bound), bound, 0 };

	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
	ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, 0);
	/* Not all at once, or it would know the size and take a smaller one. */
	assert_false(ZSTD_isError(ZSTD_compressStream2(c, &to, &from, ZSTD_e_continue)));
	assert_int_equal(ZSTD_compressStream2(c, &to, &from, ZSTD_e_end), 0);
	buf_wrote(out, to.pos);
	ZSTD_freeCCtx(c);
}

static void a_window_over_the_limit_is_refused(void **state)
{
	bool whole;
	AUTO_BUF frame;
	AUTO_BUF back;

	(void)state;
	buf_init(&frame, 10000);
	buf_init(&back, 1000);
	pack_with_window(STR("text"), 23, &frame);
	assert_int_equal(unpack(buf_view(&frame), &back, &whole), ERR_OK);
	assert_true(whole);
	buf_reset(&frame);
	pack_with_window(STR("text"), 24, &frame);
	assert_int_equal(unpack(buf_view(&frame), &back, &whole), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "8 MiB"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out_whatever_the_pieces),
		cmocka_unit_test(a_byte_at_a_time_is_fine),
		cmocka_unit_test(frames_in_a_row_and_skippable_ones_are_fine),
		cmocka_unit_test(nothing_more_changes_nothing),
		cmocka_unit_test(what_breaks_off_is_not_whole),
		cmocka_unit_test(what_follows_a_frame_is_an_error),
		cmocka_unit_test(damage_is_noticed),
		cmocka_unit_test(a_window_over_the_limit_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
