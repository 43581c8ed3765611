/* tail: logs over real sockets while they come: who is told, who is cut, and how it ends; and ranges and zstd as a client gets them. */
#include "tests/test.h"

#include "base/diag.h"
#include "base/metric.h"
#include "tests/http/streaming.h"
#include "tests/http/wire.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static int start_serving(void **state)
{
	(void)state;
	serve((struct server_options){ 0 });
	return 0;
}

static void say_get(int fd, int64_t id, const char *rest, const char *headers)
{
	char text[700];

	snprintf(text, sizeof text,
		"GET /api/v1/steps/%lld%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s\r\n",
		(long long)id, rest, fx.admin.p, headers);
	assert_true(say(fd, text));
}

struct events {
	int fd;
	char text[64 * 1024]; /* what came, without the framing of chunks */
	size_t len;
	bool ended; /* by its last chunk */
};

static int follow(struct events *ev, int64_t id, const char *rest, const char *headers)
{
	const struct heard *h;

	ev->fd = dial();
	ev->len = 0;
	ev->text[0] = '\0';
	ev->ended = false;
	say_get(ev->fd, id, rest, headers);
	h = hear_of(ev->fd, false);
	if (h->status == 200) {
		assert_string_equal(said(h, "Content-Type"), "text/event-stream");
		assert_string_equal(said(h, "Transfer-Encoding"), "chunked");
		assert_string_equal(said(h, "Connection"), "close");
	}
	return h->status;
}

static char hear_char(int fd)
{
	char c = '\0';

	assert_int_equal(recv(fd, &c, 1, 0), 1);
	return c;
}

/* One chunk more. */
static void hear_chunk(struct events *ev)
{
	char size[20];
	size_t n = 0, want, got = 0;

	while ((size[n] = hear_char(ev->fd)) != '\n')
		assert_true(++n < sizeof size - 1);
	want = strtoul(size, NULL, 16);
	assert_true(ev->len + want < sizeof ev->text);
	while (got < want) {
		ssize_t k = recv(ev->fd, ev->text + ev->len + got, want - got, 0);

		assert_true(k > 0);
		got += (size_t)k;
	}
	ev->len += want;
	ev->text[ev->len] = '\0';
	assert_int_equal(hear_char(ev->fd), '\r');
	assert_int_equal(hear_char(ev->fd), '\n');
	ev->ended = want == 0;
}

/* Until this has come. */
static void hear_until(struct events *ev, const char *want)
{
	while (!strstr(ev->text, want)) {
		if (ev->ended)
			fail_msg("no \"%s\" in \"%s\"", want, ev->text);
		hear_chunk(ev);
	}
}

/* The ids in their order, like "1 2 3 ". */
static const char *ids_of(const struct events *ev)
{
	static char ids[1000];

	ids[0] = '\0';
	for (const char *p = ev->text; (p = strstr(p, "id: ")); p++)
		snprintf(ids + strlen(ids), 20, "%d ", atoi(p + 4));
	return ids;
}

static void lines_come_as_events_and_the_end_closes_the_connection(void **state)
{
	int64_t id = stream_step("tail");
	static struct events ev;
	(void)state;

	stream_text(id, 0, STR("one\ntwo\n"));
	assert_int_equal(follow(&ev, id, "/tail", ""), 200);
	hear_until(&ev, "\"two\"");
	stream_text(id, 8, STR("three\n"));
	hear_until(&ev, "\"three\"");
	stream_text(id, 14, STR("half"));
	stream_end_of(id, "timed_out");
	hear_until(&ev, "event: end\n");
	while (!ev.ended)
		hear_chunk(&ev);
	assert_true(has_ended(ev.fd));
	assert_string_equal(ids_of(&ev), "1 2 3 4 ");
	assert_non_null(strstr(ev.text, "data: {\"number\":4,"));
	assert_non_null(
		strstr(ev.text, "event: end\ndata: {\"conclusion\":\"timed_out\",\"exit_code\":2}\n\n"));
	close(ev.fd);
}

static void who_comes_back_goes_on_behind_the_last_line_it_has(void **state)
{
	int64_t id = streamed("resume", STR("1\n2\n3\n4\n5\n"));
	static const struct {
		const char *rest, *headers, *ids;
	} cases[] = {
		{ "/tail", "Last-Event-ID: 3\r\n", "4 5 " },
		{ "/tail?from=2", "Last-Event-ID: 4\r\n", "5 " },
		{ "/tail?from=2", "", "2 3 4 5 " },
		{ "/tail", "Last-Event-ID: 0\r\n", "1 2 3 4 5 " },
		{ "/tail", "Last-Event-ID: 5\r\n", "" },
	};
	static struct events ev;
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(follow(&ev, id, cases[i].rest, cases[i].headers), 200);
		hear_until(&ev, "event: end\n");
		assert_string_equal(ids_of(&ev), cases[i].ids);
		close(ev.fd);
	}
	assert_int_equal(follow(&ev, id, "/tail", "Last-Event-ID: x\r\n"), 400);
	close(ev.fd);
}

static void many_follow_one_log_with_one_thread(void **state)
{
	enum { N = 30 };
	static struct events ev[N];
	int64_t id = stream_step("many"), at = 0;
	(void)state;

	stop_serving(NULL);
	serve((struct server_options){ .n_threads = 1 });
	for (int i = 0; i < N; i++)
		assert_int_equal(follow(&ev[i], id, "/tail", ""), 200);
	for (int k = 0; k < 100; k++) {
		char line[40];
		int n = snprintf(line, sizeof line, "line %d\n", k);

		stream_text(id, at, (struct str){ line, (size_t)n });
		at += n;
	}
	stream_end_of(id, "success");
	for (int i = 0; i < N; i++) {
		hear_until(&ev[i], "event: end\n");
		assert_int_equal(strlen(ids_of(&ev[i])), 9 * 2 + 90 * 3 + 4);
		close(ev[i].fd);
	}
}

/* ---- who is refused or cut ---- */

static struct str a_text(void)
{
	static char text[3 * 1024 * 1024];
	size_t n = 0;

	for (int i = 0; n + 100 < sizeof text; i++)
		n += (size_t)snprintf(text + n, 100, "%d line of a larger log, with some words %x\n", i,
			(unsigned)i * 2654435761u);
	return (struct str){ text, n };
}

static void no_more_than_the_bound_follow(void **state)
{
	int64_t id = stream_step("bound");
	struct config *cfg = fixture_config(0, 0);
	static struct events a, b;
	(void)state;

	cfg->tails = 1;
	config_swap(fx.app.config, cfg);
	assert_int_equal(follow(&a, id, "/tail", ""), 200);
	assert_int_equal(follow(&b, id, "/tail", ""), 503);
	close(b.fd);
	stream_end_of(id, "success");
	hear_until(&a, "event: end\n");
	close(a.fd);
	config_swap(fx.app.config, fixture_config(0, 0));
}

/* Its socket fills, the newest pass it, and then its time is over. */
static void who_does_not_read_is_cut_and_keeps_nobody(void **state)
{
	int64_t id = stream_step("stuck"), at = 4, dropped = metric_get(METRIC_TAILS_DROPPED);
	static struct events ev, other;
	struct str text = a_text();
	int small = 4096;
	(void)state;

	stream_text(id, 0, STR("one\n"));
	assert_int_equal(follow(&ev, id, "/tail", ""), 200);
	setsockopt(ev.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
	hear_until(&ev, "\"one\"");
	while (text.len > 0) {
		struct str piece = { text.p, text.len < 900000 ? text.len : 900000 };

		stream_text(id, at, piece);
		at += (int64_t)piece.len;
		text = str_from(text, piece.len);
	}
	stream_text(id, at, STR("the last\n"));
	assert_int_equal(follow(&other, id, "/tail", ""), 200);
	hear_until(&other, "\"the last\"");
	atomic_fetch_add(&fx.steady, 20000);
	while (metric_get(METRIC_TAILS_DROPPED) == dropped) /* the keeper looks every second */
		poll(NULL, 0, 10);
	while (metric_get(METRIC_TAILS) > 1) /* and its place is free */
		poll(NULL, 0, 1);
	close(ev.fd);
	stream_end_of(id, "success");
	hear_until(&other, "event: end\n");
	close(other.fd);
}

static void who_leaves_is_forgotten(void **state)
{
	int64_t id = stream_step("leaves"), at = 0;
	struct config *cfg = fixture_config(0, 0);
	static struct events ev;
	int status = 503;
	(void)state;

	cfg->tails = 1;
	config_swap(fx.app.config, cfg);
	assert_int_equal(follow(&ev, id, "/tail", ""), 200);
	close(ev.fd);
	while (status == 503) { /* it is found out when something is sent; the test's own time ends this */
		stream_text(id, at, STR("a line\n"));
		at += 7;
		status = follow(&ev, id, "/tail", "");
		close(ev.fd);
	}
	assert_int_equal(status, 200);
	config_swap(fx.app.config, fixture_config(0, 0));
}

/* It is looked at every few seconds: an answer may last for hours. */
static void who_may_not_any_more_is_cut_and_hears_nothing_of_what_comes(void **state)
{
	int64_t id = stream_step("revoked");
	struct str admin = fx.admin;
	static struct events ev;
	char rest[4096];
	size_t heard = 0;
	ssize_t n;
	(void)state;

	fx.admin = token_with(SCOPE_BIT(SCOPE_LOGS_READ), ROLE_ADMIN);
	stream_text(id, 0, STR("one\n"));
	assert_int_equal(follow(&ev, id, "/tail", ""), 200);
	hear_until(&ev, "\"one\"");
	AUTO_ANSWER gone = ask((struct ask){
		.method = "DELETE", .target = "/api/v1/auth/tokens/current", .token = fx.admin.p });
	fx.admin = admin;
	assert_int_equal(gone.status, 204);
	atomic_fetch_add(&fx.steady, 5000);
	stream_text(id, 4, STR("a secret of later\n"));
	while (heard < sizeof rest - 1 && (n = recv(ev.fd, rest + heard, sizeof rest - 1 - heard, 0)) > 0)
		heard += (size_t)n;
	rest[heard] = '\0';
	assert_null(strstr(rest, "later"));
	close(ev.fd);
	stream_end_of(id, "success");
}

/* ---- the end of the server ---- */

static void *drain(void *arg)
{
	(void)arg;
	server_drain(server, PATIENCE_S);
	return NULL;
}

static void draining_ends_those_who_follow_at_once(void **state)
{
	int64_t id = stream_step("drained");
	static struct events ev[5];
	pthread_t t;
	(void)state;

	stream_text(id, 0, STR("one\n"));
	for (int i = 0; i < 5; i++) {
		assert_int_equal(follow(&ev[i], id, "/tail", ""), 200);
		hear_until(&ev[i], "\"one\"");
	}
	pthread_create(&t, NULL, drain, NULL);
	for (int i = 0; i < 5; i++) {
		while (!ev[i].ended)
			hear_chunk(&ev[i]);
		assert_true(has_ended(ev[i].fd));
		assert_null(strstr(ev[i].text, "event: end"));
		close(ev[i].fd);
	}
	pthread_join(t, NULL);
}

static void stopping_without_draining_leaves_nobody_suspended(void **state)
{
	static struct events ev[5];
	(void)state;

	for (int round = 0; round < 5; round++) {
		int64_t id = stream_step("stopped");

		for (int i = 0; i < 5; i++)
			assert_int_equal(follow(&ev[i], id, "/tail", ""), 200);
		stop_serving(NULL);
		for (int i = 0; i < 5; i++)
			close(ev[i].fd);
		start_serving(NULL);
	}
}

/* ---- the text, as it goes over the wire ---- */

static void hear_body(int fd, char *out, size_t n)
{
	assert_int_equal(recv(fd, out, n, MSG_WAITALL), n);
}

static void a_log_is_sent_whole_in_pieces_and_its_head_alone_on_one_connection(void **state)
{
	struct str text = a_text();
	int64_t id = streamed("wire", text);
	char length[30], *got = mem_alloc(text.len);
	int fd;
	(void)state;

	fd = dial();
	snprintf(length, sizeof length, "%zu", text.len);
	for (int i = 0; i < 3; i++) {
		const struct heard *h;
		char head[300];

		say_get(fd, id, "/log", "");
		h = hear_of(fd, false);
		assert_int_equal(h->status, 200);
		assert_string_equal(said(h, "Content-Length"), length);
		hear_body(fd, got, text.len);
		assert_memory_equal(got, text.p, text.len);
		say_get(fd, id, "/log", "Range: bytes=1000000-1999999\r\n");
		h = hear_of(fd, false);
		assert_int_equal(h->status, 206);
		assert_string_equal(said(h, "Content-Length"), "1000000");
		hear_body(fd, got, 1000000);
		assert_memory_equal(got, text.p + 1000000, 1000000);
		snprintf(head, sizeof head,
			"HEAD /api/v1/steps/%lld/log HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n",
			(long long)id, fx.admin.p);
		say(fd, head);
		h = hear_of(fd, false);
		assert_int_equal(h->status, 200);
		assert_string_equal(said(h, "Content-Length"), length);
	}
	close(fd);
	free(got);
}

static void who_leaves_in_the_middle_of_a_log_is_no_trouble(void **state)
{
	int64_t id = streamed("left", a_text());
	int fd;
	(void)state;

	for (int i = 0; i < 50; i++) {
		fd = dial();
		say_get(fd, id, "/log", i % 2 ? "Accept-Encoding: zstd\r\n" : "");
		assert_int_equal(hear_of(fd, false)->status, 200);
		close(fd);
	}
	fd = dial();
	say_get(fd, id, "", "");
	assert_int_equal(hear(fd)->status, 200);
	close(fd);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, start_serving, stop_serving)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(lines_come_as_events_and_the_end_closes_the_connection),
		TEST(who_comes_back_goes_on_behind_the_last_line_it_has),
		TEST(many_follow_one_log_with_one_thread),
		TEST(no_more_than_the_bound_follow),
		TEST(who_does_not_read_is_cut_and_keeps_nobody),
		TEST(who_leaves_is_forgotten),
		TEST(who_may_not_any_more_is_cut_and_hears_nothing_of_what_comes),
		TEST(draining_ends_those_who_follow_at_once),
		TEST(stopping_without_draining_leaves_nobody_suspended),
		TEST(a_log_is_sent_whole_in_pieces_and_its_head_alone_on_one_connection),
		TEST(who_leaves_in_the_middle_of_a_log_is_no_trouble),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC));
	return cmocka_run_group_tests(tests, wire_up, fixture_down);
}
