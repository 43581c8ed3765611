/* Files of the suite: those that nothing speaks of go, those that are kept are hashed again, and what is not well is told and mended by sending it again. */
#include "tests/test.h"

#include "base/digest.h"
#include "base/file.h"
#include "service/janitor.h"
#include "service/suite.h"
#include "tests/service/fixture.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct err e;

static struct str digest_of(const char *text)
{
	struct sha256 d = sha256_of(str_z(text));
	AUTO_BUF hex;

	buf_init(&hex, 100);
	hex_encode(d.b, sizeof d.b, &hex);
	return arena_str(&fx.arena, buf_view(&hex));
}

static const char *path_of(const char *text)
{
	struct str d = digest_of(text);

	return arena_fmt(&fx.arena, "%s/blobs/%.2s/%s", fx.folder, d.p, d.p).p;
}

static bool send_file(const char *text, int64_t now)
{
	struct blob_file *f = NULL;
	bool is_new = false;
	int64_t bytes = 0;

	if (suite_file_begin(fx.store, &f, &e) != ERR_OK || suite_file_add(f, str_z(text), &e) != ERR_OK ||
		suite_file_keep(fx.store, f, digest_of(text), now, &is_new, &bytes, &e) != ERR_OK)
		fail_msg("%s", e.text);
	suite_file_end(f);
	assert_int_equal(bytes, strlen(text));
	return is_new;
}

static void take_suite_of(const char *text)
{
	const struct suite_import in = { .yaml = arena_fmt(&fx.arena,
						 "samples: [{file: \"sha256:%s\", name: x}]\n",
						 digest_of(text).p),
		.by = &fixture_server,
		.now = NOW };
	struct suite_counts counts;

	if (suite_import(fx.store, &in, &counts, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static enum blob_state state_of(const char *text)
{
	struct blob b = { 0 };
	struct db *db = NULL;
	enum err_code code;

	assert_int_equal(store_reader_get(fx.store, &db, &e), ERR_OK);
	code = blobs_get(db, &fx.arena, digest_of(text), &b, &e);
	store_reader_put(fx.store, db);
	assert_int_equal(code, ERR_OK);
	return b.state;
}

static struct chore_report pass(enum chore chore, bool dry, int64_t now)
{
	struct chore_report reports[CHORE_N];
	size_t n = 0;

	fx.cfg->chores_off = ~(1u << chore);
	if (janitor_pass(fx.store, fx.cfg, dry, now, reports, &n, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(n, 1);
	if (reports[0].failed != ERR_OK)
		fail_msg("%s", reports[0].message);
	return reports[0];
}

static void what_nothing_speaks_of_goes_a_day_after_it_came(void **state)
{
	struct chore_report r;
	(void)state;

	assert_true(send_file("spoken of", NOW));
	assert_true(send_file("loose", NOW));
	take_suite_of("spoken of");
	assert_int_equal(pass(CHORE_BLOBS, false, NOW + DAY_MS).rows, 0);
	assert_int_equal(pass(CHORE_BLOBS, true, NOW + DAY_MS + 1).rows, 1);
	assert_true(file_exists(path_of("loose")));
	r = pass(CHORE_BLOBS, false, NOW + DAY_MS + 1);
	assert_int_equal(r.rows, 1);
	assert_int_equal(r.bytes, 5);
	assert_false(file_exists(path_of("loose")));
	assert_true(file_exists(path_of("spoken of")));
	assert_int_equal(pass(CHORE_BLOBS, false, NOW + DAY_MS + 2).rows, 0);
	assert_true(send_file("loose", NOW + DAY_MS + 3));  /* new again */
	assert_false(send_file("loose", NOW + 3 * DAY_MS)); /* sent again: another day */
	assert_int_equal(pass(CHORE_BLOBS, false, NOW + 3 * DAY_MS).rows, 0);
}

static void what_a_disk_spoils_or_loses_is_found_and_mended_by_sending_it_again(void **state)
{
	FILE *f;
	(void)state;

	send_file("well", NOW);
	send_file("spoilt", NOW);
	send_file("lost", NOW);
	f = fopen(path_of("spoilt"), "r+");
	assert_non_null(f);
	assert_int_equal(fputc('x', f), 'x');
	assert_int_equal(fclose(f), 0);
	assert_int_equal(unlink(path_of("lost")), 0);
	assert_int_equal(pass(CHORE_SCRUB, false, NOW + 30 * DAY_MS).rows, 0); /* not yet */
	assert_int_equal(pass(CHORE_SCRUB, true, NOW + 30 * DAY_MS + 1).rows, 3);
	assert_int_equal(state_of("spoilt"), BLOB_OK);
	assert_int_equal(pass(CHORE_SCRUB, false, NOW + 30 * DAY_MS + 1).rows, 3);
	assert_int_equal(state_of("well"), BLOB_OK);
	assert_int_equal(state_of("spoilt"), BLOB_DEGRADED);
	assert_int_equal(state_of("lost"), BLOB_MISSING);
	assert_int_equal(pass(CHORE_SCRUB, false, NOW + 31 * DAY_MS).rows, 0);
	send_file("spoilt", NOW + 31 * DAY_MS);
	send_file("lost", NOW + 31 * DAY_MS);
	assert_int_equal(state_of("spoilt"), BLOB_OK);
	assert_int_equal(state_of("lost"), BLOB_OK);
}

static void a_file_that_was_lost_is_told_when_it_is_wanted(void **state)
{
	struct str asked[2], missing[2];
	int64_t bytes;
	size_t n = 0;
	int fd = -1;
	(void)state;

	send_file("lost", NOW);
	send_file("there", NOW);
	assert_int_equal(unlink(path_of("lost")), 0);
	assert_int_equal(
		suite_file_open(fx.store, digest_of("lost"), NOW, &fx.arena, &fd, &bytes, &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "send it again"));
	assert_int_equal(state_of("lost"), BLOB_MISSING);
	asked[0] = digest_of("lost");
	asked[1] = digest_of("there");
	assert_int_equal(suite_missing(fx.store, asked, 2, &fx.arena, missing, &n, &e), ERR_OK);
	assert_int_equal(n, 1);
	assert_true(str_eq(missing[0], asked[0]));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fixture_up, fixture_down)
	static const struct CMUnitTest tests[] = {
		T(what_nothing_speaks_of_goes_a_day_after_it_came),
		T(what_a_disk_spoils_or_loses_is_found_and_mended_by_sending_it_again),
		T(a_file_that_was_lost_is_told_when_it_is_wanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
