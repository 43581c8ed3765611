/*
 * R2 for the store: every call below it fails once, in turn, while a short story is told.
 *
 * The story opens a store, adds a repo, puts steps, replaces one, says what broke in one, twice, and something about
 * the group of that, puts a report beside one and replaces it, lets two expire, reads, and closes; it goes on after an error, as a server does. Meanwhile it
 * keeps the account of what was
 * acknowledged. For each call that can fail: the error is a clear one, one fault is one error, what is read
 * in the story is exactly what was acknowledged, and so is what is found after closing and opening again.
 *
 * It is told twice: of an empty folder, where it is over once the repo is added, because there each telling begins with
 * all migrations, and as a whole of a folder where there was a store before.
 * Leaks are for the sanitizer, descriptors are counted.
 */
#include "tests/store/faults.h"
#include "tests/store/fixture.h"
#include "tests/store/migrated.h"

#include "store/errors.h"

#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define N_STEPS 5

/* What was acknowledged. */
static struct {
	bool repo;
	const char *text[N_STEPS]; /* NULL: not put */
	bool expired[N_STEPS];
	int64_t id[N_STEPS];
	int64_t report; /* bytes of the one of step 3: its texts have different lengths; 0: there is none */
	int64_t report_tried[2];
	/* What was tried and not acknowledged: after a disk that broke for good it may be there, but only
	 * whole. */
	bool repo_tried, expiry_tried;
	const char *text_tried[N_STEPS][2];
	const char *broke; /* in the first step; NULL: nothing was said */
	bool resolved;     /* what broke first */
	bool broke_tried, resolved_tried;
	int n_errors;
	struct err error; /* the last one */
} known;

static void is_clear(const struct err *e)
{
	if (e->code != ERR_STORAGE && e->code != ERR_FULL && e->code != ERR_UNAVAILABLE)
		fail_msg("that is not the kind of error it is: %s: %s", err_slug(e->code), e->text);
	assert_true(err_may_retry(e->code));
	says(e, fx.folder);
	says(e, "SQLite");
}

static bool went_well(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return true;
	known.n_errors++;
	known.error = *e;
	is_clear(e);
	return false;
}

static enum err_code open_once(struct err *e)
{
	struct store_options o = { .data = fx.folder, .busy_ms = 20, .n_readers = 1 };

	return store_open(&o, &fx.store, e);
}

static enum err_code add_repo_w(struct db *db, void *arg, struct err *e)
{
	int64_t id;

	return repos_add(db, STR("home"), STR("acme/pump"), T0, &id, arg, e);
}

static void story_adds_the_repo(void)
{
	struct err e;
	bool is_new;

	if (known.repo)
		return;
	known.repo = went_well(try_write(add_repo_w, &is_new, &e), &e);
	known.repo_tried = !known.repo;
}

static void story_puts(int i, const char *text)
{
	static const char *const names[N_STEPS] = { "s0", "s1", "s2", "s3", "s4" };
	struct step_facts f = a_step(names[i]);
	int64_t id;
	struct err e;

	if (!known.repo)
		return;
	if (!went_well(try_put(1, &f, str_z(text), T0 + i, &id, &e), &e)) {
		known.text_tried[i][known.text_tried[i][0] != NULL] = text;
		return;
	}
	known.text[i] = text;
	known.id[i] = id;
	known.expired[i] = false;
}

static enum err_code report_w(struct db *db, void *arg, struct err *e)
{
	const struct str *text = arg;
	struct report r = {
		.name = STR("junit.xml"), .kind = STR("junit"), .n_bytes = (int64_t)text->len, .zstd = *text
	};

	return reports_put(db, known.id[3], &r, 1, e);
}

static void story_puts_report(const char *text)
{
	struct str s = str_z(text);
	struct err e;

	if (!known.text[3])
		return;
	if (went_well(try_write(report_w, &s, &e), &e))
		known.report = (int64_t)s.len;
	else
		known.report_tried[known.report_tried[0] != 0] = (int64_t)s.len;
}

static int64_t report_of(const struct report *reports, size_t n)
{
	assert_true(n <= 1);
	return n > 0 ? reports[0].n_bytes : 0;
}

static enum err_code expire_w(struct db *db, void *arg, struct err *e)
{
	struct text *texts = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	(void)arg;
	arena_init(&a);
	TRY(texts_find(db, &a, TEXTS_OLD, T0 + 2, 10, &texts, &n, e));
	return texts_expire(db, texts, n, T0 + 100, e);
}

static void story_expires_the_first_two(void)
{
	struct err e;

	if (!went_well(try_write(expire_w, NULL, &e), &e)) {
		known.expiry_tried = true;
		return;
	}
	for (int i = 0; i < 2; i++)
		known.expired[i] = known.text[i] != NULL;
}

/* ---- what broke ---- */

static enum err_code explain_w(struct db *db, void *arg, struct err *e)
{
	struct str message = str_z(arg);
	struct error f = { .role = ERROR_CAUSE,
		.from_line = 1,
		.to_line = 2,
		.head_line = 1,
		.message = message,
		.fingerprint = message };
	struct explained x = {
		.step = { .step_id = 1 }, .now = T0, .errors = &f, .templates = &message, .n = 1
	};

	TRY(db_int(db, "SELECT explain_due FROM step WHERE id = 1", NULL, 0, &x.step.due, e));
	return errors_replace(db, &x, e);
}

static void story_explains(const char *message)
{
	struct err e;

	if (!known.text[0])
		return;
	if (went_well(try_write(explain_w, (void *)(uintptr_t)message, &e), &e))
		known.broke = message;
	else
		known.broke_tried = true;
}

static enum err_code resolve_w(struct db *db, void *arg, struct err *e)
{
	struct group_change c = { .has_state = true, .state = GROUP_RESOLVED };

	(void)arg;
	return groups_change(db, 1, 1, &c, T0 + 5, e);
}

static void story_resolves(void)
{
	struct err e;

	if (!known.broke)
		return;
	known.resolved = went_well(try_write(resolve_w, NULL, &e), &e);
	known.resolved_tried = !known.resolved;
}

struct told {
	struct error *errors;
	struct group *groups;
	size_t n_errors, n_groups;
};

static enum err_code read_told(struct db *db, struct told *ret, struct err *e)
{
	struct error_query q = { .step_id = 1, .limit = 10 };
	struct group_query all = { .now = T0 + 10, .limit = 10, .order = GROUPS_NEWEST, .up = true };
	int64_t total;

	TRY(errors_list(db, &fx.arena, &q, &ret->errors, &ret->n_errors, &total, e));
	return groups_list(db, &fx.arena, &all, &ret->groups, &ret->n_groups, &total, e);
}

/* Each error is of a group that is there, and each group has an error or was marked. */
static void errors_and_groups_agree(const struct told *t)
{
	assert_true(t->n_errors <= 1);
	for (size_t i = 0; i < t->n_groups; i++) {
		const struct group *g = &t->groups[i];
		bool has = t->n_errors == 1 && t->errors[0].group_id == g->id;

		assert_int_equal(g->counts.all, has);
		assert_true(has || g->state == GROUP_RESOLVED);
	}
	assert_true(t->n_errors == 0 || t->n_groups > 0);
}

static void is_what_was_said(const struct told *t, bool disk_broke)
{
	errors_and_groups_agree(t);
	if (disk_broke && (known.broke_tried || known.resolved_tried))
		return;
	assert_int_equal(t->n_errors, known.broke != NULL);
	if (known.broke)
		equals(t->errors[0].message, known.broke);
	if (known.resolved)
		assert_int_equal(t->groups[0].state, GROUP_RESOLVED);
}

static void is_what_was_acknowledged(const struct account *acc)
{
	size_t n = 0;

	for (int i = 0; i < N_STEPS; i++) {
		const struct step *s = &acc->steps[n];

		if (!known.text[i])
			continue;
		assert_true(n < acc->n);
		assert_int_equal(s->received_at, T0 + i);
		assert_int_equal(s->has_text, !known.expired[i]);
		assert_int_equal(s->log_expired_at, known.expired[i] ? T0 + 100 : 0);
		if (s->has_text)
			equals(s->text, known.text[i]);
		n++;
	}
	assert_int_equal(acc->n, n);
	assert_int_equal(acc->tally.n_failed, n);
}

static const struct step *step_received_at(const struct account *acc, int64_t at)
{
	for (size_t i = 0; i < acc->n; i++)
		if (acc->steps[i].received_at == at)
			return &acc->steps[i];
	return NULL;
}

static bool is_text(const struct step *s, const char *text)
{
	return s->has_text && text && str_eq(s->text, str_z(text));
}

static bool was_tried(const struct step *s, int i)
{
	return is_text(s, known.text_tried[i][0]) || is_text(s, known.text_tried[i][1]);
}

/* After a sync that failed the bytes may still have reached the disk, and nobody can know: what was told "not
 * stored" may be found. */
static void is_at_least_what_was_acknowledged(const struct account *acc)
{
	for (int i = 0; i < N_STEPS; i++) {
		const struct step *s = step_received_at(acc, T0 + i);
		bool may_be_expired = known.expired[i] || (i < 2 && known.expiry_tried);

		if (!s) {
			assert_null(known.text[i]);
			continue;
		}
		if (!is_text(s, known.text[i]) && !was_tried(s, i) && !(may_be_expired && !s->has_text))
			fail_msg("step %d: text %d \"%.*s\", expired at %lld; acknowledged \"%s\"", i,
				s->has_text, STR_FMT(s->text), (long long)s->log_expired_at,
				known.text[i] ? known.text[i] : "(nothing)");
	}
}

static void story_reads_report(struct db *db)
{
	struct report *reports = NULL;
	size_t n = 0;
	struct err e;

	if (known.text[3] && went_well(reports_list(db, &fx.arena, known.id[3], &reports, &n, &e), &e))
		assert_int_equal(report_of(reports, n), known.report);
}

/* Whatever failed: a step and what its run keeps of it are of one commit. */
static enum err_code kept_is_what_counting_says(struct db *db, struct err *e)
{
	struct run_kept *kept = NULL;
	size_t n = 0;

	TRY(runs_kept(db, &fx.arena, 0, 10, &kept, &n, e));
	for (size_t i = 0; i < n; i++)
		assert_true(kept[i].same);
	return ERR_OK;
}

static void story_reads(void)
{
	struct step_query q = { .repo_id = 1, .head_sha = STR(SHA_A) };
	struct account acc = { 0 };
	struct told told = { 0 };
	struct db *db = NULL;
	struct err e, kept;
	enum err_code code;

	if (!went_well(store_reader_get(fx.store, &db, &e), &e))
		return;
	if (went_well(read_told(db, &told, &e), &e))
		is_what_was_said(&told, false);
	code = steps_failed(db, &fx.arena, &q, 100, &acc.steps, &acc.n, &acc.tally, &acc.expired_at, &e);
	if (code == ERR_OK)
		story_reads_report(db);
	went_well(kept_is_what_counting_says(db, &kept), &kept);
	store_reader_put(fx.store, db);
	if (went_well(code, &e))
		is_what_was_acknowledged(&acc);
}

/* False: it could not even be opened again after the first try. */
static bool story_opens(void)
{
	struct err e;

	return went_well(open_once(&e), &e) || went_well(open_once(&e), &e);
}

static void story_of_the_repo(void)
{
	for (int i = 0; i < N_STEPS - 1; i++)
		story_puts(i, "first text");
	story_puts(2, "second text");
	story_explains("what broke");
	story_resolves();
	story_explains("what broke, better said");
	story_puts_report("a report");
	story_puts_report("the same, sent again");
	story_reads();
	story_expires_the_first_two();
	story_puts(4, "last text");
	story_reads();
}

enum beginning { EMPTY_FOLDER, STORE_FROM_BEFORE, BEGINNINGS };

static void tell_story(enum beginning where)
{
	struct err e;

	memset(&known, 0, sizeof known);
	if (!story_opens())
		return;
	story_adds_the_repo();
	story_adds_the_repo();
	if (where == STORE_FROM_BEFORE)
		story_of_the_repo();
	went_well(store_ping(fx.store, &e), &e);
	store_close(fx.store);
	fx.store = NULL;
}

static int open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void nothing_acknowledged_is_lost(bool disk_broke)
{
	struct told told = { 0 };
	struct account acc;
	struct db *db = NULL;
	struct err e;
	int64_t repos, report;

	must(open_once(&e), &e);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(read_told(db, &told, &e), &e);
	store_reader_put(fx.store, db);
	is_what_was_said(&told, disk_broke);
	repos = ask("SELECT count(*) FROM repo");
	report = ask("SELECT coalesce(sum(n_bytes), 0) FROM report");
	acc = account_of_sha(1, SHA_A);
	if (disk_broke) {
		assert_true(repos == known.repo || (repos == 1 && known.repo_tried));
		is_at_least_what_was_acknowledged(&acc);
		assert_true(
			report == known.report ||
			(report > 0 && (report == known.report_tried[0] || report == known.report_tried[1])));
	} else {
		assert_int_equal(report, known.report);
		assert_int_equal(repos, known.repo);
		is_what_was_acknowledged(&acc);
	}
	store_close(fx.store);
	fx.store = NULL;
}

/* One telling, with the n-th call of a kind failing. False: there are not so many calls. */
static bool told_with_fault(enum beginning where, enum fault_kind kind, int n, int code, bool stays)
{
	int before = open_descriptors();
	int fired;

	assert_int_equal(folder_up(NULL), 0);
	if (where == STORE_FROM_BEFORE)
		assert_int_equal(migrated_put(fx.folder), 0);
	faults_arm(kind, n, code, stays);
	tell_story(where);
	fired = faults_fired();
	faults_disarm();
	if (!stays && known.n_errors > 1)
		fail_msg("one fault (call %d, code %d) was %d errors, the last: %s", n, code, known.n_errors,
			known.error.text);
	if (fired == 0)
		assert_int_equal(known.n_errors, 0);
	nothing_acknowledged_is_lost(stays);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(folder_down(NULL), 0);
	return fired > 0;
}

/* Under AddressSanitizer a telling takes three times as long, and what it looks for, memory misused on the way out of an
   error, is much the same from one call to the next: every fifth fault is told there (five, so that each of the six
   codes still has its turn), and all of them in a build without. */
#ifdef __SANITIZE_ADDRESS__
#define FEWER 5
#else
#define FEWER 1
#endif

/* How far apart the calls are that are made to fail: 1, all of them, unless there are very many. It is odd, so that
   codes that take turns both have theirs. TORTURE=1 in the environment takes all. */
static int stride_of(int n_calls, int n_tellings)
{
	if (getenv("TORTURE"))
		return 1;
	return FEWER * (n_calls <= n_tellings ? 1 : (n_calls / n_tellings + 1) | 1);
}

static int calls_in_story(enum beginning where, enum fault_kind kind)
{
	assert_false(told_with_fault(where, kind, 1 << 30, SQLITE_IOERR, false));
	return faults_counted(kind);
}

/* Every stride-th call of both tellings fails, the n-th with the n-th of the codes, in turn; so many calls there are. */
static int each_fails_once(enum fault_kind kind, const int *codes, size_t n_codes, int stride)
{
	int n_calls = 0;

	for (enum beginning where = 0; where < BEGINNINGS; where++) {
		int n = 1;

		while (told_with_fault(where, kind, n, codes[(size_t)n % n_codes], false))
			n += stride;
		n_calls += n - 1;
	}
	return n_calls;
}

static void every_call_to_sqlite_fails_once(void **state)
{
	static const int codes[] = { SQLITE_IOERR, SQLITE_FULL, SQLITE_BUSY, SQLITE_NOMEM, SQLITE_READONLY,
		SQLITE_CORRUPT };
	int n = each_fails_once(FAULT_CALL, codes, sizeof codes / sizeof *codes, stride_of(0, 1));
	(void)state;

	print_message("calls to SQLite: %d\n", n);
	assert_true(n > 400);
}

static void every_file_call_fails_once(void **state)
{
	int n = each_fails_once(FAULT_FILE, &(const int){ SQLITE_IOERR }, 1, stride_of(0, 1));
	(void)state;

	print_message("file calls: %d\n", n);
	assert_true(n > 200);
}

static void every_file_call_finds_the_disk_full_once(void **state)
{
	(void)state;
	assert_true(each_fails_once(FAULT_FILE, &(const int){ SQLITE_FULL }, 1, stride_of(0, 1)) > 200);
}

static void a_disk_that_breaks_for_good_loses_nothing_acknowledged(void **state)
{
	(void)state;

	for (enum beginning where = 0; where < BEGINNINGS; where++) {
		int stride = stride_of(calls_in_story(where, FAULT_FILE), 200);

		for (int n = 1;; n += stride)
			if (!told_with_fault(where, FAULT_FILE, n, n % 2 ? SQLITE_IOERR : SQLITE_FULL, true))
				break; /* the story is over: the calls after it were counted too */
	}
}

static void every_request_for_memory_fails_once(void **state)
{
	int n_calls = 0, stride;
	(void)state;

	for (enum beginning where = 0; where < BEGINNINGS; where++)
		n_calls += calls_in_story(where, FAULT_MEMORY);
	stride = stride_of(n_calls, 1000);
	print_message("requests for memory: %d, every %d. fails\n", n_calls, stride);
	each_fails_once(FAULT_MEMORY, &(const int){ 0 }, 1, stride);
}

/* R3: told with the reason while it lasts, and over without a restart. */
static void a_full_disk_is_told_and_over_when_there_is_room(void **state)
{
	struct step_facts f = a_step("make");
	int64_t id, repo;
	struct err e;
	(void)state;

	assert_int_equal(folder_up(NULL), 0);
	must(open_once(&e), &e);
	repo = add_repo("home", "acme/pump");
	faults_arm(FAULT_FILE, 1, SQLITE_FULL, true);
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(try_put(repo, &f, STR("x"), T0, &id, &e), ERR_OK);
	faults_disarm();
	put(repo, &f, "y", T0);
	equals(account_of_sha(repo, SHA_A).steps[0].text, "y");
	store_close(fx.store);
	fx.store = NULL;
	assert_int_equal(folder_down(NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_to_sqlite_fails_once),
		cmocka_unit_test(every_file_call_fails_once),
		cmocka_unit_test(every_file_call_finds_the_disk_full_once),
		cmocka_unit_test(a_disk_that_breaks_for_good_loses_nothing_acknowledged),
		cmocka_unit_test(every_request_for_memory_fails_once),
		cmocka_unit_test(a_full_disk_is_told_and_over_when_there_is_room),
	};

	faults_start();
	fixture_where = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"; /* a thousand stories, no disk */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
