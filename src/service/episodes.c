/* episodes: see the header. */
#include "service/episodes.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/metric.h"
#include "service/episode_facts.h"
#include "store/episode_file.h"
#include "store/episode_index.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct episodes {
	struct store *store;
	struct episode_index *index;
	pthread_mutex_t lock; /* guards what follows */
	struct episode_claim *claims;
	int64_t n_taking; /* of these that take bytes */
};

struct store *episodes_store(struct episodes *x)
{
	return x->store;
}

struct episode_index *episodes_index(struct episodes *x)
{
	return x->index;
}

/* ---- from coming to here ---- */

struct row_op {
	struct store_op op;
	int64_t id;
};

static enum err_code apply_arrive(struct store_op *op, struct db *db, struct err *e)
{
	return episodes_arrive(db, ((struct row_op *)(void *)op)->id, e);
}

static enum err_code apply_forget(struct store_op *op, struct db *db, struct err *e)
{
	return episodes_forget(db, ((struct row_op *)(void *)op)->id, e);
}

static enum err_code write_line(struct episodes *x, const struct episode *row, bool fresh, struct err *e)
{
	bool there = false;
	AUTO_BUF line;

	buf_init(&line, EPISODE_INDEX_LINE_MAX);
	if (!fresh)
		TRY(episode_index_has(
			x->index, row->here ? 0 : row->index_from, 0, row->host, row->name, &there, e));
	if (there)
		return episode_index_sync(x->index, e);
	episode_facts_line(row, &line);
	return episode_index_add(x->index, buf_view(&line), e);
}

enum err_code episodes_complete(struct episodes *x, const struct episode *row, bool fresh, struct err *e)
{
	struct row_op w = { .op = { .apply = apply_arrive, .bytes = sizeof w }, .id = row->id };

	if (episode_file_size(x->store, row->host, row->name) < 0)
		TRY(episode_file_place(x->store, row->host, row->name, row->n_bytes, e));
	if (!fresh)
		TRY(episode_file_settle(x->store, row->host, row->name, e));
	TRY(write_line(x, row, fresh, e));
	if (row->here)
		return ERR_OK;
	TRY(store_write(x->store, &w.op, e));
	metric_add(METRIC_EPISODES, 1);
	metric_add(METRIC_EPISODE_BYTES, row->n_bytes);
	return ERR_OK;
}

/* ---- the start ---- */

/* Of what a crash left: what has its file comes in, and of the rest nothing was acknowledged. */
static enum err_code mend_one(struct episodes *x, const struct episode *row, struct err *e)
{
	struct row_op w = { .op = { .apply = apply_forget, .bytes = sizeof w }, .id = row->id };
	enum err_code code = episodes_complete(x, row, false, e);

	if (code == ERR_OK)
		diag(DIAG_INFO, "episode %.*s of %.*s was coming in when the server stopped; it is here now",
			STR_FMT(row->name), STR_FMT(row->host));
	return code == ERR_NOT_FOUND ? store_write(x->store, &w.op, e) : code;
}

/* A full disk keeps nobody from reading. Who sends one of them again mends it; and .incoming is not swept, for their files may lie there. */
static enum err_code leave_for_later(size_t n, const struct err *why)
{
	diag(DIAG_WARNING,
		"%zu episodes that were coming in when the server stopped wait for room (%s); a host that "
		"sends "
		"one again, or the next start, takes it in",
		n, why ? why->text : "the disk is full");
	return ERR_OK;
}

static enum err_code mend_all(struct episodes *x, struct err *e)
{
	struct episode *coming = NULL;
	struct db *db = NULL;
	enum err_code code;
	int64_t n_swept = 0;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(store_reader_get(x->store, &db, e));
	code = episodes_coming(db, &a, &coming, &n, e);
	store_reader_put(x->store, db);
	TRY(code);
	for (size_t i = 0; i < n; i++) {
		code = mend_one(x, &coming[i], e);
		if (code == ERR_FULL)
			return leave_for_later(n - i, e);
		TRY(code);
	}
	return episode_file_sweep(x->store, &n_swept, e);
}

enum err_code episodes_start(struct store *s, struct episodes **ret, struct err *e)
{
	struct episodes *x = mem_alloc(sizeof *x);
	enum err_code code;
	x->store = s;
	pthread_mutex_init(&x->lock, NULL);
	code = episode_index_open(s, &x->index, e);
	if (code == ERR_OK)
		code = mend_all(x, e);
	if (code == ERR_OK)
		*ret = x;
	else
		episodes_free(x);
	return code;
}

void episodes_free(struct episodes *x)
{
	if (!x)
		return;
	episode_index_close(x->index);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

/* ---- what comes in at once ---- */

enum err_code episodes_claim(struct episodes *x, struct episode_claim *c, struct err *e)
{
	bool taken = false;

	pthread_mutex_lock(&x->lock);
	for (const struct episode_claim *o = x->claims; o && !taken; o = o->next)
		taken = str_eq(o->host, c->host) && str_eq(o->id, c->id);
	if (!taken) {
		c->next = x->claims;
		x->claims = c;
	}
	pthread_mutex_unlock(&x->lock);
	return taken ? err_set(e, ERR_UNAVAILABLE,
			       "the episode %.*s of %.*s is coming in by another request; try again when "
			       "that is over",
			       STR_FMT(c->id), STR_FMT(c->host))
		     : ERR_OK;
}

enum err_code episodes_claim_bytes(struct episodes *x, struct episode_claim *c, int64_t max, struct err *e)
{
	int64_t n;

	pthread_mutex_lock(&x->lock);
	n = x->n_taking;
	if (n < max) {
		c->counts = true;
		x->n_taking++;
		metric_add(METRIC_EPISODES_COMING, 1);
	}
	pthread_mutex_unlock(&x->lock);
	return c->counts ? ERR_OK
			 : err_set(e, ERR_UNAVAILABLE,
				   "%lld episodes are coming in, the bound is [fleet] uploads; try again",
				   (long long)n);
}

int64_t episodes_expected(struct episodes *x, const struct episode_claim *but)
{
	int64_t n = 0;

	pthread_mutex_lock(&x->lock);
	for (const struct episode_claim *c = x->claims; c; c = c->next)
		n += c != but && c->counts ? atomic_load(&c->left) : 0;
	pthread_mutex_unlock(&x->lock);
	return n;
}

void episodes_unclaim(struct episodes *x, struct episode_claim *c)
{
	struct episode_claim **at = &x->claims;

	pthread_mutex_lock(&x->lock);
	while (*at && *at != c)
		at = &(*at)->next;
	if (*at)
		*at = c->next;
	if (c->counts) {
		x->n_taking--;
		metric_add(METRIC_EPISODES_COMING, -1);
	}
	pthread_mutex_unlock(&x->lock);
}

/* ---- what is noted of a host ---- */

struct note_op {
	struct store_op op;
	struct arena arena;
	struct str host, commit, why;
	int64_t max, now;
	int status;
};

static enum err_code apply_note(struct store_op *op, struct db *db, struct err *e)
{
	struct note_op *w = (struct note_op *)(void *)op;
	enum err_code code = hosts_seen(db, w->host, w->commit, w->max, w->now, e);

	if (code ==
		ERR_FORBIDDEN) /* one more than are known: it was told so, if it was to be told anything */
		return ERR_OK;
	TRY(code);
	return w->status != 0 ? hosts_refused(db, w->host, w->status, w->why, w->now, e) : ERR_OK;
}

static void end_note(struct store_op *op, const struct err *result)
{
	struct note_op *w = (struct note_op *)(void *)op;

	(void)result;
	arena_done(&w->arena);
	free(w);
}

void episodes_note(struct episodes *x, const struct config *cfg, struct str host, struct str commit,
	int64_t now, int status, struct str why)
{
	struct note_op *w = mem_alloc(sizeof *w);
	struct err ignored;

	arena_init(&w->arena);
	w->op = (struct store_op){ .apply = apply_note, .done = end_note, .bytes = sizeof *w + 1000 };
	w->host = arena_str(&w->arena, host);
	w->commit = commit_check(commit, NULL) == ERR_OK ? episode_commit(&w->arena, commit) : STR("");
	w->why = arena_str(&w->arena, why);
	w->max = cfg->fleet.hosts;
	w->now = now;
	w->status = status;
	if (status != 0)
		metric_add(METRIC_EPISODES_REFUSED, 1);
	if (store_submit(x->store, &w->op, &ignored) != ERR_OK)
		end_note(&w->op, NULL); /* it is a note: what was answered does not hang on it */
}

/* ---- reading ---- */

enum err_code episodes_see_host(const struct identity *by, struct str *host, struct err *e)
{
	struct str own = by->host;

	if (own.len == 0)
		return ERR_OK;
	if (host->len > 0 && !str_eq(*host, own))
		return err_set(e, ERR_FORBIDDEN, "this token is bound to the host %.*s", STR_FMT(own));
	*host = own;
	return ERR_OK;
}

enum err_code episodes_of_query(struct store *s, const struct episode_query *q, struct arena *a,
	struct episode **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = episodes_list(db, a, q, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

enum err_code episodes_one(
	struct store *s, struct str host, struct str id, struct arena *a, struct episode *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = episodes_get(db, a, host, id, ret, e);
	store_reader_put(s, db);
	if (code == ERR_OK && !ret->here)
		return err_set(e, ERR_NOT_FOUND, "the episode %.*s of %.*s is not here yet", STR_FMT(id),
			STR_FMT(host));
	return code;
}

enum err_code episodes_open(struct store *s, const struct episode *x, int *ret_fd, struct err *e)
{
	enum err_code code;
	int64_t bytes = 0;
	AUTO_FD fd = -1;

	code = episode_file_open(s, x->host, x->name, &fd, &bytes, e);
	if (code == ERR_NOT_FOUND || (code == ERR_OK && bytes != x->n_bytes))
		return err_set(e, ERR_NOT_FOUND,
			"the file of the episode %.*s of %.*s was lost or damaged (`sluice verify`); sent "
			"again it is "
			"taken again",
			STR_FMT(x->name), STR_FMT(x->host));
	TRY(code);
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

enum err_code episodes_files(int fd, int64_t max, int64_t max_bytes, struct arena *a,
	struct tarball_entry **ret, size_t *ret_n, struct err *e)
{
	return tarball_list(fd, max, max_bytes, a, ret, ret_n, e);
}

enum err_code episodes_extract(
	struct store *s, int fd, struct str path, int64_t max, int *ret_fd, int64_t *ret_bytes, struct err *e)
{
	AUTO_FD out = -1;

	TRY(episode_file_nameless(s, &out, e));
	TRY(tarball_extract(fd, path, max, out, ret_bytes, e));
	*ret_fd = out;
	out = -1;
	return ERR_OK;
}

enum err_code episodes_hosts(struct store *s, struct str only, int64_t limit, int64_t offset, struct arena *a,
	struct fleet_host **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = hosts_list(db, only, limit, offset, a, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}
