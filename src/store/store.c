/*
 * store: a data folder put together: lock, database, migrations, writer, readers.
 *
 * The order matters. The lock comes before anything is looked at, the writing connection before the readers
 * (which cannot make or recover the files), and the writer's thread last, when nothing can fail any more.
 * Closing goes the other way round; the writing connection is the last to close, so that the write-ahead log
 * is copied into the database and a backup of the folder is one file.
 */
#include "store/store.h"

#include "base/file.h"
#include "base/metric.h"
#include "store/lock.h"
#include "store/readers.h"
#include "store/schema.h"
#include "store/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Memory for pages a connection. The writer's is the larger one because it must find its place in every
 * index. */
#define WRITER_CACHE_KIB 2048
#define READER_CACHE_KIB 512

struct store {
	const struct db_driver *driver;
	struct arena arena;        /* of the path */
	const char *folder, *path; /* of the database */
	int lock_fd;
	_Atomic uint64_t access_epoch;
	struct writer *writer; /* NULL: read only */
	struct readers *readers;
};

/* ---- opening ---- */

/* Made here and not by the driver, so that nobody else can read it, whatever the umask and the folder are. */
static enum err_code make_database_file(const char *path, const char *folder, struct err *e)
{
	AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		return dir_sync(folder, e);
	if (errno != EEXIST)
		return err_errno(e, ERR_STORAGE, errno, "%s", path);
	return ERR_OK;
}

static struct db_options options_of(const struct store *s, const struct store_options *o, bool read_only)
{
	return (struct db_options){
		.where = s->path,
		.read_only = read_only,
		.busy_ms = o->busy_ms ? o->busy_ms : 2000,
		.cache_kib = read_only ? READER_CACHE_KIB : WRITER_CACHE_KIB,
	};
}

static enum err_code start_writer(
	struct store *s, const struct store_options *o, struct db *db, struct err *e)
{
	enum err_code code = schema_migrate(db, schema_n_migrations, clock_wall_ms(&clock_system), e);

	if (code != ERR_OK) {
		db_close(db);
		return code;
	}
	return writer_start(db, o->queue_bytes ? o->queue_bytes : (size_t)16 << 20,
		o->batch_max ? o->batch_max : 256, &s->access_epoch, &s->writer, e);
}

static enum err_code open_for_writing(struct store *s, const struct store_options *o, struct err *e)
{
	struct db_options options = options_of(s, o, false);
	struct db *db = NULL;

	TRY(dir_make(o->data, 0700, e));
	TRY(lock_take(o->data, &s->lock_fd, e));
	TRY(make_database_file(s->path, o->data, e));
	TRY(db_open(s->driver, &options, &db, e));
	return start_writer(s, o, db, e);
}

static enum err_code check_for_reading(struct store *s, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	if (!file_exists(s->path))
		return err_set(e, ERR_NOT_FOUND, "there is no database %s; `sluice init` makes one", s->path);
	TRY(readers_get(s->readers, &db, e));
	code = schema_check(db, e);
	readers_put(s->readers, db);
	return code;
}

enum err_code store_open(const struct store_options *o, struct store **ret, struct err *e)
{
	struct store *s = mem_alloc(sizeof *s);
	struct db_options for_reading;
	enum err_code code;

	s->driver = &db_sqlite;
	s->lock_fd = -1;
	arena_init(&s->arena);
	s->folder = arena_cstr(&s->arena, str_z(o->data));
	s->path = arena_fmt(&s->arena, "%s/sluice.db", o->data).p;
	for_reading = options_of(s, o, true);
	s->readers = readers_new(s->driver, &for_reading, o->n_readers ? o->n_readers : 4);
	code = o->read_only ? check_for_reading(s, e) : open_for_writing(s, o, e);
	if (code != ERR_OK) {
		store_close(s);
		return code;
	}
	*ret = s;
	return ERR_OK;
}

void store_close(struct store *s)
{
	if (!s)
		return;
	readers_free(s->readers);
	writer_stop(s->writer);
	fd_close(&s->lock_fd);
	arena_done(&s->arena);
	free(s);
}

/* ---- reading ---- */

enum err_code store_reader_get(struct store *s, struct db **ret, struct err *e)
{
	return readers_get(s->readers, ret, e);
}

void store_reader_put(struct store *s, struct db *db)
{
	readers_put(s->readers, db);
}

enum err_code store_ping(struct store *s, struct err *e)
{
	struct db *db = NULL;
	int version;
	enum err_code code;

	TRY(readers_get(s->readers, &db, e));
	code = schema_version(db, &version, e);
	readers_put(s->readers, db);
	return code;
}

const char *store_folder(const struct store *s)
{
	return s->folder;
}

int64_t store_bytes(struct store *s)
{
	int64_t bytes = s->driver->bytes(s->path);

	metric_set(METRIC_STORE_BYTES, bytes);
	return bytes;
}

/* ---- writing ---- */

enum err_code store_submit(struct store *s, struct store_op *op, struct err *e)
{
	if (!s->writer)
		return err_set(e, ERR_UNAVAILABLE, "%s is open for reading only", s->path);
	return writer_submit(s->writer, op, e);
}

/* Goes through the queue in the place of the operation that is waited for. */
struct waiter {
	struct store_op op; /* first */
	struct store_op *inner;
	struct err *e;
	pthread_mutex_t lock; /* guards below */
	pthread_cond_t told;
	bool done;
	enum err_code code;
};

static enum err_code apply_inner(struct store_op *op, struct db *db, struct err *e)
{
	struct waiter *w = (struct waiter *)(void *)op;

	return w->inner->apply(w->inner, db, e);
}

static void tell_waiter(struct store_op *op, const struct err *result)
{
	struct waiter *w = (struct waiter *)(void *)op;

	pthread_mutex_lock(&w->lock);
	w->done = true;
	w->code = result->code;
	if (result->code != ERR_OK && w->e)
		*w->e = *result;
	pthread_cond_signal(&w->told); /* under the lock: the waiter's stack goes away once it has it */
	pthread_mutex_unlock(&w->lock);
}

enum err_code store_write(struct store *s, struct store_op *op, struct err *e)
{
	struct waiter w = {
		.op = { .apply = apply_inner, .done = tell_waiter, .bytes = op->bytes },
		.inner = op,
		.e = e,
	};
	enum err_code code;

	pthread_mutex_init(&w.lock, NULL);
	pthread_cond_init(&w.told, NULL);
	code = store_submit(s, &w.op, e);
	if (code == ERR_OK) {
		pthread_mutex_lock(&w.lock);
		while (!w.done)
			pthread_cond_wait(&w.told, &w.lock);
		pthread_mutex_unlock(&w.lock);
		code = w.code;
	}
	pthread_cond_destroy(&w.told);
	pthread_mutex_destroy(&w.lock);
	return code;
}

uint64_t store_access_epoch(const struct store *s)
{
	return atomic_load(&s->access_epoch);
}
