/* The writer: group commit, and who is told what when something in a batch goes wrong. */
#include "tests/store/fixture.h"

#include "base/metric.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- operations that a test looks into ---- */

struct gate { /* holds the writer inside an operation, so that what comes after queues up as one batch */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool reached, open;
};

struct op {
	struct store_op op; /* first */
	enum err_code (*does)(struct db *db, struct op *o, struct err *e);
	int64_t n;
	struct gate *gate;
	atomic_int told; /* how often */
	struct err result;
};

static enum err_code apply(struct store_op *op, struct db *db, struct err *e)
{
	struct op *o = (struct op *)(void *)op;

	return o->does(db, o, e);
}

static void done(struct store_op *op, const struct err *result)
{
	struct op *o = (struct op *)(void *)op;

	o->result = *result;
	atomic_fetch_add(&o->told, 1);
}

static struct op op_that(enum err_code (*does)(struct db *db, struct op *o, struct err *e), int64_t n)
{
	return (struct op){ .op = { .apply = apply, .done = done, .bytes = 100 }, .does = does, .n = n };
}

/* Puts n down, so that one can see what was kept: an action's time. */
static enum err_code put_n(struct db *db, struct op *o, struct err *e)
{
	return db_run(db,
		"INSERT INTO action (at, chore, mode, n_rows, n_bytes, message) VALUES ($1, 'x', 'heal', 0, "
		"0, '')",
		DB_ARGS(DB_I(o->n)), NULL, e);
}

static enum err_code put_n_then_fail(struct db *db, struct op *o, struct err *e)
{
	TRY(put_n(db, o, e));
	return err_set(e, ERR_CONFLICT, "changed its mind");
}

static enum err_code break_a_rule(struct db *db, struct op *o, struct err *e)
{
	TRY(put_n(db, o, e));
	return db_run(db, "INSERT INTO repo (forge, name, name_key, added_at) VALUES ('f', 'N', 'not n', 1)",
		NULL, 0, NULL, e);
}

/* As SQLite does by itself on a full disk. */
static enum err_code lose_the_transaction(struct db *db, struct op *o, struct err *e)
{
	db_rollback(db);
	return err_set(e, (enum err_code)o->n, "all is lost");
}

/* A reference that is only looked at by the commit, and fails it. */
static enum err_code spoil_the_commit(struct db *db, struct op *o, struct err *e)
{
	(void)o;
	TRY(db_run(db, "PRAGMA defer_foreign_keys = ON", NULL, 0, NULL, e));
	return db_run(db, "INSERT INTO tail (step_id, zstd) VALUES (4711, 'x')", NULL, 0, NULL, e);
}

static enum err_code wait_at_gate(struct db *db, struct op *o, struct err *e)
{
	(void)db;
	(void)e;
	pthread_mutex_lock(&o->gate->lock);
	o->gate->reached = true;
	pthread_cond_broadcast(&o->gate->changed);
	while (!o->gate->open)
		pthread_cond_wait(&o->gate->changed, &o->gate->lock);
	pthread_mutex_unlock(&o->gate->lock);
	return ERR_OK;
}

static void submit(struct op *o)
{
	struct err e;

	must(store_submit(fx.store, &o->op, &e), &e);
}

static struct gate gate;
static struct op gatekeeper;

/* From here on everything that is submitted waits, */
static void hold_the_writer(void)
{
	gate = (struct gate){ .lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };
	gatekeeper = op_that(wait_at_gate, 0);
	gatekeeper.gate = &gate;
	submit(&gatekeeper);
	pthread_mutex_lock(&gate.lock);
	while (!gate.reached)
		pthread_cond_wait(&gate.changed, &gate.lock);
	pthread_mutex_unlock(&gate.lock);
}

static void open_the_gate(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.open = true;
	pthread_cond_broadcast(&gate.changed);
	pthread_mutex_unlock(&gate.lock);
}

/* until here, where all of it has been told. The last one may be so quick that it shares the fate of the
   batch: then it comes again. */
static void let_the_writer_go(void)
{
	struct op last = op_that(put_n, 1000);
	struct err e;

	open_the_gate();
	if (store_write(fx.store, &last.op, &e) != ERR_OK)
		must(store_write(fx.store, &last.op, &e), &e);
}

static int64_t kept(int64_t n)
{
	struct db *db = NULL;
	int64_t count = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(db_int(db, "SELECT count(*) FROM action WHERE at = $1", DB_ARGS(DB_I(n)), &count, &e), &e);
	store_reader_put(fx.store, db);
	return count;
}

/* ---- group commit ---- */

static void what_queued_during_one_commit_is_one_transaction(void **state)
{
	struct op ops[20];
	int64_t batches;
	(void)state;

	hold_the_writer();
	batches = metric_get(METRIC_WRITE_BATCHES);
	for (int i = 0; i < 20; i++) {
		ops[i] = op_that(put_n, i);
		submit(&ops[i]);
	}
	let_the_writer_go();
	assert_in_range(metric_get(METRIC_WRITE_BATCHES) - batches, 2,
		3); /* the gate's, ours, perhaps the last one's */
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ops[i].told, 1);
		assert_int_equal(ops[i].result.code, ERR_OK);
		assert_int_equal(kept(i), 1);
	}
}

static void operations_are_applied_in_the_order_they_came(void **state)
{
	struct op ops[20];
	(void)state;

	hold_the_writer();
	for (int i = 0; i < 20; i++) {
		ops[i] = op_that(put_n, i);
		submit(&ops[i]);
	}
	let_the_writer_go();
	assert_int_equal(
		ask("SELECT count(*) FROM action AS a JOIN action AS b ON a.id < b.id AND a.at > b.at"), 0);
}

static void one_that_fails_is_undone_alone(void **state)
{
	struct op a = op_that(put_n, 1), b = op_that(put_n_then_fail, 2), c = op_that(break_a_rule, 3),
		  d = op_that(put_n, 4);
	(void)state;

	hold_the_writer();
	submit(&a);
	submit(&b);
	submit(&c);
	submit(&d);
	let_the_writer_go();
	assert_int_equal(a.result.code, ERR_OK);
	assert_int_equal(b.result.code, ERR_CONFLICT);
	says(&b.result, "changed its mind");
	assert_int_equal(c.result.code, ERR_INTERNAL);
	assert_int_equal(d.result.code, ERR_OK);
	assert_int_equal(kept(1), 1);
	assert_int_equal(kept(2), 0);
	assert_int_equal(kept(3), 0);
	assert_int_equal(kept(4), 1);
}

/* a, then what goes wrong, then b: nobody may hear "stored". */
static void all_are_told(struct op *wrong, enum err_code code, const char *text)
{
	struct op a = op_that(put_n, 1), b = op_that(put_n_then_fail, 2), c = op_that(put_n, 3);
	int64_t failed = metric_get(METRIC_WRITE_FAILED);

	hold_the_writer();
	submit(&a);
	submit(&b);
	submit(wrong);
	submit(&c);
	let_the_writer_go();
	assert_int_equal(a.result.code, code);
	assert_int_equal(b.result.code, code);
	assert_int_equal(c.result.code, code);
	assert_int_equal(wrong->result.code, code);
	says(&a.result, text);
	assert_int_equal(a.told + b.told + c.told + wrong->told, 4);
	assert_in_range(metric_get(METRIC_WRITE_FAILED) - failed, 4, 5); /* the last one, perhaps */
	assert_int_equal(kept(1) + kept(2) + kept(3), 0);
	assert_int_equal(kept(1000), 1); /* and it goes on: the next batch was stored */
}

static void when_the_whole_transaction_is_gone_all_are_told_unavailable(void **state)
{
	struct op wrong = op_that(lose_the_transaction, ERR_STORAGE);
	(void)state;

	all_are_told(&wrong, ERR_UNAVAILABLE, "all is lost");
}

static void when_the_disk_is_full_all_are_told_full(void **state)
{
	struct op wrong = op_that(lose_the_transaction, ERR_FULL);
	(void)state;

	all_are_told(&wrong, ERR_FULL, "all is lost");
}

static void when_the_commit_fails_all_are_told_unavailable(void **state)
{
	struct op wrong = op_that(spoil_the_commit, 0);
	(void)state;

	all_are_told(&wrong, ERR_UNAVAILABLE, "FOREIGN KEY");
	assert_int_equal(ask("SELECT count(*) FROM tail"), 0);
}

/* ---- bounds ---- */

static int small_queue_up(void **state)
{
	struct store_options o = { .data = fx.folder, .queue_bytes = 1000 };
	struct err e;

	return folder_up(state) == 0 && store_open(&o, &fx.store, &e) == ERR_OK ? 0 : -1;
}

static void a_full_queue_refuses_and_takes_again_when_it_has_room(void **state)
{
	struct op ops[20], again = op_that(put_n, 77);
	struct err e = { .text = "" };
	int n = 0;
	(void)state;

	hold_the_writer(); /* which holds 100 bytes itself */
	for (; n < 20; n++) {
		ops[n] = op_that(put_n, n);
		if (store_submit(fx.store, &ops[n].op, &e) != ERR_OK)
			break;
	}
	assert_int_equal(n, 9);
	assert_int_equal(e.code, ERR_UNAVAILABLE);
	says(&e, "1000 bytes are waiting");
	open_the_gate();
	while (store_write(fx.store, &again.op, &e) == ERR_UNAVAILABLE)
		;
	assert_int_equal(kept(77), 1);
	assert_int_equal(ops[9].told, 0); /* the refused one is not told */
	for (int i = 0; i < 9; i++)
		assert_int_equal(kept(i), 1);
}

static void one_larger_than_the_queue_goes_through_alone(void **state)
{
	struct op large = op_that(put_n, 5);
	struct err e;
	(void)state;

	large.op.bytes = 5000;
	must(store_write(fx.store, &large.op, &e), &e);
	assert_int_equal(kept(5), 1);
}

static void the_gauge_of_waiting_bytes_returns_to_nothing(void **state)
{
	struct op o = op_that(put_n, 1);
	(void)state;

	hold_the_writer();
	submit(&o);
	assert_int_equal(metric_get(METRIC_WRITE_QUEUE_BYTES), 200);
	open_the_gate();
	store_close(fx.store);
	fx.store = NULL;
	assert_int_equal(metric_get(METRIC_WRITE_QUEUE_BYTES), 0);
}

static void closing_finishes_what_is_queued(void **state)
{
	struct op ops[20];
	(void)state;

	hold_the_writer();
	for (int i = 0; i < 20; i++) {
		ops[i] = op_that(put_n, i);
		submit(&ops[i]);
	}
	open_the_gate();
	store_again();
	for (int i = 0; i < 20; i++) {
		assert_int_equal(ops[i].told, 1);
		assert_int_equal(ops[i].result.code, ERR_OK);
		assert_int_equal(kept(i), 1);
	}
}

/* ---- many threads ---- */

#define N_THREADS 8
#define N_EACH 100

struct poster {
	pthread_t thread;
	int64_t repo;
	int number, n_failed;
};

static void *post_many(void *arg)
{
	struct poster *p = arg;
	char name[40];

	for (int i = 0; i < N_EACH; i++) {
		struct step_facts f;
		struct err e;
		int64_t id;

		snprintf(name, sizeof name, "step %d of %d", i, p->number);
		f = a_step(name);
		if (try_put(p->repo, &f, str_z(name), T0, &id, &e) != ERR_OK)
			p->n_failed++;
	}
	return NULL;
}

static void *read_many(void *arg)
{
	struct poster *p = arg;

	for (int i = 0; i < N_EACH; i++) {
		struct db *db = NULL;
		struct err e;
		int64_t n;

		if (store_reader_get(fx.store, &db, &e) != ERR_OK ||
			db_int(db, "SELECT count(*) FROM step", NULL, 0, &n, &e) != ERR_OK)
			p->n_failed++;
		store_reader_put(fx.store, db);
	}
	return NULL;
}

static void many_threads_post_and_read_at_once(void **state)
{
	struct poster posters[N_THREADS] = { 0 }, readers[N_THREADS] = { 0 };
	int64_t repo = add_repo("home", "acme/pump");
	(void)state;

	for (int i = 0; i < N_THREADS; i++) {
		posters[i] = (struct poster){ .repo = repo, .number = i };
		assert_int_equal(pthread_create(&posters[i].thread, NULL, post_many, &posters[i]), 0);
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_many, &readers[i]), 0);
	}
	for (int i = 0; i < N_THREADS; i++) {
		pthread_join(posters[i].thread, NULL);
		pthread_join(readers[i].thread, NULL);
		assert_int_equal(posters[i].n_failed, 0);
		assert_int_equal(readers[i].n_failed, 0);
	}
	assert_int_equal(ask("SELECT count(*) FROM step"), N_THREADS * N_EACH);
	assert_int_equal(ask("SELECT count(*) FROM tail"), N_THREADS * N_EACH);
	assert_int_equal(ask("SELECT count(*) FROM run"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, store_up, store_down)
#define SMALL(name) cmocka_unit_test_setup_teardown(name, small_queue_up, store_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(what_queued_during_one_commit_is_one_transaction),
		T(operations_are_applied_in_the_order_they_came),
		T(one_that_fails_is_undone_alone),
		T(when_the_whole_transaction_is_gone_all_are_told_unavailable),
		T(when_the_disk_is_full_all_are_told_full),
		T(when_the_commit_fails_all_are_told_unavailable),
		SMALL(a_full_queue_refuses_and_takes_again_when_it_has_room),
		SMALL(one_larger_than_the_queue_goes_through_alone),
		T(the_gauge_of_waiting_bytes_returns_to_nothing),
		T(closing_finishes_what_is_queued),
		T(many_threads_post_and_read_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
