#ifndef STORE_STORE_H
#define STORE_STORE_H
/*
 * store: the database of a data folder: opened, migrated, read from and written to.
 *
 * Life cycle: store_open() makes the folder (0700) and the database if need be, refuses one made by a newer
 * program, applies the migrations, starts the writer. store_close() lets the writer finish what is queued and
 * closes all. One process at a time may write to a folder: it holds a lock on DATA/sluice.lock, and others
 * get ERR_UNAVAILABLE with its process id. Reading only needs no lock.
 *
 * Reading: store_reader_get() lends a connection for a few statements, store_reader_put() gives it back. They
 * are kept and opened on demand; at most n_readers at once, more wait.
 *
 * Writing: through the writer only, one thread that owns the write connection. It takes all that is queued,
 * applies it in one transaction with a savepoint an operation, commits (synchronous=FULL), and then calls
 * each operation's done. No timer: what queued during one commit is the next batch. An operation that fails
 * is rolled back alone and told its own error. If the whole transaction is gone (db_in_transaction), or the
 * commit fails, every operation of the batch is told ERR_UNAVAILABLE or ERR_FULL and none is told "stored".
 */
#include "base/clock.h"
#include "store/db.h"

struct store;

struct store_options {
	const char *data;   /* folder */
	unsigned n_readers; /* 0: 4 */
	size_t queue_bytes; /* bound of what waits for the writer; 0: 16 MiB */
	size_t batch_max;   /* operations a transaction; 0: 256 */
	unsigned busy_ms;   /* how long to wait for the lock of another process; 0: 2000 */
	bool read_only;     /* no writer, no migration: ERR_CONFIG when the schema is older */
};

MUST_CHECK enum err_code store_open(const struct store_options *o, struct store **ret, struct err *e);
void store_close(struct store *s); /* NULL is fine */

MUST_CHECK enum err_code store_reader_get(struct store *s, struct db **ret, struct err *e);
void store_reader_put(struct store *s, struct db *db); /* NULL is fine */

/*
 * An operation. The struct is the caller's, and must live until done was called. apply runs on the writer's
 * thread inside the transaction, perhaps more than once (must not have effects elsewhere); done is called
 * there once, after the commit or the failure; it must be quick and must not call the store.
 */
struct store_op {
	enum err_code (*apply)(struct store_op *op, struct db *db, struct err *e);
	void (*done)(struct store_op *op, const struct err *result); /* result->code ERR_OK: it is durable */
	size_t bytes;          /* what it holds, for the bound of the queue */
	struct store_op *next; /* the writer's */
	struct err result;     /* the writer's */
};

/* ERR_UNAVAILABLE when the queue is full or the store is closing: then done is not called. Never waits. */
MUST_CHECK enum err_code store_submit(struct store *s, struct store_op *op, struct err *e);
/* Submit and wait for the outcome; op->done is not used. Not from the writer's thread. */
MUST_CHECK enum err_code store_write(struct store *s, struct store_op *op, struct err *e);

/*
 * A number that is another one after every commit that may have changed what a token or session is good for (revoked, its user disabled or of another
 * role, its repo gone), and before anybody is told of that commit. Whoever keeps what they read of tokens or sessions asks for the number before they
 * read, keeps it too, and takes what they keep for nothing once the number is another.
 */
uint64_t store_access_epoch(const struct store *s);

const char *store_folder(const struct store *s); /* as it was given */
int64_t store_bytes(struct store *s);            /* size of the database and its write-ahead log on disk */
/* One cheap read on a fresh or kept connection: is the database there and well? */
MUST_CHECK enum err_code store_ping(struct store *s, struct err *e);
int store_schema_version(void); /* of this program */

#endif
