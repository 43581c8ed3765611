#include "tests/test.h"

#include "agent/work_command.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena a;

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_done(&a);
	return 0;
}

static char **argv_of(const char *command, bool shell)
{
	return work_argv(str_z(command), shell, STR("/t/in/a b"), STR("/t/out"), &a);
}

static void assert_words(char **argv, const char *const *want)
{
	size_t i;

	for (i = 0; want[i]; i++) {
		assert_non_null(argv[i]);
		assert_string_equal(argv[i], want[i]);
	}
	assert_null(argv[i]);
}
#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void a_command_is_split_at_blanks_and_then_filled_in(void **state)
{
	(void)state;
	assert_words(
		argv_of("sort {input} -o {output}/x", false), WORDS("sort", "/t/in/a b", "-o", "/t/out/x"));
	assert_words(argv_of(" \t sort  \v{input}\n", false), WORDS("sort", "/t/in/a b"));
	assert_words(argv_of("{input}", false), WORDS("/t/in/a b"));
	assert_words(argv_of("a", false), WORDS("a"));
}

static void there_are_no_quotes_without_a_shell(void **state)
{
	(void)state;
	assert_words(
		argv_of("echo 'a b' \"$x\" \\ ;|&", false), WORDS("echo", "'a", "b'", "\"$x\"", "\\", ";|&"));
}

static void places_are_replaced_wherever_they_stand_and_once(void **state)
{
	(void)state;
	assert_words(argv_of("x --in={input},{input}{output} {Input} {input {}", false),
		WORDS("x", "--in=/t/in/a b,/t/in/a b/t/out", "{Input}", "{input", "{}"));
	assert_words(work_argv(STR("x {input} {output}"), false, STR("{output}"), STR("{input}"), &a),
		WORDS("x", "{output}", "{input}"));
}

static void a_shell_gets_one_text(void **state)
{
	(void)state;
	assert_words(argv_of("cat {input} > '{output}'/x  && true", true),
		WORDS("/bin/sh", "-c", "cat /t/in/a b > '/t/out'/x  && true"));
}

static void a_command_of_blanks_is_none(void **state)
{
	(void)state;
	assert_null(argv_of("", false)[0]);
	assert_null(argv_of(" \t\n", false)[0]);
	assert_null(argv_of("  ", true)[0]);
	assert_null(argv_of("", true)[0]);
}

/* Views that nothing ends. */
static void nothing_behind_the_command_is_read(void **state)
{
	static const char text[] = { 'a', ' ', '{', 'i', 'n', 'p', 'u', 't', '}' };

	(void)state;
	for (size_t n = 0; n <= sizeof text; n++) {
		char *exact = arena_alloc(&a, n ? n : 1);

		memcpy(exact, text, n);
		work_argv((struct str){ exact, n }, false, STR("i"), STR("o"), &a);
		work_argv((struct str){ exact, n }, true, STR("i"), STR("o"), &a);
	}
	assert_words(
		work_argv((struct str){ text, sizeof text }, false, STR("i"), STR("o"), &a), WORDS("a", "i"));
}

static void assert_name(const char *name, const char *extension, const char *want)
{
	struct str got = work_harmless_name(str_z(name), str_z(extension), &a);

	assert_string_equal(got.p, want);
	assert_int_equal(got.len, strlen(want));
}

static void names_of_samples_become_harmless(void **state)
{
	(void)state;
	assert_name("words.txt", "txt", "words.txt");
	assert_name("words", "txt", "words.txt");
	assert_name("words.TXT", "txt", "words.TXT.txt");
	assert_name("words.txt", "", "words.txt");
	assert_name("", "", "sample");
	assert_name("", "bin", "sample.bin");
	assert_name(".", "", "sample");
	assert_name("..", "", "sample");
	assert_name("..", "txt", "sample.txt");
	assert_name("../../etc/passwd", "", ".._.._etc_passwd");
	assert_name("a b$(c)'d\"e`f;g\n", "t t", "a_b__c__d_e_f_g_.t_t");
	assert_name("\xC3\xA4.txt", "txt", "__.txt");
	assert_name("-rf", "", "-rf");
}

static void a_name_fits_into_a_folder_with_its_extension(void **state)
{
	char name[400];
	struct str got;

	(void)state;
	memset(name, 'x', sizeof name - 1);
	name[sizeof name - 1] = '\0';
	got = work_harmless_name(str_z(name), STR("txt"), &a);
	assert_int_equal(got.len, 255);
	assert_true(str_ends(got, STR("xx.txt")));
	memcpy(name + sizeof name - 5, ".txt", 4);
	got = work_harmless_name(str_z(name), STR("txt"), &a);
	assert_int_equal(got.len, 255);
	assert_true(str_ends(got, STR("xx.txt")));
}

/* The promise that shells rest on: whichever byte a name has, in whichever quotes it stands. */
static void no_byte_of_a_name_means_anything_to_a_shell(void **state)
{
	char all[256], want[600];
	struct str name;
	char **argv;
	FILE *f;
	int ends[2], status;
	pid_t pid;

	(void)state;
	for (int c = 1; c < 256; c++)
		all[c - 1] = (char)c;
	all[255] = '\0';
	name = work_harmless_name(str_z(all), STR(""), &a);
	assert_int_equal(name.len, 255);
	assert_true(work_is_harmless(name));
	argv = work_argv(STR("printf '%s\\n' {input} '{input}' \"{input}\" \"$(echo {input})\""), true, name,
		STR("out"), &a);

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		execv(argv[0], argv);
		_exit(127);
	}
	close(ends[1]);
	f = fdopen(ends[0], "r");
	snprintf(want, sizeof want, "%s\n", name.p);
	for (int i = 0; i < 4; i++) {
		char line[600] = "";

		assert_non_null(fgets(line, sizeof line, f));
		assert_string_equal(line, want);
	}
	fclose(f);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void paths_are_looked_at(void **state)
{
	(void)state;
	assert_true(work_is_harmless(STR("/tmp/sluice-work-aB3/1/in/x+y@z_.txt")));
	assert_true(work_is_harmless(STR("")));
	assert_false(work_is_harmless(STR("/tmp/a b")));
	assert_false(work_is_harmless(STR("/tmp/a'b")));
	assert_false(work_is_harmless(STR("/tmp/\xC3\xA4")));
	assert_false(work_is_harmless((struct str){ "a\0b", 3 }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_command_is_split_at_blanks_and_then_filled_in, set_up, tear_down),
		cmocka_unit_test_setup_teardown(there_are_no_quotes_without_a_shell, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			places_are_replaced_wherever_they_stand_and_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_shell_gets_one_text, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_command_of_blanks_is_none, set_up, tear_down),
		cmocka_unit_test_setup_teardown(nothing_behind_the_command_is_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names_of_samples_become_harmless, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_name_fits_into_a_folder_with_its_extension, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			no_byte_of_a_name_means_anything_to_a_shell, set_up, tear_down),
		cmocka_unit_test_setup_teardown(paths_are_looked_at, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
