/*
 * sqlite: the SQLite half of db.h, and the only file that knows SQLite.
 *
 * A connection keeps its prepared statements in a small table by the address of their text: nouns pass string
 * literals, so that finding a statement is one multiplication, and nobody has to name or free one.
 *
 * What a reader would get wrong:
 * - To SQLite "$1" is a name, and names are numbered in the order in which they are met: "a = $2 AND b = $1"
 * has its parameters the other way round. So each statement has a map from SQLite's number to ours.
 * - After an error SQLite may have rolled the whole transaction back by itself (disk full, I/O error,
 * memory). in_transaction() tells; nothing here guesses.
 * - Text is read with sqlite3_column_blob: it needs no terminator, and so, unlike sqlite3_column_text, no
 * memory that might not be there.
 * - A connection opened for reading cannot make the files: the one for writing is opened first.
 */
#include "store/db.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define N_SLOTS 1024 /* of kept statements, a power of two */
#define N_KEPT (N_SLOTS * 3 / 4)
/* The write-ahead log is copied into the database once it has this many pages (of 4 KiB). More of them cost
   disk and a longer start after a crash, and save little: see bench. */
#define CHECKPOINT_PAGES "2000"
#define WAL_BYTES_KEPT "16777216"
#define STATEMENT_JOURNAL_BYTES 0x1ffff

struct statement {
	const char *sql; /* the address is the key */
	sqlite3_stmt *stmt;
	uint8_t arg_of[DB_ARGS_MAX]; /* SQLite's parameter i + 1 is our args[arg_of[i]] */
	uint8_t n_params;
	bool in_use;
};

struct sqlite {
	struct db db; /* first */
	sqlite3 *c;
	char *where;
	struct statement *slots[N_SLOTS];
	size_t n_kept;
};

static struct sqlite *of(struct db *db)
{
	return (struct sqlite *)(void *)db;
}

/* ---- errors ---- */

/* SQLite says FULL for a write that found no room, but I/O error for a quota, or for its shared memory. */
static bool says_disk_full(sqlite3 *c, int rc)
{
	int kind = rc & 0xff;
	int errnum = c && (kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) ? sqlite3_system_errno(c) : 0;

	return kind == SQLITE_FULL || errnum == ENOSPC || errnum == EDQUOT;
}

static enum err_code code_of_constraint(int rc)
{
	switch (rc) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
	case SQLITE_CONSTRAINT_FOREIGNKEY:
		return ERR_CONFLICT;
	default:
		return ERR_INTERNAL;
	}
}

/* What to do about it, behind what SQLite says. */
static const char *remedy_of(int rc)
{
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return "; another process holds it: end its transaction";
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		return "; move the file away and restore a backup";
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
		return "; the file and its folder must be writable by this user";
	case SQLITE_FULL:
		return "; free some space";
	default:
		return "";
	}
}

static enum err_code code_of(sqlite3 *c, int rc)
{
	if (says_disk_full(c, rc))
		return ERR_FULL;
	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_UNAVAILABLE;
	case SQLITE_CONSTRAINT:
		return code_of_constraint(rc);
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_MISUSE:
	case SQLITE_RANGE:
		return ERR_INTERNAL;
	case SQLITE_TOOBIG:
		return ERR_TOO_LARGE;
	default:
		return ERR_STORAGE;
	}
}

static enum err_code fail(struct sqlite *s, int rc, struct err *e)
{
	/* The connection's own text is more precise, if it is about this error. */
	const char *why =
		s->c && sqlite3_extended_errcode(s->c) == rc ? sqlite3_errmsg(s->c) : sqlite3_errstr(rc);

	return err_set(e, code_of(s->c, rc), "%s: %s (SQLite %d)%s", s->where, why, rc, remedy_of(rc));
}

/* ---- statements ---- */

static void statement_free(struct statement *st)
{
	sqlite3_finalize(st->stmt);
	free(st);
}

/* "$7" of SQLite's parameter i is our args[6]. */
static void map_params(struct statement *st)
{
	int n = sqlite3_bind_parameter_count(st->stmt);

	assert(n <= DB_ARGS_MAX);
	st->n_params = (uint8_t)n;
	for (int i = 0; i < n; i++) {
		const char *name = sqlite3_bind_parameter_name(st->stmt, i + 1);
		int64_t number = 0;

		assert(name && name[0] == '$' && str_to_int(str_z(name + 1), &number));
		assert(number >= 1 && number <= DB_ARGS_MAX);
		st->arg_of[i] = (uint8_t)(number - 1);
	}
}

static struct statement **slot_of(struct sqlite *s, const char *sql)
{
	size_t i = (size_t)(((uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15)) >> 32) % N_SLOTS;

	while (s->slots[i] && s->slots[i]->sql != sql)
		i = (i + 1) % N_SLOTS;
	return &s->slots[i];
}

static enum err_code statement_new(
	struct sqlite *s, const char *sql, unsigned flags, struct statement **ret, struct err *e)
{
	sqlite3_stmt *stmt = NULL;
	struct statement *st;
	int rc = sqlite3_prepare_v3(s->c, sql, -1, flags, &stmt, NULL);

	if (rc != SQLITE_OK)
		return fail(s, rc, e);
	st = mem_alloc(sizeof *st);
	st->sql = sql;
	st->stmt = stmt;
	map_params(st);
	*ret = st;
	return ERR_OK;
}

static enum err_code statement_get(struct sqlite *s, const char *sql, struct statement **ret, struct err *e)
{
	struct statement **slot = slot_of(s, sql);
	struct statement *st = *slot;

	if (!st) {
		TRY(statement_new(s, sql, SQLITE_PREPARE_PERSISTENT, &st, e));
		assert(s->n_kept < N_KEPT); /* the program has fewer statements than that */
		s->n_kept++;
		*slot = st;
	}
	assert(!st->in_use); /* a statement is not run from within its own rows */
	st->in_use = true;
	*ret = st;
	return ERR_OK;
}

/* Ready for the next time, and holding none of the caller's memory. */
static void statement_put(struct statement *st)
{
	sqlite3_reset(st->stmt); /* repeats the error of the step, which was told already */
	sqlite3_clear_bindings(st->stmt);
	st->in_use = false;
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct db_value *v)
{
	const char *p = v->s.p ? v->s.p : ""; /* NULL would bind SQL's NULL */

	switch (v->kind) {
	case DB_INT:
		return sqlite3_bind_int64(stmt, at, v->i);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, at, p, v->s.len, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB:
		return sqlite3_bind_blob64(stmt, at, p, v->s.len, SQLITE_STATIC);
	case DB_NULL:
		break;
	}
	return sqlite3_bind_null(stmt, at);
}

static int bind_all(struct statement *st, const struct db_value *args, size_t n_args)
{
	for (int i = 0; i < st->n_params; i++) {
		int rc;

		assert(st->arg_of[i] < n_args);
		rc = bind_one(st->stmt, i + 1, &args[st->arg_of[i]]);
		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

/* Blobs and text alike; false: there was no memory for it. */
static bool read_bytes(sqlite3_stmt *stmt, int at, enum db_kind kind, struct db_value *ret)
{
	const void *p = sqlite3_column_blob(stmt, at);
	int len = sqlite3_column_bytes(stmt, at);

	if (!p && len > 0)
		return false;
	*ret = (struct db_value){ .kind = kind, .s = { p, p ? (size_t)len : 0 } };
	return true;
}

static bool read_column(sqlite3_stmt *stmt, int at, struct db_value *ret)
{
	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER:
		*ret = DB_I(sqlite3_column_int64(stmt, at));
		return true;
	case SQLITE_NULL:
		*ret = DB_NONE;
		return true;
	case SQLITE_BLOB:
		return read_bytes(stmt, at, DB_BLOB, ret);
	default:
		return read_bytes(stmt, at, DB_TEXT, ret);
	}
}

static enum err_code hand_over_row(
	struct sqlite *s, sqlite3_stmt *stmt, db_each_fn *each, void *arg, struct err *e)
{
	struct db_value v[DB_COLUMNS_MAX];
	int n = sqlite3_column_count(stmt);

	assert(n <= DB_COLUMNS_MAX);
	for (int i = 0; i < n; i++)
		if (!read_column(stmt, i, &v[i]))
			return fail(s, SQLITE_NOMEM, e);
	return each(arg, &(struct db_row){ v, (size_t)n }, e);
}

static enum err_code step_all(
	struct sqlite *s, struct statement *st, db_each_fn *each, void *arg, struct err *e)
{
	int rc;

	while ((rc = sqlite3_step(st->stmt)) == SQLITE_ROW)
		if (each)
			TRY(hand_over_row(s, st->stmt, each, arg, e));
	return rc == SQLITE_DONE ? ERR_OK : fail(s, rc, e);
}

static enum err_code run(struct sqlite *s, struct statement *st, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, struct err *e)
{
	int rc = bind_all(st, args, n_args);

	return rc == SQLITE_OK ? step_all(s, st, each, arg, e) : fail(s, rc, e);
}

static enum err_code sqlite_query(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, int64_t *ret_changed, struct err *e)
{
	struct sqlite *s = of(db);
	struct statement *st = NULL;
	enum err_code code;

	TRY(statement_get(s, sql, &st, e));
	code = run(s, st, args, n_args, each, arg, e);
	if (code == ERR_OK && ret_changed)
		*ret_changed = sqlite3_changes64(s->c);
	statement_put(st);
	return code;
}

static enum err_code sqlite_query_once(struct db *db, const char *sql, const struct db_value *args,
	size_t n_args, db_each_fn *each, void *arg, struct err *e)
{
	struct sqlite *s = of(db);
	struct statement *st = NULL;
	enum err_code code;

	TRY(statement_new(s, sql, 0, &st, e));
	code = run(s, st, args, n_args, each, arg, e);
	statement_free(st);
	return code;
}

static enum err_code sqlite_script(struct db *db, const char *sql, struct err *e)
{
	struct sqlite *s = of(db);
	int rc = sqlite3_exec(s->c, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? ERR_OK : fail(s, rc, e);
}

static bool sqlite_in_transaction(struct db *db)
{
	return sqlite3_get_autocommit(of(db)->c) == 0;
}

/* ---- opening ---- */

static void configure_library(void)
{
	/*
	 * Refused when somebody has started SQLite already: no harm.
	 * Counting memory takes a lock that all connections share. And a savepoint keeps the pages it may
	 * have to bring back in memory, but from 64 KiB on in a file: one post changes about that much
	 * (measured: 28 k posts/s become 16 k). The file is for the few operations that are really large.
	 * No more than this, because what is kept in memory goes to the file in one write, and SQLite's
	 * writes have 17 bits of length: a larger one is told as a full disk.
	 */
	sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	sqlite3_config(SQLITE_CONFIG_STMTJRNL_SPILL, STATEMENT_JOURNAL_BYTES);
}

/* A damaged or prepared file must not be able to run code of its own through its schema. */
static int distrust(sqlite3 *c)
{
	static const struct {
		int option, value;
	} options[] = {
		{ SQLITE_DBCONFIG_DEFENSIVE, 1 },
		{ SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0 },
		{ SQLITE_DBCONFIG_DQS_DDL, 0 },
		{ SQLITE_DBCONFIG_DQS_DML, 0 },
		{ SQLITE_DBCONFIG_ENABLE_FKEY, 1 },
	};

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
		int rc = sqlite3_db_config(c, options[i].option, options[i].value, NULL);

		if (rc != SQLITE_OK)
			return rc;
	}
	return SQLITE_OK;
}

static enum err_code take_text(void *arg, const struct db_row *row, struct err *e)
{
	char *word = arg; /* of 16 */

	(void)e;
	snprintf(word, 16, "%.*s", STR_FMT(row->v[0].s));
	return ERR_OK;
}

static enum err_code use_write_ahead_log(struct sqlite *s, struct err *e)
{
	char mode[16] = "";

	/* SQLite opens a file that it may not write for reading, and says so only at the first write. */
	if (sqlite3_db_readonly(s->c, "main") != 0)
		return fail(s, SQLITE_READONLY, e);
	TRY(sqlite_query(&s->db, "PRAGMA journal_mode = WAL", NULL, 0, take_text, mode, NULL, e));
	if (strcmp(mode, "wal") != 0)
		return err_set(e, ERR_STORAGE,
			"%s: its file system has no write-ahead log (journal mode is %s); put the data on a "
			"local disk",
			s->where, mode);
	/* Debian's SQLite overwrites what is deleted with zeros. A log that streams is chunks first, which go when they are in the
	   file: that made half of all that was written. FAST leaves whole pages as they are until they are used again, which is
	   what an expired file of text gets as well. */
	return sqlite_script(&s->db,
		"PRAGMA synchronous = FULL; PRAGMA secure_delete = FAST; PRAGMA wal_autocheckpoint "
		"= " CHECKPOINT_PAGES "; PRAGMA journal_size_limit = " WAL_BYTES_KEPT,
		e);
}

static enum err_code set_up(struct sqlite *s, const struct db_options *o, struct err *e)
{
	char sql[64];
	int rc = sqlite3_extended_result_codes(s->c, 1);

	if (rc == SQLITE_OK)
		rc = sqlite3_busy_timeout(s->c, (int)o->busy_ms);
	if (rc == SQLITE_OK)
		rc = distrust(s->c);
	if (rc != SQLITE_OK)
		return fail(s, rc, e);
	snprintf(sql, sizeof sql, "PRAGMA cache_size = -%u", o->cache_kib);
	TRY(sqlite_script(&s->db, sql, e));
	return o->read_only ? ERR_OK : use_write_ahead_log(s, e);
}

static void sqlite_close(struct db *db)
{
	struct sqlite *s = of(db);

	for (size_t i = 0; i < N_SLOTS; i++)
		if (s->slots[i])
			statement_free(s->slots[i]);
	sqlite3_close_v2(s->c); /* rolls back; NULL is fine */
	free(s->where);
	free(s);
}

static enum err_code sqlite_open(const struct db_options *o, struct db **ret, struct err *e)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
		    (o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
	struct sqlite *s;
	enum err_code code;
	int rc;

	pthread_once(&once, configure_library);
	s = mem_alloc(sizeof *s);
	s->db.driver = &db_sqlite;
	s->where = mem_dup(str_z(o->where));
	rc = sqlite3_open_v2(o->where, &s->c, flags, NULL);
	code = rc == SQLITE_OK ? set_up(s, o, e) : fail(s, rc, e);
	if (code != ERR_OK) {
		sqlite_close(&s->db);
		return code;
	}
	*ret = &s->db;
	return ERR_OK;
}

static int64_t size_of_file(const char *where, const char *suffix)
{
	AUTO_ARENA a;
	struct stat st;

	arena_init(&a);
	return stat(arena_fmt(&a, "%s%s", where, suffix).p, &st) == 0 ? (int64_t)st.st_size : 0;
}

static int64_t sqlite_bytes(const char *where)
{
	return size_of_file(where, "") + size_of_file(where, "-wal");
}

static const struct db_word words[] = {
	{ "ID", "INTEGER PRIMARY KEY AUTOINCREMENT" },
	{ "KEY", "INTEGER PRIMARY KEY" },
	{ "BYTES", "BLOB" },
	{ NULL, NULL },
};

const struct db_driver db_sqlite = {
	.name = "sqlite",
	.words = words,
	.table_count_sql = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1",
	.begin_sql = "BEGIN IMMEDIATE",
	.open = sqlite_open,
	.close = sqlite_close,
	.query = sqlite_query,
	.query_once = sqlite_query_once,
	.script = sqlite_script,
	.in_transaction = sqlite_in_transaction,
	.bytes = sqlite_bytes,
};
