/* Archives, marks, quarantine: each step, what a crash between two of them leaves, and how the next scan and the next attempt mend it. */
#include "tests/test.h"

#include "agent/ship_pack.h"
#include "agent/ship_scan.h"
#include "agent/ship_settle.h"
#include "base/file.h"
#include "tests/unit/help/ship_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct err e;
static struct ship_archive archive;
static char expired[200];

static enum err_code pack(const char *id)
{
	enum err_code code = ship_pack(&ship_place, id, 1, NULL, &archive, &e);

	if (code == ERR_OK)
		fd_close(&archive.fd);
	return code;
}

static enum err_code ship(const char *id, bool remove)
{
	const struct ship_shipped s = { .digest = &archive.digest,
		.bytes = archive.bytes,
		.at_ms = 1000,
		.status = 201,
		.remove = remove };

	return ship_settle_shipped(&ship_place, id, &s, &e);
}

static enum err_code refuse(const char *id, const char *body)
{
	const struct ship_refused r = { .digest = &archive.digest,
		.host = "h1",
		.commit = SHIP_COMMIT,
		.content_type = "application/json",
		.bytes = archive.bytes,
		.at_ms = 1000,
		.status = 412,
		.body = str_z(body) };

	return ship_settle_refused(&ship_place, id, &r, &e);
}

static bool nobody(void *arg, const char *id)
{
	(void)arg;
	(void)id;
	return false;
}

static char found[1000];

static void ready(void *arg, const char *name, int64_t done_ms)
{
	(void)arg;
	(void)done_ms;
	snprintf(found + strlen(found), sizeof found - strlen(found), "%s ", name);
}

/* What the next shipper does first; the ids that it finds to ship. */
static const char *begin_again(void)
{
	const struct ship_seen seen = { .is_live = nobody, .ready = ready };
	int n;

	found[0] = '\0';
	assert_int_equal(ship_sweep(&ship_place, &seen, &n, &e), ERR_OK);
	assert_int_equal(ship_scan(&ship_place, &seen, &e), ERR_OK);
	return found;
}

static void take_expired(void *arg, const char *id)
{
	(void)arg;
	snprintf(expired + strlen(expired), sizeof expired - strlen(expired), "%s ", id);
}

static void get(const char *path, const char *wanted)
{
	AUTO_BUF text;

	buf_init(&text, 100000);
	place_get(path, &text);
	if (!strstr(buf_cstr(&text), wanted))
		fail_msg("no %s in %s", wanted, buf_cstr(&text));
}

/* ---- packing ---- */

static void an_archive_has_the_same_bytes_each_time(void **state)
{
	struct sha256 first;
	(void)state;

	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	first = archive.digest;
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst");
	assert_int_equal(pack("a"), ERR_OK); /* it is there, and hashed */
	assert_true(sha256_equal(&first, &archive.digest));
	ship_place_remove("outbox/a.tar.zst");
	place_put("episodes/a/shipped.marker", STR("of an earlier time"));
	assert_int_equal(pack("a"), ERR_OK);
	assert_true(sha256_equal(&first, &archive.digest));
}

static void what_a_crash_left_half_written_is_written_over(void **state)
{
	struct stat st;
	(void)state;

	ship_place_episode("a");
	place_put("outbox/a.tar.zst.partial",
		STR("much more than there will be "
		    "................................................................"
		    "......................................................................................"
		    "......................................................................................"
		    "......................................................................................"
		    "....................................................................................."
		    "."));
	assert_int_equal(pack("a"), ERR_OK);
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst");
	assert_int_equal(stat("outbox/a.tar.zst", &st), 0);
	assert_int_equal(st.st_size, archive.bytes);
}

static void an_archive_of_another_episode_of_the_name_is_made_anew(void **state)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	(void)state;

	ship_place_episode("a");
	place_put("outbox/a.tar.zst", STR("of the first a"));
	assert_int_equal(utimensat(AT_FDCWD, "outbox/a.tar.zst", old, 0), 0);
	assert_int_equal(pack("a"), ERR_OK);
	assert_true(archive.bytes > 14);
}

static void what_cannot_be_packed_leaves_nothing(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(mkfifo("episodes/a/pipe", 0600), 0);
	assert_int_equal(pack("a"), ERR_INVALID);
	assert_non_null(strstr(e.text, "pipe"));
	assert_string_equal(ship_place_names("outbox"), "");
	assert_int_equal(pack("b"), ERR_NOT_FOUND);
	assert_string_equal(ship_place_names("outbox"), "");
}

static void packing_stops_when_it_is_told_to(void **state)
{
	atomic_bool stop = true;
	(void)state;

	ship_place_episode("a");
	assert_int_equal(ship_pack(&ship_place, "a", 1, &stop, &archive, &e), ERR_UNAVAILABLE);
	assert_string_equal(ship_place_names("outbox"), "");
}

/* ---- shipped ---- */

static void what_is_shipped_is_marked_and_its_archive_goes(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	assert_int_equal(ship("a", false), ERR_OK);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("episodes/a"), "data done.marker meta.json shipped.marker");
	get("episodes/a/shipped.marker", "\"sha256\":\"");
	get("episodes/a/shipped.marker", "\"shipped_at\":\"1970-01-01T00:00:01.000Z\",\"status\":201");
	assert_string_equal(begin_again(), "");
}

static void what_is_shipped_is_removed_where_that_is_wanted(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	assert_int_equal(ship("a", true), ERR_OK);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("episodes"), "");
}

static void who_took_it_away_meanwhile_took_its_archive_too(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	ship_place_remove("episodes/a");
	assert_int_equal(ship("a", false), ERR_NOT_FOUND);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("episodes"), "");
}

/* ---- refused ---- */

static void what_is_refused_is_in_quarantine_with_the_answer(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	assert_int_equal(refuse("a", "{\"code\":\"precondition_failed\",\"message\":\"old\"}"), ERR_OK);
	assert_string_equal(ship_place_names("outbox"), "");
	assert_string_equal(ship_place_names("episodes"), "");
	assert_string_equal(ship_place_names("quarantine"), "a a.answer.json");
	assert_string_equal(ship_place_names("quarantine/a"), "data done.marker meta.json");
	get("quarantine/a.answer.json", "\"status\":412");
	get("quarantine/a.answer.json", "\"commit\":\"" SHIP_COMMIT "\"");
	get("quarantine/a.answer.json", "\"body\":{\"code\":\"precondition_failed\"");
	assert_string_equal(begin_again(), "");
}

static void an_answer_may_be_any_bytes(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(refuse("a", "<p>\xff no\n"), ERR_OK);
	get("quarantine/a.answer.json", "\"body\":\"<p>\xEF\xBF\xBD no\\n\"");
}

static void two_of_one_name_are_not_in_quarantine(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("quarantine/a/data", STR("first"));
	place_put("quarantine/a.answer.json", STR("{\"status\":1}"));
	assert_int_equal(refuse("a", "{}"), ERR_CONFLICT);
	assert_string_equal(ship_place_names("episodes"), "a");
	get("quarantine/a.answer.json", "{\"status\":1}");
}

static void what_is_requeued_is_to_be_shipped(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(refuse("a", "{}"), ERR_OK);
	assert_int_equal(ship_settle_requeue(&ship_place, "a", &e), ERR_OK);
	assert_string_equal(ship_place_names("quarantine"), "");
	assert_string_equal(begin_again(), "a ");
	assert_int_equal(ship_settle_requeue(&ship_place, "a", &e), ERR_NOT_FOUND);
	assert_int_equal(ship_settle_requeue(&ship_place, "../a", &e), ERR_INVALID);
}

static void what_would_be_in_the_way_is_not_written_over(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(refuse("a", "{}"), ERR_OK);
	ship_place_episode("a");
	assert_int_equal(ship_settle_requeue(&ship_place, "a", &e), ERR_CONFLICT);
	assert_string_equal(ship_place_names("quarantine"), "a a.answer.json");
}

static void quarantine_ends_with_its_time(void **state)
{
	const struct timespec old[2] = { { 1000, 0 }, { 1000, 0 } };
	(void)state;

	expired[0] = '\0';
	ship_place_episode("a");
	ship_place_episode("b");
	assert_int_equal(refuse("a", "{}"), ERR_OK);
	assert_int_equal(refuse("b", "{}"), ERR_OK);
	place_put("quarantine/c/data", STR("a person put it there"));
	assert_int_equal(utimensat(AT_FDCWD, "quarantine/a.answer.json", old, 0), 0);
	assert_int_equal(ship_settle_expire(&ship_place, 1000000, take_expired, NULL, &e), ERR_OK);
	assert_string_equal(expired, ""); /* as old as that, and not older */
	assert_int_equal(ship_settle_expire(&ship_place, 1000001, take_expired, NULL, &e), ERR_OK);
	assert_string_equal(expired, "a ");
	assert_string_equal(ship_place_names("quarantine"), "b b.answer.json c");
}

/* ---- crashes: what is there after each step, and that nothing is lost and nothing is left ---- */

static void a_crash_before_the_archive_has_its_name(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("outbox/a.tar.zst.partial", STR("half"));
	assert_string_equal(begin_again(), "a ");
	assert_string_equal(ship_place_names("outbox"), "");
}

static void a_crash_before_the_mark_has_its_name(void **state)
{
	struct sha256 first;
	(void)state;

	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	first = archive.digest;
	place_put("outbox/a.shipped.partial", STR("{"));
	assert_string_equal(begin_again(), "a ");
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst");
	assert_int_equal(pack("a"), ERR_OK);
	assert_true(sha256_equal(&first, &archive.digest)); /* so the receiver says 200 */
}

static void a_crash_after_the_mark(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	place_put("episodes/a/shipped.marker", STR("{}"));
	assert_string_equal(begin_again(), "");
	assert_string_equal(ship_place_names("outbox"), "");
}

static void a_crash_while_a_shipped_folder_is_removed(void **state)
{
	(void)state;
	place_put("outbox/a.removing/data", STR("x"));
	assert_string_equal(begin_again(), "");
	assert_string_equal(ship_place_names("outbox"), "");
	ship_place_episode("b"); /* and one whose removal did not get further, with the same name again */
	place_put("outbox/b.removing/data", STR("x"));
	assert_int_equal(pack("b"), ERR_OK);
	assert_int_equal(ship("b", true), ERR_OK);
	assert_string_equal(ship_place_names("outbox"), "");
}

static void a_crash_after_the_answer_was_written(void **state)
{
	(void)state;
	ship_place_episode("a");
	assert_int_equal(pack("a"), ERR_OK);
	place_put("quarantine/a.answer.json", STR("{}"));
	assert_string_equal(begin_again(), "a ");
	assert_string_equal(ship_place_names("quarantine"), "");
	assert_string_equal(ship_place_names("outbox"), "a.tar.zst");
	assert_int_equal(refuse("a", "{}"), ERR_OK);
	assert_string_equal(ship_place_names("quarantine"), "a a.answer.json");
}

static void a_crash_after_the_folder_was_moved_to_quarantine(void **state)
{
	(void)state;
	place_put("quarantine/a/done.marker", STR(""));
	place_put("quarantine/a.answer.json", STR("{}"));
	place_put("outbox/a.tar.zst", STR("x"));
	assert_string_equal(begin_again(), "");
	assert_string_equal(ship_place_names("quarantine"), "a a.answer.json");
	assert_string_equal(ship_place_names("outbox"), "");
}

static void a_crash_while_it_is_requeued(void **state)
{
	(void)state;
	ship_place_episode("a");
	place_put("quarantine/a.answer.json", STR("{}"));
	assert_string_equal(begin_again(), "a ");
	assert_string_equal(ship_place_names("quarantine"), "");
}

/* ---- the folder ---- */

static void one_shipper_has_the_folder_until_it_dies(void **state)
{
	AUTO_SHIP_FOLDER other = SHIP_FOLDER_NONE;
	AUTO_SHIP_FOLDER looking = SHIP_FOLDER_NONE;
	char pid[40];
	(void)state;

	assert_int_equal(ship_folder_take(&ship_place, &e), ERR_OK);
	assert_int_equal(ship_folder_open(place_path, &other, &e), ERR_OK);
	assert_int_equal(ship_folder_take(&other, &e), ERR_UNAVAILABLE);
	snprintf(pid, sizeof pid, "process %ld)", (long)getpid());
	assert_non_null(strstr(e.text, pid));
	assert_int_equal(ship_folder_look(place_path, &looking, &e), ERR_OK);
	assert_true(ship_folder_is_taken(&looking));
	fd_close(&ship_place.lock);
	assert_false(ship_folder_is_taken(&looking));
	assert_int_equal(ship_folder_take(&other, &e), ERR_OK); /* who looks does not hold it */
	assert_true(ship_folder_is_taken(&looking));
}

static void who_only_looks_makes_nothing(void **state)
{
	AUTO_SHIP_FOLDER looking = SHIP_FOLDER_NONE;
	(void)state;

	assert_int_equal(ship_folder_look("nowhere", &looking, &e), ERR_NOT_FOUND);
	assert_int_equal(access("nowhere", F_OK), -1);
	assert_int_equal(ship_folder_look(place_path, &looking, &e), ERR_OK);
	assert_false(ship_folder_is_taken(&looking));
	assert_string_equal(ship_place_names("."), "episodes outbox quarantine");
}

static void bytes_below_are_of_files_at_any_depth(void **state)
{
	(void)state;
	place_put("episodes/a/x", STR("12345"));
	place_put("episodes/a/deep/er/y", STR("1234567"));
	assert_int_equal(symlink("/dev/null", "episodes/a/link"), 0);
	assert_int_equal(ship_bytes_below(&ship_place, "a"), 12);
	assert_int_equal(ship_bytes_below(&ship_place, "b"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, ship_place_set_up, ship_place_tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(an_archive_has_the_same_bytes_each_time),
		TEST(what_a_crash_left_half_written_is_written_over),
		TEST(an_archive_of_another_episode_of_the_name_is_made_anew),
		TEST(what_cannot_be_packed_leaves_nothing),
		TEST(packing_stops_when_it_is_told_to),
		TEST(what_is_shipped_is_marked_and_its_archive_goes),
		TEST(what_is_shipped_is_removed_where_that_is_wanted),
		TEST(who_took_it_away_meanwhile_took_its_archive_too),
		TEST(what_is_refused_is_in_quarantine_with_the_answer),
		TEST(an_answer_may_be_any_bytes),
		TEST(two_of_one_name_are_not_in_quarantine),
		TEST(what_is_requeued_is_to_be_shipped),
		TEST(what_would_be_in_the_way_is_not_written_over),
		TEST(quarantine_ends_with_its_time),
		TEST(a_crash_before_the_archive_has_its_name),
		TEST(a_crash_before_the_mark_has_its_name),
		TEST(a_crash_after_the_mark),
		TEST(a_crash_while_a_shipped_folder_is_removed),
		TEST(a_crash_after_the_answer_was_written),
		TEST(a_crash_after_the_folder_was_moved_to_quarantine),
		TEST(a_crash_while_it_is_requeued),
		TEST(one_shipper_has_the_folder_until_it_dies),
		TEST(who_only_looks_makes_nothing),
		TEST(bytes_below_are_of_files_at_any_depth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
