/*
 * How migrations are applied, seen on three that exist here only: the program is linked with this list in the place
 * of the real one (which test_schema.c is about), so that there is an earlier schema to come from, with rows in it.
 */
#include "tests/store/fixture.h"

const struct migration schema_migrations[] = {
	{ 1, "0001-parts.sql",
		"CREATE TABLE schema_version (version @KEY@, applied_at BIGINT NOT NULL);"
		"CREATE TABLE part (id @ID@, name TEXT NOT NULL);" },
	{ 2, "0002-weights.sql",
		"ALTER TABLE part ADD COLUMN grams BIGINT NOT NULL DEFAULT 0;"
		"UPDATE part SET grams = 5 WHERE name = 'nut';" },
	{ 3, "0003-boxes.sql",
		"UPDATE part SET grams = grams + 1;"
		"CREATE TABLE box (id @ID@, part_id BIGINT NOT NULL REFERENCES part (id));" },
};
const int schema_n_migrations = 3;

static int64_t one(struct db *db, const char *sql)
{
	int64_t value = -1;
	struct err e;

	must(db_int(db, sql, NULL, 0, &value, &e), &e);
	return value;
}

/* A database of version `to`, with a nut and a bolt in it. */
static struct db *database_of(int to)
{
	struct db *db = open_database();
	struct err e;

	must(schema_migrate(db, to, T0, &e), &e);
	must(db_script(db, "INSERT INTO part (name) VALUES ('nut'), ('bolt')", &e), &e);
	return db;
}

static void rows_of_an_earlier_schema_are_carried_along_step_by_step(void **state)
{
	struct db *db = database_of(1);
	struct err e;
	(void)state;

	must(schema_migrate(db, 2, T0 + 1, &e), &e);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'nut'"), 5);
	must(schema_migrate(db, 3, T0 + 2, &e), &e);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'nut'"), 6);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'bolt'"), 1);
	assert_int_equal(one(db, "SELECT count(*) FROM box"), 0);
	db_close(db);
}

static void each_is_applied_once_and_its_time_is_kept(void **state)
{
	struct db *db = database_of(1);
	struct err e;
	(void)state;

	must(schema_migrate(db, 3, T0 + 7, &e), &e);
	must(schema_migrate(db, 3, T0 + 8, &e), &e);
	assert_int_equal(one(db, "SELECT count(*) FROM schema_version"), 3);
	assert_int_equal(one(db, "SELECT applied_at FROM schema_version WHERE version = 1"), T0);
	assert_int_equal(one(db, "SELECT applied_at FROM schema_version WHERE version = 2"), T0 + 7);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'nut'"), 6);
	db_close(db);
}

static void opening_the_store_brings_each_earlier_schema_up_to_date(void **state)
{
	(void)state;
	for (int from = 1; from <= schema_n_migrations; from++) {
		db_close(database_of(from));
		store_again();
		assert_int_equal(ask("SELECT max(version) FROM schema_version"), 3);
		assert_int_equal(ask("SELECT count(*) FROM part"), 2);
		assert_int_equal(ask("SELECT count(*) FROM box"), 0);
		store_close(fx.store);
		fx.store = NULL;
		folder_down(state);
		folder_up(state);
	}
}

static void one_that_fails_undoes_itself_and_not_those_before_it(void **state)
{
	struct db *db = database_of(1);
	struct err e;
	int version = 0;
	(void)state;

	must(db_script(db, "CREATE TABLE box (mine BIGINT)", &e), &e); /* in the way of the third */
	assert_int_not_equal(schema_migrate(db, 3, T0 + 1, &e), ERR_OK);
	says(&e, "migration 0003-boxes.sql");
	assert_false(db_in_transaction(db));
	must(schema_version(db, &version, &e), &e);
	assert_int_equal(version, 2);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'nut'"), 5);

	must(db_script(db, "DROP TABLE box", &e), &e);
	must(schema_migrate(db, 3, T0 + 2, &e), &e);
	assert_int_equal(one(db, "SELECT grams FROM part WHERE name = 'nut'"), 6);
	db_close(db);
}

static void an_earlier_schema_is_not_read_and_not_touched_by_who_only_reads(void **state)
{
	struct store_options o = { .data = fx.folder, .read_only = true };
	struct db *db = database_of(2);
	struct store *s = NULL;
	struct err e;
	int version = 0;
	(void)state;

	assert_int_equal(store_open(&o, &s, &e), ERR_CONFIG);
	says(&e, "version 2, this program needs 3");
	must(schema_version(db, &version, &e), &e);
	assert_int_equal(version, 2);
	db_close(db);
}

#define T(name) cmocka_unit_test_setup_teardown(name, folder_up, folder_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		T(rows_of_an_earlier_schema_are_carried_along_step_by_step),
		T(each_is_applied_once_and_its_time_is_kept),
		T(opening_the_store_brings_each_earlier_schema_up_to_date),
		T(one_that_fails_undoes_itself_and_not_those_before_it),
		T(an_earlier_schema_is_not_read_and_not_touched_by_who_only_reads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
