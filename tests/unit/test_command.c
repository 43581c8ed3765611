#include "tests/test.h"

#include "base/command.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ARGS_MAX 20

static struct {
	bool all;
	const char *name;
	int64_t count;
	struct opt_many many;
} got;

static const struct opt opts[] = {
	{ "all", 'a', OPT_FLAG, NULL, "everything", &got.all },
	{ "name", 'n', OPT_STRING, "NAME", "what it is called", &got.name },
	{ "count", 0, OPT_INT, "N", "how many", &got.count },
	{ "many", 'm', OPT_MANY, "X", "one of them", &got.many },
	{ 0 },
};

static struct command_usage usage = {
	.name = "thing do", .synopsis = "[OPTIONS] WHAT", .prose = "Does a thing.", .opts = opts
};

static char *args[ARGS_MAX + 1];
static int n_args, exit_code;
static char out[10000], err[10000];

static int forget(void **state)
{
	(void)state;
	free(got.many.values);
	memset(&got, 0, sizeof got);
	usage.stop_at_operand = false;
	return 0;
}

/* What is heard on both is left in out and err. */
static enum command_go read_args(const char *const *words)
{
	enum command_go go;

	args[0] = (char *)"do";
	for (n_args = 1; words[n_args - 1]; n_args++)
		args[n_args] = (char *)words[n_args - 1];
	args[n_args] = NULL;
	exit_code = -1;
	place_listen(2);
	go = command_options(&usage, &n_args, args, &exit_code);
	snprintf(err, sizeof err, "%s", place_heard());
	return go;
}

#define READ(...) read_args((const char *const[]){ __VA_ARGS__, NULL })

static void assert_operands(const char *const *words)
{
	int n = 0;

	for (; words[n]; n++)
		assert_string_equal(args[n], words[n]);
	assert_int_equal(n_args, n);
	assert_null(args[n]);
}

#define OPERANDS(...) assert_operands((const char *const[]){ __VA_ARGS__, NULL })

static void options_are_found_in_every_spelling(void **state)
{
	(void)state;
	assert_int_equal(
		READ("--all", "--name", "x", "--count=-5", "-m1", "-m", "2", "--many=3"), COMMAND_GO);
	assert_true(got.all);
	assert_string_equal(got.name, "x");
	assert_int_equal(got.count, -5);
	assert_int_equal(got.many.n, 3);
	assert_string_equal(got.many.values[0], "1");
	assert_string_equal(got.many.values[1], "2");
	assert_string_equal(got.many.values[2], "3");
	assert_int_equal(n_args, 0);
	assert_null(args[0]);
}

static void a_value_may_be_empty_or_look_like_an_option(void **state)
{
	(void)state;
	assert_int_equal(READ("--name="), COMMAND_GO);
	assert_string_equal(got.name, "");
	assert_int_equal(READ("--name", "--all"), COMMAND_GO);
	assert_string_equal(got.name, "--all");
	assert_false(got.all);
	assert_int_equal(READ("--name=a=b"), COMMAND_GO);
	assert_string_equal(got.name, "a=b");
	assert_int_equal(READ("-n", ""), COMMAND_GO);
	assert_string_equal(got.name, "");
}

static void operands_may_stand_between_options(void **state)
{
	(void)state;
	assert_int_equal(READ("one", "-a", "-", "--name", "x", "", "two"), COMMAND_GO);
	OPERANDS("one", "-", "", "two");
	assert_true(got.all);
}

static void two_dashes_end_the_options(void **state)
{
	(void)state;
	assert_int_equal(READ("one", "--", "--all", "--", "-x"), COMMAND_GO);
	OPERANDS("one", "--all", "--", "-x");
	assert_false(got.all);
	assert_int_equal(READ("--"), COMMAND_GO);
	assert_int_equal(n_args, 0);
}

/* As `sluice run` needs it: what is behind belongs to the command. */
static void options_may_end_at_the_first_operand(void **state)
{
	(void)state;
	usage.stop_at_operand = true;
	assert_int_equal(READ("-a", "make", "--name", "x", "--", "--help", "--nonsense"), COMMAND_GO);
	OPERANDS("make", "--name", "x", "--", "--help", "--nonsense");
	assert_true(got.all);
	assert_null(got.name);
	assert_int_equal(READ("--", "bash", "-e"), COMMAND_GO);
	OPERANDS("bash", "-e");
}

static void a_wrong_option_is_one_line_that_names_it(void **state)
{
	static const struct {
		const char *words[3], *says;
	} wrong[] = {
		{ { "--nope" }, "there is no option --nope" },
		{ { "--nope=secret" }, "there is no option --nope;" },
		{ { "-z" }, "there is no option -z" },
		{ { "--al" }, "there is no option --al" },
		{ { "--=x" }, "there is no option --;" },
		{ { "--name" }, "--name needs a value: --name NAME" },
		{ { "-n" }, "--name needs a value" },
		{ { "--all=yes" }, "--all takes no value" },
		{ { "-ax" }, "--all takes no value" },
		{ { "--help=x" }, "--help takes no value" },
		{ { "--count", "12x" }, "--count needs a whole number, not \"12x\"" },
		{ { "--count=" }, "--count needs a whole number" },
		{ { "--count=9223372036854775808" }, "--count needs a whole number" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(read_args(wrong[i].words), COMMAND_DONE);
		assert_int_equal(exit_code, err_exit(ERR_INVALID));
		assert_int_equal(strncmp(err, "sluice thing do: ", 17), 0);
		if (!strstr(err, wrong[i].says))
			fail_msg("%s", err);
		assert_non_null(strstr(err, "; see `sluice thing do --help`\n"));
		assert_int_equal(strcspn(err, "\n") + 1, strlen(err));
	}
}

static void help_shows_every_option_of_the_table(void **state)
{
	(void)state;
	place_listen(1);
	assert_int_equal(command_options(&usage, &(int){ 2 }, (char *[]){ (char *)"do", (char *)"-h", NULL },
				 &exit_code),
		COMMAND_DONE);
	snprintf(out, sizeof out, "%s", place_heard());
	assert_int_equal(exit_code, 0);
	assert_string_equal(out, "usage: sluice thing do [OPTIONS] WHAT\n\nDoes a thing.\n\noptions:\n"
				 "  -a, --all        everything\n"
				 "  -n, --name NAME  what it is called\n"
				 "      --count N    how many\n"
				 "  -m, --many X     one of them (may be given many times)\n"
				 "  -h, --help       print this\n");
}

static void help_that_cannot_be_written_is_a_failure(void **state)
{
	int before, full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	(void)state;

	fflush(stdout);
	before = dup(1);
	dup2(full, 1);
	command_options(&usage, &(int){ 2 }, (char *[]){ (char *)"do", (char *)"--help", NULL }, &exit_code);
	dup2(before, 1);
	close(before);
	close(full);
	clearerr(stdout);
	assert_int_equal(exit_code, err_exit(ERR_STORAGE));
}

static const char *said(const char *text)
{
	place_listen(2);
	command_say("run", "%s", text);
	snprintf(err, sizeof err, "%s", place_heard());
	return err;
}

static void control_characters_of_others_are_shown(void **state)
{
	(void)state;
	assert_string_equal(said("a\x1b[2J\r\n\t\x7f"
				 "b"),
		"sluice run: a\\x1b[2J\\x0d\\x0a\\x09\\x7fb\n");
	/* C1: as a character, and as the byte that it is in other encodings. */
	assert_string_equal(said("\xC2\x9b"
				 "31m \x9b"
				 "31m"),
		"sluice run: \\x9b31m \\x9b31m\n");
	assert_string_equal(said("r\xC3\xA9sum\xC3\xA9 \xF0\x9F\x92\xA5"),
		"sluice run: r\xC3\xA9sum\xC3\xA9 \xF0\x9F\x92\xA5\n");
	assert_string_equal(said("cut \xC3"), "sluice run: cut \\xc3\n");
}

static void a_message_of_any_length_is_one_bounded_line(void **state)
{
	static char longer[5000];
	(void)state;

	memset(longer, '\n', sizeof longer - 1);
	said(longer);
	assert_int_equal(strcspn(err, "\n") + 1, strlen(err));
	assert_true(strlen(err) > 7000);
	assert_true(strlen(err) < 9000);
}

static void a_failure_is_said_and_gives_its_exit_code(void **state)
{
	struct err e;
	(void)state;

	err_set(&e, ERR_NOT_FOUND, "no repo \x1b");
	place_listen(2);
	exit_code = command_fail("repo", &e);
	assert_string_equal(place_heard(), "sluice repo: no repo \\x1b\n");
	assert_int_equal(exit_code, err_exit(ERR_NOT_FOUND));
}

static void no_colours_where_no_terminal_is(void **state)
{
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	(void)state;

	assert_false(command_colour(fd));
	close(fd);
}

static void colours_on_a_terminal_unless_it_is_told_otherwise(void **state)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	(void)state;

	if (fd < 0)
		skip();
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(command_colour(fd));
	setenv("NO_COLOR", "", 1);
	assert_true(command_colour(fd));
	setenv("NO_COLOR", "1", 1);
	assert_false(command_colour(fd));
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(command_colour(fd));
	unsetenv("TERM");
	assert_false(command_colour(fd));
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forget, forget)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(options_are_found_in_every_spelling),
		TEST(a_value_may_be_empty_or_look_like_an_option),
		TEST(operands_may_stand_between_options),
		TEST(two_dashes_end_the_options),
		TEST(options_may_end_at_the_first_operand),
		TEST(a_wrong_option_is_one_line_that_names_it),
		TEST(help_shows_every_option_of_the_table),
		TEST(help_that_cannot_be_written_is_a_failure),
		TEST(control_characters_of_others_are_shown),
		TEST(a_message_of_any_length_is_one_bounded_line),
		TEST(a_failure_is_said_and_gives_its_exit_code),
		TEST(no_colours_where_no_terminal_is),
		TEST(colours_on_a_terminal_unless_it_is_told_otherwise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
