#include "tests/test.h"

#include "agent/mask_stream.h"
#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECRET "hunter2-correct-horse"
#define LINE_1 "first line of three, kept in a variable"
#define LINE_2 "short"
#define LINE_3 "third line of three, the last of them"
#define VALUE LINE_1 "\n" LINE_2 "\n" LINE_3
#define TOKEN "ghp_0123456789abcdefghijABCDEFGHIJ456789"
#define KEY_LINE "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQDAnotherKeyLine0"
#define TEXT_MAX (4 * 1024 * 1024)

static struct mask_stream s;
static struct buf text, out;
static uint64_t seed;

static void begin(void)
{
	struct mask *mask = mask_new();

	assert_int_equal(mask_add(mask, STR(SECRET), NULL), ERR_OK);
	assert_int_equal(mask_add(mask, STR(VALUE), NULL), ERR_OK);
	mask_stream_init(&s, mask);
	buf_reset(&out);
}

static int set_up(void **state)
{
	(void)state;
	seed = 42;
	buf_init(&text, TEXT_MAX);
	buf_init(&out, TEXT_MAX);
	begin();
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mask_stream_done(&s);
	buf_done(&text);
	buf_done(&out);
	return 0;
}

/* xorshift (Marsaglia, 2003): the same in every run. */
static size_t random_below(size_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (size_t)(seed % n);
}

static void add(int stream, const char *z)
{
	mask_stream_add(&s, stream, str_z(z), &out);
}

static const char *end(void)
{
	mask_stream_end(&s, &out);
	return buf_cstr(&out);
}

/* The whole of text, in pieces of up to most bytes; what comes out, as a copy to free. */
static char *through(size_t most, size_t *ret_len)
{
	mask_stream_done(&s);
	begin();
	for (size_t at = 0; at < text.len;) {
		size_t n = 1 + random_below(most);

		if (n > text.len - at)
			n = text.len - at;
		mask_stream_add(&s, 0, (struct str){ text.p + at, n }, &out);
		at += n;
	}
	end();
	*ret_len = out.len;
	return buf_take(&out);
}

/* Whatever the pieces, the same bytes come out; returns them, to free. */
static char *the_same_in_all_pieces(void)
{
	static const size_t pieces[] = { 1, 2, 7, 61, 500, 4096, 65536, 1000000 };
	size_t len, len_first;
	char *first = through(TEXT_MAX, &len_first);

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		char *other = through(pieces[i], &len);

		assert_int_equal(len, len_first);
		assert_memory_equal(other, first, len);
		free(other);
	}
	return first;
}

static void assert_no_part(const char *z, const char *secret)
{
	for (size_t at = 0; at + 9 <= strlen(secret); at++) {
		char part[10] = { 0 };

		memcpy(part, secret + at, 9);
		if (strstr(z, part))
			fail_msg("\"%s\" is left of the secret", part);
	}
}

static void put_key(bool end_line, int n_lines)
{
	buf_z(&text, "-----BEGIN PRIVATE KEY-----\n");
	for (int i = 0; i < n_lines; i++)
		buf_z(&text, KEY_LINE "\n");
	if (end_line)
		buf_z(&text, "dGhlIGVuZA==\n-----END PRIVATE KEY-----\n");
}

static void put_long_line(void)
{
	size_t n = MERGE_LINE_MAX - 200 + random_below(400);

	while (n > 0) {
		size_t word = 1 + random_below(40);

		word = word < n ? word : n;
		for (size_t i = 0; i < word; i++)
			buf_char(&text, (char)('k' + i % 16));
		n -= word;
		buf_char(&text, ' ');
	}
	buf_char(&text, '\n');
}

static void put_some(void)
{
	switch (random_below(16)) {
	case 0:
		buf_z(&text, "key=" SECRET "\n");
		break;
	case 1:
		buf_z(&text, "a value: " VALUE " and behind it\n");
		break;
	case 2:
		buf_z(&text, LINE_1 "\n");
		break;
	case 3:
		buf_z(&text, LINE_1 "\n" LINE_2 "\n" LINE_1 "\n" LINE_2 "\n");
		break;
	case 4:
		buf_z(&text, "\x1b[31m" LINE_1 "\x1b[0m\n" LINE_2 "\n\x1b[1m" LINE_3 "\n");
		break;
	case 5:
		put_key(true, (int)random_below(60));
		break;
	case 6:
		put_key(false, (int)random_below(10));
		break;
	case 7:
		put_key(true, 1);
		break;
	case 8:
		buf_z(&text, "token " TOKEN " in a line\n");
		break;
	case 9:
		buf_z(&text, "\x1b[32mtoken " TOKEN "\x1b[0m in colour\r\n");
		break;
	case 10:
		buf_fmt(&text, "::add-mask::named-%zu-by-the-build\n", random_below(1000));
		break;
	case 11:
		buf_fmt(&text, "see named-%zu-by-the-build\n", random_below(1000));
		break;
	case 12:
		if (random_below(8) == 0)
			put_long_line();
		break;
	case 13:
		buf_z(&text, "remote: https://bot:s3cr3tpass@forge.example/x.git\n");
		break;
	default:
		buf_z(&text,
			"cc -O2 -Wall -c -o obj/some/long/path/to/a/file.o src/some/long/path/to/a/file.c\n");
		break;
	}
}

static void any_cut_of_a_text_gives_the_same_bytes(void **state)
{
	(void)state;
	for (int round = 0; round < 12; round++) {
		char *z;

		buf_reset(&text);
		for (int i = 0; i < 250; i++)
			put_some();
		z = the_same_in_all_pieces();
		assert_no_part(z, SECRET);
		assert_no_part(z, TOKEN);
		assert_no_part(z, KEY_LINE);
		assert_no_part(z, "s3cr3tpass");
		assert_null(strstr(z, VALUE));
		free(z);
	}
}

static void what_has_no_secret_comes_out_as_it_went_in(void **state)
{
	char *z;
	(void)state;

	for (int i = 0; i < 5000; i++)
		buf_fmt(&text, "line %d\tof a \x1b[1mbuild\x1b[0m\r\n\xff%c\n", i, 0);
	put_long_line();
	put_long_line();
	z = the_same_in_all_pieces();
	assert_memory_equal(z, text.p, text.len);
	free(z);
}

static void a_line_goes_as_soon_as_it_ends(void **state)
{
	(void)state;
	add(0, "one\ntw");
	assert_string_equal(buf_cstr(&out), "one\n");
	add(0, "o\n");
	assert_string_equal(buf_cstr(&out), "one\ntwo\n");
	add(1, "three");
	add(0, "four\n");
	assert_string_equal(buf_cstr(&out), "one\ntwo\nfour\n");
	assert_string_equal(end(), "one\ntwo\nfour\nthree");
}

static void a_secret_over_two_writes_is_masked_wherever_they_cut_it(void **state)
{
	(void)state;
	for (size_t cut = 1; cut < strlen(SECRET); cut++) {
		mask_stream_add(&s, 0, STR("key="), &out);
		mask_stream_add(&s, 0, (struct str){ SECRET, cut }, &out);
		add(1, "between\n");
		mask_stream_add(&s, 0, str_from(STR(SECRET "\n"), cut), &out);
	}
	assert_no_part(end(), SECRET);
	assert_non_null(strstr(out.p, "between\nkey=***\n"));
}

static void a_value_of_several_lines_is_held_until_it_is_clear_what_it_is(void **state)
{
	(void)state;
	add(0, LINE_1 "\n");
	assert_string_equal(buf_cstr(&out), "");
	add(0, LINE_2 "\n");
	assert_string_equal(buf_cstr(&out), "");
	add(0, LINE_3 "\n");
	assert_string_equal(buf_cstr(&out), "***\n");
	add(0, LINE_1 "\nnot the second\n");
	assert_string_equal(buf_cstr(&out), "***\n***\nnot the second\n");
}

static void a_private_key_is_masked_as_one_however_slowly_it_comes(void **state)
{
	(void)state;
	put_key(true, 30);
	for (size_t i = 0; i < text.len; i++)
		mask_stream_add(&s, 0, (struct str){ text.p + i, 1 }, &out);
	assert_string_equal(buf_cstr(&out), "***\n");
}

static void a_key_that_never_ends_does_not_hold_the_log_back_for_ever(void **state)
{
	(void)state;
	add(0, "warning: found -----BEGIN PRIVATE KEY-----\n");
	for (int i = 0; i < 1000; i++)
		add(0, "the log goes on with this line\n");
	assert_true(out.len > 10000);
	assert_non_null(strstr(buf_cstr(&out), "***\nthe log goes on"));
}

static void a_text_that_is_all_beginnings_is_held_within_a_bound(void **state)
{
	(void)state;
	for (int i = 0; i < 10000; i++)
		add(0, LINE_1 "\n");
	assert_true(s.held.len <= 2 * MASK_HOLD);
	assert_no_part(end(), LINE_1);
}

static void a_value_named_by_the_build_is_masked_from_there_on_and_in_what_is_held(void **state)
{
	(void)state;
	add(0, "gone swordfish-7\n");
	add(0, LINE_1 "\n");
	add(0, "swordfish-7 ::add-mask::swordfish-7\nlate swordfish-7\n");
	assert_string_equal(end(), "gone swordfish-7\n***\n*** ::add-mask::***\nlate ***\n");
}

static void note(void *arg, struct str line)
{
	buf_str(arg, line);
}

static void whoever_wants_to_know_is_told_of_each_value_that_is_named(void **state)
{
	AUTO_BUF told;
	(void)state;

	buf_init(&told, 1000);
	s.learned = note;
	s.arg = &told;
	add(0, "a\n::add-mask::swordfish-7\nb\n");
	assert_string_equal(buf_cstr(&told), "::add-mask::swordfish-7\n");
}

/* The other stream writes while the line is taken in pieces. */
static void a_secret_is_masked_wherever_a_long_line_is_cut(void **state)
{
	static char pad[MERGE_LINE_MAX];
	static const char *const secrets[] = { SECRET, TOKEN };
	(void)state;

	memset(pad, '.', sizeof pad);
	for (size_t i = 0; i < 2; i++) {
		for (size_t back = 1; back < 2 * strlen(secrets[i]); back++) {
			mask_stream_done(&s);
			begin();
			mask_stream_add(&s, 0, (struct str){ pad, MASK_HOLD / 2 - back }, &out);
			add(0, secrets[i]);
			mask_stream_add(&s, 0, (struct str){ pad, MERGE_LINE_MAX }, &out);
			add(1, "between\n");
			add(0, "\n");
			assert_no_part(end(), secrets[i]);
			assert_non_null(strstr(out.p, "between"));
		}
	}
}

static void of_secrets_that_touch_all_along_a_line_none_is_cut(void **state)
{
	char *z;
	(void)state;

	buf_z(&text, "x");
	for (int i = 0; i < 10000; i++)
		buf_z(&text, SECRET);
	z = the_same_in_all_pieces();
	assert_no_part(z, SECRET);
	free(z);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(any_cut_of_a_text_gives_the_same_bytes),
		TEST(what_has_no_secret_comes_out_as_it_went_in),
		TEST(a_line_goes_as_soon_as_it_ends),
		TEST(a_secret_over_two_writes_is_masked_wherever_they_cut_it),
		TEST(a_value_of_several_lines_is_held_until_it_is_clear_what_it_is),
		TEST(a_private_key_is_masked_as_one_however_slowly_it_comes),
		TEST(a_key_that_never_ends_does_not_hold_the_log_back_for_ever),
		TEST(a_text_that_is_all_beginnings_is_held_within_a_bound),
		TEST(a_value_named_by_the_build_is_masked_from_there_on_and_in_what_is_held),
		TEST(whoever_wants_to_know_is_told_of_each_value_that_is_named),
		TEST(a_secret_is_masked_wherever_a_long_line_is_cut),
		TEST(of_secrets_that_touch_all_along_a_line_none_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
