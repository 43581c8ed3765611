#include "tests/test.h"

#include "pack/tarball_check.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/zst.h"
#include "tests/unit/help/raw_tar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGA ((size_t)1 << 20)

static const struct tarball_limits usual = { 64 << 20, 1000, 1000, 64 << 20 };
static struct err e;
static struct tarball_found found;
static struct arena arena;
static struct buf tar, packed;

static int start(void **state)
{
	(void)state;
	arena_init(&arena);
	buf_init(&tar, 80 * MEGA);
	buf_init(&packed, 80 * MEGA);
	memset(&found, 0, sizeof found);
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_done(&arena);
	buf_done(&tar);
	buf_done(&packed);
	return 0;
}

/* ---- checking what is in tar, or packed ---- */

struct source {
	struct str rest;
	size_t piece;
	enum err_code failure; /* at the end */
};

static enum err_code read_source(void *arg, char *room, size_t max, size_t *ret_n, struct err *err)
{
	struct source *s = arg;
	size_t n = s->rest.len;

	if (n > max)
		n = max;
	if (n > s->piece)
		n = s->piece;
	if (n == 0 && s->failure != ERR_OK)
		return err_set(err, s->failure, "the line is dead");
	memcpy(room, s->rest.p, n);
	s->rest = str_from(s->rest, n);
	*ret_n = n;
	return ERR_OK;
}

static enum err_code check_packed(const struct tarball_limits *limits)
{
	struct source s = { buf_view(&packed), 70000, ERR_OK };

	return tarball_check(read_source, &s, limits, &arena, &found, &e);
}

static enum err_code check_within(const struct tarball_limits *limits)
{
	buf_reset(&packed);
	assert_int_equal(zst_compress(buf_view(&tar), 1, &packed, &e), ERR_OK);
	buf_reset(&tar);
	return check_packed(limits);
}

static void ended(void)
{
	raw_tar_end(&tar);
}

static void is_fine(int64_t n_entries)
{
	enum err_code code;

	ended();
	code = check_within(&usual);
	if (code != ERR_OK)
		fail_msg("%s", e.text);
	assert_int_equal(found.n_entries, n_entries);
}

static void is_refused_as(const char *why)
{
	enum err_code code = check_within(&usual);

	if (code != ERR_UNPROCESSABLE || !strstr(e.text, why))
		fail_msg("%d, not \"%s\" but \"%s\"", code, why, code == ERR_OK ? "" : e.text);
}

static void is_refused(const char *why)
{
	ended();
	is_refused_as(why);
}

static void put_head(struct raw_head h)
{
	raw_tar_head(&tar, &h);
}

static void put_file(const char *name)
{
	raw_tar_file(&tar, name, STR("text\n"));
}

static void put_pax(char type, const char *key, struct str value)
{
	AUTO_BUF records;

	buf_init(&records, 2 * MEGA);
	raw_tar_record(&records, key, value);
	raw_tar_extra(&tar, type, buf_view(&records));
}

/* ---- what is fine ---- */

static void what_everybody_packs_is_fine(void **state)
{
	(void)state;
	put_head((struct raw_head){ .name = "ep-1/", .type = '5' });
	raw_tar_file(&tar, "ep-1/meta.json", STR("{\"a\": 1}"));
	put_head((struct raw_head){ .name = "ep-1/sub/", .type = '5' });
	raw_tar_file(&tar, "ep-1/sub/file", STR("text"));
	raw_tar_link(&tar, '2', "ep-1/sub/link", "../meta.json");
	raw_tar_link(&tar, '1', "ep-1/hard", "ep-1/sub/file");
	put_head((struct raw_head){ .name = "ep-1/sub/", .type = '5' });
	is_fine(7);
	assert_true(found.has_meta);
	assert_true(str_eq(found.meta, STR("{\"a\": 1}")));
	assert_int_equal(found.packed_bytes, packed.len);
	assert_int_equal(found.unpacked_bytes, 9 * 512 + 1024);
}

static void an_archive_of_nothing_is_one(void **state)
{
	(void)state;
	is_fine(0);
	assert_false(found.has_meta);
}

static void names_come_through_however_they_are_written(void **state)
{
	char name[5001];

	(void)state;
	put_file("h\xC3\xA4\xC3\x9F.txt");
	put_file("\xE2\x80\xAE"
		 "bidi.txt");
	put_file("a\xCC\x88"); /* not composed, */
	put_file("\xC3\xA4");  /* and composed: two names */
	memset(name, 'n', sizeof name);
	for (size_t i = 200; i < 5000; i += 200)
		name[i] = '/';
	raw_tar_extra(&tar, 'L', (struct str){ name, 1000 });
	put_file("cut");
	put_pax('x', "path", (struct str){ name + 1, 1098 });
	put_file("cut");
	put_pax('x', "path", STR("\xF0\x9F\x98\x80/x"));
	put_file("cut");
	put_head((struct raw_head){ .name = "name", .prefix = "pre/fix" });
	put_head((struct raw_head){ .name = "old", .magic = "\0\0\0\0\0\0\0" });
	put_head((struct raw_head){ .name = "gnu", .magic = "ustar  " });
	put_pax('x', "linkpath", STR("\xC3\xA4"));
	raw_tar_link(&tar, '2', "link", "cut");
	raw_tar_extra(&tar, 'K', STR("a\xCC\x88\0"));
	raw_tar_link(&tar, '2', "other", "cut");
	is_fine(12);
}

static void paths_may_have_dots_and_slashes_too_many(void **state)
{
	(void)state;
	put_head((struct raw_head){ .name = "./", .type = '5' });
	raw_tar_file(&tar, "./meta.json", STR("{}"));
	put_head((struct raw_head){ .name = "a//", .type = '5' });
	put_file("./a/.//b");
	raw_tar_link(&tar, '1', "c", "./a//b");
	is_fine(5);
	assert_true(found.has_meta);
}

static void comments_for_all_are_fine(void **state)
{
	(void)state;
	put_pax('g', "comment", STR("b5c0ffee"));
	put_file("file");
	is_fine(1);
}

/* ---- meta.json ---- */

static bool has_meta(void)
{
	raw_tar_end(&tar);
	assert_int_equal(check_within(&usual), ERR_OK);
	return found.has_meta;
}

static void meta_is_looked_for_at_the_top_and_in_the_one_folder(void **state)
{
	(void)state;
	raw_tar_file(&tar, "ep/meta.json", STR("1"));
	raw_tar_file(&tar, "meta.json", STR("2"));
	assert_true(has_meta());
	assert_true(str_eq(found.meta, STR("1")));
	raw_tar_file(&tar, "ep/sub/meta.json", STR("1"));
	assert_false(has_meta());
	put_file("ep/file");
	raw_tar_file(&tar, "other/meta.json", STR("1"));
	assert_false(has_meta());
	put_file("ep/file");
	raw_tar_link(&tar, '2', "ep/meta.json", "file");
	assert_false(has_meta());
	put_head((struct raw_head){ .name = "ep/meta.json/", .type = '5' });
	assert_false(has_meta());
	raw_tar_file(&tar, "ep/meta.json", STR(""));
	assert_true(has_meta());
	assert_int_equal(found.meta.len, 0);
}

static void a_meta_that_is_too_long_is_none(void **state)
{
	char *p = mem_alloc(TARBALL_META_MAX + 1);

	(void)state;
	raw_tar_file(&tar, "meta.json", (struct str){ p, TARBALL_META_MAX });
	assert_true(has_meta());
	assert_int_equal(found.meta.len, TARBALL_META_MAX);
	raw_tar_file(&tar, "meta.json", (struct str){ p, TARBALL_META_MAX + 1 });
	assert_false(has_meta());
	free(p);
}

/* ---- names ---- */

static void names_that_lead_elsewhere_are_refused(void **state)
{
	static const char *const names[][2] = { { "/etc/passwd", "is absolute" }, { "//x", "is absolute" },
		{ "..", "\"..\"" }, { "../x", "\"..\"" }, { "a/../../b", "\"..\"" }, { "a/..", "\"..\"" },
		{ "./../x", "\"..\"" } };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		put_file(names[i][0]);
		is_refused(names[i][1]);
		put_pax('x', "path", str_z(names[i][0]));
		put_file("harmless");
		is_refused(names[i][1]);
		raw_tar_extra(&tar, 'L', str_z(names[i][0]));
		put_file("harmless");
		is_refused(names[i][1]);
		put_file("harmless");
		raw_tar_link(&tar, '1', "hard", names[i][0]);
		is_refused("hard link to a name");
	}
	put_file("..a/b../...");
	is_fine(1);
}

static void names_that_are_no_text_are_refused(void **state)
{
	(void)state;
	put_file("");
	is_refused("is empty");
	put_file("a\nb");
	is_refused("control character");
	put_file("a\x7f");
	is_refused("control character");
	put_file("a\xC2\x9B"
		 "31m");
	is_refused("control character");
	put_file("a\xFF");
	is_refused("not UTF-8");
	put_file("a\xC3");
	is_refused("not UTF-8");
	put_pax('x', "path", STR("a\0b"));
	put_file("a");
	is_refused("NUL");
	put_pax('x', "linkpath", STR("a\0/../../b"));
	raw_tar_link(&tar, '2', "l", "a");
	is_refused("NUL");
}

static void what_is_told_of_a_name_is_harmless(void **state)
{
	(void)state;
	put_file("/a\x1b[31m\n\xFF\xE2\x80\xAE");
	is_refused("/a\xEF\xBF\xBD[31m\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

static void names_have_limits(void **state)
{
	char name[5001];

	(void)state;
	memset(name, 'n', sizeof name);
	put_pax('x', "path", (struct str){ name, 255 });
	put_file("n");
	is_fine(1);
	put_pax('x', "path", (struct str){ name, 256 });
	put_file("n");
	is_refused("255 bytes");
	for (size_t i = 100; i < 5000; i += 101)
		name[i] = '/';
	put_pax('x', "path", (struct str){ name, 4096 });
	put_file("n");
	is_fine(1);
	put_pax('x', "path", (struct str){ name, 5000 });
	put_file("n");
	is_refused("4096 bytes");
	raw_tar_extra(&tar, 'L', (struct str){ name, 5000 });
	put_file("n");
	is_refused("4096 bytes");
	for (size_t i = 0; i < 5000; i++)
		name[i] = i % 2 ? '/' : 'n';
	put_pax('x', "path", (struct str){ name, 199 });
	put_file("n");
	is_fine(1);
	put_pax('x', "path", (struct str){ name, 201 });
	put_file("n");
	is_refused("100 folders deep");
}

static void no_name_is_there_twice(void **state)
{
	(void)state;
	put_file("a");
	put_file("a");
	is_refused("is there twice");
	put_file("a");
	put_file("./a");
	is_refused("is there twice");
	put_file("a/b");
	put_file("a");
	is_refused("is there twice");
	put_head((struct raw_head){ .name = "a/", .type = '5' });
	raw_tar_link(&tar, '2', "a", "b");
	is_refused("is there twice");
	put_file("a");
	put_file("a/b");
	is_refused("stands in what is no folder");
	put_head((struct raw_head){ .name = "./" });
	is_fine(1); /* a file with a '/' behind it is a folder */
	put_pax('x', "path", STR("a/"));
	raw_tar_link(&tar, '2', "a", "b");
	is_refused("'/' at its end");
	raw_tar_link(&tar, '2', ".", "b");
	is_refused("where the top is");
}

/* ---- links ---- */

static void links_that_lead_out_are_refused(void **state)
{
	static const char *const links[][2] = { { "a", ".." }, { "a", "/etc/passwd" }, { "a/b", "../.." },
		{ "a/b", "../../x" }, { "a", "./.." }, { "a/./b", "../.." }, { "a", "b/../.." } };

	(void)state;
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		raw_tar_link(&tar, '2', links[i][0], links[i][1]);
		is_refused(links[i][1]);
	}
	raw_tar_link(&tar, '2', "a/b/c", "../../x");
	raw_tar_link(&tar, '2', "d", "nowhere");
	raw_tar_link(&tar, '2', "e/f", "..");
	is_fine(3);
}

/* s is the top; s/.. is above it, though it looks as if it were the top. */
static void links_do_not_lead_out_through_each_other(void **state)
{
	(void)state;
	raw_tar_link(&tar, '2', "s", ".");
	raw_tar_link(&tar, '2', "x", "s/../y");
	is_refused("\"..\" behind a name");
	raw_tar_link(&tar, '2', "s", ".");
	put_file("s/file");
	is_refused("stands in what is no folder");
	raw_tar_link(&tar, '2', "a/s", "..");
	raw_tar_link(&tar, '2', "a/s/x", "../../y");
	is_refused("stands in what is no folder");
}

static void hard_links_lead_to_files_that_came(void **state)
{
	(void)state;
	raw_tar_link(&tar, '1', "a", "missing");
	is_refused("hard link to what is no file");
	raw_tar_link(&tar, '1', "a", "later");
	put_file("later");
	is_refused("hard link to what is no file");
	put_file("dir/file");
	raw_tar_link(&tar, '1', "a", "dir");
	is_refused("hard link to what is no file");
	raw_tar_link(&tar, '2', "s", "x");
	raw_tar_link(&tar, '1', "a", "s");
	is_refused("hard link to what is no file");
	put_file("file");
	raw_tar_link(&tar, '1', "a", "file");
	raw_tar_link(&tar, '1', "b", "a");
	is_fine(3);
}

/* ---- kinds and headers ---- */

static void only_files_folders_and_links_are_taken(void **state)
{
	(void)state;
	for (const char *type = "346DMNSVXAZ7"; *type; type++) {
		put_head((struct raw_head){ .name = "a", .type = *type });
		is_refused("");
		assert_int_equal(found.n_entries, 0);
	}
	put_pax('x', "GNU.sparse.major", STR("1"));
	put_file("a");
	is_refused("");
	put_pax('x', "GNU.sparse.map", STR("0,1"));
	put_file("a");
	is_refused("sparse");
}

static void sizes_that_cannot_be_are_refused(void **state)
{
	(void)state;
	put_head((struct raw_head){ .name = "a", .size = "\x80\0\0\0\0\0\1\0\0\0\0\0" });
	ended();
	assert_int_equal(check_within(&usual), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "[fleet] unpacked-bytes"));
	put_head((struct raw_head){ .name = "a", .size = "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff" });
	ended();
	assert_int_not_equal(check_within(&usual), ERR_OK);
	put_head(
		(struct raw_head){ .name = "a", .size = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" });
	ended();
	assert_int_not_equal(check_within(&usual), ERR_OK);
	put_head(
		(struct raw_head){ .name = "a", .size = "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" });
	ended();
	assert_int_not_equal(check_within(&usual), ERR_OK);
	put_head((struct raw_head){ .name = "a", .size = "0000000008\0" });
	is_refused("");
	put_pax('x', "size", STR("-1"));
	put_file("a");
	ended();
	assert_int_not_equal(check_within(&usual), ERR_OK);
	put_pax('x', "size", STR("99999999999999999999"));
	put_file("a");
	ended();
	assert_int_not_equal(check_within(&usual), ERR_OK);
}

/* A base-256 size is how GNU tar writes those over 8 GiB; pax has them apart. */
static void sizes_may_be_written_in_other_ways(void **state)
{
	(void)state;
	put_head((struct raw_head){ .name = "a", .size = "\x80\0\0\0\0\0\0\0\0\0\0\5" });
	raw_tar_data(&tar, STR("text\n"));
	put_pax('x', "size", STR("5"));
	put_head((struct raw_head){ .name = "b" });
	raw_tar_data(&tar, STR("text\n"));
	put_head((struct raw_head){ .name = "c", .size = "         5 \0" });
	raw_tar_data(&tar, STR("text\n"));
	is_fine(3);
}

static void what_two_programs_read_differently_is_refused(void **state)
{
	(void)state;
	put_pax('g', "path", STR("../x"));
	put_file("a");
	is_refused("global header");
	put_pax('g', "size", STR("0"));
	put_file("a");
	is_refused("global header");
	put_pax('x', "path", STR("a"));
	raw_tar_extra(&tar, 'L', STR("b"));
	put_file("c");
	is_refused("two names");
	put_head((struct raw_head){ .name = "d/", .type = '5', .bytes = 512 });
	raw_tar_data(&tar, STR("text"));
	is_refused("has data");
	put_file("a");
	put_head((struct raw_head){ .name = "h", .type = '1', .target = "a", .bytes = 512 });
	raw_tar_data(&tar, STR("text"));
	is_refused("has data");
	put_head((struct raw_head){ .name = "a", .magic = "USTAR  " });
	is_refused("no known kind");
	raw_tar_extra(&tar, 'x', STR("nonsense"));
	put_file("a");
	is_refused("");
	raw_tar_extra(&tar, 'x', STR("999 path=x\n"));
	put_file("a");
	is_refused("");
	for (int i = 0; i < 40; i++)
		put_pax('g', "comment", STR("x"));
	put_file("a");
	is_refused("too many headers");
}

static void a_wrong_checksum_is_refused(void **state)
{
	(void)state;
	put_head((struct raw_head){ .name = "a", .bad_sum = true });
	is_refused("");
	put_file("fine");
	put_head((struct raw_head){ .name = "a", .bad_sum = true });
	is_refused("");
	raw_tar_head(&tar, &(struct raw_head){ .name = "x", .type = 'x', .bad_sum = true });
	put_file("a");
	is_refused("");
}

/* libarchive calls itself for each. */
static void headers_without_end_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 10000; i++)
		raw_tar_head(&tar, &(struct raw_head){ .name = "g", .type = 'g' });
	put_file("a");
	is_refused("");
	put_file("first");
	for (size_t i = 0; i < 10000; i++)
		raw_tar_extra(&tar, 'L', STR("name"));
	put_file("a");
	is_refused("");
}

/* Wherever in the blocks that are read it stands. */
static void a_header_may_lie_across_blocks(void **state)
{
	char *text = mem_alloc(MEGA), name[300];

	(void)state;
	memset(name, 'n', sizeof name);
	for (size_t at = MEGA / 2 - 4096; at <= MEGA / 2 + 512; at += 512) {
		raw_tar_file(&tar, "meta.json", (struct str){ text, at - 512 });
		put_pax('x', "path", (struct str){ name, 255 });
		raw_tar_file(&tar, "cut", STR("text"));
		raw_tar_extra(&tar, 'L', (struct str){ name, 250 });
		raw_tar_file(&tar, "cut", STR("text"));
		put_file("last");
		is_fine(4);
		raw_tar_file(&tar, "meta.json", (struct str){ text, at - 512 });
		put_pax('x', "path", (struct str){ name, 255 });
		raw_tar_file(&tar, "cut", STR("text"));
		put_pax('x', "path", (struct str){ name, 255 });
		raw_tar_file(&tar, "cut", STR("text"));
		is_refused("is there twice");
	}
	free(text);
}

/* ---- the end ---- */

static void an_archive_has_its_end(void **state)
{
	static const char zeros[512];

	(void)state;
	put_file("a");
	is_refused_as("breaks off");
	put_file("a");
	buf_add(&tar, zeros, 512);
	is_refused_as("breaks off");
	put_file("a");
	buf_cut(&tar, tar.len - 100);
	is_refused_as("");
	put_file("a");
	buf_cut(&tar, 700 - 512 + 400);
	is_refused_as("");
	put_file("a");
	buf_add(&tar, "abc", 3);
	is_refused_as("");
	is_refused_as(""); /* of no bytes at all */
	buf_add(&tar, zeros, 512);
	is_refused_as("breaks off");
}

static void nothing_but_zeros_is_behind_the_end(void **state)
{
	char *more = mem_alloc(3 * MEGA);

	(void)state;
	put_file("a");
	ended();
	buf_add(&tar, more, 3 * MEGA);
	is_fine(1);
	for (int i = 0; i < 3; i++) {
		static const size_t at[] = { 0, 512, 3 * MEGA - 1 };

		more[at[i]] = 'x';
		put_file("a");
		ended();
		buf_add(&tar, more, 3 * MEGA);
		is_refused_as("follows the end");
		more[at[i]] = 0;
	}
	put_file("a");
	ended();
	put_file("b");
	is_refused("follows the end");
	put_file("a");
	buf_add(&tar, more, 512); /* one block of zeros is no end yet to some */
	put_file("b");
	is_refused("follows the end");
	free(more);
}

/* ---- zstd ---- */

static void pack(struct str part)
{
	assert_int_equal(zst_compress(part, 1, &packed, &e), ERR_OK);
}

static void frames_are_whole_and_nothing_follows_them(void **state)
{
	(void)state;
	put_file("a");
	ended();
	pack((struct str){ tar.p, 700 });
	pack(str_from(buf_view(&tar), 700));
	assert_int_equal(check_packed(&usual), ERR_OK);
	buf_cut(&packed, packed.len - 1);
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "not whole"));
	buf_reset(&packed);
	pack(buf_view(&tar));
	packed.p[packed.len - 1] ^= 1;
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
	packed.p[packed.len - 1] ^= 1;
	buf_str(&packed, STR("garbage"));
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
	buf_reset(&packed);
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
	buf_str(&packed, buf_view(&tar)); /* not packed at all */
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
}

/* As zstd --long=27 says in its header; what follows is not read. */
static void a_window_over_8_MiB_is_refused(void **state)
{
	(void)state;
	buf_str(&packed, STR("\x28\xB5\x2F\xFD\x04\x88\x01\x00\x00"));
	assert_int_equal(check_packed(&usual), ERR_UNPROCESSABLE);
	assert_non_null(strstr(e.text, "8 MiB"));
}

/* ---- limits ---- */

static enum err_code check_zeros(size_t n, int64_t unpacked, int64_t ratio, int64_t free_bytes)
{
	struct tarball_limits limits = { unpacked, 1000, ratio, free_bytes };
	char *zeros = mem_alloc(n);

	raw_tar_file(&tar, "zeros", (struct str){ zeros, n });
	raw_tar_end(&tar);
	free(zeros);
	return check_within(&limits);
}

static void how_much_it_unpacks_to_is_limited(void **state)
{
	int64_t all = 10 * (int64_t)MEGA + 512 + 1024;

	(void)state;
	assert_int_equal(check_zeros(10 * MEGA, all, 1000000, 0), ERR_OK);
	assert_int_equal(found.unpacked_bytes, all);
	assert_int_equal(check_zeros(10 * MEGA, all - 1, 1000000, 0), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "[fleet] unpacked-bytes"));
	assert_int_equal(check_zeros(10 * MEGA, MEGA, 1000000, 0), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "zeros")); /* before it was read */
}

static void how_many_times_its_size_counts_beyond_what_is_free(void **state)
{
	(void)state;
	assert_int_equal(check_zeros(20 * MEGA, INT64_MAX, 1000, (int64_t)64 << 20), ERR_OK);
	assert_true(found.unpacked_bytes / found.packed_bytes > 5000);
	assert_int_equal(check_zeros(20 * MEGA, INT64_MAX, 1000, (int64_t)1 << 20), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "[fleet] ratio"));
	assert_int_equal(check_zeros(20 * MEGA, INT64_MAX, 100000, (int64_t)1 << 20), ERR_OK);
	/* Behind the end it counts as well. */
	put_file("a");
	for (int i = 0; i < 20; i++) {
		char *zeros = mem_alloc(MEGA);

		buf_add(&tar, zeros, MEGA);
		free(zeros);
	}
	assert_int_equal(
		check_within(&(struct tarball_limits){ INT64_MAX, 10, 1000, 1 << 20 }), ERR_TOO_LARGE);
}

static void how_many_entries_is_limited(void **state)
{
	struct tarball_limits limits = usual;
	char name[20];

	(void)state;
	limits.entries = 10;
	for (int n = 10; n <= 11; n++) {
		for (int i = 0; i < n; i++) {
			snprintf(name, sizeof name, "%d", i);
			put_file(name);
		}
		ended();
		assert_int_equal(check_within(&limits), n == 10 ? ERR_OK : ERR_TOO_LARGE);
	}
	assert_non_null(strstr(e.text, "[fleet] entries"));
	/* Folders that nobody names take memory as well. */
	put_file("1/2/3/4/5/6/7/8/9/10/11");
	ended();
	assert_int_equal(check_within(&limits), ERR_TOO_LARGE);
	assert_non_null(strstr(e.text, "[fleet] entries"));
}

static void many_names_are_told_apart(void **state)
{
	struct tarball_limits limits = usual;
	char name[40];

	(void)state;
	limits.entries = 20100;
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof name, "%d/%d", i % 100, i / 100);
		put_head((struct raw_head){ .name = name });
	}
	ended();
	assert_int_equal(check_within(&limits), ERR_OK);
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof name, "%d", i % 1999);
		put_head((struct raw_head){ .name = name });
	}
	ended();
	assert_int_equal(check_within(&limits), ERR_UNPROCESSABLE);
}

/* ---- reading ---- */

static void what_reading_says_is_passed_on(void **state)
{
	struct source s;

	(void)state;
	put_file("a");
	ended();
	assert_int_equal(check_within(&usual), ERR_OK);
	for (size_t n = 0; n < packed.len; n += 7) {
		s = (struct source){ { packed.p, n }, 10, ERR_NETWORK };
		assert_int_equal(tarball_check(read_source, &s, &usual, &arena, &found, &e), ERR_NETWORK);
		assert_string_equal(e.text, "the line is dead");
		s = (struct source){ { packed.p, n }, 10, ERR_NETWORK };
		assert_int_equal(tarball_check(read_source, &s, &usual, &arena, &found, NULL), ERR_NETWORK);
	}
	s = (struct source){ buf_view(&packed), 1, ERR_OK };
	assert_int_equal(tarball_check(read_source, &s, &usual, &arena, &found, &e), ERR_OK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, start, end)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_everybody_packs_is_fine),
		T(an_archive_of_nothing_is_one),
		T(names_come_through_however_they_are_written),
		T(paths_may_have_dots_and_slashes_too_many),
		T(comments_for_all_are_fine),
		T(meta_is_looked_for_at_the_top_and_in_the_one_folder),
		T(a_meta_that_is_too_long_is_none),
		T(names_that_lead_elsewhere_are_refused),
		T(names_that_are_no_text_are_refused),
		T(what_is_told_of_a_name_is_harmless),
		T(names_have_limits),
		T(no_name_is_there_twice),
		T(links_that_lead_out_are_refused),
		T(links_do_not_lead_out_through_each_other),
		T(hard_links_lead_to_files_that_came),
		T(only_files_folders_and_links_are_taken),
		T(sizes_that_cannot_be_are_refused),
		T(sizes_may_be_written_in_other_ways),
		T(what_two_programs_read_differently_is_refused),
		T(a_wrong_checksum_is_refused),
		T(headers_without_end_are_refused),
		T(a_header_may_lie_across_blocks),
		T(an_archive_has_its_end),
		T(nothing_but_zeros_is_behind_the_end),
		T(frames_are_whole_and_nothing_follows_them),
		T(a_window_over_8_MiB_is_refused),
		T(how_much_it_unpacks_to_is_limited),
		T(how_many_times_its_size_counts_beyond_what_is_free),
		T(how_many_entries_is_limited),
		T(many_names_are_told_apart),
		T(what_reading_says_is_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
