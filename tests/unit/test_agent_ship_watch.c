/* That an episode is noticed when it is finished. */
#include "tests/test.h"

#include "agent/ship_watch.h"
#include "tests/unit/help/ship_place.h"

#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static struct ship_watch *w;
static struct err e;

static int set_up(void **state)
{
	char path[100];

	if (ship_place_set_up(state) != 0)
		return -1;
	snprintf(path, sizeof path, "%s/episodes", place_path);
	return ship_watch_open(path, &w, &e) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state)
{
	ship_watch_free(w);
	return ship_place_tear_down(state);
}

static bool is_readable(void)
{
	struct pollfd p = { .fd = ship_watch_fd(w), .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

static void a_new_episode_is_noticed_and_then_that_it_is_finished(void **state)
{
	(void)state;
	assert_false(is_readable());
	place_put("episodes/a/meta.json", STR("{}"));
	assert_true(is_readable());
	assert_true(ship_watch_read(w));
	assert_false(is_readable());
	ship_watch_episode(w, "a");
	place_put("episodes/a/data", STR("x"));
	assert_false(ship_watch_read(w)); /* not worth a scan */
	place_put("episodes/a/done.marker", STR(""));
	assert_true(ship_watch_read(w));
	place_put("episodes/a/later", STR("x")); /* it is watched no more */
	assert_false(ship_watch_read(w));
}

static void a_marker_may_be_moved_there_and_an_episode_too(void **state)
{
	(void)state;
	place_put("elsewhere/data", STR("x"));
	assert_int_equal(rename("elsewhere", "episodes/a"), 0);
	assert_true(ship_watch_read(w));
	ship_watch_episode(w, "a");
	place_put("marker", STR(""));
	assert_int_equal(rename("marker", "episodes/a/done.marker"), 0);
	assert_true(ship_watch_read(w));
}

static void one_that_is_gone_is_no_trouble(void **state)
{
	(void)state;
	ship_watch_episode(w, "never");
	place_put("episodes/a/data", STR("x"));
	assert_true(ship_watch_read(w));
	ship_watch_episode(w, "a");
	ship_place_remove("episodes/a");
	assert_false(ship_watch_read(w));
}

static void a_folder_that_is_not_there_is_not_watched(void **state)
{
	struct ship_watch *none = NULL;
	(void)state;

	assert_int_equal(ship_watch_open("nowhere", &none, &e), ERR_UNAVAILABLE);
	assert_null(none);
	assert_int_equal(ship_watch_fd(NULL), -1);
	ship_watch_free(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(a_new_episode_is_noticed_and_then_that_it_is_finished),
		TEST(a_marker_may_be_moved_there_and_an_episode_too),
		TEST(one_that_is_gone_is_no_trouble),
		TEST(a_folder_that_is_not_there_is_not_watched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
