#include "tests/test.h"

#include "agent/body.h"
#include "agent/step_name.h"
#include "tests/unit/help/place.h"

#include <string.h>

static struct arena arena;

static int set_up(void **state)
{
	arena_init(&arena);
	return place_make(state);
}

static int tear_down(void **state)
{
	arena_done(&arena);
	return place_remove(state);
}

#define ENV(...) ((char *const[]){ __VA_ARGS__, NULL })

static const char *step_flag;
static int64_t index_flag = -1;
static size_t shown;

static struct step_facts find(char *const *env, char *const *command)
{
	struct flags flags = FLAGS_NONE;
	struct step_facts facts = { 0 };

	flags.step = step_flag;
	flags.step_index = index_flag;
	shown = step_name_find(env, &flags, command, &arena, &facts);
	step_flag = NULL;
	index_flag = -1;
	return facts;
}

#define assert_step(env, command, name, index)                                                               \
	do {                                                                                                 \
		struct step_facts f_ = find(env, command);                                                   \
		assert_string_equal(arena_cstr(&arena, f_.step_name), name);                                 \
		assert_int_equal(f_.step_index, index);                                                      \
	} while (0)

/* What a runner makes of `shell: sluice run -- bash -e {0}`. */
static char *const *shell(const char *file, struct str script)
{
	char **command = arena_array(&arena, 4, sizeof *command);

	place_put(file, script);
	command[0] = arena_cstr(&arena, STR("bash"));
	command[1] = arena_cstr(&arena, STR("-e"));
	command[2] = arena_cstr(&arena, arena_fmt(&arena, "%s/%s", place_path, file));
	return command;
}

/* Forgejo's and Gitea's runner: .../workflow/INDEX, and an empty first line. */
static void a_step_of_forgejo_is_called_by_its_first_line_and_its_index(void **state)
{
	char *const *command = shell("workflow/3", STR("\nmake -j2 check\necho done\n\n"));
	(void)state;

	assert_step(ENV("FORGEJO_ACTIONS=true", "FORGEJO_ACTION=3", "GITHUB_ACTION=3"), command,
		"Run make -j2 check", 3);
	assert_int_equal(shown, STEP_NAME_MADE);
	assert_step(ENV("GITEA_ACTIONS=true", "GITHUB_ACTION=0"), command, "Run make -j2 check", 0);
}

static void a_step_of_github_is_counted_among_the_unnamed_scripts(void **state)
{
	char *const *command = shell("_temp/6c0e5b0e-24bc-4a6e-a1ec-86aa30b9b2b7", STR("make\r\n"));
	(void)state;

	assert_step(ENV("GITHUB_ACTION=__run"), command, "Run make", 1);
	assert_step(ENV("GITHUB_ACTION=__run_2"), command, "Run make", 2);
	assert_step(ENV("GITHUB_ACTION=__run_x"), command, "Run make", -1);
	assert_step(ENV("GITHUB_ACTION=__run_-2"), command, "Run make", -1);
	assert_step(ENV("GITHUB_ACTION=__acme_widget"), command, "Run make", -1);
}

static void an_id_that_the_author_gave_is_the_name(void **state)
{
	(void)state;
	assert_step(ENV("GITHUB_ACTION=compile"), shell("workflow/compile", STR("make\n")), "compile", -1);
	assert_int_equal(shown, STEP_NAME_GIVEN);
	assert_step(ENV("GITHUB_ACTION=compile"), NULL, "compile", -1);
}

static void flags_go_over_the_environment_over_what_is_found(void **state)
{
	char *const *command = shell("workflow/3", STR("make\n"));
	(void)state;

	step_flag = "Build";
	index_flag = 8;
	assert_step(ENV("SLUICE_STEP=env", "GITHUB_ACTION=3"), command, "Build", 8);
	assert_step(ENV("SLUICE_STEP=env", "GITHUB_ACTION=3"), command, "env", 3);
	step_flag = "";
	assert_step(ENV("SLUICE_STEP=", "GITHUB_ACTION=3"), command, "Run make", 3);
}

/* There the index would be that of every call in the script, and their logs would replace each other. */
static void inside_a_script_the_steps_index_is_not_ours(void **state)
{
	char *const *env = ENV("GITHUB_ACTION=3");
	(void)state;

	assert_step(env, ENV("make", "test"), "make test", -1);
	assert_step(env, ENV("/usr/bin/make"), "make", -1);
	assert_step(env, NULL, "log", -1);
}

static void a_file_that_is_worked_on_is_no_script(void **state)
{
	char *const *env = ENV("GITHUB_ACTION=3");
	(void)state;

	assert_step(env, shell("src/main.c", STR("#include <stdio.h>\n")),
		arena_fmt(&arena, "bash -e %s/src/main.c", place_path).p, -1);
	assert_step(env,
		shell("out/program", STR("\x7f"
					 "ELF\0\0")),
		arena_fmt(&arena, "bash -e %s/out/program", place_path).p, -1);
	assert_step(env, ENV("make", "-C", "/tmp"), "make -C /tmp", -1);
	assert_step(env, ENV("cat", "/dev/null"), "cat /dev/null", -1);
	assert_step(env, ENV("bash", "/nowhere/script"), "bash /nowhere/script", -1);
	place_put("test", STR("data\n"));
	assert_step(env, ENV("make", "test"), "make test", -1);
}

static void a_script_with_the_extension_of_its_shell_is_one(void **state)
{
	(void)state;
	assert_step(ENV("GITHUB_ACTION=3"), shell("workflow/3.sh", STR("make\n")), "Run make", 3);
}

static void lines_that_tell_nothing_are_passed_over(void **state)
{
	char *const *env = ENV("HOME=/");
	(void)state;

	assert_step(env, shell("s", STR("#!/bin/sh\n\nset -eux\nset\n\tset\t-e\n  settle it\n")),
		"Run settle it", -1);
	assert_step(env, shell("s", STR("set -e\n\n")), "bash", -1);
	assert_step(env, shell("s", STR("")), "bash", -1);
}

static void a_name_is_masked_before_it_is_cut(void **state)
{
	struct step_facts f;
	struct mask *mask = mask_new();
	AUTO_BUF script, secret;
	(void)state;

	/* So long a secret that only its beginning would be within a short look at the script. */
	buf_init(&secret, 5000);
	for (int i = 0; secret.len + 10 < 4096; i++)
		buf_fmt(&secret, "s%dcret-", i);
	buf_init(&script, 10000);
	buf_fmt(&script, "deploy --key=%s now\n", buf_cstr(&secret));
	assert_int_equal(mask_add(mask, buf_view(&secret), NULL), ERR_OK);
	f = find(ENV("GITHUB_ACTION=3"), shell("workflow/3", buf_view(&script)));
	body_settle(&f, shown, mask, &arena);
	assert_string_equal(arena_cstr(&arena, f.step_name), "Run deploy --key=*** now");
	mask_free(mask);
}

static void a_secret_that_is_no_utf8_is_masked_in_a_name_too(void **state)
{
	struct step_facts f;
	struct mask *mask = mask_new();
	(void)state;

	assert_int_equal(mask_add(mask,
				 STR("se\xff"
				     "cret\xfe"
				     "value"),
				 NULL),
		ERR_OK);
	f = find(ENV("GITHUB_ACTION=3"), shell("workflow/3", STR("login se\xff"
								 "cret\xfe"
								 "value \xfd\n")));
	body_settle(&f, shown, mask, &arena);
	assert_string_equal(arena_cstr(&arena, f.step_name), "Run login *** \xEF\xBF\xBD");
	mask_free(mask);
}

static void two_commands_of_one_program_have_two_names(void **state)
{
	(void)state;
	assert_step(ENV("A=b"), ENV("make", "lint"), "make lint", -1);
	assert_step(ENV("A=b"), ENV("/usr/bin/make", "test"), "make test", -1);
	assert_int_equal(shown, STEP_NAME_GIVEN);
}

/* A command line may be longer than a name: what tells two apart may be at its end. */
static void names_that_are_cut_still_tell_the_commands_apart(void **state)
{
	struct mask *mask = mask_new();
	struct str names[2];
	char argument[400];
	(void)state;

	memset(argument, 'x', sizeof argument - 1);
	for (size_t i = 0; i < 2; i++) {
		struct step_facts f;

		argument[sizeof argument - 1] = '\0';
		argument[sizeof argument - 2] = i ? 'a' : 'b';
		f = find(ENV("A=b"), ENV("make", argument));
		body_settle(&f, shown, mask, &arena);
		assert_in_range(f.step_name.len, 200, STEP_NAME_GIVEN);
		names[i] = f.step_name;
	}
	assert_false(str_eq(names[0], names[1]));
	mask_free(mask);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_step_of_forgejo_is_called_by_its_first_line_and_its_index),
		TEST(a_step_of_github_is_counted_among_the_unnamed_scripts),
		TEST(an_id_that_the_author_gave_is_the_name),
		TEST(flags_go_over_the_environment_over_what_is_found),
		TEST(inside_a_script_the_steps_index_is_not_ours),
		TEST(a_file_that_is_worked_on_is_no_script),
		TEST(a_script_with_the_extension_of_its_shell_is_one),
		TEST(lines_that_tell_nothing_are_passed_over),
		TEST(two_commands_of_one_program_have_two_names),
		TEST(names_that_are_cut_still_tell_the_commands_apart),
		TEST(a_name_is_masked_before_it_is_cut),
		TEST(a_secret_that_is_no_utf8_is_masked_in_a_name_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
