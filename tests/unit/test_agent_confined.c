#include "tests/test.h"

#include "agent/confined.h"
#include "base/arena.h"
#include "base/buf.h"
#include "tests/unit/help/place.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (INT64_C(1024) * 1024)
#define PATH "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

#define FOR_EVER "while :; do sleep 1000; done"

static struct buf out; /* what was passed on by the last run */
static struct confined_end end;
static struct confined_limits limits;
static struct confined_command command;
static int stop_fd;
static void (*on_output)(void);
static char *plain_env[] = { (char *)PATH, NULL };

static int set_up(void **state)
{
	buf_init(&out, 64 * 1024 * 1024);
	end = (struct confined_end){ 0 };
	limits = (struct confined_limits){ 0 };
	command = (struct confined_command){ .env = plain_env };
	stop_fd = -1;
	on_output = NULL;
	return place_make(state);
}

static int tear_down(void **state)
{
	buf_done(&out);
	return place_remove(state);
}

static void add(void *arg, struct str bytes)
{
	buf_str(arg, bytes);
	if (on_output)
		on_output();
}

static enum err_code try_run(char *const *argv, struct err *e)
{
	struct confined_sink sink = { add, &out };

	command.argv = argv;
	buf_reset(&out);
	return confined_run(&command, &limits, stop_fd, &sink, &end, e);
}

static void run(char *const *argv)
{
	struct err e = { 0 };

	if (try_run(argv, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_false(end.left_behind);
}

#define RUN(...) run((char *const[]){ __VA_ARGS__, NULL })
#define SH(text) RUN("sh", "-c", text)

static void assert_out(const char *want)
{
	assert_string_equal(buf_cstr(&out), want);
}

static void assert_in_out(const char *want)
{
	if (!strstr(buf_cstr(&out), want))
		fail_msg("no \"%s\" in: %s", want, buf_cstr(&out));
}

/* ---- what the command has ---- */

static void stdout_and_stderr_come_in_the_order_in_which_they_were_written(void **state)
{
	(void)state;
	SH("echo one; echo two >&2; echo three; echo four >&2");
	assert_out("one\ntwo\nthree\nfour\n");
	assert_int_equal(end.exit_code, 0);
}

static void stdin_is_empty(void **state)
{
	(void)state;
	RUN("cat");
	assert_int_equal(end.exit_code, 0);
	assert_out("");
}

static void a_file_is_its_stdin_and_cannot_be_written_through_it(void **state)
{
	const struct str bytes = STR("one\n$(touch pwned) `two`\0\"three");
	(void)state;

	place_put("input", bytes);
	command.input = "input";
	RUN("cat");
	assert_true(str_eq(buf_view(&out), bytes));
	SH("echo more >&0 2>/dev/null || echo refused");
	assert_in_out("refused");
	place_get("input", &out);
	assert_true(str_ends(buf_view(&out), bytes));
}

static void an_input_that_is_not_there_is_an_error(void **state)
{
	struct err e;
	(void)state;

	command.input = "missing";
	assert_int_equal(try_run((char *const[]){ (char *)"cat", NULL }, &e), ERR_STORAGE);
	assert_non_null(strstr(e.text, "missing"));
}

static void an_end_is_told_in_words(void **state)
{
	(void)state;
	confined_describe(&(struct confined_end){ .exit_code = 1 }, 1500, &out);
	assert_out("");
	confined_describe(&(struct confined_end){ .timed_out = true, .signal = SIGTERM, .dropped_bytes = 7 },
		1500, &out);
	assert_out("timed out after 1.5 s; 7 bytes of what it printed are over the limit and not kept");
	buf_reset(&out);
	confined_describe(&(struct confined_end){ .signal = SIGSEGV, .left_behind = true }, 0, &out);
	assert_out("killed by signal 11 (SIGSEGV); something that it started could not be ended");
}

static void the_environment_is_what_was_given_and_nothing_else(void **state)
{
	char *env[] = { (char *)"A=1", (char *)PATH, (char *)"B=two words", NULL };
	(void)state;

	command.env = env;
	RUN("env");
	assert_out("A=1\n" PATH "\nB=two words\n");
}

static void it_works_in_its_folder(void **state)
{
	(void)state;
	place_put("below/file", STR("x"));
	command.folder = "below";
	RUN("ls");
	assert_out("file\n");
}

static void no_descriptor_of_ours_is_its(void **state)
{
	int low = open("/dev/null", O_RDONLY), high = fcntl(low, F_DUPFD, 200);
	(void)state;

	SH("for i in $(seq 3 300); do [ -e /proc/$$/fd/$i ] && echo $i; done; echo end");
	assert_out("end\n");
	close(low);
	close(high);
}

static void it_has_a_session_and_a_group_of_its_own(void **state)
{
	int pid, parent, group, session;
	(void)state;

	RUN("cat", "/proc/self/stat");
	assert_int_equal(sscanf(buf_cstr(&out), "%d (cat) R %d %d %d", &pid, &parent, &group, &session), 4);
	assert_int_equal(group, pid);
	assert_int_equal(session, pid);
	assert_int_not_equal(parent, getpid());
}

/* The first two of real time are the C library's: sigaction(2) refuses them, and posix_spawn(3) leaves them ignored, so that this test may have inherited that. */
#define LIBC_SIGNALS (UINT64_C(3) << 31)

static uint64_t ignored(void)
{
	const char *line = strstr(buf_cstr(&out), "SigIgn:\t");

	assert_non_null(line);
	return strtoull(line + strlen("SigIgn:\t"), NULL, 16);
}

static void signals_are_as_at_the_beginning_of_the_world(void **state)
{
	sigset_t set, before;
	(void)state;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &set, &before);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_IGN);
	RUN("cat", "/proc/self/status");
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	assert_int_equal(end.exit_code, 0);
	assert_in_out("SigBlk:\t0000000000000000\n");
	assert_int_equal(ignored() & ~LIBC_SIGNALS, 0);
}

/* ---- how it ends ---- */

static void the_exit_code_is_that_of_the_command(void **state)
{
	(void)state;
	SH("exit 7");
	assert_int_equal(end.exit_code, 7);
	assert_int_equal(end.signal, 0);
	assert_false(end.timed_out || end.stopped);
}

static void a_signal_is_128_and_its_number(void **state)
{
	(void)state;
	SH("kill -SEGV $$");
	assert_int_equal(end.exit_code, 128 + SIGSEGV);
	assert_int_equal(end.signal, SIGSEGV);
}

static void what_is_not_found_is_127_and_said(void **state)
{
	(void)state;
	RUN("no-such-command");
	assert_int_equal(end.exit_code, 127);
	assert_out("sluice: no-such-command: command not found\n");
	RUN("./no/such");
	assert_int_equal(end.exit_code, 127);
	RUN("");
	assert_int_equal(end.exit_code, 127);
}

static void what_cannot_be_executed_is_126_and_said(void **state)
{
	(void)state;
	place_put("data", STR("x"));
	RUN("./data");
	assert_int_equal(end.exit_code, 126);
	assert_out("sluice: ./data: Permission denied\n");
	RUN("/tmp");
	assert_int_equal(end.exit_code, 126);
}

static void a_folder_that_is_not_there_is_126_and_said(void **state)
{
	(void)state;
	command.folder = "nowhere";
	RUN("true");
	assert_int_equal(end.exit_code, 126);
	assert_out("sluice: cannot work in nowhere: No such file or directory\n");
}

static void put_script(const char *path, const char *text)
{
	place_put(path, str_z(text));
	assert_int_equal(chmod(path, 0700), 0);
}

static void the_command_is_looked_up_in_the_path_that_it_is_given(void **state)
{
	char *env[] = { (char *)"PATH=/nowhere:first:second::/bin", NULL };
	(void)state;

	put_script("second/thing", "#!/bin/sh\necho second\n");
	place_put("first/thing", STR("not executable"));
	put_script("here", "#!/bin/sh\necho here\n");
	command.env = env;
	RUN("thing");
	assert_out("second\n");
	RUN("here");
	assert_out("here\n");
	env[0] = (char *)"PATH=first";
	RUN("thing");
	assert_int_equal(end.exit_code, 126);
	env[0] = NULL;
	RUN("true");
	assert_int_equal(end.exit_code, 0);
}

static void a_script_without_its_interpreter_is_for_sh(void **state)
{
	(void)state;
	put_script("script", "echo \"$1-$2\"\n");
	RUN("./script", "a b", "c");
	assert_out("a b-c\n");
}

static void time_and_memory_are_measured(void **state)
{
	(void)state;
	RUN("dd", "if=/dev/zero", "of=/dev/null", "bs=200M", "count=1");
	assert_int_equal(end.exit_code, 0);
	assert_true(end.max_rss_bytes > 190 * MIB);
	assert_true(end.max_rss_bytes < 4096 * MIB);
	assert_true(end.runtime_ms >= 0 && end.runtime_ms < 120000);
}

/* ---- limits ---- */

static void assert_limit(const char *name, const char *soft, const char *hard)
{
	char have[2][32];
	const char *line = strstr(buf_cstr(&out), name);

	assert_non_null(line);
	assert_int_equal(sscanf(line + strlen(name), "%31s %31s", have[0], have[1]), 2);
	assert_string_equal(have[0], soft);
	assert_string_equal(have[1], hard);
}

static void limits_are_set_for_the_command_and_not_for_us(void **state)
{
	struct rlimit ours;
	(void)state;

	limits = (struct confined_limits){
		.memory_bytes = 1024 * MIB, .file_bytes = 5000, .cpu_s = 100, .n_processes = 4000
	};
	RUN("cat", "/proc/self/limits");
	assert_limit("Max address space", "1073741824", "1073741824");
	assert_limit("Max file size", "5000", "5000");
	assert_limit("Max cpu time", "100", "102");
	assert_limit("Max processes", "4000", "4000");
	assert_limit("Max core file size", "0", "0");
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &ours), 0);
	assert_true(ours.rlim_cur > 5000);
}

static void a_limit_of_ours_that_is_stricter_stays(void **state)
{
	struct rlimit before, ours;
	(void)state;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	ours = (struct rlimit){ .rlim_cur = (rlim_t)MIB, .rlim_max = before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &ours), 0);
	RUN("cat", "/proc/self/limits");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_in_out("Max file size             1048576 ");
}

static void memory_beyond_the_limit_is_not_given(void **state)
{
	(void)state;
	limits.memory_bytes = 100 * MIB;
	RUN("dd", "if=/dev/zero", "of=/dev/null", "bs=300M", "count=1");
	assert_int_equal(end.exit_code, 1);
	assert_in_out("memory");
}

static void a_file_over_the_limit_ends_the_command(void **state)
{
	struct stat st;
	(void)state;

	limits.file_bytes = 100000;
	SH("exec head -c 1000000 /dev/zero >file");
	assert_int_equal(end.signal, SIGXFSZ);
	assert_int_equal(stat("file", &st), 0);
	assert_int_equal(st.st_size, 100000);
}

static void cpu_over_the_limit_ends_the_command(void **state)
{
	(void)state;
	limits.cpu_s = 1;
	SH("while :; do :; done");
	assert_int_equal(end.exit_code, 128 + SIGXCPU);
	assert_false(end.timed_out);
}

static void a_hundred_megabytes_are_not_waited_for_and_only_the_limit_is_passed_on(void **state)
{
	(void)state;
	limits.output_bytes = 100001;
	SH("head -c 104857600 /dev/zero && exit 3");
	assert_int_equal(end.exit_code, 3);
	assert_int_equal(out.len, 100001);
	assert_int_equal(end.dropped_bytes, 104857600 - 100001);
}

static void output_of_just_the_limit_is_whole(void **state)
{
	(void)state;
	limits.output_bytes = 6;
	SH("printf 'abc'; printf 'def' >&2");
	assert_out("abcdef");
	assert_int_equal(end.dropped_bytes, 0);
}

static void a_closed_stdout_is_no_end(void **state)
{
	(void)state;
	SH("echo before; exec >&- 2>&-; exit 4");
	assert_out("before\n");
	assert_int_equal(end.exit_code, 4);
}

/* ---- time, and being told to stop ---- */

static void when_its_time_is_up_it_is_asked_to_end(void **state)
{
	(void)state;
	limits.timeout_ms = 20;
	limits.kill_grace_ms = 60000;
	SH("sleep 1000; echo not this");
	assert_int_equal(end.exit_code, 128 + SIGTERM);
	assert_true(end.timed_out);
	assert_false(end.stopped);
	assert_out("");
	assert_true(end.runtime_ms >= 20);
}

static void without_grace_nobody_is_asked(void **state)
{
	(void)state;
	limits.timeout_ms = 20;
	SH("trap 'echo asked; exit' TERM; while :; do sleep 1000; done");
	assert_int_equal(end.signal, SIGKILL);
	assert_out("");
}

static void one_that_is_stopped_ends_too(void **state)
{
	(void)state;
	limits.timeout_ms = 20;
	limits.kill_grace_ms = 60000;
	SH("kill -STOP $$");
	assert_int_equal(end.signal, SIGTERM);
}

static void stop_now(void)
{
	if (eventfd_write(stop_fd, 1) != 0)
		abort();
}

static void told_to_stop_it_may_end_in_its_own_way(void **state)
{
	(void)state;
	stop_fd = eventfd(0, EFD_CLOEXEC);
	on_output = stop_now;
	limits.kill_grace_ms = 60000;
	SH("trap 'echo bye; exit 3' TERM; echo ready; while :; do :; done"); /* with a sleep the trap may come too late for it */
	assert_out("ready\nbye\n");
	assert_int_equal(end.exit_code, 3);
	assert_true(end.stopped);
	assert_false(end.timed_out);
	close(stop_fd);
}

static void who_does_not_end_when_asked_is_killed(void **state)
{
	(void)state;
	stop_fd = eventfd(0, EFD_CLOEXEC);
	on_output = stop_now;
	limits.kill_grace_ms = 20;
	SH("trap '' TERM; echo ready; " FOR_EVER);
	assert_int_equal(end.signal, SIGKILL);
	assert_true(end.stopped);
	close(stop_fd);
}

static void told_to_stop_before_it_began_it_ends(void **state)
{
	(void)state;
	stop_fd = eventfd(1, EFD_CLOEXEC);
	SH(FOR_EVER);
	assert_true(end.stopped);
	assert_int_equal(end.signal, SIGKILL);
	close(stop_fd);
}

static void told_to_stop_by_the_end_of_a_pipe(void **state)
{
	int ends[2];
	(void)state;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	close(ends[1]);
	stop_fd = ends[0];
	SH(FOR_EVER);
	assert_true(end.stopped);
	close(ends[0]);
}

/* ---- nothing is left ---- */

/* Three processes that have left the group, the session and in part their parent, that do not end when asked, and hold `held` open; then "there". */
#define STRAYS                                                                                               \
	"mkfifo ready; exec 8<>ready; (setsid sh stray &); setsid sh -c 'sh stray & sh stray & wait' & "     \
	"read x <&8; read x <&8; read x <&8; echo there; "

static int held, go;

static void prepare_strays(void)
{
	place_put("stray", STR("exec 9>held; trap '' TERM HUP INT; echo >ready; " FOR_EVER "\n"));
	assert_int_equal(mkfifo("held", 0600), 0);
	assert_int_equal(mkfifo("go", 0600), 0);
	held = open("held", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	go = open("go", O_RDWR | O_CLOEXEC);
	assert_true(held >= 0 && go >= 0);
}

/* Without a writer a read is at the end, with one it would have to wait. */
static bool is_held(void)
{
	char byte;

	return read(held, &byte, 1) < 0 && errno == EAGAIN;
}

static bool was_held;

static void see_whether_it_is_held(void)
{
	was_held = is_held();
	if (stop_fd >= 0)
		stop_now();
	else if (write(go, "\n", 1) != 1)
		abort();
}

static void forget_strays(void)
{
	close(held);
	close(go);
	unlink("held");
	unlink("go");
	unlink("ready");
}

static void assert_strays_came_and_went(void)
{
	assert_true(was_held);
	assert_false(is_held());
	forget_strays();
}

static void what_left_the_group_is_gone_when_the_command_has_ended(void **state)
{
	(void)state;
	prepare_strays();
	on_output = see_whether_it_is_held;
	SH(STRAYS "read x <go; exit 5");
	assert_strays_came_and_went();
	assert_int_equal(end.exit_code, 5);
}

static void what_left_the_group_is_gone_when_it_was_told_to_stop(void **state)
{
	(void)state;
	for (int with_grace = 0; with_grace < 2; with_grace++) {
		prepare_strays();
		stop_fd = eventfd(0, EFD_CLOEXEC);
		on_output = see_whether_it_is_held;
		limits.kill_grace_ms = with_grace ? 60000 : 0;
		SH(STRAYS FOR_EVER);
		assert_strays_came_and_went();
		assert_true(end.stopped);
		assert_int_equal(end.signal, with_grace ? SIGTERM : SIGKILL);
		close(stop_fd);
	}
}

static void what_the_command_did_not_wait_for_in_its_group_is_gone(void **state)
{
	(void)state;
	prepare_strays();
	on_output = see_whether_it_is_held;
	SH("mkfifo ready; exec 8<>ready; sh stray & read x <&8; echo there; read x <go");
	assert_strays_came_and_went();
}

static int told[2]; /* by a worker that is going to be killed: its command is on its way */

static void tell(void)
{
	if (write(told[1], "x", 1) != 1)
		abort();
}

static void when_the_worker_is_killed_everything_goes(void **state)
{
	char byte;
	pid_t worker;
	(void)state;

	prepare_strays();
	assert_int_equal(pipe2(told, O_CLOEXEC), 0);
	on_output = tell;
	worker = fork();
	if (worker == 0) {
		SH(STRAYS "exec 9>held; " FOR_EVER);
		_exit(0);
	}
	assert_int_equal(read(told[0], &byte, 1), 1);
	assert_true(is_held());
	kill(worker, SIGKILL);
	assert_int_equal(waitpid(worker, NULL, 0), worker);
	assert_int_equal(fcntl(held, F_SETFL, 0), 0);
	assert_int_equal(read(held, &byte, 1), 0); /* waits for as long as anybody holds it */
	forget_strays();
	close(told[0]);
	close(told[1]);
}

static void a_command_that_kills_its_warden_dies_and_that_is_an_error(void **state)
{
	struct err e;
	char byte;
	(void)state;

	prepare_strays();
	assert_int_equal(fcntl(held, F_SETFL, 0), 0);
	assert_int_equal(try_run((char *const[]){ (char *)"sh", (char *)"-c",
					 (char *)"exec 9>held; kill -9 $PPID; read x <held", NULL },
				 &e),
		ERR_UNAVAILABLE);
	assert_int_equal(read(held, &byte, 1), 0); /* waits for as long as it lives */
	forget_strays();
}

static void no_child_and_no_descriptor_of_it_stays_with_us(void **state)
{
	size_t n_before = place_n_files("/proc/self/fd");
	struct err e;
	(void)state;

	SH("exit 1");
	RUN("no-such-command");
	command.folder = "nowhere";
	RUN("true");
	command.folder = NULL;
	limits.timeout_ms = 10;
	SH(FOR_EVER);
	limits.timeout_ms = 0;
	assert_int_equal(try_run((char *const[]){ (char *)"sh", (char *)"-c",
					 (char *)"kill -9 $PPID; while :; do :; done", NULL },
				 &e),
		ERR_UNAVAILABLE);
	assert_int_equal(place_n_files("/proc/self/fd"), n_before);
	assert_int_equal(waitpid(-1, NULL, 0), -1);
	assert_int_equal(errno, ECHILD);
}

static void without_descriptors_nothing_is_run_and_that_is_an_error(void **state)
{
	size_t n_before = place_n_files("/proc/self/fd");
	struct rlimit before, few;
	struct err e = { 0 };
	(void)state;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (rlim_t n = 3; n < 14; n++) {
		enum err_code code;

		few = (struct rlimit){ .rlim_cur = n, .rlim_max = before.rlim_max };
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		code = try_run((char *const[]){ (char *)"touch", (char *)"it", NULL }, &e);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
		if (code == ERR_OK)
			break;
		assert_int_equal(code, ERR_UNAVAILABLE);
		assert_int_not_equal(access("it", F_OK), 0);
		assert_int_equal(place_n_files("/proc/self/fd"), n_before);
	}
}

/* ---- several at once ---- */

static void *run_another(void *arg)
{
	char *const argv[] = { (char *)"sh", (char *)"-c", (char *)"echo >here; read x <on; exit 6", NULL };
	struct confined_command c = { .argv = argv, .env = plain_env };
	struct confined_limits none = { 0 };
	struct confined_sink sink = { add, arg };
	struct confined_end its;
	struct err e;

	return confined_run(&c, &none, -1, &sink, &its, &e) == ERR_OK && its.exit_code == 6 ? arg : NULL;
}

static void what_runs_at_the_same_time_is_not_harmed(void **state)
{
	struct buf others;
	pthread_t thread;
	void *good;
	char line[8];
	int here, on;
	(void)state;

	buf_init(&others, 1000);
	prepare_strays();
	assert_int_equal(mkfifo("here", 0600), 0);
	assert_int_equal(mkfifo("on", 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, run_another, &others), 0);
	here = open("here", O_RDONLY | O_CLOEXEC);
	assert_int_equal(read(here, line, sizeof line), 1);
	on_output = see_whether_it_is_held;
	SH(STRAYS "read x <go; exit 5");
	assert_int_equal(end.exit_code, 5);
	assert_strays_came_and_went();
	on = open("on", O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(on, "\n", 1), 1);
	assert_int_equal(pthread_join(thread, &good), 0);
	assert_non_null(good);
	close(here);
	close(on);
	buf_done(&others);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(stdout_and_stderr_come_in_the_order_in_which_they_were_written),
		TEST(stdin_is_empty),
		TEST(a_file_is_its_stdin_and_cannot_be_written_through_it),
		TEST(an_input_that_is_not_there_is_an_error),
		TEST(an_end_is_told_in_words),
		TEST(the_environment_is_what_was_given_and_nothing_else),
		TEST(it_works_in_its_folder),
		TEST(no_descriptor_of_ours_is_its),
		TEST(it_has_a_session_and_a_group_of_its_own),
		TEST(signals_are_as_at_the_beginning_of_the_world),
		TEST(the_exit_code_is_that_of_the_command),
		TEST(a_signal_is_128_and_its_number),
		TEST(what_is_not_found_is_127_and_said),
		TEST(what_cannot_be_executed_is_126_and_said),
		TEST(a_folder_that_is_not_there_is_126_and_said),
		TEST(the_command_is_looked_up_in_the_path_that_it_is_given),
		TEST(a_script_without_its_interpreter_is_for_sh),
		TEST(time_and_memory_are_measured),
		TEST(limits_are_set_for_the_command_and_not_for_us),
		TEST(a_limit_of_ours_that_is_stricter_stays),
		TEST(memory_beyond_the_limit_is_not_given),
		TEST(a_file_over_the_limit_ends_the_command),
		TEST(cpu_over_the_limit_ends_the_command),
		TEST(a_hundred_megabytes_are_not_waited_for_and_only_the_limit_is_passed_on),
		TEST(output_of_just_the_limit_is_whole),
		TEST(a_closed_stdout_is_no_end),
		TEST(when_its_time_is_up_it_is_asked_to_end),
		TEST(without_grace_nobody_is_asked),
		TEST(one_that_is_stopped_ends_too),
		TEST(told_to_stop_it_may_end_in_its_own_way),
		TEST(who_does_not_end_when_asked_is_killed),
		TEST(told_to_stop_before_it_began_it_ends),
		TEST(told_to_stop_by_the_end_of_a_pipe),
		TEST(what_left_the_group_is_gone_when_the_command_has_ended),
		TEST(what_left_the_group_is_gone_when_it_was_told_to_stop),
		TEST(what_the_command_did_not_wait_for_in_its_group_is_gone),
		TEST(when_the_worker_is_killed_everything_goes),
		TEST(a_command_that_kills_its_warden_dies_and_that_is_an_error),
		TEST(no_child_and_no_descriptor_of_it_stays_with_us),
		TEST(without_descriptors_nothing_is_run_and_that_is_an_error),
		TEST(what_runs_at_the_same_time_is_not_harmed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
