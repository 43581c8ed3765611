/*
 * pg: the same posts, put into a PostgreSQL by many clients, one post a transaction: what one would have
 * without a writer of our own.
 *
 *	pg CONNINFO [SECONDS] [CLIENTS]
 *
 * The schema, the statements and their order are not copied: this is a small driver for store/db.h over
 * libpq, on which the nouns of the store run as they are. A client is a thread with a connection; statements
 * are prepared once a connection. All tables are dropped and made again at the start. It is no driver for the
 * server: it does what this bench needs. Prints one line: posts=, rate=.
 */
#include "work.h"

#include "base/clock.h"
#include "base/zst.h"
#include "store/nouns.h"
#include "store/schema.h"

#include <libpq-fe.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STATEMENTS_MAX 64
#define OID_INT8 20
#define OID_INT4 23

static const struct db_driver driver;

struct connection {
	struct db db; /* first */
	PGconn *pg;
	const char *prepared[STATEMENTS_MAX]; /* by the address of their text */
	size_t n_prepared;
};

static struct connection *of(struct db *db)
{
	return (struct connection *)(void *)db;
}

static enum err_code failed(struct connection *c, PGresult *r, struct err *e)
{
	PQclear(r);
	return err_set(e, ERR_STORAGE, "PostgreSQL: %s", PQerrorMessage(c->pg));
}

static enum err_code prepared(struct connection *c, const char *sql, char name[16], struct err *e)
{
	PGresult *r;
	size_t i = 0;

	while (i < c->n_prepared && c->prepared[i] != sql)
		i++;
	snprintf(name, 16, "s%zu", i);
	if (i < c->n_prepared)
		return ERR_OK;
	if (i == STATEMENTS_MAX)
		return err_set(e, ERR_STORAGE, "more than %d statements", STATEMENTS_MAX);
	r = PQprepare(c->pg, name, sql, 0, NULL);
	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		return failed(c, r, e);
	PQclear(r);
	c->prepared[c->n_prepared++] = sql;
	return ERR_OK;
}

/* Integers as text, whatever width the column has; text and blobs as they are, in binary, which needs no end
 * mark and no escapes. */
static enum err_code execute(struct connection *c, const char *sql, const struct db_value *args,
	size_t n_args, PGresult **ret, struct err *e)
{
	const char *values[DB_ARGS_MAX] = { 0 };
	char ints[DB_ARGS_MAX][24], name[16];
	int lens[DB_ARGS_MAX] = { 0 }, formats[DB_ARGS_MAX] = { 0 };
	PGresult *r;

	TRY(prepared(c, sql, name, e));
	for (size_t i = 0; i < n_args; i++) {
		if (args[i].kind == DB_INT) {
			snprintf(ints[i], sizeof ints[i], "%lld", (long long)args[i].i);
			values[i] = ints[i];
		} else if (args[i].kind != DB_NULL) {
			values[i] = args[i].s.len > 0 ? args[i].s.p : "";
			lens[i] = (int)args[i].s.len;
			formats[i] = 1;
		}
	}
	r = PQexecPrepared(c->pg, name, (int)n_args, values, lens, formats, 0);
	if (PQresultStatus(r) != PGRES_COMMAND_OK && PQresultStatus(r) != PGRES_TUPLES_OK)
		return failed(c, r, e);
	*ret = r;
	return ERR_OK;
}

static struct db_value value_at(const PGresult *r, int row, int column)
{
	const char *text = PQgetvalue(r, row, column);
	Oid type = PQftype(r, column);

	if (PQgetisnull(r, row, column))
		return DB_NONE;
	if (type == OID_INT8 || type == OID_INT4)
		return DB_I(strtoll(text, NULL, 10));
	return DB_T(((struct str){ text, (size_t)PQgetlength(r, row, column) }));
}

static enum err_code hand_over(const PGresult *r, db_each_fn *each, void *arg, struct err *e)
{
	struct db_value v[DB_COLUMNS_MAX];

	for (int row = 0; row < PQntuples(r); row++) {
		for (int i = 0; i < PQnfields(r); i++)
			v[i] = value_at(r, row, i);
		TRY(each(arg, &(struct db_row){ v, (size_t)PQnfields(r) }, e));
	}
	return ERR_OK;
}

static enum err_code query(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	db_each_fn *each, void *arg, int64_t *ret_changed, struct err *e)
{
	PGresult *r = NULL;
	enum err_code code = ERR_OK;

	TRY(execute(of(db), sql, args, n_args, &r, e));
	if (each)
		code = hand_over(r, each, arg, e);
	if (code == ERR_OK && ret_changed)
		*ret_changed = strtoll(PQcmdTuples(r), NULL, 10);
	PQclear(r);
	return code;
}

static enum err_code script(struct db *db, const char *sql, struct err *e)
{
	PGresult *r = PQexec(of(db)->pg, sql);

	if (PQresultStatus(r) != PGRES_COMMAND_OK)
		return failed(of(db), r, e);
	PQclear(r);
	return ERR_OK;
}

static bool in_transaction(struct db *db)
{
	return PQtransactionStatus(of(db)->pg) != PQTRANS_IDLE;
}

static void close_connection(struct db *db)
{
	PQfinish(of(db)->pg);
	free(db);
}

static enum err_code open_connection(const struct db_options *o, struct db **ret, struct err *e)
{
	struct connection *c = mem_alloc(sizeof *c);

	c->db.driver = &driver;
	c->pg = PQconnectdb(o->where);
	if (PQstatus(c->pg) != CONNECTION_OK) {
		err_set(e, ERR_STORAGE, "%s", PQerrorMessage(c->pg));
		close_connection(&c->db);
		return ERR_STORAGE;
	}
	*ret = &c->db;
	return ERR_OK;
}

static const struct db_word words[] = {
	{ "ID", "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" },
	{ "KEY", "BIGINT PRIMARY KEY" },
	{ "BYTES", "BYTEA" },
	{ NULL, NULL },
};

static const struct db_driver driver = {
	.name = "postgres",
	.words = words,
	.table_count_sql = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename = $1",
	.begin_sql = "BEGIN",
	.open = open_connection,
	.close = close_connection,
	.query = query,
	.script = script,
	.in_transaction = in_transaction,
};

/* ---- the bench ---- */

struct client {
	struct pg *pg;
	pthread_t thread;
	unsigned number;
	uint64_t n_posts;
};

struct pg {
	const char *conninfo;
	unsigned n_clients;
	struct buf frames[WORK_TEXTS];
	int64_t repo_id, until_ms;
};

static void must(enum err_code code, const struct err *e)
{
	if (code == ERR_OK)
		return;
	fprintf(stderr, "pg: %s\n", e->text);
	exit(1);
}

static struct db *connect_to(const char *conninfo)
{
	struct db *db = NULL;
	struct err e;

	must(db_open(&driver, &(struct db_options){ .where = conninfo }, &db, &e), &e);
	return db;
}

static void put(const struct client *c, struct db *db, uint64_t i)
{
	struct work_names names;
	struct step_facts f = work_facts(work_key(i, c->pg->n_clients), &names);
	struct tail_size size = { .n_lines = 100, .n_bytes = (int64_t)work_text(i).len };
	struct err e;
	int64_t id;

	must(db_begin(db, &e), &e);
	must(steps_put(db, c->pg->repo_id, &f, &size, buf_view(&c->pg->frames[i % WORK_TEXTS]),
		     clock_wall_ms(&clock_system), &id, &e),
		&e);
	must(db_commit(db, &e), &e);
}

static void *main_of_client(void *arg)
{
	struct client *c = arg;
	struct db *db = connect_to(c->pg->conninfo);

	while (clock_steady_ms(&clock_system) < c->pg->until_ms) {
		put(c, db, c->number + (uint64_t)c->pg->n_clients * c->n_posts);
		c->n_posts++;
	}
	db_close(db);
	return NULL;
}

static void make_tables(struct pg *pg)
{
	struct db *db = connect_to(pg->conninfo);
	int64_t now = clock_wall_ms(&clock_system);
	struct err e;
	bool new;

	must(db_script(db,
		     "SET client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public",
		     &e),
		&e);
	must(schema_migrate(db, schema_n_migrations, now, &e), &e);
	must(repos_add(db, STR("default"), STR(WORK_REPO), now, &pg->repo_id, &new, &e), &e);
	db_close(db);
}

static void make_frames(struct pg *pg)
{
	struct err e;

	for (size_t t = 0; t < WORK_TEXTS; t++) {
		buf_init(&pg->frames[t], 65536);
		must(zst_compress(work_text(t), 1, &pg->frames[t], &e), &e);
	}
}

int main(int argc, char **argv)
{
	struct pg pg = { .conninfo = argc > 1 ? argv[1] : NULL,
		.n_clients = argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 16 };
	int64_t for_ms = argc > 2 ? (int64_t)(atof(argv[2]) * 1000) : 3000, begun;
	struct client *clients;
	uint64_t n_posts = 0;

	if (!pg.conninfo || for_ms <= 0 || pg.n_clients == 0) {
		fprintf(stderr, "usage: pg CONNINFO [SECONDS] [CLIENTS]\n");
		return 2;
	}
	make_frames(&pg);
	make_tables(&pg);
	clients = mem_alloc(pg.n_clients * sizeof *clients);
	begun = clock_steady_ms(&clock_system);
	pg.until_ms = begun + for_ms;
	for (unsigned i = 0; i < pg.n_clients; i++) {
		clients[i] = (struct client){ .pg = &pg, .number = i };
		if (pthread_create(&clients[i].thread, NULL, main_of_client, &clients[i]) != 0)
			return 1;
	}
	for (unsigned i = 0; i < pg.n_clients; i++) {
		pthread_join(clients[i].thread, NULL);
		n_posts += clients[i].n_posts;
	}
	printf("posts=%llu rate=%.1f\n", (unsigned long long)n_posts,
		(double)n_posts * 1000 / (double)(clock_steady_ms(&clock_system) - begun));
	free(clients);
	for (size_t t = 0; t < WORK_TEXTS; t++)
		buf_done(&pg.frames[t]);
	return 0;
}
