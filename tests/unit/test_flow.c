/* flow: the same bytes are the same text, in whatever pieces they come and however many look at them at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "text/flow.h"

#include <stdlib.h>
#include <string.h>

#define SECRET "correct-horse-battery"
#define NAMED "named-on-the-way-4711"
#define PEM                                                                                                  \
	"-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n"
#define LONG_TEXT ((size_t)3 << 20) /* many parts */

static struct mask *mask_of_secret(void)
{
	struct mask *m = mask_new();

	assert_int_equal(mask_add(m, STR(SECRET), NULL), ERR_OK);
	return m;
}

static void cut_last_lines(struct buf *b, size_t n)
{
	for (; n > 0; n--) {
		const char *lf = b->len > 1 ? memrchr(b->p, '\n', b->len - 1) : NULL;

		buf_cut(b, lf ? (size_t)(lf - b->p) + 1 : 0);
	}
}

/* raw in pieces of `size` bytes, as one text. */
static void flow_in_pieces(struct crew *crew, struct str raw, size_t size, struct buf *text)
{
	struct mask *m = mask_of_secret();
	struct mask_names *names = NULL;
	struct flow *f = flow_new();
	size_t done = 0;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	for (size_t end = 0; end < raw.len;) {
		struct flow_taken t;

		end = raw.len - end > size ? end + size : raw.len;
		buf_reset(&out);
		flow_add(f, crew, m, &names, (struct str){ raw.p + done, end - done }, end == raw.len, &out,
			&t);
		cut_last_lines(text, t.undo);
		buf_str(text, buf_view(&out));
		done += t.used;
	}
	assert_int_equal(done, raw.len);
	mask_names_unref(names);
	flow_free(f);
	mask_free(m);
}

static void assert_becomes(const char *raw, const char *text)
{
	AUTO_BUF got;

	buf_init(&got, SIZE_MAX);
	flow_in_pieces(NULL, str_z(raw), SIZE_MAX, &got);
	assert_string_equal(buf_cstr(&got), text);
}

static void a_carriage_return_in_front_of_a_line_end_means_nothing(void **state)
{
	(void)state;
	assert_becomes("a\r\nb\r\r\r\n\r\nc\r\n", "a\nb\n\nc\n");
	assert_becomes("10 %\r100 %\r\ndone\r", "100 %\ndone");
	assert_becomes("\x1b[31mred\x1b[0m\r\n\x1b]8;;http://x\r\nnext\r\n", "\x1b[31mred\x1b[0m\n\nnext\n");
}

static void a_secret_is_found_whatever_its_lines_end_with(void **state)
{
	struct mask *m = mask_new();
	struct mask_names *names = NULL;
	struct flow *f = flow_new();
	struct flow_taken t;
	AUTO_BUF out;

	(void)state;
	buf_init(&out, SIZE_MAX);
	assert_int_equal(mask_add(m, STR("first half\r\nsecond half"), NULL), ERR_OK);
	flow_add(f, NULL, m, &names, STR("first half\nsecond half\nfirst half\r\nsecond half\r\n"), true,
		&out, &t);
	assert_string_equal(buf_cstr(&out), "***\n***\n");
	flow_free(f);
	mask_free(m);
}

static void a_secret_that_is_only_on_the_screen_is_masked(void **state)
{
	(void)state;
	assert_becomes("correct-horXe\b\bse-battery\n", "***\n");
	assert_becomes("correct-\x1b[1mhorse\x1b[0m-battery\n", "***\n");
}

/* Lines of all kinds; a value is named somewhere, and stands in most lines behind that. */
static void random_text(struct buf *b)
{
	static const char *const lines[] = { "a line with some words\n", "the same with CR\r\n",
		"10 %\r20 %\r\n", "\x1b[32mgreen\x1b[0m and plain\n", "it is " SECRET ", is it\n",
		"it is correct-horXe\b\bse-battery\n", "a: wait\nb: wait\n\x1b[2A\x1b[2Ka: done\r\x1b[2B",
		"not valid: \xff\xfe\n", NAMED " is named\n", PEM };
	bool named = false;

	while (b->len < LONG_TEXT) {
		if (!named && b->len > LONG_TEXT / 3) {
			buf_z(b, "::add-mask::" NAMED "\n");
			named = true;
		}
		buf_z(b, lines[(size_t)rand() % (sizeof lines / sizeof lines[0])]);
		for (int k = rand() % 8 == 0 ? rand() % 2000 : 0; k > 0; k--)
			buf_z(b, "plain line of a build\n");
	}
}

static void pieces_and_the_crew_make_no_difference(void **state)
{
	static const size_t sizes[] = { 1 << 20, 300000, 70001 };
	struct crew *crew = NULL;
	AUTO_BUF raw;
	AUTO_BUF whole;
	AUTO_BUF got;

	(void)state;
	srand(3);
	buf_init(&raw, SIZE_MAX);
	buf_init(&whole, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	random_text(&raw);
	flow_in_pieces(NULL, buf_view(&raw), SIZE_MAX, &whole);
	assert_int_equal(crew_start(2, &crew, NULL), ERR_OK);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		for (int helped = 0; helped < 2; helped++) {
			buf_reset(&got);
			flow_in_pieces(helped ? crew : NULL, buf_view(&raw), sizes[i], &got);
			assert_true(str_eq(buf_view(&got), buf_view(&whole)));
		}
	}
	crew_stop(crew);
}

static void what_is_named_is_masked_in_all_parts_behind_it(void **state)
{
	size_t first;
	AUTO_BUF raw;
	AUTO_BUF got;

	(void)state;
	srand(4);
	buf_init(&raw, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	random_text(&raw);
	flow_in_pieces(NULL, buf_view(&raw), SIZE_MAX, &got);
	first = str_find_str(buf_view(&got), STR("::add-mask::"));
	assert_true(first < got.len);
	assert_true(str_find_str(buf_view(&got), STR(NAMED)) < first);
	assert_int_equal(str_find_str(str_from(buf_view(&got), first), STR(NAMED)), got.len - first);
	assert_int_equal(str_find_str(buf_view(&got), STR(SECRET)), got.len);
}

/* Texts in which something stands beside a secret, over an older row, or around a line that names a value. */
static const struct {
	const char *raw, *never;
} cut_texts[] = {
	{ "-----BEGIN PRIVATE "
	  "KEY-----\nMIIEvQIBADANBgkq\n::add-mask::abcdefgh\nhkiG9w0BAQEFAASC\nTheLastOfTheKey0\n"
	  "-----END PRIVATE KEY-----\nbehind\n",
		"TheLastOfTheKey0" },
	{ "::add-mask::first-of-named%0Asecond-of-named\nx first-of-named\nsecond-of-named\n",
		"second-of-named" },
	{ "" SECRET "ghp_0123456789abcdefghijABCDEFGHIJ012345\n", "ghp_0123456789" },
	{ "ghp_0123456789abcdefghijABCDEFGHIJ012345" SECRET "\n", SECRET },
	{ "old row\nold row\n\x1b[2Acorrect-horse\x1b[5C\x1b[2K" SECRET "\x1b[B\nplain " SECRET "\n",
		SECRET },
	{ "correct-horse\n\x1b[A\x1b[13C-battery\nplain\n", SECRET },
};

static void what_stands_beside_a_secret_is_masked_wherever_the_text_is_cut(void **state)
{
	AUTO_BUF whole;
	AUTO_BUF got;

	(void)state;
	buf_init(&whole, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (size_t i = 0; i < sizeof cut_texts / sizeof cut_texts[0]; i++) {
		struct str raw = str_z(cut_texts[i].raw);

		buf_reset(&whole);
		flow_in_pieces(NULL, raw, SIZE_MAX, &whole);
		assert_int_equal(str_find_str(buf_view(&whole), str_z(cut_texts[i].never)), whole.len);
		for (size_t size = 1; size < raw.len; size++) {
			buf_reset(&got);
			flow_in_pieces(NULL, raw, size, &got);
			assert_string_equal(buf_cstr(&got), buf_cstr(&whole));
		}
	}
}

/* A progress display that never ends its line, with a key in it: no cut of the long line is inside the key. */
static void a_key_whose_lines_end_with_cr_alone_is_masked(void **state)
{
	AUTO_BUF raw;
	AUTO_BUF got;

	(void)state;
	buf_init(&raw, SIZE_MAX);
	buf_init(&got, SIZE_MAX);
	for (int pad = 15000; pad < 17000; pad += 7) {
		buf_reset(&raw);
		buf_reset(&got);
		for (int k = 0; k < pad; k++)
			buf_char(&raw, k % 10 == 9 ? '\r' : 'x');
		buf_z(&raw, "-----BEGIN PRIVATE KEY-----\rMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\r"
			    "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\nbehind\n");
		flow_in_pieces(NULL, buf_view(&raw), SIZE_MAX, &got);
		assert_int_equal(str_find_str(buf_view(&got), STR("MIIEvQIBADAN")), got.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_carriage_return_in_front_of_a_line_end_means_nothing),
		cmocka_unit_test(a_secret_is_found_whatever_its_lines_end_with),
		cmocka_unit_test(a_secret_that_is_only_on_the_screen_is_masked),
		cmocka_unit_test(pieces_and_the_crew_make_no_difference),
		cmocka_unit_test(what_is_named_is_masked_in_all_parts_behind_it),
		cmocka_unit_test(what_stands_beside_a_secret_is_masked_wherever_the_text_is_cut),
		cmocka_unit_test(a_key_whose_lines_end_with_cr_alone_is_masked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
