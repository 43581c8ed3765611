/*
 * episode_reindex: the index of episodes made anew; and their rows from their files, where these are gone.
 *
 * What an old index says of a file is taken when its digest is the file's: when it was received is nowhere else. Of others the file's own time stands for that.
 */
#include "service/episode_verify.h"

#include "base/file.h"
#include "pack/tarball_file.h"
#include "service/episode_facts.h"
#include "store/episode_file.h"
#include "store/episode_index.h"

#define PAGE 100

struct reindexing {
	struct store *store;
	const struct fleet_config *fleet;
	int64_t max_hosts;
	struct episode_index_new *index;
	struct reindex_sum sum;
};

/* ---- rows from files ---- */

struct adopt_op {
	struct store_op op;
	struct episode *row;
	int64_t max_hosts;
};

static enum err_code apply_adopt(struct store_op *op, struct db *db, struct err *e)
{
	struct adopt_op *w = (struct adopt_op *)(void *)op;

	TRY(hosts_seen(db, w->row->host, w->row->code_commit, w->max_hosts, w->row->received_at, e));
	TRY(episodes_announce(db, w->row, &w->row->id, e));
	return episodes_arrive(db, w->row->id, e);
}

static enum err_code has_row(
	struct store *s, struct str host, struct str id, struct arena *a, bool *ret, struct err *e)
{
	struct db *db = NULL;
	struct episode x;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = episodes_get(db, a, host, id, &x, e);
	store_reader_put(s, db);
	*ret = code == ERR_OK;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

/* told: what an old line says, or NULL. */
static enum err_code adopt(struct reindexing *r, struct str host, struct str id, const struct episode *told,
	int64_t changed_at, struct arena *a, struct err *e)
{
	struct adopt_op w = { .op = { .apply = apply_adopt, .bytes = sizeof w }, .max_hosts = r->max_hosts };
	struct episode x = { .received_at = changed_at, .code_commit = STR(""), .schema_version = STR("") };
	struct str meta = STR("");
	struct sha256 digest;
	bool has_meta = false;
	AUTO_FD fd = -1;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	TRY(episode_file_open(r->store, host, id, &fd, &x.n_bytes, e));
	TRY(episode_file_hash(fd, &digest, e));
	hex_encode(digest.b, sizeof digest.b, &hex);
	if (told && !str_eq_nocase(told->sha256, buf_view(&hex))) {
		r->sum.n_differ++; /* this one is taken in without it */
		return ERR_OK;
	}
	if (told) {
		x.code_commit = told->code_commit;
		x.schema_version = told->schema_version;
		x.received_at = told->received_at > 0 ? told->received_at : changed_at;
	}
	x.host = host;
	x.name = id;
	x.sha256 = buf_view(&hex);
	x.n_entries = x.unpacked_bytes = -1;
	if (tarball_meta(fd, a, &has_meta, &meta, e) != ERR_OK)
		has_meta = false; /* it was kept unchecked */
	episode_facts(r->fleet, has_meta, meta, a, &x);
	w.row = &x;
	TRY(store_write(r->store, &w.op, e));
	r->sum.n_adopted++;
	return ERR_OK;
}

static enum err_code adopt_told(void *arg, struct str line, int64_t at, struct err *e)
{
	struct reindexing *r = arg;
	struct episode told;
	bool found = false;
	AUTO_ARENA a;

	(void)at;
	arena_init(&a);
	if (!episode_facts_read(line, &a, &told))
		return ERR_OK;
	TRY(has_row(r->store, told.host, told.name, &a, &found, e));
	if (found)
		return ERR_OK;
	if (episode_file_size(r->store, told.host, told.name) < 0) {
		r->sum.n_gone++;
		return ERR_OK;
	}
	return adopt(r, told.host, told.name, &told, told.received_at, &a, e);
}

static enum err_code adopt_file(
	void *arg, struct str host, struct str id, int64_t bytes, int64_t changed_at, struct err *e)
{
	struct reindexing *r = arg;
	bool found = false;
	AUTO_ARENA a;

	(void)bytes;
	arena_init(&a);
	TRY(has_row(r->store, host, id, &a, &found, e));
	return found ? ERR_OK : adopt(r, host, id, NULL, changed_at, &a, e);
}

/* ---- lines from rows ---- */

struct move_op {
	struct store_op op;
	const struct episode *rows;
	size_t n;
};

static enum err_code apply_move(struct store_op *op, struct db *db, struct err *e)
{
	struct move_op *w = (struct move_op *)(void *)op;

	for (size_t i = 0; i < w->n; i++)
		TRY(episodes_move_line(db, w->rows[i].id, w->rows[i].index_from, e));
	return ERR_OK;
}

static enum err_code write_page(struct reindexing *r, struct episode *rows, size_t n, struct err *e)
{
	struct move_op w = { .op = { .apply = apply_move, .bytes = sizeof w }, .rows = rows, .n = n };
	AUTO_BUF line;

	buf_init(&line, EPISODE_INDEX_LINE_MAX);
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].here)
			continue;
		buf_reset(&line);
		episode_facts_line(&rows[i], &line);
		TRY(buf_check(&line, "a line of index.jsonl", e));
		TRY(episode_index_put(r->index, buf_view(&line), &rows[i].index_from, e));
		r->sum.n_lines++;
		r->sum.n_lost += episode_file_size(r->store, rows[i].host, rows[i].name) < 0;
	}
	return store_write(r->store, &w.op, e);
}

static enum err_code write_lines(struct reindexing *r, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0) {
		struct episode *rows = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(r->store, &db, e));
		code = episodes_after(db, &a, after, PAGE, &rows, &n, e);
		store_reader_put(r->store, db);
		TRY(code);
		TRY(write_page(r, rows, n, e));
		after = n > 0 ? rows[n - 1].id : after;
	}
	return ERR_OK;
}

static enum err_code reindex(struct reindexing *r, struct err *e)
{
	TRY(episode_index_each(r->store, 0, adopt_told, r, e));
	TRY(episode_file_each(r->store, adopt_file, r, e));
	TRY(episode_index_begin(r->store, &r->index, e));
	TRY(write_lines(r, e));
	return episode_index_replace(r->index, e);
}

enum err_code episode_reindex(struct store *s, const struct fleet_config *fleet, int64_t max_hosts,
	struct reindex_sum *ret, struct err *e)
{
	struct reindexing r = { .store = s, .fleet = fleet, .max_hosts = max_hosts };
	enum err_code code = reindex(&r, e);

	episode_index_end(r.index);
	TRY(code);
	*ret = r.sum;
	return ERR_OK;
}
