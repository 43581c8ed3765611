/* wire: the listener over real sockets: who is kept, who is cut, and that whoever is refused hears why. */
#include "tests/test.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/metric.h"
#include "tests/http/wire.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

/* --- connections */

static void a_connection_serves_one_request_after_another(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	for (int i = 0; i < 20; i++) {
		say_post(fd, "make");
		assert_int_equal(hear(fd)->status, 204);
		say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_string_equal(hear(fd)->body, "{\"status\":\"ok\"}");
	}
	close(fd);
}

static void requests_that_come_all_at_once_are_answered_in_their_order(void **state)
{
	char name[40];
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof name, "step %d", i);
		say_post(fd, name);
		say(fd, "GET /nosuch HTTP/1.1\r\nHost: x\r\n\r\n");
		say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	}
	for (int i = 0; i < 30; i++) {
		assert_int_equal(hear(fd)->status, 204);
		assert_int_equal(hear(fd)->status, 404);
		assert_int_equal(hear(fd)->status, 200);
	}
	close(fd);
}

static void head_is_answered_without_a_body(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear_of(fd, false)->status, 200);
	assert_int_equal(hear(fd)->status, 200);
	close(fd);
}

static void who_asks_for_close_is_closed(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_int_equal(hear(fd)->status, 200);
	assert_true(has_ended(fd));
	close(fd);
}

/* --- bodies */

static void a_client_that_expects_100_is_told_to_continue(void **state)
{
	static const char body[] = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
				   "\",\"run_id\":7,\"step_name\":\"m\",\"log_tail\":\"x\"}";
	char length[60];
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
	say(fd, POST_HEAD "Expect: 100-continue\r\n");
	say(fd, length);
	assert_int_equal(hear(fd)->status, 100);
	say(fd, body);
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
}

static void a_length_over_the_limit_is_413_in_place_of_100(void **state)
{
	const struct heard *h;
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, POST_HEAD "Expect: 100-continue\r\nContent-Length: 65537\r\n\r\n");
	h = hear(fd);
	assert_int_equal(h->status, 413);
	assert_non_null(strstr(h->body, "payload_too_large"));
	assert_string_equal(said(h, "Connection"), "close");
	assert_int_equal(strlen(said(h, "X-Request-Id")), 16);
	assert_string_not_equal(said(h, "Date"), "");
	assert_true(has_ended(fd));
	close(fd);
}

static void without_a_good_token_the_answer_comes_before_the_body(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, POST_LINE "Content-Length: 60000\r\n\r\n");
	assert_int_equal(hear(fd)->status, 401);
	assert_true(has_ended(fd));
	close(fd);
}

/* A browser or a library sends its whole body first and looks for an answer then: no reset may have eaten it.
 */
static void who_sends_on_after_a_refusal_still_hears_it(void **state)
{
	static char megabyte[1000 * 1000];
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	for (int i = 0; i < 20; i++) {
		fd = dial();
		say(fd, POST_HEAD "Content-Length: 1000000\r\n\r\n");
		say_bytes(fd, megabyte, sizeof megabyte);
		assert_int_equal(hear(fd)->status, 413);
		assert_true(has_ended(fd));
		close(fd);
	}
}

static void chunks_that_pass_the_limit_are_413_at_once(void **state)
{
	static char chunk[0x4000 + 8];
	const struct heard *h;
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	memset(chunk, 'x', sizeof chunk);
	memcpy(chunk, "4000\r\n", 6);
	memcpy(chunk + sizeof chunk - 2, "\r\n", 2);
	for (int i = 0; i < 20; i++) {
		fd = dial();
		say(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n");
		for (int k = 0; k < 5; k++)
			say_bytes(fd, chunk, sizeof chunk);
		h = hear(fd); /* and there never was a last chunk */
		assert_int_equal(h->status, 413);
		assert_non_null(strstr(h->body, "65536 bytes"));
		assert_true(has_ended(fd));
		close(fd);
	}
}

static void an_endless_body_is_hung_up_on(void **state)
{
	static char chunk[0x4000 + 8];
	size_t sent = 0;
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	memset(chunk, 'x', sizeof chunk);
	memcpy(chunk, "4000\r\n", 6);
	memcpy(chunk + sizeof chunk - 2, "\r\n", 2);
	fd = dial();
	say(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	while (sent < 64 << 20 && say_bytes(fd, chunk, sizeof chunk))
		sent += sizeof chunk;
	assert_true(sent < 64 << 20);
	close(fd);
}

static void chunks_within_the_limit_are_a_body(void **state)
{
	static const char body[] = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
				   "\",\"run_id\":7,\"step_name\":\"m\",\"log_tail\":\"x\"}";
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, POST_HEAD "Transfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < strlen(body); i += 7) {
		char piece[20];
		size_t n = strlen(body + i) < 7 ? strlen(body + i) : 7;

		snprintf(piece, sizeof piece, "%zx\r\n%.*s\r\n", n, (int)n, body + i);
		say(fd, piece);
	}
	say(fd, "0\r\n\r\n");
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
}

static void a_body_with_a_get_or_a_delete_is_413_and_the_server_does_not_hang(void **state)
{
	static const char *const heads[] = {
		"GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"DELETE /nosuch HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"GET /healthz HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
		"HEAD /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
		"BREW /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
	};
	static const int want[] = { 413, 404, 413, 413, 405 };
	(void)state;

	serve((struct server_options){ 0 });
	for (int i = 0; i < 5; i++) {
		int fd = dial();

		say(fd, heads[i]);
		assert_int_equal(hear_of(fd, i != 3)->status, want[i]);
		assert_true(has_ended(fd));
		close(fd);
	}
}

static void a_message_that_ends_in_two_ways_is_refused_and_what_follows_is_not_read(void **state)
{
	static const char *const framing[] = { "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
		"Content-Length: 4\r\nContent-Length: 5\r\n", "Content-Length: 4\r\nContent-Length: 4\r\n",
		"Transfer-Encoding: gzip, chunked\r\n", "Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" };
	(void)state;

	serve((struct server_options){ 0 });
	for (size_t i = 0; i < sizeof framing / sizeof framing[0]; i++) {
		int fd = dial();

		say(fd, POST_HEAD);
		say(fd, framing[i]);
		say(fd, "\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(hear(fd)->status, 400);
		assert_true(has_ended(fd));
		close(fd);
	}
}

/* --- slow ones */

static void headers_that_drip_are_cut_however_they_drip(void **state)
{
	static const char *const beginnings[] = { "G",
		"GET /healthz HTTP/1.1\r\nX-Drip: ", "POST /internal/ci-log HTTP/1.1\r\n" };
	int64_t before = metric_get(METRIC_HTTP_CUT);
	int fds[3];
	(void)state;

	serve((struct server_options){ .header_timeout_s = 1 });
	for (int i = 0; i < 3; i++) {
		fds[i] = dial();
		say(fds[i], beginnings[i]);
	}
	for (int i = 0; i < 3; i++) {
		struct pollfd p = { .fd = fds[i], .events = POLLIN };
		int n = 0;

		/* A byte now and then: never idle, never done. */
		while (poll(&p, 1, 100) == 0 && n++ < PATIENCE_S * 10)
			say(fds[i], "x");
		assert_true(is_gone(fds[i]));
		close(fds[i]);
	}
	assert_true(metric_get(METRIC_HTTP_CUT) >= before + 3);
}

static void headers_that_drip_after_an_earlier_request_are_cut_too(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fd, n = 0;
	(void)state;

	serve((struct server_options){ .header_timeout_s = 1 });
	p.fd = fd = dial();
	say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(fd)->status, 200);
	while (poll(&p, 1, 100) == 0 && n++ < PATIENCE_S * 10)
		say(fd, "x");
	assert_true(is_gone(fd));
	close(fd);
}

static void a_body_that_drips_is_cut(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fd, n = 0;
	(void)state;

	serve((struct server_options){ .body_timeout_s = 1 });
	p.fd = fd = dial();
	say(fd, POST_HEAD "Content-Length: 60000\r\n\r\n");
	while (poll(&p, 1, 100) == 0 && n++ < PATIENCE_S * 10)
		say(fd, "x");
	assert_true(is_gone(fd));
	close(fd);
}

static void a_connection_that_says_nothing_is_idle_and_not_cut_for_its_headers(void **state)
{
	struct pollfd p = { .events = POLLIN };
	int fresh, used;
	(void)state;

	serve((struct server_options){ .header_timeout_s = 1, .idle_timeout_s = 60 });
	fresh = dial();
	used = dial();
	say(used, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(used)->status, 200);
	p.fd = fresh;
	assert_int_equal(poll(&p, 1, 3500), 0); /* three passes of the sweeper */
	say(fresh, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(fresh)->status, 200);
	say(used, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(used)->status, 200);
	close(fresh);
	close(used);
}

static void an_idle_connection_ends_when_its_time_is_over(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ .idle_timeout_s = 1 });
	fd = dial();
	say(fd, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(fd)->status, 200);
	assert_true(is_gone(fd));
	close(fd);
}

static void a_thousand_idle_connections_do_not_keep_others_from_posting(void **state)
{
	enum { N = 1000 };
	static int fds[N];
	struct rlimit r;
	int fd;
	(void)state;

	getrlimit(RLIMIT_NOFILE, &r);
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
	serve((struct server_options){ 0 });
	for (int i = 0; i < N; i++) {
		fds[i] = dial();
		assert_true(fds[i] >= 0);
	}
	fd = dial();
	for (int i = 0; i < 50; i++) {
		say_post(fd, "make");
		assert_int_equal(hear(fd)->status, 204);
	}
	for (int i = 0; i < N; i += 100) {
		say(fds[i], "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(hear(fds[i])->status, 200);
	}
	for (int i = 0; i < N; i++)
		close(fds[i]);
	close(fd);
}

/* --- hostile ones */

static void what_is_no_http_ends_the_connection_and_not_the_server(void **state)
{
	static const char *const junk[] = { "\x16\x03\x01\x02", "GET\r\n\r\n", "\r\n\r\n\r\n",
		"GET / HTTP/9.9\r\n\r\n", "GET /\r\n\r\n",
		"POST /internal/ci-log HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"POST /internal/ci-log HTTP/1.1\r\nContent-Length: x\r\n\r\n",
		POST_HEAD "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
		POST_HEAD "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
		"GET /healthz HTTP/1.1\r\nno colon\r\n\r\n", POST_HEAD "Content-Length: 1000\r\n\r\n{",
		"GET /heal" };
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	for (size_t i = 0; i < sizeof junk / sizeof junk[0]; i++) {
		fd = dial();
		say(fd, junk[i]);
		shutdown(fd, SHUT_WR);
		while (recv(fd, &(char){ 0 }, 1, 0) > 0)
			;
		close(fd);
	}
	fd = dial();
	say_post(fd, "make");
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
}

static void headers_and_paths_that_are_too_long_are_refused(void **state)
{
	static char text[80000];
	static const char *const before[] = { "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: ", "GET /",
		"GET /healthz?" };
	(void)state;

	serve((struct server_options){ 0 });
	memset(text, 'x', sizeof text - 1);
	for (int i = 0; i < 3; i++) {
		const struct heard *h;
		int fd = dial();

		say(fd, before[i]);
		say(fd, text);
		say(fd, i ? " HTTP/1.1\r\nHost: x\r\n\r\n" : "\r\n\r\n");
		h = hear(fd);
		assert_true(h->status == 413 || h->status == 414 || h->status == 431 || h->status <= 0);
		close(fd);
	}
}

static void who_leaves_while_we_work_is_no_trouble(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	for (int i = 0; i < 200; i++) {
		struct linger reset = { .l_onoff = 1 };

		fd = dial();
		say_post(fd, "make");
		if (i % 2)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
		close(fd);
	}
	fd = dial();
	say_post(fd, "make");
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
}

static void the_path_and_query_arrive_as_they_were_sent(void **state)
{
	const struct heard *h;
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, "GET /internal%2Fci-log HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(fd)->status, 404);
	say(fd, "GET /healthz?a%3Db=%26&c HTTP/1.1\r\nHost: x\r\n\r\n");
	h = hear(fd);
	assert_int_equal(h->status, 400);
	assert_non_null(strstr(h->body, "\"a=b\""));
	assert_non_null(strstr(h->body, "\"c\""));
	close(fd);
}

static void a_peer_on_loopback_reads_the_metrics(void **state)
{
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear(fd)->status, 200);
	say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.1\r\n\r\n");
	assert_int_equal(hear(fd)->status, 401);
	close(fd);
}

/* --- many at once */

static void *post_many(void *arg)
{
	int fd = dial();
	(void)arg;

	for (int i = 0; i < 50; i++) {
		char body[300], head[100];
		char c[4096];

		snprintf(body, sizeof body,
			"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
			"\",\"run_id\":%d,\"step_name\":\"m\",\"log_tail\":\"boom\"}",
			i);
		snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", strlen(body));
		if (!say(fd, POST_HEAD) || !say(fd, head) || !say(fd, body) ||
			recv(fd, c, sizeof c, 0) < 12 || memcmp(c, "HTTP/1.1 204", 12) != 0)
			return (void *)1;
	}
	close(fd);
	return NULL;
}

static void many_clients_at_once_are_each_answered_after_their_commit(void **state)
{
	pthread_t threads[16];
	int64_t before = metric_get(METRIC_POSTS);
	(void)state;

	serve((struct server_options){ .n_threads = 4 });
	for (int i = 0; i < 16; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, post_many, NULL), 0);
	for (int i = 0; i < 16; i++) {
		void *failed;

		pthread_join(threads[i], &failed);
		assert_null(failed);
	}
	assert_int_equal(metric_get(METRIC_POSTS) - before, 16 * 50);
}

static void one_thread_is_enough(void **state)
{
	int a, b;
	(void)state;

	serve((struct server_options){ .n_threads = 1 });
	a = dial();
	b = dial();
	say(a, POST_HEAD "Content-Length: 100\r\n\r\n"); /* waits for its body, and keeps nobody */
	say_post(b, "make");
	assert_int_equal(hear(b)->status, 204);
	close(a);
	close(b);
}

/* --- the end */

static void *drain(void *arg)
{
	(void)arg;
	server_drain(server, PATIENCE_S);
	return NULL;
}

static void draining_answers_what_is_under_way_and_accepts_nobody_new(void **state)
{
	static const char body[] = "{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
				   "\",\"run_id\":7,\"step_name\":\"m\",\"log_tail\":\"x\"}";
	const struct heard *h;
	char length[60];
	pthread_t t;
	int fd, other;
	(void)state;

	serve((struct server_options){ 0 });
	fd = dial();
	snprintf(length, sizeof length, "Content-Length: %zu\r\n\r\n", strlen(body));
	say(fd, POST_HEAD "Expect: 100-continue\r\n");
	say(fd, length);
	assert_int_equal(hear(fd)->status, 100); /* it is under way */
	pthread_create(&t, NULL, drain, NULL);
	for (int i = 0; (other = dial()) >= 0 && i < 1000; i++) {
		close(other);
		poll(NULL, 0, 10);
	}
	assert_true(other < 0);
	say(fd, body);
	h = hear(fd);
	assert_int_equal(h->status, 204);
	assert_string_equal(said(h, "Connection"), "close");
	pthread_join(t, NULL);
	close(fd);
}

static void stopping_without_draining_leaves_nothing_suspended(void **state)
{
	int fds[20];
	(void)state;

	for (int round = 0; round < 5; round++) {
		serve((struct server_options){ 0 });
		for (int i = 0; i < 20; i++) {
			fds[i] = dial();
			say_post(fds[i], "make");
		}
		stop_serving(NULL);
		for (int i = 0; i < 20; i++)
			close(fds[i]);
	}
}

/* --- files */

#define PROGRAM "sluice-run-linux-x86_64"
#define LARGE (24 * 1024 * 1024)

static const char *program_path(void)
{
	static char path[200];

	snprintf(path, sizeof path, "%s/" PROGRAM, fx.folder);
	return path;
}

/* Larger than a reply in memory may be. */
static void put_program(void)
{
	uint32_t x = 1;
	struct err e;
	char *p = mem_alloc(LARGE);

	for (size_t i = 0; i < LARGE; i++)
		p[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
	assert_int_equal(file_write_atomic(program_path(), (struct str){ p, LARGE }, 0644, &e), ERR_OK);
	free(p);
}

static void a_file_of_any_size_is_sent_as_it_is_and_the_connection_stays(void **state)
{
	char *got = mem_alloc(LARGE);
	struct err e;
	int fd;
	AUTO_BUF want;
	(void)state;

	buf_init(&want, LARGE);
	put_program();
	assert_int_equal(file_read(program_path(), LARGE, &want, &e), ERR_OK);
	serve((struct server_options){ 0 });
	fd = dial();
	for (int i = 0; i < 3; i++) {
		const struct heard *h;

		say(fd, "HEAD /dl/" PROGRAM " HTTP/1.1\r\nHost: x\r\n\r\n");
		h = hear_of(fd, false);
		assert_int_equal(h->status, 200);
		assert_string_equal(said(h, "Content-Length"), "25165824");
		say(fd, "GET /dl/" PROGRAM " HTTP/1.1\r\nHost: x\r\n\r\n");
		h = hear_of(fd, false);
		assert_int_equal(h->status, 200);
		assert_string_equal(said(h, "Content-Length"), "25165824");
		assert_int_equal(recv(fd, got, LARGE, MSG_WAITALL), LARGE);
		assert_memory_equal(got, want.p, LARGE);
	}
	say_post(fd, "make");
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
	free(got);
}

static int n_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void who_leaves_in_the_middle_of_a_file_leaves_no_descriptor_behind(void **state)
{
	int before, fd;
	(void)state;

	put_program();
	serve((struct server_options){ 0 });
	before = n_descriptors();
	for (int i = 0; i < 50; i++) {
		fd = dial();
		say(fd, "GET /dl/" PROGRAM " HTTP/1.1\r\nHost: x\r\n\r\n");
		assert_int_equal(hear_of(fd, false)->status, 200);
		close(fd);
	}
	while (n_descriptors() > before) /* the last ones are being noticed; the test's own time ends this */
		poll(NULL, 0, 1);
}

static void a_file_that_shrinks_while_it_is_sent_never_looks_whole(void **state)
{
	char piece[4096];
	size_t n = 0;
	ssize_t got;
	int fd, small = 16 * 1024;
	(void)state;

	put_program();
	serve((struct server_options){ .body_timeout_s = 1 }); /* the sweeper's */
	fd = dial();
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small); /* most of it is not sent yet */
	say(fd, "GET /dl/" PROGRAM " HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(hear_of(fd, false)->status, 200);
	assert_int_equal(truncate(program_path(), 1024 * 1024), 0);
	while ((got = recv(fd, piece, sizeof piece, 0)) > 0)
		n += (size_t)got;
	assert_int_equal(got, 0);
	assert_true(n < LARGE);
	close(fd);
}

/* --- addresses */

static void an_address_in_use_is_an_error_that_names_the_setting(void **state)
{
	struct server *second = NULL;
	struct err e;
	int fd;
	(void)state;

	serve((struct server_options){ 0 });
	assert_int_equal(server_start(&(struct server_options){ .listen = server_address(server) }, &fx.app,
				 &second, &e),
		ERR_CONFIG);
	assert_non_null(strstr(e.text, "server.listen"));
	assert_non_null(strstr(e.text, "another program listens"));
	fd = dial();
	say_post(fd, "make"); /* the one that was there first is none the worse */
	assert_int_equal(hear(fd)->status, 204);
	close(fd);
}

static void an_address_that_is_none_is_an_error_that_names_the_setting(void **state)
{
	static const char *const bad[] = { "", ":", "127.0.0.1", "127.0.0.1:", ":80", "127.0.0.1:65536",
		"127.0.0.1:-1", "127.0.0.1:http", "localhost:80", "::1:80", "[::1]", "[::1:80", "[]:80",
		"[127.0.0.1]:80", "256.0.0.1:80", "127.0.0.1:80 " };
	struct server *s = NULL;
	struct err e;
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(server_start(&(struct server_options){ .listen = bad[i] }, &fx.app, &s, &e),
			ERR_CONFIG);
		assert_non_null(strstr(e.text, "server.listen"));
	}
}

static void ipv6_is_listened_on_with_its_address_in_brackets(void **state)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)state;

	if (fd < 0 || bind(fd, (struct sockaddr *)&sa, sizeof sa) != 0)
		skip(); /* a machine without IPv6 */
	close(fd);
	serve((struct server_options){ .listen = "[::1]:0" });
	assert_int_equal(strncmp(server_address(server), "[::1]:", 6), 0);
	fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sa.sin6_port = htons((uint16_t)server_port(server));
	assert_int_equal(connect(fd, (struct sockaddr *)&sa, sizeof sa), 0);
	say(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"); /* loopback, here too */
	assert_int_equal(hear(fd)->status, 200);
	close(fd);
}

#define WIRE(t) cmocka_unit_test_teardown(t, stop_serving)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		WIRE(a_connection_serves_one_request_after_another),
		WIRE(requests_that_come_all_at_once_are_answered_in_their_order),
		WIRE(head_is_answered_without_a_body),
		WIRE(who_asks_for_close_is_closed),
		WIRE(a_client_that_expects_100_is_told_to_continue),
		WIRE(a_length_over_the_limit_is_413_in_place_of_100),
		WIRE(without_a_good_token_the_answer_comes_before_the_body),
		WIRE(who_sends_on_after_a_refusal_still_hears_it),
		WIRE(chunks_that_pass_the_limit_are_413_at_once),
		WIRE(an_endless_body_is_hung_up_on),
		WIRE(chunks_within_the_limit_are_a_body),
		WIRE(a_body_with_a_get_or_a_delete_is_413_and_the_server_does_not_hang),
		WIRE(a_message_that_ends_in_two_ways_is_refused_and_what_follows_is_not_read),
		WIRE(headers_that_drip_are_cut_however_they_drip),
		WIRE(headers_that_drip_after_an_earlier_request_are_cut_too),
		WIRE(a_body_that_drips_is_cut),
		WIRE(a_connection_that_says_nothing_is_idle_and_not_cut_for_its_headers),
		WIRE(an_idle_connection_ends_when_its_time_is_over),
		WIRE(a_thousand_idle_connections_do_not_keep_others_from_posting),
		WIRE(what_is_no_http_ends_the_connection_and_not_the_server),
		WIRE(headers_and_paths_that_are_too_long_are_refused),
		WIRE(who_leaves_while_we_work_is_no_trouble),
		WIRE(the_path_and_query_arrive_as_they_were_sent),
		WIRE(a_peer_on_loopback_reads_the_metrics),
		WIRE(many_clients_at_once_are_each_answered_after_their_commit),
		WIRE(one_thread_is_enough),
		WIRE(draining_answers_what_is_under_way_and_accepts_nobody_new),
		WIRE(stopping_without_draining_leaves_nothing_suspended),
		WIRE(a_file_of_any_size_is_sent_as_it_is_and_the_connection_stays),
		WIRE(who_leaves_in_the_middle_of_a_file_leaves_no_descriptor_behind),
		WIRE(a_file_that_shrinks_while_it_is_sent_never_looks_whole),
		WIRE(an_address_in_use_is_an_error_that_names_the_setting),
		WIRE(an_address_that_is_none_is_an_error_that_names_the_setting),
		WIRE(ipv6_is_listened_on_with_its_address_in_brackets),
	};

	diag_set_fd(open("/dev/null", O_WRONLY | O_CLOEXEC)); /* these tests make many errors */
	return cmocka_run_group_tests(tests, wire_up, fixture_down);
}
