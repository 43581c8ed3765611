/*
 * R2 for runs of the suite, over HTTP: while a request is answered each call that the driver makes to SQLite fails once, in turn, then each that SQLite makes to its files, then
 * each write, sync and rename of a file of the suite. The answer is the right one or a clear error that may be tried again, in the one shape; tried again it is the right one,
 * and what is kept of the runs is what counting says.
 */
#include "tests/test.h"

#include "service/episode_verify.h"
#include "store/result_nouns.h"
#include "tests/http/suite_run.h"
#include "tests/service/an_episode.h"
#include "tests/store/faults.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- calls to files ---- */

static struct {
	atomic_bool armed;
	atomic_int at, n;
} disk;

static bool disk_fails(void)
{
	if (!atomic_load(&disk.armed) || atomic_fetch_add(&disk.n, 1) + 1 != atomic_load(&disk.at))
		return false;
	errno = atomic_load(&disk.at) % 2 ? ENOSPC : EIO;
	return true;
}

#define WRAP(type, name, args, pass)                                                                         \
	type __real_##name args;                                                                             \
	type __wrap_##name args;                                                                             \
	type __wrap_##name args                                                                              \
	{                                                                                                    \
		return disk_fails() ? -1 : __real_##name pass;                                               \
	}
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, fdatasync, (int fd), (fd))
WRAP(int, rename, (const char *from, const char *to), (from, to))
WRAP(int, renameat2, (int d, const char *from, int to_d, const char *to, unsigned flags),
	(d, from, to_d, to, flags))

/* ---- one request ---- */

enum {
	AT_DISK = FAULT_KINDS,
	N_KINDS
}; /* of faults.h, and ours; not that of memory: what is small aborts in one place */

/* What reads finds no disk full, and needs none to write on. */
static void arm(int kind, int n, bool reads)
{
	static const int codes[] = { SQLITE_IOERR, SQLITE_BUSY, SQLITE_NOMEM, SQLITE_FULL, SQLITE_READONLY };
	size_t n_codes = sizeof codes / sizeof *codes - (reads ? 2 : 0);

	if (kind != AT_DISK) {
		faults_arm((enum fault_kind)kind, n, codes[(size_t)n % n_codes], false);
		return;
	}
	atomic_store(&disk.at, n);
	atomic_store(&disk.n, 0);
	atomic_store(&disk.armed, true);
}

static bool disarm(int kind)
{
	if (kind != AT_DISK) {
		faults_disarm();
		return faults_fired() > 0;
	}
	atomic_store(&disk.armed, false);
	return atomic_load(&disk.n) >= atomic_load(&disk.at);
}

static void are_well_kept(void)
{
	struct run_kept *kept = NULL;
	struct db *db = NULL;
	size_t n = 0;
	struct err e;

	assert_int_equal(store_reader_get(fx.app.store, &db, &e), ERR_OK);
	assert_int_equal(runs_kept(db, &fx.arena, 0, 1000, &kept, &n, &e), ERR_OK);
	store_reader_put(fx.app.store, db);
	for (size_t i = 0; i < n; i++)
		assert_true(kept[i].same);
}

static void is_clear(struct answer *r, const char *what)
{
	struct str code = json_str(json_get(json_of(r), "code"));

	if (r->status < 500)
		fail_msg("%s: what failed is the caller's fault: %d %s", what, r->status, r->body);
	if (!str_eq(code, STR("storage_error")) && !str_eq(code, STR("unavailable")) &&
		!str_eq(code, STR("insufficient_storage")))
		fail_msg("%s: may not be tried again: %s", what, r->body);
	assert_error(r, r->status, arena_cstr(&fx.arena, code));
	assert_null(strstr(r->body, "SQL")); /* that is for who runs the server */
}

static struct work w;
typedef struct answer asking_fn(const char *arg);

#ifdef __SANITIZE_ADDRESS__
#define STRIDE 7 /* has no factor in common with three or five codes */
#else
#define STRIDE 1
#endif

static int n_faults;

/* ---- requests ---- */

static struct answer read_it(const char *behind)
{
	return of_run(w.run_id, behind);
}

static struct answer read_other(const char *target)
{
	return get(target);
}

static int n_asked;

static struct answer ask_for_one(const char *more)
{
	struct answer r = ask_run(fx.admin.p, run_body(more));

	n_asked += r.status == 202;
	return r;
}

static struct answer claim_it(const char *worker)
{
	return claim_as(INTERNAL, worker, "linux");
}

static struct answer tell_them(const char *results)
{
	return tell_results(&w, results);
}

static struct answer tell_progress(const char *members)
{
	return say(&w, "progress", members);
}

static struct answer finish_it(const char *members)
{
	return say(&w, "finish", members);
}

static struct answer send_it(const char *text)
{
	return send_output(&w, OUT, text);
}

/* Another one each time that it goes well. */
static struct answer send_new(const char *before)
{
	static int n;
	const char *text = arena_fmt(&fx.arena, "%s%d", before, n).p;
	struct answer r = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/api/v1/blobs/%s", hex_of(text)).p,
		.token = fx.admin.p,
		.type = "application/octet-stream",
		.body = text });

	n += r.status / 100 == 2;
	return r;
}

static int n_episodes;

/* The same one until it goes well. */
static struct answer send_episode(const char *meta)
{
	struct str bytes = an_episode(&fx.arena, "ep", meta, 100);
	struct answer r = ask((struct ask){ .method = "PUT",
		.target = arena_fmt(&fx.arena, "/v1/episodes/lab-1/ep-%d.tar.zst", n_episodes).p,
		.token = fx.admin.p,
		.header = { "X-Content-SHA256", hex_digest(&fx.arena, bytes).p },
		.body = bytes.p,
		.body_len = bytes.len });

	n_episodes += r.status / 100 == 2;
	return r;
}

static struct answer approve_it(const char *body)
{
	return ask((struct ask){ .method = "POST",
		.target = arena_fmt(
			&fx.arena, "/api/v1/runs/%lld/samples/1/baseline-approval", (long long)w.run_id)
				  .p,
		.token = fx.admin.p,
		.body = body });
}

static struct answer cancel_it(const char *body)
{
	return cancel(fx.admin.p, w.run_id, body);
}

static struct answer import_them(const char *body)
{
	return ask((struct ask){
		.method = "POST", .target = "/internal/results", .token = INTERNAL, .body = body });
}

static struct answer import_tests(const char *yaml)
{
	return ask((struct ask){ .method = "PUT",
		.target = "/api/v1/suite",
		.token = fx.admin.p,
		.type = "application/octet-stream",
		.body = yaml });
}

/* ---- each call ---- */

/* What failed left nothing: it is asked again, and a later call fails, until none does. */
static void each_call_fails_once(const char *what, asking_fn *asking, const char *arg)
{
	for (int kind = 0; kind < N_KINDS; kind++) {
		bool fired = kind != FAULT_MEMORY;

		for (int n = 1; fired; n += STRIDE) {
			arm(kind, n, asking == read_it || asking == read_other);
			AUTO_ANSWER r = asking(arg);
			fired = disarm(kind);
			n_faults += fired;
			if (r.status / 100 != 2 && !fired)
				fail_msg("%s: %d %s", what, r.status, r.body);
			if (r.status / 100 != 2)
				is_clear(&r, what);
		}
	}
	are_well_kept();
}

/* ---- the story ---- */

static void a_run_is_asked_for_done_and_accepted_whatever_fails_once(void **state)
{
	const char *bad;
	(void)state;

	each_call_fails_once("import", import_tests, "samples: []\ntests: []\n");
	each_call_fails_once("a file", send_new, "file ");
	each_call_fails_once("ask", ask_for_one, ",\"regression_test_ids\":[1,3]");
	each_call_fails_once("claim", claim_it, "w1");
	w = claimed_by("w1");
	assert_int_equal(w.claim, 1);
	AUTO_ANSWER runs = get("/api/v1/runs");
	assert_int_equal(total_of(&runs), n_asked);
	bad = arena_fmt(&fx.arena, "%s,%s", result(SORT, 0, wrote("out", "else")), result(FAILS, 3, "")).p;
	each_call_fails_once("progress", tell_progress, ",\"status\":\"testing\",\"message\":\"1 of 2\"");
	each_call_fails_once("results", tell_them, bad);
	each_call_fails_once("output", send_it, "else");
	assert_run(w.run_id, "running", NULL);
	each_call_fails_once("finish", finish_it, "");
	assert_run(w.run_id, "fail", NULL);
	each_call_fails_once(
		"approve", approve_it, "{\"regression_id\":1,\"output_id\":1,\"remove_variants\":true}");
	assert_run(w.run_id, "pass", NULL);
	AUTO_ANSWER progress = of_run(w.run_id, "/progress?status=testing");
	assert_int_equal(total_of(&progress), 1);
}

static void whatever_is_read_is_right_or_an_error(void **state)
{
	static const char *const of_a_run[] = { "", "/config", "/summary", "/progress", "/samples",
		"/samples/1", "/errors", "/error-summary", "/infrastructure-errors", "/artifacts",
		"/samples/1/regression-tests/1/outputs/1/expected",
		"/samples/1/regression-tests/1/outputs/1/actual" };
	static const char *const of_all[] = { "/api/v1/runs", "/api/v1/samples", "/api/v1/samples/1/history",
		"/api/v1/regression-tests", "/api/v1/system/queue" };
	(void)state;

	w = a_work("");
	all_well(&w);
	must_tell(&w, result(SORT, 0, wrote("out", "else")));
	must_send_output(&w, OUT, "else");
	must_say(&w, "progress", ",\"status\":\"error\",\"message\":\"the disk is full\"");
	for (size_t i = 0; i < sizeof of_a_run / sizeof *of_a_run; i++)
		each_call_fails_once(of_a_run[i], read_it, of_a_run[i]);
	for (size_t i = 0; i < sizeof of_all / sizeof *of_all; i++)
		each_call_fails_once(of_all[i], read_other, of_all[i]);
	each_call_fails_once("context", read_other,
		arena_fmt(&fx.arena, "/api/v1/context?format=json&run_id=%lld", (long long)w.run_id).p);
}

static void what_is_canceled_or_imported_is_so_whatever_fails_once(void **state)
{
	(void)state;
	w = a_work("");
	each_call_fails_once("cancel", cancel_it, "{\"reason\":\"not needed\"}");
	assert_run(w.run_id, "canceled", NULL);
	each_call_fails_once("import of results", import_them,
		"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
		"\",\"run_id\":7,\"results\":[{\"name\":\"A.one\",\"status\":\"fail\"},"
		"{\"name\":\"A.two\",\"status\":\"pass\"}]}");
	AUTO_ANSWER tests = get("/api/v1/runs?limit=100");
	assert_int_equal(total_of(&tests), 2);
	print_message("faults: %d\n", n_faults);
	assert_true(n_faults > 1000 / STRIDE);
}

static void tell_wrong(void *arg, enum verify_kind kind, const char *of, int64_t id, const char *what)
{
	(void)arg;
	(void)kind;
	(void)of;
	(void)id;
	print_message("%s\n", what);
}

static void an_episode_comes_in_once_whatever_fails_once(void **state)
{
	static const char *const reads[] = { "/api/v1/episodes", "/api/v1/episodes/lab-1/ep-0",
		"/api/v1/episodes/lab-1/ep-0/archive", "/api/v1/episodes/lab-1/ep-0/file?path=ep/meta.json",
		"/api/v1/hosts" };
	struct episode_sum sum;
	struct err e;
	(void)state;

	each_call_fails_once("an episode", send_episode, "{}");
	for (size_t i = 0; i < sizeof reads / sizeof *reads; i++)
		each_call_fails_once(reads[i], read_other, reads[i]);
	assert_int_equal(episode_verify(fx.app.store, tell_wrong, NULL, &sum, &e), ERR_OK);
	assert_int_equal(sum.n_wrong, 0);
	assert_int_equal(sum.n_strays, 0);
	assert_int_equal(sum.n_episodes, n_episodes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, suite_up, router_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_run_is_asked_for_done_and_accepted_whatever_fails_once),
		T(whatever_is_read_is_right_or_an_error),
		T(an_episode_comes_in_once_whatever_fails_once),
		T(what_is_canceled_or_imported_is_so_whatever_fails_once),
	};

	faults_start();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
