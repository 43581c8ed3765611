#ifndef STORE_DB_H
#define STORE_DB_H
/*
 * db: one connection to a database, whichever it is. A driver is one const struct; nouns are written
 * against the functions below and do not know which driver answers.
 *
 * SQL is the subset that SQLite 3.40 and PostgreSQL 15 share: $1 parameters, ON CONFLICT, RETURNING, window
 * functions, FILTER; 64-bit integers, text, blobs (BYTEA there). The text of a statement must be a string
 * literal or live as long as the connection: prepared statements are kept by its address. The one exception is db_each_once().
 *
 * A connection is used by one thread at a time. A statement may be run from within a row callback of another
 * one, but not of itself. What a row callback sees lives until it returns: it copies what it keeps.
 *
 * Errors:
 *	ERR_STORAGE	the database or its files refused; the story is in the text, for diag
 *	ERR_FULL	the disk is full
 *	ERR_UNAVAILABLE	locked by another process for longer than the busy time-out
 *	ERR_CONFLICT	a unique or foreign key
 *	ERR_INTERNAL	the statement or its values break the schema: a fault of the program
 */
#include "base/arena.h"
#include "base/err.h"

struct db;

struct db_value {
	enum db_kind { DB_NULL, DB_INT, DB_TEXT, DB_BLOB } kind;
	int64_t i;
	struct str s;
};
#define DB_I(v) ((struct db_value){ .kind = DB_INT, .i = (v) })
#define DB_T(v) ((struct db_value){ .kind = DB_TEXT, .s = (v) })
#define DB_B(v) ((struct db_value){ .kind = DB_BLOB, .s = (v) })
#define DB_NONE ((struct db_value){ .kind = DB_NULL })

#define DB_ARGS_MAX 32    /* parameters of a statement */
#define DB_COLUMNS_MAX 48 /* columns of a row */

struct db_row {
	const struct db_value *v;
	size_t n;
};
typedef enum err_code db_each_fn(void *arg, const struct db_row *row, struct err *e);

/* Arguments from a list of values: db_run(db, SQL, DB_ARGS(DB_I(1), DB_T(name)), NULL, e). Without any: NULL,
 * 0. */
#define DB_ARGS(...)                                                                                         \
	(const struct db_value[]){ __VA_ARGS__ },                                                            \
		sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)

/* ---- for nouns ---- */

/* Run a statement for its effect. ret_changed (may be NULL): rows changed, without those that went by
 * cascade. */
MUST_CHECK enum err_code db_run(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	int64_t *ret_changed, struct err *e);
/* First column of the first row as an integer: for RETURNING id, count(*). ERR_NOT_FOUND when there is no row
   or it is NULL (no text is set then). */
MUST_CHECK enum err_code db_int(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	int64_t *ret_value, struct err *e);
/* Each row in turn; the callback returns an error to stop, which is passed on. */
MUST_CHECK enum err_code db_each(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, struct err *e);

/*
 * The same for a statement that was put together for this one call, of literals only: what is asked for with any of many filters gets the
 * conditions that are asked, and so an index each. It is not kept: preparing it takes some 30 us. The text may go after the call.
 */
MUST_CHECK enum err_code db_each_once(struct db *db, const char *sql, const struct db_value *args,
	size_t n_args, db_each_fn *each, void *arg, struct err *e);

/* ---- for the writer, the migrations and the store ---- */

struct db_options {
	const char *where;  /* of SQLite: path of the file */
	bool read_only;     /* nothing can be changed through this connection */
	unsigned busy_ms;   /* how long to wait for the lock of another process */
	unsigned cache_kib; /* memory for pages, at most */
};

/* A dialect word of the schema: what stands between two @ in src/store/schema, and what the driver reads
 * instead. */
struct db_word {
	const char *name, *sql;
};

struct db_driver {
	const char *name;
	const struct db_word *words; /* ends with a row whose name is NULL */
	const char *table_count_sql; /* how many tables have the name $1: 0 or 1 */
	const char *begin_sql;       /* a transaction for writing, with its lock at once */

	enum err_code (*open)(const struct db_options *o, struct db **ret, struct err *e);
	void (*close)(struct db *db);
	/* Runs a statement; each (may be NULL) sees every row; ret_changed may be NULL. */
	enum err_code (*query)(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
		db_each_fn *each, void *arg, int64_t *ret_changed, struct err *e);
	/* The same; nothing of the statement is kept. */
	enum err_code (*query_once)(struct db *db, const char *sql, const struct db_value *args,
		size_t n_args, db_each_fn *each, void *arg, struct err *e);
	/* Many statements without parameters, not kept: a migration. */
	enum err_code (*script)(struct db *db, const char *sql, struct err *e);
	bool (*in_transaction)(struct db *db);
	int64_t (*bytes)(const char *where); /* what the database takes on disk */
};

/* What a driver's own struct begins with. */
struct db {
	const struct db_driver *driver;
	bool access_changed; /* db_access_changed() */
};

/* A noun calls it, on the writer's connection, when it changes what a token or a session is good for: see store_access_epoch(). */
static inline void db_access_changed(struct db *db)
{
	db->access_changed = true;
}

extern const struct db_driver db_sqlite;

MUST_CHECK enum err_code db_open(
	const struct db_driver *driver, const struct db_options *o, struct db **ret, struct err *e);
void db_close(struct db *db); /* NULL is fine; an open transaction is rolled back */
MUST_CHECK enum err_code db_script(struct db *db, const char *sql, struct err *e);
/* Is there a table of that name? */
MUST_CHECK enum err_code db_has_table(struct db *db, const char *name, bool *ret, struct err *e);

MUST_CHECK enum err_code db_begin(struct db *db, struct err *e);  /* for writing, at once */
MUST_CHECK enum err_code db_commit(struct db *db, struct err *e); /* on failure roll back */
void db_rollback(struct db *db);                                  /* no harm when there is no transaction */
/* A savepoint inside the transaction; one at a time. db_rollback_to leaves it in place: release it after. */
MUST_CHECK enum err_code db_savepoint(struct db *db, struct err *e);
MUST_CHECK enum err_code db_release(struct db *db, struct err *e);
MUST_CHECK enum err_code db_rollback_to(struct db *db, struct err *e);
/* Is a transaction still open? After an error this says whether the whole of it is gone. */
bool db_in_transaction(struct db *db);

#endif
