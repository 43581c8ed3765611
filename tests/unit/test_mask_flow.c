/* The text of a stream does not depend on how it was cut, and no secret in it does either. */
#include "tests/test.h"

#include "text/mask_flow.h"

#include <stdlib.h>
#include <string.h>

#define VALUE "s3cr3t-v4lue-of-a-token"
#define LINES "first-line-of-a-secret\nsecond line of it\nx\nlast-line-of-a-secret"

/* Feeds text in pieces that next tells the length of, as a caller does: what is not let go is kept. */
static void feed(struct mask *m, struct mask_names *names, struct str text, size_t (*next)(size_t left),
	struct buf *out, size_t *ret_most_held)
{
	size_t done = 0, come = 0;

	buf_init(out, SIZE_MAX);
	*ret_most_held = 0;
	while (done < text.len || come < text.len) {
		size_t n, len = next(text.len - come);

		come += len;
		while ((n = mask_flow_ready(m, names, (struct str){ text.p + done, come - done },
				come == text.len)) > 0) {
			mask_flow_write(m, names, (struct str){ text.p + done, n }, out);
			done += n;
		}
		if (come - done > *ret_most_held)
			*ret_most_held = come - done;
	}
}

static size_t all_at_once(size_t left)
{
	return left;
}

static size_t one_byte(size_t left)
{
	return left > 0 ? 1 : 0;
}

static size_t any_size(size_t left)
{
	size_t n = (size_t)rand() % (rand() % 4 ? 50 : 40000);

	return n < left ? n : left;
}

static void add_noise(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_char(b, "abcdefgh 0123456789=:/+-_.\t,;\"'"[rand() % 31]);
}

/* A log with everything that reaches over a line end, and lines of all lengths. */
static void make_log(struct buf *b)
{
	buf_init(b, SIZE_MAX);
	for (int i = 0; i < 40; i++) {
		switch (rand() % 9) {
		case 0:
			buf_z(b, "token " VALUE " in a line\n");
			break;
		case 1:
			buf_z(b, "value: " LINES " and more\n");
			break;
		case 2:
			buf_z(b, "first-line-of-a-secret\nbut not the second\n");
			break;
		case 3:
			buf_z(b, "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n"
				 "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\n");
			break;
		case 4:
			buf_z(b, "it said -----BEGIN RSA PRIVATE KEY----- and nothing came\n");
			break;
		case 5:
			add_noise(b, (size_t)rand() % 60000);
			buf_z(b, VALUE);
			add_noise(b, (size_t)rand() % 60000);
			buf_char(b, '\n');
			break;
		case 6:
			for (int k = rand() % 3000; k > 0; k--)
				buf_fmt(b, "\r%d %% of it", k);
			buf_char(b, '\n');
			break;
		case 7:
			buf_z(b, "\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80 "
				 "ghp_0123456789abcdefghijABCDEFGHIJ012345\r\n");
			break;
		default:
			add_noise(b, (size_t)rand() % 200);
			buf_char(b, '\n');
		}
	}
}

static struct mask *make_mask(void)
{
	struct mask *m = mask_new();
	struct err e;

	assert_int_equal(mask_add(m, STR(VALUE), &e), ERR_OK);
	assert_int_equal(mask_add(m, STR(LINES), &e), ERR_OK);
	return m;
}

static void has_no_secret(struct str text)
{
	static const char *const secrets[] = { VALUE, "ghp_0123456789", "MIIEvQIBADAN",
		"last-line-of-a-secret" };

	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		assert_int_equal(str_find_str(text, str_z(secrets[i])), text.len);
}

static void any_split_gives_the_same_masked_text(void **state)
{
	struct mask *m = make_mask();
	(void)state;

	srand(7);
	for (int round = 0; round < 60; round++) {
		struct buf log, whole, cut;
		size_t held;

		make_log(&log);
		feed(m, NULL, buf_view(&log), all_at_once, &whole, &held);
		has_no_secret(buf_view(&whole));
		for (int k = 0; k < 4; k++) {
			feed(m, NULL, buf_view(&log), k == 0 && round < 3 ? one_byte : any_size, &cut, &held);
			assert_true(held < MASK_HOLD);
			assert_int_equal(cut.len, whole.len);
			assert_memory_equal(cut.p, whole.p, whole.len);
			buf_done(&cut);
		}
		buf_done(&whole);
		buf_done(&log);
	}
	mask_free(m);
}

static void a_secret_is_found_at_every_split(void **state)
{
	struct str text = STR("a line\nx " VALUE " y\nv " LINES " w\n-----BEGIN PRIVATE KEY-----\n"
			      "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj\n-----END PRIVATE KEY-----\nend\n");
	struct mask *m = make_mask();
	(void)state;

	for (size_t first = 0; first <= text.len; first++) {
		struct buf out;
		size_t done = 0, n;

		buf_init(&out, SIZE_MAX);
		for (int part = 0; part < 2; part++) {
			size_t come = part == 0 ? first : text.len;

			while ((n = mask_flow_ready(m, NULL, (struct str){ text.p + done, come - done },
					part == 1)) > 0) {
				mask_flow_write(m, NULL, (struct str){ text.p + done, n }, &out);
				done += n;
			}
		}
		assert_int_equal(done, text.len);
		assert_string_equal(buf_cstr(&out), "a line\nx *** y\nv *** w\n***\nend\n");
		buf_done(&out);
	}
	mask_free(m);
}

static void a_whole_line_goes_at_once(void **state)
{
	(void)state;
	assert_int_equal(mask_flow_ready(NULL, NULL, STR("one\ntwo\nthr"), false), 8);
	assert_int_equal(mask_flow_ready(NULL, NULL, STR("thr"), false), 0);
	assert_int_equal(mask_flow_ready(NULL, NULL, STR("thr"), true), 3);
	assert_int_equal(mask_flow_ready(NULL, NULL, STR(""), true), 0);
}

static void values_that_a_run_names_are_masked_in_what_comes_after(void **state)
{
	struct mask_names *one = mask_names_add(NULL, STR("::add-mask::dynamic-one\nplain\n"), NULL);
	struct mask_names *two = mask_names_add(one, STR("::add-mask::two%0Alines-of-it\n"), NULL);
	struct buf out;
	(void)state;

	assert_int_equal(mask_names_count(one), 1);
	assert_int_equal(mask_names_count(two), 3); /* as it is meant, and as it was written */
	assert_null(mask_names_add(two, STR("::add-mask::dynamic-one\n"), NULL));
	assert_null(mask_names_add(NULL, STR("no command\n"), NULL));
	buf_init(&out, 1000);
	assert_int_equal(
		mask_flow_write(NULL, two, STR("dynamic-one ZHluYW1pYy1vbmU= two\nlines-of-it"), &out), 3);
	assert_string_equal(buf_cstr(&out), "*** ***U= ***");
	assert_int_equal(mask_flow_ready(NULL, two, STR("a\nb two\n"), false), 2); /* the value may go on */
	assert_int_equal(mask_flow_ready(NULL, one, STR("a\nb two\n"), false), 8);
	buf_done(&out);
	mask_names_unref(one);
	mask_names_unref(two);
}

static void names_without_room_are_counted(void **state)
{
	struct mask_names *n = NULL;
	size_t n_lost = 0;
	struct buf text;
	(void)state;

	buf_init(&text, SIZE_MAX);
	for (int i = 0; i < 900; i++)
		buf_fmt(&text, "::add-mask::%0200d\n", i);
	n = mask_names_add(NULL, buf_view(&text), &n_lost);
	assert_non_null(n);
	assert_true(n_lost > 0);
	assert_int_equal(mask_names_count(n), 900);
	mask_names_unref(n);
	buf_done(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_masked_text),
		cmocka_unit_test(a_secret_is_found_at_every_split),
		cmocka_unit_test(a_whole_line_goes_at_once),
		cmocka_unit_test(values_that_a_run_names_are_masked_in_what_comes_after),
		cmocka_unit_test(names_without_room_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
