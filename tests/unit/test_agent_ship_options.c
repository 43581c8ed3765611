/* What the shipper is told, by whom, and who goes first. */
#include "tests/test.h"

#include "agent/ship_options.h"
#include "base/command.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct ship_options o;
static struct arena arena;
static struct err e;

static int set_up(void **state)
{
	ship_options_init(&o);
	arena_init(&arena);
	e = (struct err){ 0 };
	return place_make(state);
}

static int tear_down(void **state)
{
	arena_done(&arena);
	return place_remove(state);
}

static enum err_code end(const char *file)
{
	return ship_options_end(&o, file, &arena, &e);
}

static void without_a_word_the_table_holds(void **state)
{
	(void)state;
	o.host = "h1";
	assert_int_equal(end(NULL), ERR_OK);
	assert_int_equal(o.uploads, 2);
	assert_int_equal(o.interval_s, 60);
	assert_int_equal(o.retry_most_ms, 300000);
	assert_int_equal(o.bytes_per_second, 0);
	assert_string_equal(o.header, "X-Sluice-Code-Commit");
	assert_string_equal(o.path, "/v1/episodes/{host}/{id}.tar.zst");
	assert_string_equal(o.keep, "keep");
	assert_null(o.url);
	assert_null(o.folder);
}

static void the_command_line_goes_before_the_file_and_that_before_the_table(void **state)
{
	(void)state;
	place_put("ship.conf", STR("[ship]\n\turl = https://a.example\n\thost = from-file\n\tuploads = 5\n"
				   "\tbytes-per-second = 20000\n\tcertificate =\n"));
	o.host = "from-line";
	o.bytes_per_second = 30000;
	assert_int_equal(end("ship.conf"), ERR_OK);
	assert_string_equal(o.host, "from-line");
	assert_int_equal(o.bytes_per_second, 30000);
	assert_int_equal(o.uploads, 5);
	assert_string_equal(o.url, "https://a.example");
	assert_null(o.certificate);
}

static void what_is_not_known_is_refused_with_the_files_name(void **state)
{
	static const char *const files[] = { "[ship]\n\turi = x\n", "[other]\n\turl = x\n",
		"[ship]\n\tuploads = many\n", "[ship]\n\tuploads\n", "[ship \"x\"]\n\turl = x\n" };
	(void)state;

	o.host = "h1";
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		place_put("ship.conf", str_z(files[i]));
		if (end("ship.conf") != ERR_CONFIG)
			fail_msg("%s: %s", files[i], e.text);
		assert_non_null(strstr(e.text, "ship.conf"));
	}
	assert_int_equal(end("nowhere.conf"), ERR_NOT_FOUND);
}

static void each_value_is_checked_whoever_said_it(void **state)
{
	static const struct {
		const char *file, *word;
	} wrong[] = {
		{ "uploads = 0", "--uploads" },
		{ "uploads = 17", "--uploads" },
		{ "bytes-per-second = 100", "--bytes-per-second" },
		{ "keep = maybe", "--keep" },
		{ "header = X Y", "--header" },
		{ "header = \"X: a\"", "--header" },
		{ "host = a/b", "--host" },
		{ "host = .a", "--host" },
		{ "path = /v1/episodes", "--path" },
		{ "path = v1/{id}", "--path" },
		{ "path = /v1/{id}/{name}", "--path" },
		{ "path = \"/v1/{id} x\"", "--path" },
		{ "path = \"/v1/{id}#x\"", "--path" },
		{ "schema-version = \"a b\"", "--schema-version" },
		{ "retry-first = 400000", "--retry-first" },
		{ "key = ship.conf", "--key" },
		{ "ca = nowhere.pem", "--ca" },
		{ "certificate = nowhere.pem", "--certificate" },
		{ "level = 20", "--level" },
	};
	char text[200];
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		snprintf(text, sizeof text, "[ship]\n\t%s\n", wrong[i].file);
		place_put("ship.conf", str_z(text));
		ship_options_init(&o);
		if (end("ship.conf") == ERR_OK || !strstr(e.text, wrong[i].word))
			fail_msg("%s: %s", wrong[i].file, e.text);
	}
}

static void the_machines_name_is_the_hosts(void **state)
{
	enum err_code code = end(NULL);
	(void)state;

	/* That of this machine may be none that a host has; then it says so. */
	if (code != ERR_OK)
		assert_non_null(strstr(e.text, "--host"));
	else
		assert_true(strlen(o.host) > 0);
}

static void host_and_id_stand_where_the_path_wants_them(void **state)
{
	(void)state;
	o.host = "h1";
	o.path = "/old/{id}?from={host}&again={id}";
	assert_int_equal(end(NULL), ERR_OK);
	assert_string_equal(ship_options_path(&o, "ep-1", &arena).p, "/old/ep-1?from=h1&again=ep-1");
}

static void every_row_is_an_option_with_its_default_in_the_help(void **state)
{
	struct opt rows[SHIP_N_OPTIONS + 1];
	size_t n = 0;
	bool found = false;
	(void)state;

	ship_options_rows(&o, rows, &n);
	assert_int_equal(n, SHIP_N_OPTIONS);
	for (size_t i = 0; i < n; i++) {
		assert_non_null(rows[i].ret);
		if (strcmp(rows[i].name, "uploads") == 0)
			found = strstr(rows[i].help, "(2)") != NULL;
	}
	assert_true(found);
}

/* As it is, and with what holds anyway said aloud. */
static void the_example_names_every_option_and_is_good(void **state)
{
	struct opt rows[SHIP_N_OPTIONS + 1];
	char line[100], *text;
	size_t n = 0;
	AUTO_BUF file;
	(void)state;

	buf_init(&file, 100000);
	place_get(SOURCE_ROOT "/packaging/ship.conf.example", &file);
	ship_options_rows(&o, rows, &n);
	for (size_t i = 0; i < n; i++) {
		snprintf(line, sizeof line, "\t%s =", rows[i].name);
		text = strstr(file.p, line);
		snprintf(line, sizeof line, "\t# %s =", rows[i].name);
		if (!text)
			text = strstr(file.p, line);
		if (!text)
			fail_msg("no %s in the example", rows[i].name);
		memcpy(text, "\t  ", strstr(text, rows[i].name) - text == 3 ? 3 : 1);
	}
	assert_int_equal(end(SOURCE_ROOT "/packaging/ship.conf.example"), ERR_OK);
	assert_string_equal(o.host, "lab-07");
	ship_options_init(&o);
	place_put("aloud.conf", buf_view(&file));
	assert_int_equal(end("aloud.conf"), ERR_OK);
	assert_int_equal(o.retry_most_ms, 300000);
	assert_string_equal(o.path, "/v1/episodes/{host}/{id}.tar.zst");
	assert_null(o.ca);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(without_a_word_the_table_holds),
		TEST(the_command_line_goes_before_the_file_and_that_before_the_table),
		TEST(what_is_not_known_is_refused_with_the_files_name),
		TEST(each_value_is_checked_whoever_said_it),
		TEST(the_machines_name_is_the_hosts),
		TEST(host_and_id_stand_where_the_path_wants_them),
		TEST(the_example_names_every_option_and_is_good),
		TEST(every_row_is_an_option_with_its_default_in_the_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
