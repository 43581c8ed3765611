/* The suite in the database: what a document says is what is there, what is listed is what was asked for, and a file is what its name says. */
#include "tests/store/fixture.h"

#include "base/digest.h"
#include "base/file.h"
#include "store/blob_file.h"
#include "store/suite_nouns.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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

static struct str file(const char *text)
{
	return arena_fmt(&fx.arena, "sha256:%.*s", STR_FMT(digest_of(text)));
}

/* ---- documents ---- */

struct put_call {
	struct suite suite;
	bool all;
	enum err_code code;
};

static enum err_code put_w(struct db *db, void *arg, struct err *why)
{
	struct put_call *c = arg;

	if (c->all)
		TRY(suite_clear(db, T0 + 5, why));
	for (size_t i = 0; i < c->suite.n_samples; i++) {
		int64_t id;

		TRY(samples_put(db, &c->suite.samples[i], T0, &id, why));
	}
	for (size_t i = 0; i < c->suite.n_tests; i++) {
		struct sample_query q = {
			.active = -1, .digest = suite_digest(c->suite.tests[i].sample), .limit = 1
		};
		struct sample *sample;
		int64_t total, id;
		size_t n;

		TRY(samples_list(db, &fx.arena, &q, &sample, &n, &total, why));
		assert_int_equal(n, 1);
		TRY(regression_tests_put(
			db, &c->suite.tests[i], sample->id, STR("ann@example.org"), T0, &id, why));
	}
	return ERR_OK;
}

static void take_document(const char *yaml, bool all)
{
	struct put_call c = { .all = all };

	must(suite_parse(str_z(yaml), &fx.arena, &c.suite, &e), &e);
	must_write(put_w, &c);
}

static enum err_code blob_w(struct db *db, void *arg, struct err *why)
{
	return blobs_put(db, digest_of(arg), (int64_t)strlen(arg), T0, why);
}

static void blob(const char *text)
{
	must_write(blob_w, (void *)(uintptr_t)text);
}

static const char *document(void)
{
	return arena_fmt(&fx.arena,
		"samples:\n"
		"  - {file: \"%s\", name: Alpha.txt, tags: [Text, small]}\n"
		"  - {file: \"%s\", name: \"50%%_beta.bin\", tags: [small], active: false}\n"
		"tests:\n"
		"  - {name: sort-a, sample: \"%s\", command: sort, categories: [basic, sort],\n"
		"     outputs: [{file: out, accepted: [\"%s\"]}, {file: log}]}\n"
		"  - {name: wc-b, sample: \"%s\", command: wc, expected_rc: 2, shell: true, active: false}\n",
		file("a").p, file("b").p, file("a").p, file("sorted").p, file("b").p)
		.p;
}

static int set_up(void **state)
{
	if (store_up(state) != 0)
		return -1;
	blob("a");
	blob("b");
	blob("sorted");
	return 0;
}

static const char *document_now(void)
{
	struct suite s = { 0 };
	struct db *db = NULL;
	const char *text;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	must(store_reader_get(fx.store, &db, &e), &e);
	must(suite_read_all(db, &fx.arena, &s, &e), &e);
	store_reader_put(fx.store, db);
	suite_write(&s, &out);
	text = arena_str(&fx.arena, buf_view(&out)).p;
	return text;
}

static const char *as_written(const char *yaml)
{
	struct suite s = { 0 };
	const char *text;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	must(suite_parse(str_z(yaml), &fx.arena, &s, &e), &e);
	suite_write(&s, &out);
	text = arena_str(&fx.arena, buf_view(&out)).p;
	return text;
}

static void what_a_document_says_is_what_is_there_once_or_twice(void **state)
{
	(void)state;
	assert_string_equal(document_now(), "samples: []\ntests: []\n");
	take_document(document(), false);
	assert_string_equal(document_now(), as_written(document()));
	take_document(document(), false);
	assert_string_equal(document_now(), as_written(document()));
	take_document(document(), true);
	assert_string_equal(document_now(), as_written(document()));
	assert_int_equal(ask("SELECT count(*) FROM regression_test"), 2);
	assert_int_equal(ask("SELECT count(*) FROM baseline"), 1);
}

static void a_document_changes_what_it_names_and_leaves_the_rest(void **state)
{
	const char *other = arena_fmt(&fx.arena,
		"samples: [{file: \"%s\", name: alpha-2.txt}]\n"
		"tests: [{name: sort-a, sample: \"%s\", command: sort -n, outputs: [{file: out, accepted: "
		"[\"%s\"]}]}]\n",
		file("a").p, file("a").p, file("b").p)
				    .p;
	(void)state;

	take_document(document(), false);
	take_document(other, false);
	assert_int_equal(ask("SELECT count(*) FROM sample WHERE active = 1"), 1);
	assert_int_equal(ask("SELECT count(*) FROM sample_tag"), 1); /* of the other */
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0"), 2);
	assert_int_equal(ask("SELECT count(*) FROM test_output WHERE active = 1"), 1);
	assert_int_equal(ask("SELECT id FROM regression_test WHERE command = 'sort -n'"), 1);
	take_document(other, true);
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0"), 1);
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at <> 0"), 1);
	take_document(document(), false); /* what was taken back counts again */
	assert_int_equal(ask("SELECT count(*) FROM baseline WHERE removed_at = 0"), 2);
}

static enum err_code put_unknown(struct db *db, void *arg, struct err *why)
{
	struct suite s = { 0 };
	const struct suite_sample sample = { .file = file("nowhere"), .name = STR("x"), .active = true };
	struct suite_words accepted = { (struct str[]){ file("nowhere") }, 1 };
	struct suite_output output = { STR("out"), accepted };
	const struct suite_test test = {
		.name = STR("t"), .command = STR("c"), .outputs = &output, .n_outputs = 1
	};
	int64_t id;

	(void)s;
	if (*(int *)arg == 0)
		return samples_put(db, &sample, T0, &id, why);
	return regression_tests_put(db, &test, 1, STR("ann"), T0, &id, why);
}

static void a_file_that_is_not_here_is_told_as_that(void **state)
{
	int which = 0;
	(void)state;

	take_document(document(), false);
	assert_int_equal(try_write(put_unknown, &which, &e), ERR_NOT_FOUND);
	which = 1;
	assert_int_equal(try_write(put_unknown, &which, &e), ERR_NOT_FOUND);
	assert_string_equal(document_now(), as_written(document()));
}

/* ---- lists ---- */

static void assert_samples(const struct sample_query *q, const char *want)
{
	struct sample_query all = *q;
	struct sample *list = NULL;
	struct db *db = NULL;
	char got[200] = "";
	int64_t total = 0;
	size_t n = 0;

	all.limit = all.limit ? all.limit : 100;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(samples_list(db, &fx.arena, &all, &list, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s(%zu,%lld) ",
			STR_FMT(list[i].name), list[i].tags.n, (long long)list[i].n_tests);
	assert_string_equal(got, want);
	if (q->limit == 0)
		assert_int_equal(total, n);
}

static void samples_are_found_by_each_filter(void **state)
{
	(void)state;
	take_document(document(), false);
#define Q(...) &(struct sample_query){ .active = -1, __VA_ARGS__ }
	assert_samples(Q(.limit = 0), "Alpha.txt(2,1) 50%_beta.bin(1,0) ");
	assert_samples(&(struct sample_query){ .active = 1 }, "Alpha.txt(2,1) ");
	assert_samples(&(struct sample_query){ .active = 0 }, "50%_beta.bin(1,0) ");
	assert_samples(Q(.name = STR("LPHA")), "Alpha.txt(2,1) ");
	assert_samples(Q(.name = STR("%")), "50%_beta.bin(1,0) ");
	assert_samples(Q(.name = STR("_")), "50%_beta.bin(1,0) ");
	assert_samples(Q(.name = STR("!")), "");
	assert_samples(Q(.tag = STR("text")), "Alpha.txt(2,1) ");
	assert_samples(Q(.digest = digest_of("b")), "50%_beta.bin(1,0) ");
	assert_samples(Q(.extension = STR("TXT")), "Alpha.txt(2,1) ");
	assert_samples(Q(.limit = 1, .offset = 1), "50%_beta.bin(1,0) ");
	assert_samples(Q(.tag = STR("small"), .extension = STR("bin")), "50%_beta.bin(1,0) ");
}

static void assert_tests(const struct regression_test_query *q, const char *want)
{
	struct regression_test_query all = *q;
	struct regression_test *list = NULL;
	struct db *db = NULL;
	char got[200] = "";
	int64_t total = 0;
	size_t n = 0;

	all.limit = 100;
	must(store_reader_get(fx.store, &db, &e), &e);
	must(regression_tests_list(db, &fx.arena, &all, &list, &n, &total, &e), &e);
	store_reader_put(fx.store, db);
	for (size_t i = 0; i < n; i++)
		snprintf(got + strlen(got), sizeof got - strlen(got), "%.*s(%.*s,%zu) ",
			STR_FMT(list[i].name), STR_FMT(list[i].sample_name), list[i].categories.n);
	assert_string_equal(got, want);
	assert_int_equal(total, n);
}

static void tests_are_found_by_each_filter(void **state)
{
	(void)state;
	take_document(document(), false);
#define R(...) &(struct regression_test_query){ .active = -1, __VA_ARGS__ }
	assert_tests(R(.limit = 0), "sort-a(Alpha.txt,2) wc-b(50%_beta.bin,0) ");
	assert_tests(&(struct regression_test_query){ .active = 1 }, "sort-a(Alpha.txt,2) ");
	assert_tests(R(.category = STR("SORT")), "sort-a(Alpha.txt,2) ");
	assert_tests(R(.category = STR("so")), "");
	assert_tests(R(.tag = STR("Small")), "sort-a(Alpha.txt,2) wc-b(50%_beta.bin,0) ");
	assert_tests(R(.tag = STR("text")), "sort-a(Alpha.txt,2) ");
	assert_tests(R(.sample_id = 2), "wc-b(50%_beta.bin,0) ");
	assert_tests(R(.sample_id = 9), "");
}

/* ---- files ---- */

static struct blob_file *begun(const char *one, const char *two)
{
	struct blob_file *f = NULL;

	must(blob_file_begin(fx.store, &f, &e), &e);
	must(blob_file_add(f, str_z(one), &e), &e);
	must(blob_file_add(f, str_z(two), &e), &e);
	return f;
}

static int64_t n_incoming(void)
{
	int64_t n = 0;

	must(blob_file_sweep(fx.store, INT64_MAX, &n, &e), &e);
	return n;
}

static enum err_code says_so(void *arg, bool *ret, struct err *why)
{
	(void)why;
	*ret = *(bool *)arg;
	return ERR_OK;
}

static void a_file_is_kept_under_what_it_is(void **state)
{
	struct blob_file *f = begun("hello ", "world");
	int64_t bytes = 0;
	bool same = false;
	int fd = -1;
	AUTO_BUF text;
	(void)state;

	buf_init(&text, 100);
	assert_int_equal(blob_file_bytes(f), 11);
	must(blob_file_keep(f, digest_of("hello world"), &e), &e);
	blob_file_end(f);
	must(blob_file_open(fx.store, digest_of("hello world"), &fd, &bytes, &e), &e);
	must(fd_read_at(fd, 0, (size_t)bytes, &text, &e), &e);
	fd_close(&fd);
	assert_string_equal(buf_cstr(&text), "hello world");
	must(blob_file_check(fx.store, digest_of("hello world"), &same, &e), &e);
	assert_true(same);
	assert_int_equal(n_incoming(), 0);
	for (int i = 0; i < 3; i++) { /* somebody's, nobody's, gone */
		bool nobodys = i > 0;

		must(blob_file_remove_if(fx.store, digest_of("hello world"), says_so, &nobodys, &e), &e);
		assert_int_equal(blob_file_open(fx.store, digest_of("hello world"), &fd, &bytes, &e),
			i == 0 ? ERR_OK : ERR_NOT_FOUND);
		fd_close(&fd);
		assert_int_equal(n_incoming(), 0);
	}
}

static void other_bytes_than_were_announced_are_not_kept(void **state)
{
	struct blob_file *f = begun("hello ", "word");
	int64_t bytes;
	int fd = -1;
	(void)state;

	assert_int_equal(blob_file_keep(f, digest_of("hello world"), &e), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "10 bytes"));
	blob_file_end(f);
	assert_int_equal(blob_file_open(fx.store, digest_of("hello world"), &fd, &bytes, &e), ERR_NOT_FOUND);
	assert_int_equal(n_incoming(), 0);
}

static void the_same_file_again_mends_one_that_was_spoilt(void **state)
{
	struct blob_file *f = begun("hello ", "world");
	struct str digest = digest_of("hello world");
	const char *path = arena_fmt(&fx.arena, "%s/blobs/%.2s/%s", fx.folder, digest.p, digest.p).p;
	bool same = true;
	FILE *out;
	(void)state;

	must(blob_file_keep(f, digest, &e), &e);
	blob_file_end(f);
	out = fopen(path, "r+");
	assert_non_null(out);
	assert_int_equal(fputc('J', out), 'J');
	assert_int_equal(fclose(out), 0);
	must(blob_file_check(fx.store, digest, &same, &e), &e);
	assert_false(same);
	f = begun("hello", " world");
	must(blob_file_keep(f, digest, &e), &e);
	blob_file_end(f);
	must(blob_file_check(fx.store, digest, &same, &e), &e);
	assert_true(same);
}

static void what_a_crash_leaves_is_swept_when_it_is_old(void **state)
{
	struct blob_file *f = begun("never ", "kept");
	int64_t n = -1;
	(void)state;

	must(blob_file_sweep(fx.store, 1000, &n, &e), &e);
	assert_int_equal(n, 0);
	assert_int_equal(n_incoming(), 1);
	blob_file_end(f);
}

/* ---- rows of files ---- */

static enum err_code state_w(struct db *db, void *arg, struct err *why)
{
	return blobs_set_state(db, digest_of("a"), *(enum blob_state *)arg, T0 + 9, why);
}

static enum err_code remove_w(struct db *db, void *arg, struct err *why)
{
	return blobs_remove(db, digest_of("b"), arg, why);
}

static void blobs_are_told_that_nothing_speaks_of_or_that_were_not_hashed_for_long(void **state)
{
	enum blob_state missing = BLOB_MISSING;
	struct blob *list = NULL, one;
	struct db *db = NULL;
	bool gone = true;
	size_t n = 0;
	(void)state;

	take_document(document(), false);
	blob("loose");
	must(store_reader_get(fx.store, &db, &e), &e);
	must(blobs_unused(db, &fx.arena, T0 + 1, 10, &list, &n, &e), &e);
	assert_int_equal(n, 1);
	assert_true(str_eq(list[0].digest, digest_of("loose")));
	must(blobs_unused(db, &fx.arena, T0, 10, &list, &n, &e), &e);
	assert_int_equal(n, 0);
	must_write(state_w, &missing);
	must(blobs_get(db, &fx.arena, digest_of("a"), &one, &e), &e);
	assert_int_equal(one.state, BLOB_MISSING);
	assert_int_equal(one.checked_at, T0 + 9);
	must(blobs_unchecked(db, &fx.arena, T0 + 1, 10, &list, &n, &e), &e);
	assert_int_equal(n, 3);
	blob("a"); /* sent again: well again */
	must(blobs_get(db, &fx.arena, digest_of("a"), &one, &e), &e);
	assert_int_equal(one.state, BLOB_OK);
	assert_int_equal(blobs_get(db, &fx.arena, digest_of("nowhere"), &one, &e), ERR_NOT_FOUND);
	store_reader_put(fx.store, db);
	must_write(remove_w, &gone); /* a sample is it */
	assert_false(gone);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, store_down)
	static const struct CMUnitTest tests[] = {
		TEST(what_a_document_says_is_what_is_there_once_or_twice),
		TEST(a_document_changes_what_it_names_and_leaves_the_rest),
		TEST(a_file_that_is_not_here_is_told_as_that),
		TEST(samples_are_found_by_each_filter),
		TEST(tests_are_found_by_each_filter),
		TEST(a_file_is_kept_under_what_it_is),
		TEST(other_bytes_than_were_announced_are_not_kept),
		TEST(the_same_file_again_mends_one_that_was_spoilt),
		TEST(what_a_crash_leaves_is_swept_when_it_is_old),
		TEST(blobs_are_told_that_nothing_speaks_of_or_that_were_not_hashed_for_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
