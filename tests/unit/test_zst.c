#include "tests/test.h"

#include "base/zst.h"

#include "base/digest.h"

#include <pthread.h>
#include <string.h>

static void assert_round_trip(struct str text, int level)
{
	struct err e;
	AUTO_BUF frame;
	AUTO_BUF back;

	buf_init(&frame, 2 << 20);
	buf_init(&back, 1 << 20);
	assert_int_equal(zst_compress(text, level, &frame, &e), ERR_OK);
	assert_int_equal(zst_decompress(buf_view(&frame), text.len, &back, &e), ERR_OK);
	assert_true(str_eq(buf_view(&back), text));
}

static void what_goes_in_comes_out(void **state)
{
	static char noise[1 << 19];
	(void)state;

	assert_round_trip(STR(""), 1);
	assert_round_trip((struct str){ NULL, 0 }, 1);
	assert_round_trip(STR("one\0line\n"), 1);
	assert_round_trip(STR("one\0line\n"), 19);
	assert_round_trip((struct str){ noise, sizeof noise }, 1);
	random_bytes(noise, sizeof noise);
	assert_round_trip((struct str){ noise, sizeof noise }, 1);
}

static void a_frame_says_its_size_and_has_a_checksum(void **state)
{
	AUTO_BUF frame;
	(void)state;

	buf_init(&frame, 1000);
	assert_int_equal(zst_compress(STR("text"), 1, &frame, NULL), ERR_OK);
	assert_memory_equal(frame.p, "\x28\xB5\x2F\xFD", 4);
	/* RFC 8878 section 3.1.1.1.1: single segment (so a size is there) and content checksum. */
	assert_int_equal(frame.p[4] & 0x24, 0x24);
}

static void the_checksum_is_that_of_the_content(void **state)
{
	/* Made by zstd --no-check, so without one. */
	const struct str without = STR("\x28\xB5\x2F\xFD\x20\x04\x21\x00\x00text");
	uint32_t checksum = 0;
	AUTO_BUF frame;
	(void)state;

	buf_init(&frame, 1000);
	assert_int_equal(zst_compress(STR(""), 1, &frame, NULL), ERR_OK);
	assert_true(zst_checksum(buf_view(&frame), &checksum));
	assert_int_equal(checksum, 0x51D8E999); /* XXH64 of nothing, seed 0: EF46DB3751D8E999 */
	assert_false(zst_checksum(without, &checksum));
	assert_false(zst_checksum(STR(""), &checksum));
	assert_int_equal(checksum, 0x51D8E999);
}

static void what_fits_is_added_though_more_room_was_asked_for(void **state)
{
	static char zeros[10000];
	AUTO_BUF frame;
	AUTO_BUF back;
	(void)state;

	buf_init(&frame, 100);
	buf_init(&back, sizeof zeros);
	assert_int_equal(zst_compress((struct str){ zeros, sizeof zeros }, 1, &frame, NULL), ERR_OK);
	assert_int_equal(zst_decompress(buf_view(&frame), sizeof zeros, &back, NULL), ERR_OK);
	assert_int_equal(back.len, sizeof zeros);
}

static void both_append(void **state)
{
	AUTO_BUF frame;
	AUTO_BUF back;
	(void)state;

	buf_init(&frame, 1000);
	buf_init(&back, 1000);
	buf_z(&frame, "head");
	buf_z(&back, "tail:");
	assert_int_equal(zst_compress(STR("text"), 1, &frame, NULL), ERR_OK);
	assert_memory_equal(frame.p, "head", 4);
	assert_int_equal(zst_decompress(str_from(buf_view(&frame), 4), 4, &back, NULL), ERR_OK);
	assert_string_equal(buf_cstr(&back), "tail:text");
}

static void more_than_max_is_refused_before_memory_is_taken(void **state)
{
	static char zeros[1 << 16];
	/* A frame of a few bytes that promises 2^62 - 1: single segment, size in eight bytes. */
	const struct str bomb = STR("\x28\xB5\x2F\xFD\xE0\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x3F\x01\x00\x00");
	struct err e;
	AUTO_BUF frame;
	AUTO_BUF back;
	(void)state;

	buf_init(&frame, 1 << 17);
	buf_init(&back, 1 << 17);
	assert_int_equal(zst_compress((struct str){ zeros, sizeof zeros }, 1, &frame, &e), ERR_OK);
	assert_int_equal(zst_decompress(buf_view(&frame), sizeof zeros - 1, &back, &e), ERR_TOO_LARGE);
	assert_int_equal(zst_decompress(bomb, 1 << 20, &back, &e), ERR_TOO_LARGE);
	assert_int_equal(back.len, 0);
	assert_int_equal(zst_decompress(buf_view(&frame), sizeof zeros, &back, &e), ERR_OK);
}

static void every_damage_is_noticed(void **state)
{
	struct str text = STR("error: ld returned 1 exit status\nerror: ld returned 1 exit status\n");
	struct err e;
	AUTO_BUF frame;
	AUTO_BUF back;
	(void)state;

	buf_init(&frame, 1000);
	buf_init(&back, 1000);
	assert_int_equal(zst_compress(text, 1, &frame, &e), ERR_OK);
	for (size_t i = 0; i < frame.len; i++) {
		enum err_code code;

		assert_int_equal(zst_decompress((struct str){ frame.p, i }, 1000, &back, &e), ERR_STORAGE);
		frame.p[i] ^= 0x10;
		code = zst_decompress(buf_view(&frame), 1000, &back, &e);
		/* A bit in the header may mean nothing or a larger size; it never gives another text. */
		assert_true(code == ERR_OK ? str_eq(buf_view(&back), text) : back.len == 0);
		assert_true(code == ERR_OK || code == ERR_STORAGE || code == ERR_TOO_LARGE);
		buf_reset(&back);
		frame.p[i] ^= 0x10;
	}
}

static void only_one_frame_is_taken(void **state)
{
	struct err e;
	AUTO_BUF two;
	AUTO_BUF back;
	(void)state;

	buf_init(&two, 1000);
	buf_init(&back, 1000);
	assert_int_equal(zst_compress(STR("a"), 1, &two, &e), ERR_OK);
	assert_int_equal(zst_compress(STR(""), 1, &two, &e), ERR_OK);
	assert_int_equal(zst_decompress(buf_view(&two), 1000, &back, &e), ERR_STORAGE);
	assert_int_equal(zst_decompress(STR(""), 1000, &back, &e), ERR_STORAGE);
	assert_int_equal(zst_decompress(STR("not a frame"), 1000, &back, &e), ERR_STORAGE);
	/* A skippable frame, RFC 8878 section 3.1.2. */
	assert_int_equal(zst_decompress(STR("\x50\x2A\x4D\x18\x01\0\0\0x"), 1000, &back, &e), ERR_STORAGE);
	assert_int_equal(back.len, 0);
}

static void a_buffer_that_is_too_small_is_an_error(void **state)
{
	struct err e;
	AUTO_BUF frame;
	AUTO_BUF small;
	(void)state;

	buf_init(&frame, 1000);
	buf_init(&small, 3);
	assert_int_equal(zst_compress(STR("text"), 1, &small, &e), ERR_TOO_LARGE);
	assert_int_equal(zst_compress(STR("text"), 1, &frame, &e), ERR_OK);
	buf_reset(&small);
	assert_int_equal(zst_decompress(buf_view(&frame), 1000, &small, &e), ERR_TOO_LARGE);
}

static void a_frame_says_where_it_ends_if_it_is_all_there(void **state)
{
	size_t len = 99;
	struct err e;
	AUTO_BUF frames;
	(void)state;

	buf_init(&frames, 1000);
	assert_int_equal(zst_compress(STR("one text"), 1, &frames, &e), ERR_OK);
	size_t first = frames.len;
	assert_int_equal(zst_compress(STR("another"), 1, &frames, &e), ERR_OK);
	assert_true(zst_frame_len(buf_view(&frames), &len));
	assert_int_equal(len, first);
	assert_false(zst_frame_len((struct str){ frames.p, first - 1 }, &len));
	assert_false(zst_frame_len(str_from(buf_view(&frames), 1), &len));
	assert_false(zst_frame_len(STR(""), &len));
	assert_int_equal(len, first);
}

static void *round_trips(void *arg)
{
	for (int i = 0; i < 50; i++)
		assert_round_trip(STR("the same text again and again and again"), 1);
	return arg;
}

/* That a thread's contexts are freed with it is for the leak checker to see. */
static void threads_do_not_share_contexts(void **state)
{
	pthread_t threads[4];
	(void)state;

	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, round_trips, NULL), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_comes_out),
		cmocka_unit_test(a_frame_says_its_size_and_has_a_checksum),
		cmocka_unit_test(the_checksum_is_that_of_the_content),
		cmocka_unit_test(what_fits_is_added_though_more_room_was_asked_for),
		cmocka_unit_test(both_append),
		cmocka_unit_test(more_than_max_is_refused_before_memory_is_taken),
		cmocka_unit_test(every_damage_is_noticed),
		cmocka_unit_test(only_one_frame_is_taken),
		cmocka_unit_test(a_buffer_that_is_too_small_is_an_error),
		cmocka_unit_test(a_frame_says_where_it_ends_if_it_is_all_there),
		cmocka_unit_test(threads_do_not_share_contexts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
