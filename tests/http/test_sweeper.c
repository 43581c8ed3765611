/* sweeper: who is cut, by a clock that the test moves. */
#include "tests/test.h"

#include "http/sweeper.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define BODY_MS 60000

static atomic_llong steady;

static int64_t wall_now(void *arg)
{
	(void)arg;
	return 0;
}

static int64_t steady_now(void *arg)
{
	(void)arg;
	return atomic_load(&steady);
}

static const struct clock fake = { wall_now, steady_now, NULL };
static const struct sweeper_options options = { .clock = &fake, .header_ms = 10000, .body_ms = BODY_MS };

struct pair {
	int ours, theirs;
	struct watch watch;
	struct sweeper *s;
};

static void begin_with(struct pair *p, int ours, int theirs)
{
	struct err e;

	*p = (struct pair){ .ours = ours, .theirs = theirs };
	assert_int_equal(sweeper_start(&options, &p->s, &e), ERR_OK);
	sweeper_watch(p->s, &p->watch, p->ours);
}

static void begin(struct pair *p)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	begin_with(p, fds[0], fds[1]);
}

/* Over TCP, where the kernel counts. */
static void begin_tcp(struct pair *p)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof sa;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int theirs = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listener, (struct sockaddr *)&sa, sizeof sa), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(connect(theirs, (struct sockaddr *)&sa, sizeof sa), 0);
	begin_with(p, accept4(listener, NULL, NULL, SOCK_CLOEXEC), theirs);
	close(listener);
}

static void end(struct pair *p)
{
	sweeper_forget(p->s, &p->watch, false);
	sweeper_stop(p->s);
	close(p->ours);
	close(p->theirs);
}

static void later(struct pair *p, int64_t ms)
{
	atomic_fetch_add(&steady, ms);
	sweeper_pass(p->s);
}

static bool is_cut(const struct pair *p)
{
	return poll(&(struct pollfd){ .fd = p->theirs, .events = POLLIN }, 1, 0) == 1;
}

static void a_body_has_its_time_and_no_more(void **state)
{
	struct pair p;
	(void)state;

	begin(&p);
	watch_phase(&p.watch, WATCH_BODY);
	later(&p, 0);
	for (int s = 0; s < BODY_MS / 1000; s++)
		later(&p, 1000);
	assert_false(is_cut(&p));
	later(&p, 1000);
	assert_true(is_cut(&p));
	end(&p);
}

/* n bytes of a reply; back when the peer has them all and has said so. */
static void send_and_take(struct pair *p, size_t n)
{
	char piece[8192] = "";
	struct tcp_info info;
	socklen_t len = sizeof info;
	ssize_t got;

	for (size_t left = n; left > 0; left -= (size_t)got) {
		got = send(p->ours, piece, left < sizeof piece ? left : sizeof piece, MSG_NOSIGNAL);
		assert_true(got > 0);
		assert_int_equal(recv(p->theirs, piece, (size_t)got, MSG_WAITALL), got);
	}
	do { /* the acknowledgement may be late by a moment, and the kernel tells when it is there */
		assert_int_equal(getsockopt(p->ours, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	} while (info.tcpi_unacked > 0);
}

static void a_long_reply_has_its_time_for_each_mebibyte(void **state)
{
	struct pair p;
	(void)state;

	begin_tcp(&p);
	watch_phase(&p.watch, WATCH_REPLY);
	later(&p, 0);
	for (int i = 0; i < 5; i++) {
		send_and_take(&p, 1024 * 1024);
		for (int s = 0; s < BODY_MS / 1000; s++)
			later(&p, 1000);
		assert_false(is_cut(&p));
	}
	send_and_take(&p, 100 * 1024); /* too little for another minute */
	for (int s = 0; s < BODY_MS / 1000 + 1; s++)
		later(&p, 1000);
	assert_true(is_cut(&p));
	end(&p);
}

static void while_we_work_on_it_a_connection_is_left_alone(void **state)
{
	struct pair p;
	(void)state;

	begin(&p);
	watch_phase(&p.watch, WATCH_BUSY);
	for (int s = 0; s < 3 * BODY_MS / 1000; s++)
		later(&p, 1000);
	assert_false(is_cut(&p));
	end(&p);
}

static void a_machine_that_slept_holds_it_against_nobody(void **state)
{
	struct pair p;
	(void)state;

	begin(&p);
	watch_phase(&p.watch, WATCH_BODY);
	later(&p, 0);
	later(&p, INT64_C(8) * 3600 * 1000);
	assert_false(is_cut(&p));
	for (int s = 0; s < BODY_MS / 1000; s++)
		later(&p, 1000);
	assert_true(is_cut(&p));
	end(&p);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_has_its_time_and_no_more),
		cmocka_unit_test(a_long_reply_has_its_time_for_each_mebibyte),
		cmocka_unit_test(while_we_work_on_it_a_connection_is_left_alone),
		cmocka_unit_test(a_machine_that_slept_holds_it_against_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
