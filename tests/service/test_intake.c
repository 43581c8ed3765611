/* intake: bytes in pieces of any size become the file and its digest, and what cannot be kept ends it while it comes. */
#include "tests/test.h"

#include "service/intake.h"
#include "tests/service/an_episode.h"
#include "tests/service/fixture.h"

#include <sched.h>
#include <string.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024) /* of the intake: at its ends something might go wrong */
#define MIB ((size_t)1 << 20)

static struct arena a;
static struct fleet_config fleet;
static struct intake *intake;
static struct err e;

static int set_up(void **state)
{
	if (fixture_up(state) != 0)
		return -1;
	arena_init(&a);
	fleet = (struct fleet_config){
		.check = true, .unpacked_bytes = INT64_C(1) << 30, .ratio = 1000, .entries = 1000
	};
	return 0;
}

static int tear_down(void **state)
{
	intake_end(intake);
	intake = NULL;
	arena_done(&a);
	return fixture_down(state);
}

static void begin(void)
{
	if (intake_begin(fx.store, &fleet, STR("lab-1"), STR("ep-1"), &intake, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static void end(void)
{
	intake_end(intake);
	intake = NULL;
}

static void add(struct str bytes)
{
	if (intake_add(intake, bytes, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

static bool incoming_is_there(void)
{
	return access(arena_fmt(&a, "%s/episodes/.incoming/lab-1@ep-1", fx.folder).p, F_OK) == 0;
}

/* No two blocks of it are alike. */
static struct str some_bytes(size_t n)
{
	char *p = arena_alloc(&a, n + 1);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525 + 1013904223;
		p[i] = (char)(x >> 24);
	}
	return (struct str){ p, n };
}

/* Of some three blocks: letters that zstd makes little of. */
static struct str an_archive(void)
{
	struct str bytes = some_bytes(MIB);
	char *text = arena_alloc(&a, MIB + 1);

	for (size_t i = 0; i < MIB; i++)
		text[i] = (char)('0' + (bytes.p[i] & 63));
	bytes = an_episode(&a, "ep-1", text, 1000);
	assert_true(bytes.len > 2 * BLOCK);
	return bytes;
}

static void add_in_pieces(struct str bytes)
{
	static const size_t sizes[] = { 1, 16384, BLOCK - 1, 1000, BLOCK, BLOCK + 1, 3 * BLOCK, 7 };
	size_t at = 0;

	for (size_t i = 0; at < bytes.len; i++) {
		struct str piece = str_from(bytes, at);

		if (piece.len > sizes[i % 8])
			piece.len = sizes[i % 8];
		add(piece);
		at += piece.len;
	}
}

static void must_be_kept(struct str bytes)
{
	struct sha256 digest = sha256_of(bytes);
	char *file = arena_alloc(&a, bytes.len + 2);

	if (intake_join(intake, &e) != ERR_OK)
		fail_msg("%s", e.text);
	assert_true(sha256_equal(intake_digest(intake), &digest));
	assert_int_equal(episode_file_bytes(intake_file(intake)), bytes.len);
	assert_int_equal(pread(episode_file_fd(intake_file(intake)), file, bytes.len + 1, 0), bytes.len);
	assert_memory_equal(file, bytes.p, bytes.len);
}

static void what_comes_in_pieces_of_any_size_is_kept_as_it_came(void **state)
{
	static const size_t sizes[] = { 0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 3 * MIB + 12345 };
	(void)state;

	fleet.check = false;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct str bytes = some_bytes(sizes[i]);

		begin();
		add_in_pieces(bytes);
		must_be_kept(bytes);
		assert_null(intake_found(intake));
		end();
	}
}

static void an_archive_of_many_blocks_is_looked_into(void **state)
{
	struct str bytes = an_archive();
	(void)state;

	begin();
	add_in_pieces(bytes);
	must_be_kept(bytes);
	assert_int_equal(intake_found(intake)->n_entries, 2);
	assert_int_equal(intake_found(intake)->packed_bytes, bytes.len);
}

static void what_is_no_archive_ends_it_while_it_comes(void **state)
{
	struct str bytes = some_bytes(BLOCK);
	(void)state;

	begin();
	while (intake_add(intake, bytes, &e) ==
		ERR_OK) { /* one block, and then a byte at a time until it has been seen */
		bytes.len = 1;
		sched_yield();
	}
	assert_int_equal(e.code, ERR_UNPROCESSABLE);
	end();
	assert_false(incoming_is_there());
}

static void an_archive_that_breaks_off_is_told_of_at_its_end(void **state)
{
	struct str bytes = an_archive();
	(void)state;

	bytes.len -= 1;
	begin();
	add_in_pieces(bytes);
	assert_int_equal(intake_join(intake, &e), ERR_UNPROCESSABLE);
	end();
	assert_false(incoming_is_there());
}

static void one_that_is_given_up_leaves_nothing(void **state)
{
	struct str bytes = an_archive();
	(void)state;

	bytes.len = BLOCK + 100;
	begin();
	add(bytes);
	assert_true(incoming_is_there());
	end();
	assert_false(incoming_is_there());
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_comes_in_pieces_of_any_size_is_kept_as_it_came),
		T(an_archive_of_many_blocks_is_looked_into),
		T(what_is_no_archive_ends_it_while_it_comes),
		T(an_archive_that_breaks_off_is_told_of_at_its_end),
		T(one_that_is_given_up_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
