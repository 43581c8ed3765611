/*
 * R2 for runs of the suite: every call to SQLite fails once, in turn, while a run is asked for, claimed, told, approved and finished. Each failure is a clear error of one
 * operation; what was acknowledged is there when the store is opened again, nothing else is, and what is kept of the run is what counting says.
 */
#include "tests/store/faults.h"
#include "tests/store/migrated.h"
#include "tests/store/suite_story.h"

#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

static struct { /* what was acknowledged */
	bool suite, asked, claimed, told[2], approved, finished;
	int n_errors;
} known;

static bool well(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return true;
	known.n_errors++;
	if (e->code != ERR_STORAGE && e->code != ERR_FULL && e->code != ERR_UNAVAILABLE)
		fail_msg("that is not the kind of error it is: %s: %s", err_slug(e->code), e->text);
	return false;
}

static bool open_once(void)
{
	struct store_options o = { .data = fx.folder, .busy_ms = 20, .n_readers = 1 };
	struct err e;

	return well(store_open(&o, &fx.store, &e), &e);
}

static void tell_story(void)
{
	struct told_one told[] = { { 1, 1, 0, 'b' }, { 1, 2, 0, 0 } };
	struct approving approving = { .at = { 1, 1, 1, 1 } };
	struct claiming claiming = { .worker = "w1", .now = T0 };
	struct asked asked = { 0 };
	struct err e;

	known.suite = well(try_write(suite_w, NULL, &e), &e);
	if (!known.suite)
		return;
	known.asked = well(try_write(ask_w, &asked, &e), &e);
	if (!known.asked)
		return;
	assert_int_equal(asked.run_id, 1);
	known.claimed = well(try_write(claim_w, &claiming, &e), &e);
	for (size_t i = 0; i < 2; i++)
		known.told[i] = well(try_write(tell_w, &told[i], &e), &e);
	if (known.told[0])
		known.approved = well(try_write(approve_w, &approving, &e), &e);
	known.finished = well(try_write(finish_w, &told[0].run_id, &e), &e);
}

static void is_what_was_acknowledged(void)
{
	struct run_kept *kept = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;

	assert_int_equal(ask("SELECT count(*) FROM regression_test"), known.suite ? 2 : 0);
	assert_int_equal(ask("SELECT count(*) FROM run"), known.asked);
	assert_int_equal(ask("SELECT count(*) FROM result"), known.asked ? 2 : 0);
	if (!known.asked)
		return;
	assert_int_equal(ask("SELECT n_claims FROM run"), known.claimed);
	assert_int_equal(ask("SELECT stage FROM run"), known.finished  ? STAGE_DONE
						       : known.claimed ? STAGE_WORKING
								       : STAGE_QUEUED);
	assert_int_equal(
		ask("SELECT count(*) FROM result WHERE tested_at > 0"), known.told[0] + known.told[1]);
	assert_int_equal(
		ask("SELECT count(*) FROM baseline WHERE run_id = 1 AND removed_at = 0"), known.approved);
	assert_int_equal(
		ask("SELECT count(*) FROM result WHERE status = 'fail'"), known.told[0] && !known.approved);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(runs_kept(db, &fx.arena, 0, 10, &kept, &n, &e), &e);
	store_reader_put(fx.store, db);
	assert_int_equal(n, 1);
	assert_true(kept[0].same);
}

/* False: there are not so many calls. */
static bool told_with_fault(int n, int code)
{
	int fired;

	memset(&known, 0, sizeof known);
	assert_int_equal(folder_up(NULL), 0);
	assert_int_equal(migrated_put(fx.folder), 0);
	assert_true(open_once());
	faults_arm(FAULT_CALL, n, code, false);
	tell_story();
	fired = faults_fired();
	faults_disarm();
	if (known.n_errors > 1)
		fail_msg("one fault (call %d) was %d errors", n, known.n_errors);
	if (fired == 0)
		assert_int_equal(known.n_errors, 0);
	store_again();
	is_what_was_acknowledged();
	store_close(fx.store);
	fx.store = NULL;
	assert_int_equal(folder_down(NULL), 0);
	return fired > 0;
}

/* As in test_torture.c: what AddressSanitizer looks for is much the same from one call to the next. Three and the five codes have no common factor. */
#ifdef __SANITIZE_ADDRESS__
#define STRIDE 3
#else
#define STRIDE 1
#endif

static void every_call_to_sqlite_fails_once(void **state)
{
	static const int codes[] = { SQLITE_IOERR, SQLITE_FULL, SQLITE_BUSY, SQLITE_NOMEM, SQLITE_READONLY };
	int n = 1;
	(void)state;

	while (told_with_fault(n, codes[(size_t)n % (sizeof codes / sizeof *codes)]))
		n += STRIDE;
	print_message("calls to SQLite: %d\n", n - 1);
	assert_true(n > 200);
}

int main(void)
{
	static const struct CMUnitTest tests[] = { cmocka_unit_test(every_call_to_sqlite_fails_once) };

	faults_start();
	fixture_where =
		access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* hundreds of stories, no disk */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
