/* sse: events come out as the standard has them, however their bytes are cut. */
#include "tests/test.h"

#include "net/sse.h"

#include <string.h>

static struct buf heard;

static enum err_code hear(void *arg, const struct sse_event *event, struct err *e)
{
	(void)arg;
	buf_fmt(&heard, "%.*s|%.*s|%.*s\n", STR_FMT(event->name), STR_FMT(event->id), STR_FMT(event->data));
	if (str_eq(event->data, STR("stop")))
		return err_set(e, ERR_CONFLICT, "stopped");
	return ERR_OK;
}

static int set_up(void **state)
{
	(void)state;
	buf_init(&heard, 8 * 1024 * 1024);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&heard);
	return 0;
}

static void assert_heard(const char *stream, const char *want)
{
	size_t len = strlen(stream);
	struct err e;

	for (size_t piece = 1; piece <= len; piece++) {
		struct sse s;

		buf_reset(&heard);
		sse_init(&s, hear, NULL);
		for (size_t at = 0; at < len; at += piece)
			assert_int_equal(
				sse_feed(&s, (struct str){ stream + at, at + piece < len ? piece : len - at },
					&e),
				ERR_OK);
		sse_done(&s);
		if (strcmp(buf_cstr(&heard), want) != 0)
			fail_msg("in pieces of %zu: \"%s\"", piece, buf_cstr(&heard));
	}
}

static void an_event_ends_with_an_empty_line(void **state)
{
	(void)state;
	assert_heard("data: one\n\ndata: two\n\ndata: never ended\n", "message||one\nmessage||two\n");
}

static void name_id_and_data_are_told(void **state)
{
	(void)state;
	assert_heard("event: end\nid: 17\ndata: {}\n\n", "end|17|{}\n");
}

static void the_last_id_stays_until_there_is_another(void **state)
{
	(void)state;
	assert_heard("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: c\n\nid\ndata: d\n\n",
		"message|1|a\nmessage|1|b\nmessage|2|c\nmessage||d\n");
}

static void data_of_several_lines_is_joined(void **state)
{
	(void)state;
	assert_heard("data: a\ndata:\ndata:  b\n\n", "message||a\n\n b\n");
	assert_heard("data\n\n", "message||\n");
}

static void every_kind_of_line_end_is_one(void **state)
{
	(void)state;
	assert_heard("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "message||a\nmessage||b\nmessage||c\n");
}

static void comments_unknown_fields_and_events_without_data_are_nothing(void **state)
{
	(void)state;
	assert_heard(
		": still here\n\nretry: 1\nwhat: x\nevent: lost\n\nno colon\ndata: a\n\n", "message||a\n");
}

static void a_byte_order_mark_is_passed_over_at_the_beginning_alone(void **state)
{
	(void)state;
	assert_heard("\xef\xbb\xbf"
		     "data: a\n\n\xef\xbb\xbf"
		     "data: b\n\n",
		"message||a\n");
}

static void an_event_is_told_with_its_last_byte(void **state)
{
	struct sse s;
	struct err e;
	(void)state;

	sse_init(&s, hear, NULL);
	assert_int_equal(sse_feed(&s, STR("data: a\r\n\r"), &e), ERR_OK);
	assert_string_equal(buf_cstr(&heard), "message||a\n");
	sse_done(&s);
}

static void of_a_cut_connection_half_an_event_is_forgotten_and_the_id_is_not(void **state)
{
	struct sse s;
	struct err e;
	(void)state;

	sse_init(&s, hear, NULL);
	assert_int_equal(sse_feed(&s, STR("id: 4\ndata: a\n\nid: 5\ndata: half\nda"), &e), ERR_OK);
	buf_reset(&heard);
	sse_reset(&s);
	assert_int_equal(sse_feed(&s, STR("data: b\n\n"), &e), ERR_OK);
	assert_string_equal(buf_cstr(&heard), "message|4|b\n");
	sse_done(&s);
}

static void who_listens_may_stop(void **state)
{
	struct sse s;
	struct err e;
	(void)state;

	sse_init(&s, hear, NULL);
	assert_int_equal(sse_feed(&s, STR("data: stop\n\ndata: b\n\n"), &e), ERR_CONFLICT);
	assert_string_equal(buf_cstr(&heard), "message||stop\n");
	sse_done(&s);
}

static void an_event_without_an_end_is_refused(void **state)
{
	static const char *const pieces[] = { "data: 0123456789", "data: 0123456789\n" };
	(void)state;

	for (size_t i = 0; i < 2; i++) {
		enum err_code code = ERR_OK;
		struct sse s;
		struct err e;

		sse_init(&s, hear, NULL);
		for (size_t n = 0; code == ERR_OK && n < SSE_EVENT_MAX; n++)
			code = sse_feed(&s, str_z(pieces[i]), &e);
		assert_int_equal(code, ERR_TOO_LARGE);
		sse_done(&s);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_event_ends_with_an_empty_line),
		TEST(name_id_and_data_are_told),
		TEST(the_last_id_stays_until_there_is_another),
		TEST(data_of_several_lines_is_joined),
		TEST(every_kind_of_line_end_is_one),
		TEST(comments_unknown_fields_and_events_without_data_are_nothing),
		TEST(a_byte_order_mark_is_passed_over_at_the_beginning_alone),
		TEST(an_event_is_told_with_its_last_byte),
		TEST(of_a_cut_connection_half_an_event_is_forgotten_and_the_id_is_not),
		TEST(who_listens_may_stop),
		TEST(an_event_without_an_end_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
