/*
 * The migrations. schema.declared is what they lead to, as people agreed on it: a migration that leads
 * elsewhere, or a path that leads elsewhere than another, fails here. After a change that is meant, run this
 * test with DECLARE=1 in the environment and look at what changed in the file.
 */
#include "tests/store/fixture.h"

#include "base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DECLARED TEST_STORE_FOLDER "/schema.declared"
#define RELEASED TEST_STORE_FOLDER "/released"

/* The one place here that knows a dialect: how a database lists what it is made of. */
#define LIST_SCHEMA                                                                                          \
	"SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"       \
	" ORDER BY type DESC, name"

/* Without comments, each run of white space as one blank. */
static void normalise(struct str sql, struct buf *out)
{
	bool blank = false;

	for (size_t i = 0; i < sql.len; i++) {
		if (sql.p[i] == '-' && i + 1 < sql.len && sql.p[i + 1] == '-') {
			i += str_find(str_from(sql, i), '\n');
			blank = true;
		} else if (sql.p[i] == ' ' || sql.p[i] == '\t' || sql.p[i] == '\n') {
			blank = true;
		} else {
			if (blank)
				buf_char(out, ' ');
			blank = false;
			buf_char(out, sql.p[i]);
		}
	}
	buf_z(out, ";\n");
}

static enum err_code add_to_dump(void *arg, const struct db_row *row, struct err *e)
{
	(void)e;
	normalise(row->v[2].s, arg);
	return ERR_OK;
}

static void dump(struct db *db, struct buf *out)
{
	struct err e;

	buf_init(out, 1 << 20);
	must(db_each(db, LIST_SCHEMA, NULL, 0, add_to_dump, out, &e), &e);
}

static void read_declared(struct buf *out)
{
	struct err e;

	buf_init(out, 1 << 20);
	must(file_read(DECLARED, 1 << 20, out, &e), &e);
}

static void declare(struct db *db)
{
	struct buf now;
	struct err e;

	dump(db, &now);
	must(file_write_atomic(DECLARED, buf_view(&now), 0644, &e), &e);
	buf_done(&now);
}

static void is_as_declared(struct db *db)
{
	struct buf want, have;

	read_declared(&want);
	dump(db, &have);
	if (!str_eq(buf_view(&want), buf_view(&have)))
		fail_msg("the schema is not as declared in %s but:\n%s", DECLARED, buf_cstr(&have));
	buf_done(&want);
	buf_done(&have);
}

static void migrating_an_empty_database_gives_the_declared_schema(void **state)
{
	struct db *db = open_database();
	struct err e;
	int version = 0;
	(void)state;

	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	must(schema_version(db, &version, &e), &e);
	assert_int_equal(version, store_schema_version());
	if (getenv("DECLARE"))
		declare(db);
	is_as_declared(db);
	db_close(db);
}

static void migrating_from_every_earlier_schema_gives_the_declared_one(void **state)
{
	struct err e;
	(void)state;

	for (int from = 1; from < schema_n_migrations; from++) {
		struct db *db = open_database();

		must(schema_migrate(db, from, T0, &e), &e);
		db_close(db);
		db = open_database(); /* as the next release would */
		must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
		is_as_declared(db);
		db_close(db);
		remove(fx.database);
	}
}

static void migrating_one_at_a_time_gives_the_declared_schema(void **state)
{
	struct db *db = open_database();
	struct err e;
	(void)state;

	for (int to = 1; to <= schema_n_migrations; to++)
		must(schema_migrate(db, to, T0, &e), &e);
	is_as_declared(db);
	db_close(db);
}

static void migrating_again_changes_nothing(void **state)
{
	struct db *db = open_database();
	struct err e;
	int64_t n = 0;
	(void)state;

	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	must(schema_migrate(db, schema_n_migrations, T0 + 1, &e), &e);
	must(db_int(db, "SELECT count(*) FROM schema_version WHERE applied_at = $1", DB_ARGS(DB_I(T0)), &n,
		     &e),
		&e);
	assert_int_equal(n, schema_n_migrations);
	db_close(db);
}

static void open_released(const char *name)
{
	struct buf sql;
	char path[400];
	struct db *db = open_database();
	struct err e;

	snprintf(path, sizeof path, "%s/%s", RELEASED, name);
	buf_init(&sql, 16 << 20);
	must(file_read(path, 16 << 20, &sql, &e), &e);
	must(db_script(db, buf_cstr(&sql), &e), &e);
	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	is_as_declared(db);
	db_close(db);
	buf_done(&sql);
	store_again();
	store_close(fx.store);
	fx.store = NULL;
}

static void a_database_of_each_released_version_is_opened(void **state)
{
	DIR *dir = opendir(RELEASED);
	struct dirent *file;
	(void)state;

	assert_non_null(dir);
	while ((file = readdir(dir))) {
		if (!str_ends(str_z(file->d_name), STR(".sql")))
			continue;
		print_message("released: %s\n", file->d_name);
		open_released(file->d_name);
		remove(fx.database);
	}
	closedir(dir);
}

static void a_migration_that_fails_leaves_nothing_behind(void **state)
{
	struct db *db = open_database();
	struct err e;
	bool there = true;
	int version = -1;
	(void)state;

	must(db_script(db, "CREATE TABLE token (mine BIGINT)", &e), &e); /* in the way of the last tables */
	assert_int_not_equal(schema_migrate(db, schema_n_migrations, T0, &e), ERR_OK);
	says(&e, "migration 0001-start.sql");
	says(&e, "token");
	assert_false(db_in_transaction(db));
	must(db_has_table(db, "repo", &there, &e), &e);
	assert_false(there);
	must(schema_version(db, &version, &e), &e);
	assert_int_equal(version, 0);
	db_close(db);
}

static void a_newer_database_is_refused_and_not_touched(void **state)
{
	struct store_options o = { .data = fx.folder };
	struct store *s = NULL;
	struct db *db = open_database();
	struct err e;
	int64_t n = 0;
	(void)state;

	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	must(db_run(db, "INSERT INTO schema_version (version, applied_at) VALUES (999, 1)", NULL, 0, NULL,
		     &e),
		&e);
	assert_int_equal(store_open(&o, &s, &e), ERR_CONFIG);
	says(&e, "newer program");
	says(&e, "999");
	o.read_only = true;
	assert_int_equal(store_open(&o, &s, &e), ERR_CONFIG);
	assert_null(s);
	must(db_int(db, "SELECT count(*) FROM schema_version", NULL, 0, &n, &e), &e);
	assert_int_equal(n, schema_n_migrations + 1);
	db_close(db);
}

static void reading_only_refuses_an_older_database(void **state)
{
	struct store_options o = { .data = fx.folder, .read_only = true };
	struct store *s = NULL;
	struct db *db = open_database();
	struct err e;
	(void)state;

	must(schema_migrate(db, schema_n_migrations - 1, T0, &e), &e);
	assert_int_equal(store_open(&o, &s, &e), ERR_CONFIG);
	says(&e, "older program");
	db_close(db);
}

static void a_database_that_forgot_its_version_is_refused(void **state)
{
	struct store_options o = { .data = fx.folder };
	struct store *s = NULL;
	struct db *db = open_database();
	struct err e;
	(void)state;

	must(schema_migrate(db, schema_n_migrations, T0, &e), &e);
	must(db_run(db, "DELETE FROM schema_version", NULL, 0, NULL, &e), &e);
	db_close(db);
	assert_int_equal(store_open(&o, &s, &e), ERR_STORAGE);
	says(&e, "schema_version is empty");
}

#define T(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(migrating_an_empty_database_gives_the_declared_schema),
		T(migrating_from_every_earlier_schema_gives_the_declared_one),
		T(migrating_one_at_a_time_gives_the_declared_schema),
		T(migrating_again_changes_nothing),
		T(a_database_of_each_released_version_is_opened),
		T(a_migration_that_fails_leaves_nothing_behind),
		T(a_newer_database_is_refused_and_not_touched),
		T(reading_only_refuses_an_older_database),
		T(a_database_that_forgot_its_version_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
