/*
 * schema: the migrations, and which of them a database has seen.
 *
 * There is no way back: a program that finds a newer database says so and touches nothing, because it cannot
 * know what the newer tables mean.
 */
#include "store/schema.h"

#include "base/buf.h"
#include "store/store.h"

#include <string.h>

#define SQL_MAX ((size_t)1 << 20) /* of one migration, words filled in */

enum err_code schema_version(struct db *db, int *ret_version, struct err *e)
{
	bool there = false;
	int64_t version = 0;
	enum err_code code;

	TRY(db_has_table(db, "schema_version", &there, e));
	if (!there) {
		*ret_version = 0;
		return ERR_OK;
	}
	code = db_int(db, "SELECT max(version) FROM schema_version", NULL, 0, &version, e);
	if (code == ERR_NOT_FOUND)
		return err_set(e, ERR_STORAGE,
			"the database does not say which version it is of (schema_version is empty); restore "
			"a backup");
	TRY(code);
	*ret_version = (int)version;
	return ERR_OK;
}

static enum err_code newer_program(int version, struct err *e)
{
	return err_set(e, ERR_CONFIG,
		"the database is of a newer program: its schema has version %d, this program knows %d; "
		"run the newer program, or restore a backup from before it",
		version, schema_n_migrations);
}

enum err_code schema_check(struct db *db, struct err *e)
{
	int version = 0;

	TRY(schema_version(db, &version, e));
	if (version > schema_n_migrations)
		return newer_program(version, e);
	if (version < schema_n_migrations)
		return err_set(e, ERR_CONFIG,
			"the database is of an older program: its schema has version %d, this program needs "
			"%d; "
			"start `sluice serve` once, which brings it up to date",
			version, schema_n_migrations);
	return ERR_OK;
}

/* What the driver reads for the word between two @, at the start of sql; its length with them in *ret_len. */
static const char *word_at(const struct db_driver *driver, const char *sql, size_t *ret_len)
{
	for (const struct db_word *w = driver->words; w->name; w++) {
		size_t len = strlen(w->name);

		if (strncmp(sql + 1, w->name, len) == 0 && sql[len + 1] == '@') {
			*ret_len = len + 2;
			return w->sql;
		}
	}
	return NULL;
}

static void fill_in_words(const struct db_driver *driver, const char *sql, struct buf *out)
{
	while (*sql) {
		size_t len = strcspn(sql, "@");
		const char *word;

		buf_add(out, sql, len);
		sql += len;
		if (!*sql)
			return;
		word = word_at(driver, sql, &len);
		if (word) {
			buf_z(out, word);
			sql += len;
		} else {
			buf_char(out, *sql++); /* just an @, in a comment */
		}
	}
}

static enum err_code apply_in_transaction(
	struct db *db, const struct migration *m, const char *sql, int64_t now, struct err *e)
{
	TRY(db_script(db, sql, e));
	TRY(db_run(db, "INSERT INTO schema_version (version, applied_at) VALUES ($1, $2)",
		DB_ARGS(DB_I(m->version), DB_I(now)), NULL, e));
	return db_commit(db, e);
}

static enum err_code apply(struct db *db, const struct migration *m, int64_t now, struct err *e)
{
	enum err_code code;
	AUTO_BUF sql;

	buf_init(&sql, SQL_MAX);
	fill_in_words(db->driver, m->sql, &sql);
	TRY(buf_check(&sql, m->name, e));
	TRY(db_begin(db, e));
	code = apply_in_transaction(db, m, buf_cstr(&sql), now, e);
	if (code != ERR_OK) {
		db_rollback(db);
		err_in(e, "migration %s", m->name);
	}
	return code;
}

enum err_code schema_migrate(struct db *db, int to, int64_t now, struct err *e)
{
	int version = 0;

	TRY(schema_version(db, &version, e));
	if (version > schema_n_migrations)
		return newer_program(version, e);
	for (int i = version; i < to; i++)
		TRY(apply(db, &schema_migrations[i], now, e));
	return ERR_OK;
}

int store_schema_version(void)
{
	return schema_n_migrations;
}
