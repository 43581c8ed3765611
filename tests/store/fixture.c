#include "tests/store/fixture.h"

#include "tests/store/migrated.h"

#include "base/zst.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fixture fx;
const char *fixture_where = "/tmp";

void must(enum err_code code, const struct err *e)
{
	if (code != ERR_OK)
		fail_msg("%s: %s", err_slug(code), e->text);
}

void says(const struct err *e, const char *part)
{
	if (!strstr(e->text, part))
		fail_msg("\"%s\" does not say \"%s\"", e->text, part);
}

void equals(struct str s, const char *want)
{
	if (!str_eq(s, str_z(want)))
		fail_msg("\"%.*s\" is not \"%s\"", STR_FMT(s), want);
}

/* ---- up and down ---- */

int folder_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof fx);
	snprintf(fx.folder, sizeof fx.folder, "%s/sluice-store-XXXXXX", fixture_where);
	if (!mkdtemp(fx.folder))
		return -1;
	snprintf(fx.database, sizeof fx.database, "%s/sluice.db", fx.folder);
	arena_init(&fx.arena);
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

int folder_down(void **state)
{
	(void)state;
	arena_done(&fx.arena);
	return nftw(fx.folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static enum err_code open_store(struct err *e)
{
	struct store_options o = { .data = fx.folder, .busy_ms = 50 };

	return store_open(&o, &fx.store, e);
}

int store_up(void **state)
{
	struct err e;

	return folder_up(state) == 0 && migrated_put(fx.folder) == 0 && open_store(&e) == ERR_OK ? 0 : -1;
}

int store_down(void **state)
{
	store_close(fx.store);
	fx.store = NULL;
	return folder_down(state);
}

void store_again(void)
{
	struct err e;

	store_close(fx.store);
	fx.store = NULL;
	must(open_store(&e), &e);
}

struct db *open_database(void)
{
	struct db_options o = { .where = fx.database, .busy_ms = 50, .cache_kib = 512 };
	struct db *db = NULL;
	struct err e;

	must(db_open(&db_sqlite, &o, &db, &e), &e);
	return db;
}

/* ---- writing and asking ---- */

struct fn_op {
	struct store_op op; /* first */
	write_fn *fn;
	void *arg;
};

static enum err_code apply_fn(struct store_op *op, struct db *db, struct err *e)
{
	struct fn_op *w = (struct fn_op *)(void *)op;

	return w->fn(db, w->arg, e);
}

enum err_code try_write(write_fn *fn, void *arg, struct err *e)
{
	struct fn_op w = { .op = { .apply = apply_fn, .bytes = 100 }, .fn = fn, .arg = arg };

	return store_write(fx.store, &w.op, e);
}

void must_write(write_fn *fn, void *arg)
{
	struct err e;

	must(try_write(fn, arg, &e), &e);
}

int64_t ask(const char *sql)
{
	struct db *db = NULL;
	int64_t value = 0;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(db_int(db, sql, NULL, 0, &value, &e), &e);
	store_reader_put(fx.store, db);
	return value;
}

static enum err_code run_sql(struct db *db, void *arg, struct err *e)
{
	return db_run(db, (const char *)arg, NULL, 0, NULL, e);
}

enum err_code try_tell(const char *sql, struct err *e)
{
	return try_write(run_sql, (void *)(uintptr_t)sql, e);
}

void tell(const char *sql)
{
	struct err e;

	must(try_tell(sql, &e), &e);
}

/* ---- repos and steps ---- */

struct repo_call {
	const char *forge, *name;
	int64_t id;
};

static enum err_code add_repo_w(struct db *db, void *arg, struct err *e)
{
	struct repo_call *c = arg;
	bool is_new;

	return repos_add(db, str_z(c->forge), str_z(c->name), T0, &c->id, &is_new, e);
}

int64_t add_repo(const char *forge, const char *name)
{
	struct repo_call c = { .forge = forge, .name = name };

	must_write(add_repo_w, &c);
	return c.id;
}

struct step_facts a_step(const char *step_name)
{
	return (struct step_facts){
		.head_sha = STR(SHA_A),
		.external_run_id = STR("77"),
		.attempt = 1,
		.job_name = STR("build"),
		.step_name = str_z(step_name),
		.step_index = -1,
		.workflow = STR("ci.yaml"),
		.branch = STR("main"),
		.platform = STR("linux"),
		.url = STR("https://git.example.org/acme/pump/actions/runs/77"),
		.conclusion = CONCLUSION_FAILURE,
		.has_exit_code = true,
		.exit_code = 2,
	};
}

struct put_call {
	int64_t repo_id, now, step_id;
	const struct step_facts *facts;
	struct tail_size size;
	struct str zstd;
};

static enum err_code put_w(struct db *db, void *arg, struct err *e)
{
	struct put_call *c = arg;

	return steps_put(db, c->repo_id, c->facts, &c->size, c->zstd, c->now, &c->step_id, e);
}

enum err_code try_put(int64_t repo_id, const struct step_facts *f, struct str text, int64_t now,
	int64_t *ret_step_id, struct err *e)
{
	struct put_call c = { .repo_id = repo_id, .now = now, .facts = f };
	AUTO_BUF zstd;

	buf_init(&zstd, text.len + 1024);
	TRY(zst_compress(text, 1, &zstd, e));
	c.zstd = buf_view(&zstd);
	c.size = (struct tail_size){ .n_lines = 1, .n_bytes = (int64_t)text.len };
	TRY(try_write(put_w, &c, e));
	*ret_step_id = c.step_id;
	return ERR_OK;
}

int64_t put(int64_t repo_id, const struct step_facts *f, const char *text, int64_t now)
{
	int64_t id = 0;
	struct err e;

	must(try_put(repo_id, f, str_z(text), now, &id, &e), &e);
	return id;
}

struct account account_of(const struct step_query *q, size_t limit)
{
	struct account acc = { 0 };
	struct db *db = NULL;
	struct err e;

	must(store_reader_get(fx.store, &db, &e), &e);
	must(steps_failed(db, &fx.arena, q, limit, &acc.steps, &acc.n, &acc.tally, &acc.expired_at, &e), &e);
	store_reader_put(fx.store, db);
	return acc;
}

struct account account_of_sha(int64_t repo_id, const char *sha)
{
	return account_of(&(struct step_query){ .repo_id = repo_id, .head_sha = str_z(sha) }, 100);
}
