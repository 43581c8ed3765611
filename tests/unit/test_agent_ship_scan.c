/* The sweep and the scan: what a crash, a person or an answer left, and what is to be shipped. */
#include "tests/test.h"

#include "agent/ship_scan.h"
#include "tests/unit/help/ship_place.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct err e;
static const char *live; /* the id that is in somebody's hands */
static char seen_ready[1000], seen_shipped[1000], seen_unfinished[1000];
static const char *finishes; /* an episode that is finished when it is watched */

static bool is_live(void *arg, const char *id)
{
	(void)arg;
	return live && strcmp(live, id) == 0;
}

static void add(char *to, const char *name)
{
	snprintf(to + strlen(to), 1000 - strlen(to), "%s ", name);
}

static void ready(void *arg, const char *name, int64_t done_ms)
{
	(void)arg;
	assert_true(done_ms > 0);
	add(seen_ready, name);
}

static void shipped(void *arg, const char *id)
{
	(void)arg;
	add(seen_shipped, id);
}

static void unfinished(void *arg, const char *name)
{
	char path[300];
	(void)arg;

	add(seen_unfinished, name);
	snprintf(path, sizeof path, "episodes/%s/done.marker", name);
	if (finishes && strcmp(finishes, name) == 0)
		place_put(path, STR(""));
}

static const struct ship_seen seen = { NULL, is_live, ready, shipped, unfinished };

static int set_up(void **state)
{
	live = finishes = NULL;
	seen_ready[0] = seen_shipped[0] = seen_unfinished[0] = '\0';
	return ship_place_set_up(state);
}

static int sweep(void)
{
	int n = -1;

	assert_int_equal(ship_sweep(&ship_place, &seen, &n, &e), ERR_OK);
	return n;
}

static void scan(void)
{
	assert_int_equal(ship_scan(&ship_place, &seen, &e), ERR_OK);
}

static void an_archive_of_an_episode_that_waits_stays(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("outbox/a.tar.zst", STR("x"));
	assert_int_equal(sweep(), 0);
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst");
}

static void an_archive_whose_episode_was_removed_goes(void **state)
{
	(void)state;
	ship_place_episode("a");
	ship_place_episode("b");
	place_put("outbox/a.tar.zst", STR("x"));
	place_put("outbox/b.tar.zst", STR("x"));
	ship_place_remove("episodes/a");
	assert_int_equal(sweep(), 1);
	assert_string_equal(ship_place_names("outbox"), "b.tar.zst");
}

static void an_archive_of_an_episode_that_was_marked_goes(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("episodes/a/shipped.marker", STR("{}"));
	place_put("outbox/a.tar.zst", STR("x"));
	assert_int_equal(sweep(), 1);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("episodes/a"), "data done.marker meta.json shipped.marker");
}

static void an_archive_of_an_episode_in_quarantine_goes(void **state)
{
	(void)state;
	place_put("quarantine/a/data", STR("x"));
	place_put("quarantine/a.answer.json", STR("{}"));
	place_put("outbox/a.tar.zst", STR("x"));
	assert_int_equal(sweep(), 1);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("quarantine"), "a a.answer.json");
}

static void what_was_being_written_goes(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("outbox/a.tar.zst.partial", STR("x"));
	place_put("outbox/a.shipped.partial", STR("x"));
	place_put("outbox/a.answer.partial", STR("x"));
	place_put("outbox/ship.state.partial", STR("x"));
	place_put("outbox/b.removing/deep/er/data", STR("x"));
	assert_int_equal(sweep(), 5);
	assert_string_equal(ship_place_names("outbox"), "");
}

static void what_is_in_somebodys_hands_stays(void **state)
{
	(void)state;
	live = "a";
	place_put("outbox/a.tar.zst", STR("x")); /* its episode was removed while it is sent */
	place_put("outbox/a.tar.zst.partial", STR("x"));
	place_put("outbox/a.shipped.partial", STR("x"));
	place_put("outbox/a.answer.partial", STR("x"));
	place_put("outbox/a.removing/data", STR("x"));
	place_put("quarantine/a.answer.json", STR("{}"));
	assert_int_equal(sweep(), 0);
	live = NULL;
	assert_int_equal(sweep(), 6);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("quarantine"), "");
}

static void files_of_others_stay(void **state)
{
	(void)state;
	place_put("outbox/notes.txt", STR("x"));
	place_put("outbox/-odd-.tar.zst", STR("x"));
	place_put("outbox/.tar.zst", STR("x"));
	place_put("quarantine/notes.txt", STR("x"));
	assert_int_equal(sweep(), 0);
	assert_string_equal(ship_place_names("outbox"), "-odd-.tar.zst .tar.zst notes.txt");
}

static void an_id_may_end_as_an_archive_does(void **state)
{
	(void)state;
	ship_place_episode("a.tar.zst");
	ship_place_episode("b.partial");
	place_put("outbox/a.tar.zst.tar.zst", STR("x"));
	place_put("outbox/b.partial.tar.zst", STR("x"));
	place_put("outbox/a.tar.zst", STR("x")); /* of an episode a, that is not there */
	assert_int_equal(sweep(), 1);
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst.tar.zst b.partial.tar.zst");
}

static void a_link_to_an_episode_is_none(void **state)
{
	(void)state;
	place_put("elsewhere/done.marker", STR(""));
	assert_int_equal(symlink("../elsewhere", "episodes/a"), 0);
	place_put("outbox/a.tar.zst", STR("x"));
	assert_int_equal(sweep(), 1);
	scan();
	assert_string_equal(seen_ready, "");
	assert_string_equal(seen_unfinished, "");
}

static void what_is_finished_and_not_shipped_is_found(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("episodes/b/data", STR("x"));
	ship_place_episode("c");
	place_put("episodes/c/shipped.marker", STR("{}"));
	place_put("episodes/file", STR("x"));
	scan();
	assert_string_equal(seen_ready, "a ");
	assert_string_equal(seen_unfinished, "b ");
	assert_string_equal(seen_shipped, "c ");
}

static void what_is_finished_while_it_is_looked_at_is_found(void **state)
{
	(void)state;
	place_put("episodes/b/data", STR("x"));
	finishes = "b";
	scan();
	assert_string_equal(seen_ready, "b ");
}

static void a_name_that_is_no_id_is_told_to_who_checks_it(void **state)
{
	(void)state;
	ship_place_episode("no id");
	scan();
	assert_string_equal(seen_ready, "no id ");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, ship_place_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_archive_of_an_episode_that_waits_stays),
		TEST(an_archive_whose_episode_was_removed_goes),
		TEST(an_archive_of_an_episode_that_was_marked_goes),
		TEST(an_archive_of_an_episode_in_quarantine_goes),
		TEST(what_was_being_written_goes),
		TEST(what_is_in_somebodys_hands_stays),
		TEST(files_of_others_stay),
		TEST(an_id_may_end_as_an_archive_does),
		TEST(a_link_to_an_episode_is_none),
		TEST(what_is_finished_and_not_shipped_is_found),
		TEST(what_is_finished_while_it_is_looked_at_is_found),
		TEST(a_name_that_is_no_id_is_told_to_who_checks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
