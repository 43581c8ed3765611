/*
 * writer: group commit.
 *
 * Commits are what costs: each waits for the disk. So one thread takes all operations that are queued,
 * applies them in one transaction, and pays for one commit; meanwhile the next ones queue up. Under load
 * batches grow by themselves, and a lone operation is not kept waiting for company: there is no timer.
 *
 * Each operation has a savepoint of its own, so that one that fails is undone alone. But some errors undo
 * everything: SQLite rolls the whole transaction back when the disk is full or its memory is out. Operations
 * that had gone well before would then be told "stored" with nothing stored. So after any error the
 * connection is asked whether the transaction is still there, and if it is not, all of the batch are told so,
 * also those that had failed by themselves: what they saw is not there either. Nothing is tried again here;
 * the senders know better.
 */
#include "store/writer.h"

#include "base/metric.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct writer {
	struct db *db; /* the thread's */
	size_t queue_bytes, batch_max;
	_Atomic uint64_t *access_epoch; /* the store's: store_access_epoch() */
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below, and the next of queued operations */
	pthread_cond_t changed;
	struct store_op *first, **last;
	size_t bytes; /* of operations that are queued or being applied */
	bool closing;
};

/* ---- one batch ---- */

/* The transaction cannot go on: to everybody in it that is "not now", unless the disk is full. */
static void condemn(struct err *whole)
{
	if (whole->code != ERR_FULL)
		whole->code = ERR_UNAVAILABLE;
}

static enum err_code undo_one(struct db *db, const struct store_op *op, struct err *whole)
{
	if (!db_in_transaction(db)) {
		*whole = op->result;
		return whole->code;
	}
	TRY(db_rollback_to(db, whole));
	return db_release(db, whole);
}

/* The outcome of the operation is in op->result. An error returned is of the whole batch. */
static enum err_code apply_one(struct db *db, struct store_op *op, struct err *whole)
{
	TRY(db_savepoint(db, whole));
	op->result.code = ERR_OK;
	op->result.text[0] = '\0';
	op->result.code = op->apply(op, db, &op->result);
	if (op->result.code != ERR_OK)
		return undo_one(db, op, whole);
	return db_release(db, whole);
}

static enum err_code apply_all(struct db *db, struct store_op *first, struct err *whole)
{
	db_rollback(db); /* of an earlier batch, if that one could not */
	TRY(db_begin(db, whole));
	for (struct store_op *op = first; op; op = op->next)
		TRY(apply_one(db, op, whole));
	return db_commit(db, whole);
}

static size_t tell_one(struct store_op *op)
{
	size_t bytes = op->bytes;
	struct err result = op->result;

	if (result.code != ERR_OK)
		metric_add(METRIC_WRITE_FAILED, 1);
	metric_add(METRIC_WRITE_OPS, 1);
	op->done(op, &result); /* the operation may be gone after this */
	return bytes;
}

/* Returns the bytes that are no longer held. */
static size_t run_batch(struct writer *w, struct store_op *first)
{
	struct db *db = w->db;
	struct err whole = { .code = ERR_OK };
	enum err_code code = apply_all(db, first, &whole);
	size_t bytes = 0;

	if (code != ERR_OK) {
		db_rollback(db);
		condemn(&whole);
	}
	if (db->access_changed) { /* also when the commit failed: it is not always known whether it did */
		db->access_changed = false;
		atomic_fetch_add(w->access_epoch, 1);
	}
	metric_add(METRIC_WRITE_BATCHES, 1);
	for (struct store_op *op = first, *next; op; op = next) {
		next = op->next;
		if (code != ERR_OK)
			op->result = whole;
		bytes += tell_one(op);
	}
	return bytes;
}

/* ---- the thread ---- */

/* Up to batch_max operations, once there are any. NULL: closing, and none left. */
static struct store_op *take_batch(struct writer *w)
{
	struct store_op *first, *end;

	while (!w->first && !w->closing)
		pthread_cond_wait(&w->changed, &w->lock);
	first = end = w->first;
	if (!first)
		return NULL;
	for (size_t n = 1; n < w->batch_max && end->next; n++)
		end = end->next;
	w->first = end->next;
	if (!w->first)
		w->last = &w->first;
	end->next = NULL;
	return first;
}

static void *main_of_thread(void *arg)
{
	struct writer *w = arg;
	struct store_op *batch;

	pthread_mutex_lock(&w->lock);
	while ((batch = take_batch(w))) {
		size_t bytes;

		pthread_mutex_unlock(&w->lock);
		bytes = run_batch(w, batch);
		pthread_mutex_lock(&w->lock);
		w->bytes -= bytes;
		metric_add(METRIC_WRITE_QUEUE_BYTES, -(int64_t)bytes);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

/* An operation that is larger than the bound by itself goes through when nothing else waits. */
static bool has_room(const struct writer *w, size_t bytes)
{
	return w->bytes == 0 || (w->bytes < w->queue_bytes && bytes <= w->queue_bytes - w->bytes);
}

enum err_code writer_submit(struct writer *w, struct store_op *op, struct err *e)
{
	enum err_code code = ERR_OK;

	assert(op->apply && op->done);
	pthread_mutex_lock(&w->lock);
	if (w->closing) {
		code = err_set(e, ERR_UNAVAILABLE, "the server is stopping; send it again in a moment");
	} else if (!has_room(w, op->bytes)) {
		code = err_set(e, ERR_UNAVAILABLE,
			"%zu bytes are waiting for the database, the bound is %zu; send it again in a moment",
			w->bytes, w->queue_bytes);
	} else {
		op->next = NULL;
		*w->last = op;
		w->last = &op->next;
		w->bytes += op->bytes;
		metric_add(METRIC_WRITE_QUEUE_BYTES, (int64_t)op->bytes);
		pthread_cond_signal(&w->changed);
	}
	pthread_mutex_unlock(&w->lock);
	return code;
}

static void writer_free(struct writer *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
	db_close(w->db);
	free(w);
}

enum err_code writer_start(struct db *db, size_t queue_bytes, size_t batch_max,
	_Atomic uint64_t *access_epoch, struct writer **ret, struct err *e)
{
	struct writer *w = mem_alloc(sizeof *w);
	int errnum;

	*w = (struct writer){
		.db = db, .queue_bytes = queue_bytes, .batch_max = batch_max, .access_epoch = access_epoch
	};
	w->last = &w->first;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->changed, NULL);
	errnum = pthread_create(&w->thread, NULL, main_of_thread, w);
	if (errnum != 0) {
		writer_free(w);
		return err_errno(e, ERR_UNAVAILABLE, errnum, "start the writer's thread");
	}
	*ret = w;
	return ERR_OK;
}

void writer_stop(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->closing = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	writer_free(w);
}
