#include "tests/test.h"

#include "pack/tarball_file.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/zst.h"
#include "pack/tarball_check.h"
#include "tests/unit/help/raw_tar.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct err e;
static struct arena arena;
static struct buf tar;
static int archive = -1, out = -1;

static int start(void **state)
{
	(void)state;
	arena_init(&arena);
	buf_init(&tar, 16 << 20);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&arena);
	buf_done(&tar);
	fd_close(&archive);
	fd_close(&out);
	return 0;
}

/* A file that has what is in tar, packed; its last bytes, so many of them, are spoilt. Its place is at its end. */
static void keep(size_t garbage)
{
	AUTO_BUF packed;

	buf_init(&packed, 16 << 20);
	assert_int_equal(zst_compress(buf_view(&tar), 1, &packed, &e), ERR_OK);
	assert_true(garbage <= packed.len);
	memset(packed.p + packed.len - garbage, 0xAA, garbage);
	fd_close(&archive);
	archive = memfd_create("archive", MFD_CLOEXEC);
	assert_int_equal(fd_write_all(archive, buf_view(&packed), &e), ERR_OK);
	buf_reset(&tar);
}

static void keep_usual(void)
{
	raw_tar_head(&tar, &(struct raw_head){ .name = "ep/", .type = '5' });
	raw_tar_file(&tar, "ep/meta.json", STR("{}"));
	raw_tar_file(&tar, "ep/file", STR("the text"));
	raw_tar_link(&tar, '2', "ep/link", "file");
	raw_tar_link(&tar, '1', "ep/hard", "ep/file");
	raw_tar_file(&tar, "ep/empty", STR(""));
	raw_tar_end(&tar);
	keep(0);
}

static enum err_code extract(const char *path, int64_t max, int64_t *ret_bytes, struct buf *ret)
{
	enum err_code code;

	fd_close(&out);
	out = memfd_create("out", MFD_CLOEXEC);
	code = tarball_extract(archive, str_z(path), max, out, ret_bytes, &e);
	buf_reset(ret);
	assert_int_equal(fd_read_at(out, 0, (size_t)lseek(out, 0, SEEK_END), ret, NULL), ERR_OK);
	return code;
}

static void a_list_has_all_in_order(void **state)
{
	static const struct tarball_entry all[] = {
		{ TARBALL_FOLDER, { "ep/", 3 }, 0 },
		{ TARBALL_FILE, { "ep/meta.json", 12 }, 2 },
		{ TARBALL_FILE, { "ep/file", 7 }, 8 },
		{ TARBALL_LINK, { "ep/link", 7 }, 0 },
		{ TARBALL_LINK, { "ep/hard", 7 }, 0 },
		{ TARBALL_FILE, { "ep/empty", 8 }, 0 },
	};
	struct tarball_entry *list = NULL;
	size_t n = 0;

	(void)state;
	keep_usual();
	assert_int_equal(tarball_list(archive, 6, 1 << 20, &arena, &list, &n, &e), ERR_OK);
	assert_int_equal(n, 6);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(list[i].kind, all[i].kind);
		assert_true(str_eq(list[i].path, all[i].path));
		assert_int_equal(list[i].bytes, all[i].bytes);
	}
}

static void a_list_is_bounded(void **state)
{
	struct tarball_entry *list = NULL;
	size_t n = 99;

	(void)state;
	keep_usual();
	assert_int_equal(tarball_list(archive, 5, 1 << 20, &arena, &list, &n, &e), ERR_TOO_LARGE);
	assert_int_equal(tarball_list(archive, 100, 6 * 512, &arena, &list, &n, &e), ERR_TOO_LARGE);
	assert_null(list);
	assert_int_equal(n, 99);
}

/* 16384 names of 4096 bytes, as which longer ones are told, are 64 MiB. */
static void names_together_are_bounded(void **state)
{
	struct tarball_entry *list = NULL;
	size_t n = 0;
	char *name = mem_alloc(5000);
	AUTO_BUF record;

	(void)state;
	buf_init(&record, 10000);
	buf_done(&tar);
	buf_init(&tar, 128 << 20);
	memset(name, 'n', 4999);
	raw_tar_record(&record, "path", str_z(name));
	free(name);
	for (int more = 0; more < 2; more++) {
		for (int i = 0; i < 16384 + more; i++) {
			raw_tar_extra(&tar, 'x', buf_view(&record));
			raw_tar_file(&tar, "cut", STR(""));
		}
		raw_tar_end(&tar);
		keep(0);
		assert_int_equal(tarball_list(archive, INT64_MAX, INT64_MAX, &arena, &list, &n, &e),
			more ? ERR_TOO_LARGE : ERR_OK);
	}
	assert_int_equal(n, 16384);
	assert_int_equal(list[0].path.len, 4096);
}

static void any_name_is_told_as_text_and_asked_for_so(void **state)
{
	struct tarball_entry *list = NULL;
	int64_t bytes = 0;
	size_t n = 0;
	AUTO_BUF text;

	(void)state;
	buf_init(&text, 1000);
	raw_tar_file(&tar, "../../etc/\xFF\n", STR("one"));
	raw_tar_file(&tar, "/abs", STR("two"));
	raw_tar_head(&tar, &(struct raw_head){ .name = "fifo", .type = '6' });
	raw_tar_end(&tar);
	keep(0);
	assert_int_equal(tarball_list(archive, 10, 1 << 20, &arena, &list, &n, &e), ERR_OK);
	assert_int_equal(n, 3);
	assert_true(str_eq(list[0].path, STR("../../etc/\xEF\xBF\xBD\n")));
	assert_int_equal(list[2].kind, TARBALL_OTHER);
	assert_int_equal(extract("../../etc/\xEF\xBF\xBD\n", 100, &bytes, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "one");
	assert_int_equal(extract("../../etc/\xFF\n", 100, &bytes, &text), ERR_OK);
	assert_int_equal(extract("/abs", 100, &bytes, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "two");
	assert_int_equal(extract("fifo", 100, &bytes, &text), ERR_NOT_FOUND);
}

static void a_file_comes_out_as_it_is(void **state)
{
	int64_t bytes = 77;
	char *large = mem_alloc(3 << 20);
	AUTO_BUF text;

	(void)state;
	buf_init(&text, 16 << 20);
	keep_usual();
	assert_int_equal(extract("ep/file", 8, &bytes, &text), ERR_OK);
	assert_string_equal(buf_cstr(&text), "the text");
	assert_int_equal(bytes, 8);
	assert_int_equal(extract("ep/empty", 0, &bytes, &text), ERR_OK);
	assert_int_equal(bytes, 0);
	random_bytes(large, 3 << 20);
	raw_tar_file(&tar, "large", (struct str){ large, 3 << 20 });
	raw_tar_file(&tar, "large", STR("not the first"));
	keep(0); /* without an end, which nobody comes to */
	assert_int_equal(extract("large", INT64_MAX, &bytes, &text), ERR_OK);
	assert_true(str_eq(buf_view(&text), (struct str){ large, 3 << 20 }));
	free(large);
}

static void what_is_no_file_or_too_large_is_not_taken_out(void **state)
{
	int64_t bytes = 77;
	AUTO_BUF text;

	(void)state;
	buf_init(&text, 1000);
	keep_usual();
	assert_int_equal(extract("ep/file", 7, &bytes, &text), ERR_TOO_LARGE);
	assert_int_equal(text.len, 0);
	assert_int_equal(extract("ep/missing", 100, &bytes, &text), ERR_NOT_FOUND);
	assert_int_equal(extract("ep/link", 100, &bytes, &text), ERR_NOT_FOUND);
	assert_int_equal(extract("ep/hard", 100, &bytes, &text), ERR_NOT_FOUND);
	assert_int_equal(extract("ep/", 100, &bytes, &text), ERR_NOT_FOUND);
	assert_int_equal(extract("", 100, &bytes, &text), ERR_NOT_FOUND);
	assert_int_equal(bytes, 77);
}

static void out_may_be_full(void **state)
{
	int64_t bytes = 77;
	AUTO_FD full = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	keep_usual();
	assert_int_equal(tarball_extract(archive, STR("ep/file"), 100, full, &bytes, &e), ERR_FULL);
	assert_int_equal(bytes, 77);
}

static void meta_is_found_without_reading_on(void **state)
{
	struct str meta = { 0 };
	bool has = false;
	char *noise = mem_alloc(2 << 20);

	(void)state;
	random_bytes(noise, 2 << 20);
	raw_tar_file(&tar, "ep/meta.json", STR("{\"a\": 1}"));
	raw_tar_file(&tar, "ep/noise", (struct str){ noise, 2 << 20 });
	free(noise);
	keep(1000);
	assert_int_equal(tarball_meta(archive, &arena, &has, &meta, &e), ERR_OK);
	assert_true(has);
	assert_true(str_eq(meta, STR("{\"a\": 1}")));
	raw_tar_file(&tar, "../meta.json", STR("{}"));
	raw_tar_file(&tar, "a/b/meta.json", STR("{}"));
	raw_tar_end(&tar);
	keep(0);
	assert_int_equal(tarball_meta(archive, &arena, &has, &meta, &e), ERR_OK);
	assert_false(has);
}

static void what_is_no_archive_is_an_error(void **state)
{
	struct tarball_entry *list = NULL;
	struct str meta = { 0 };
	int64_t bytes = 0;
	bool has = false;
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 4; i++) {
		buf_reset(&tar);
		if (i == 0)
			raw_tar_file(&tar, "cut", STR("without an end"));
		else if (i == 1)
			buf_z(&tar, "no tar");
		else if (i == 2)
			raw_tar_file(&tar, "damaged", STR("text")), raw_tar_end(&tar);
		keep(i == 2 ? 3 : 0);
		if (i == 3)
			assert_int_equal(ftruncate(archive, 0), 0);
		assert_int_equal(tarball_list(archive, 9, 9999, &arena, &list, &n, &e), ERR_UNPROCESSABLE);
		assert_int_equal(tarball_extract(archive, STR("x"), 9, 1, &bytes, &e), ERR_UNPROCESSABLE);
		assert_int_equal(tarball_meta(archive, &arena, &has, &meta, &e), ERR_UNPROCESSABLE);
	}
	assert_int_equal(tarball_list(-1, 9, 9999, &arena, &list, &n, &e), ERR_STORAGE);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(a_list_has_all_in_order),
		T(a_list_is_bounded),
		T(names_together_are_bounded),
		T(any_name_is_told_as_text_and_asked_for_so),
		T(a_file_comes_out_as_it_is),
		T(what_is_no_file_or_too_large_is_not_taken_out),
		T(out_may_be_full),
		T(meta_is_found_without_reading_on),
		T(what_is_no_archive_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
