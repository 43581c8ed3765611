#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H
/*
 * schema: brings a database to the tables that this program knows.
 *
 * Migrations are the numbered files of src/store/schema, built into the program by tools/embed_sql.py. Each
 * is one transaction, together with the row in schema_version that says so: after a crash a migration was
 * applied or not. A released file is never changed; what comes next is a file more.
 */
#include "store/db.h"

struct migration {
	int version; /* from 1, without a gap */
	const char *name;
	const char *sql; /* with the words of drivers between two @ */
};

extern const struct migration schema_migrations[]; /* generated */
extern const int schema_n_migrations;

/* The version of a database; 0 when it is empty. */
MUST_CHECK enum err_code schema_version(struct db *db, int *ret_version, struct err *e);
/* Applies what is missing up to version `to`. ERR_CONFIG when the database is of a newer program. */
MUST_CHECK enum err_code schema_migrate(struct db *db, int to, int64_t now, struct err *e);
/* ERR_CONFIG unless the database is exactly of this program's version. */
MUST_CHECK enum err_code schema_check(struct db *db, struct err *e);

#endif
