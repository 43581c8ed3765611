/* What is kept of a stream, whatever pieces it comes in and wherever it is saved and gone on with. */
#include "tests/test.h"

#include "text/flow.h"

#include <stdlib.h>
#include <string.h>

/* A stream's text as its owner keeps it: lines that were put out, less what was undone. */
struct kept {
	struct buf text;
	struct buf raw; /* what has come and was not taken */
	struct flow *flow;
	struct mask_names *names;
	size_t n_masked;
};

static void undo(struct buf *text, size_t n)
{
	for (; n > 0 && text->len > 0; n--) {
		const char *lf = text->len > 1 ? memrchr(text->p, '\n', text->len - 1) : NULL;

		buf_cut(text, lf ? (size_t)(lf - text->p) + 1 : 0);
	}
}

static void come(struct kept *k, struct str bytes, bool last)
{
	struct flow_taken t;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	buf_str(&k->raw, bytes);
	flow_add(k->flow, NULL, NULL, &k->names, buf_view(&k->raw), last, &out, &t);
	undo(&k->text, t.undo);
	buf_str(&k->text, buf_view(&out));
	buf_drop(&k->raw, t.used);
	k->n_masked += t.n_masked;
}

static void begin(struct kept *k)
{
	*k = (struct kept){ .flow = flow_new() };
	buf_init(&k->text, SIZE_MAX);
	buf_init(&k->raw, SIZE_MAX);
}

static void end(struct kept *k)
{
	flow_free(k->flow);
	mask_names_unref(k->names);
	buf_done(&k->text);
	buf_done(&k->raw);
}

static void becomes(const char *raw, const char *want)
{
	struct kept k;

	begin(&k);
	come(&k, str_z(raw), true);
	assert_string_equal(buf_cstr(&k.text), want);
	end(&k);
}

static void text_is_valid_settled_and_keeps_its_colours(void **state)
{
	(void)state;
	becomes("plain\nno end", "plain\nno end");
	becomes("a\r\nb\r\r\n", "a\nb\n");
	becomes("10 %\r20 %\rdone\n", "done\n");
	becomes("bad \xff byte\n", "bad \xef\xbf\xbd byte\n");
	becomes("\x1b[31mred\x1b[0m\n", "\x1b[31mred\x1b[0m\n");
	becomes("a\nb\n\x1b[2A\x1b[2Kc\x1b[2B\nd\n", "c\nb\n\nd\n");
}

static void a_secret_is_found_also_where_only_a_terminal_would_show_it(void **state)
{
	(void)state;
	becomes("ghp_0123456789abcdefghij\x1b[1mABCDEFGHIJ012345 x\n", "*** x\n");
	becomes("x0123456789abcdefghijABCDEFGHIJ012345\x1b[36D\x1b[36Dghp_"
		"0123456789abcdefghijABCDEFGHIJ012345\n",
		"***\n");
}

static void a_value_is_masked_from_the_line_on_that_names_it(void **state)
{
	struct kept k;
	(void)state;

	begin(&k);
	come(&k, STR("tok-1234 a\n::add-mask::tok-1234\ntok-1234 b\n"), false);
	come(&k, STR("tok-1234 c"), true);
	assert_string_equal(buf_cstr(&k.text), "tok-1234 a\n::add-mask::***\n*** b\n*** c");
	assert_int_equal(k.n_masked, 3);
	assert_int_equal(mask_names_count(k.names), 1);
	end(&k);
}

static void make_text(struct buf *b)
{
	static const char *const bits[] = { "word ", "\n", "\r", "\r\n", "\x1b[A", "\x1b[2K", "\x1b[3", "1m",
		"\x1b[0m", "\xc3\xa9", "\xf0\x9f", "\x98\x80", "\b", "\t", "x\ny\n",
		"\x1b]8;;http://a/\x1b\\", "50 %", "\x1b[5C", "\x1b[1;1H", "longer words " };

	buf_init(b, SIZE_MAX);
	for (int i = rand() % 200; i > 0; i--)
		buf_z(b, bits[(size_t)rand() % (sizeof bits / sizeof bits[0])]);
}

static void any_split_and_any_stop_gives_the_same_text(void **state)
{
	(void)state;
	srand(3);
	for (int round = 0; round < 400; round++) {
		struct kept whole, cut;
		struct buf raw;

		make_text(&raw);
		begin(&whole);
		come(&whole, buf_view(&raw), true);
		begin(&cut);
		for (size_t at = 0; at < raw.len;) {
			size_t n = (size_t)rand() % 30 + 1;

			n = n < raw.len - at ? n : raw.len - at;
			come(&cut, (struct str){ raw.p + at, n }, false);
			at += n;
			if (rand() % 5 == 0) {
				AUTO_BUF saved;

				buf_init(&saved, SIZE_MAX);
				flow_save(cut.flow, NULL, NULL, &saved);
				flow_free(cut.flow);
				cut.flow = flow_resume(buf_view(&cut.text), buf_view(&saved));
			}
		}
		come(&cut, STR(""), true);
		assert_int_equal(cut.text.len, whole.text.len);
		assert_memory_equal(
			cut.text.len ? cut.text.p : "", whole.text.len ? whole.text.p : "", whole.text.len);
		end(&cut);
		end(&whole);
		buf_done(&raw);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_valid_settled_and_keeps_its_colours),
		cmocka_unit_test(a_secret_is_found_also_where_only_a_terminal_would_show_it),
		cmocka_unit_test(a_value_is_masked_from_the_line_on_that_names_it),
		cmocka_unit_test(any_split_and_any_stop_gives_the_same_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
