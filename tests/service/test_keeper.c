/* keeper: what moves where, at moments that threads seldom meet. That logs come out of it whole is in test_stream.c and the kills of tests/e2e. */
#include "tests/test.h"

#include "base/file.h"
#include "service/keeper.h"
#include "tests/service/streaming.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char blocked[100];

static void must(enum err_code code, const struct err *e)
{
	if (code != ERR_OK)
		fail_msg("%s", e->text);
}

struct end_op {
	struct store_op op; /* first */
	struct log log;
	struct step_end end;
};

static enum err_code apply_end(struct store_op *op, struct db *db, struct err *e)
{
	struct end_op *w = (struct end_op *)(void *)op;

	return logs_end(db, &w->log, &w->end, e);
}

/* As a finish does, but that nobody is told to seal it. */
static void end_unsealed(int64_t step_id)
{
	struct end_op w = { .op = { .apply = apply_end, .bytes = sizeof w },
		.log = streamed_row(step_id),
		.end = { .conclusion = CONCLUSION_FAILURE, .duration_ms = 1, .at = NOW } };
	struct err e = { 0 };

	if (store_write(fx.store, &w.op, &e) != ERR_OK)
		fail_msg("%s", e.text);
}

/* Text that no move could take, as if they were slow: its folder cannot be made until it is let. */
static int64_t streamed_unmoved(const char *name, struct str text)
{
	const char *folder;
	struct err e = { 0 };
	int64_t id;

	snprintf(blocked, sizeof blocked, "%s/logs", fx.folder);
	folder = blocked;
	if (rmdir(folder) != 0 && errno != ENOENT)
		fail_msg("%s is there", folder);
	must(file_write_atomic(folder, STR(""), 0600, &e), &e);
	id = streamed(name, text, 1 << 20, false);
	streaming_stop();
	assert_int_equal(unlink(folder), 0);
	assert_int_equal(streamed_row(id).file_bytes, 0);
	return id;
}

static void a_move_whose_log_has_ended_meanwhile_leaves_it_to_the_seal(void **state)
{
	struct str text = streamed_lines(24 << 20);
	int64_t id = streamed_unmoved("ends", text), n_chunks = streamed_row(id).n_chunks;
	struct err e = { 0 };
	struct log log;
	(void)state;

	end_unsealed(id);
	log = streamed_row(id);
	must(keeper_move_now(fx.store, id, n_chunks, &e), &e);
	assert_int_equal(streamed_row(id).state, LOG_ENDED);
	assert_int_equal(streamed_row(id).file_bytes, log.file_bytes);
	assert_true(str_starts(text, streamed_text(id)));
	must(keeper_seal_now(fx.store, id, &e), &e);
	assert_int_equal(streamed_row(id).state, LOG_SEALED);
	assert_true(str_starts(text, streamed_text(id)));
	streaming_start();
}

static void a_move_of_many_chunks_takes_them_all(void **state)
{
	struct str text = streamed_lines(24 << 20);
	int64_t id = streamed_unmoved("moves", text), n_chunks = streamed_row(id).n_chunks;
	struct err e = { 0 };
	(void)state;

	must(keeper_move_now(fx.store, id, n_chunks, &e), &e);
	assert_int_equal(streamed_row(id).state, LOG_OPEN);
	assert_true(streamed_row(id).file_bytes > 1 << 20);
	assert_true(str_starts(text, streamed_text(id)));
	streaming_start();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_move_whose_log_has_ended_meanwhile_leaves_it_to_the_seal,
			streaming_up, streaming_down),
		cmocka_unit_test_setup_teardown(
			a_move_of_many_chunks_takes_them_all, streaming_up, streaming_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
