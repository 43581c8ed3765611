/*
 * verify: all logs, all tails, all files, all runs.
 *
 * In pages, in the order of the steps, so that what is held in memory is one log's index. What is found wrong with a log that is
 * still changing is looked for again; a log that never stands still for long enough is one that its server is busy with, and is passed by.
 */
#include "service/verify.h"

#include "base/zst.h"
#include "service/episode_verify.h"
#include "service/keeper.h"
#include "service/log_stray.h"
#include "service/mend.h"
#include "store/log_file.h"
#include "store/nouns.h"

#include <string.h>

#define PAGE 100
#define TRIES 10
#define TAIL_MAX ((size_t)4 << 20)

struct verify {
	struct store *store;
	bool mend;
	int64_t now;
	verify_tell_fn *tell;
	void *arg;
	struct verify_sum sum;
};

static void tell_lines(const struct verify *v, int64_t step_id, struct str lines)
{
	while (lines.len > 0) {
		struct str line = { lines.p, str_find(lines, '\n') };
		struct err text; /* for its length and its NUL */

		err_set(&text, ERR_STORAGE, "%.*s", STR_FMT(line));
		v->tell(v->arg, VERIFY_WRONG, "step", step_id, text.text);
		lines = str_from(lines, line.len + 1);
	}
}

/* ---- logs ---- */

static enum err_code read_log(
	struct store *s, int64_t step_id, struct arena *a, struct log *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = logs_get(db, a, step_id, ret, e);
	store_reader_put(s, db);
	if (code == ERR_NOT_FOUND) {
		*ret = (struct log){ .step_id = step_id, .state = LOG_NONE };
		return ERR_OK;
	}
	return code;
}

static enum err_code look_at(
	struct verify *v, int64_t step_id, struct arena *a, struct log *l, struct buf *wrong, struct err *e)
{
	bool changed = true;

	for (int i = 0; i < TRIES && changed; i++) {
		buf_reset(wrong);
		TRY(read_log(v->store, step_id, a, l, e));
		TRY(verify_log(v->store, l, wrong, &changed, e));
	}
	if (changed)
		buf_reset(wrong);
	return ERR_OK;
}

/* What was done counts when nothing is wrong any more. */
static enum err_code mend_one(struct verify *v, const struct log *was, struct err *e)
{
	struct err why = { .code = ERR_OK };
	enum err_code code;
	struct log l;
	AUTO_ARENA a;
	AUTO_BUF did;
	AUTO_BUF wrong;

	arena_init(&a);
	buf_init(&did, 1000);
	buf_init(&wrong, (size_t)1 << 20);
	code = mend_log(v->store, was, v->now, &did, &why);
	if (code != ERR_OK) {
		v->tell(v->arg, VERIFY_LEFT, "step", was->step_id, why.text);
		return code == ERR_FULL ? err_set(e, code, "%s", why.text) : ERR_OK;
	}
	TRY(look_at(v, was->step_id, &a, &l, &wrong, e));
	if (wrong.len > 0) {
		v->tell(v->arg, VERIFY_LEFT, "step", was->step_id,
			"it is damaged still; see what is said of it now:");
		tell_lines(v, was->step_id, buf_view(&wrong));
		return ERR_OK;
	}
	v->sum.n_mended++;
	v->tell(v->arg, VERIFY_MENDED, "step", was->step_id, buf_cstr(&did));
	return ERR_OK;
}

/* What the keeper does when the server starts. */
static void seal(struct verify *v, int64_t step_id)
{
	struct err why;

	if (keeper_seal_now(v->store, step_id, &why) != ERR_OK) {
		v->tell(v->arg, VERIFY_LEFT, "step", step_id, why.text);
		return;
	}
	v->sum.n_ended--;
	v->tell(v->arg, VERIFY_MENDED, "step", step_id, "it had ended and is sealed now");
}

static enum err_code verify_one(struct verify *v, int64_t step_id, struct err *e)
{
	struct log l;
	AUTO_ARENA a;
	AUTO_BUF wrong;

	arena_init(&a);
	buf_init(&wrong, (size_t)1 << 20);
	TRY(look_at(v, step_id, &a, &l, &wrong, e));
	v->sum.n_logs += l.state != LOG_NONE;
	v->sum.bytes += l.file_bytes;
	v->sum.n_ended += l.state == LOG_ENDED;
	if (wrong.len > 0) {
		v->sum.n_wrong++;
		tell_lines(v, step_id, buf_view(&wrong));
	}
	if (wrong.len > 0 && v->mend)
		TRY(mend_one(v, &l, e));
	if (l.state == LOG_ENDED && v->mend)
		seal(v, step_id);
	return ERR_OK;
}

static enum err_code verify_logs(struct verify *v, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0) {
		struct log *logs = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(v->store, &db, e));
		code = logs_list(db, &a, after, PAGE, &logs, &n, e);
		store_reader_put(v->store, db);
		TRY(code);
		for (size_t i = 0; i < n; i++)
			TRY(verify_one(v, logs[i].step_id, e));
		after = n > 0 ? logs[n - 1].step_id : after;
	}
	return ERR_OK;
}

/* ---- tails ---- */

struct tail_op {
	struct store_op op;
	int64_t step_id, n_bytes, stored_bytes;
};

static enum err_code apply_tail(struct store_op *op, struct db *db, struct err *e)
{
	struct tail_op *w = (struct tail_op *)(void *)op;

	return tails_mend(db, w->step_id, w->n_bytes, w->stored_bytes, e);
}

static enum err_code mend_tail(
	struct verify *v, const struct stored_tail *t, bool readable, size_t n_bytes, struct err *e)
{
	struct tail_op w = { .op = { .apply = apply_tail, .bytes = sizeof w },
		.step_id = t->step_id,
		.n_bytes = (int64_t)n_bytes,
		.stored_bytes = (int64_t)t->zstd.len };

	if (readable)
		TRY(store_write(v->store, &w.op, e));
	else
		TRY(mend_lost_text(v->store, t->step_id, v->now, e));
	v->sum.n_mended++;
	v->tell(v->arg, VERIFY_MENDED, "step", t->step_id,
		readable ? "the database says now what is there" : "its text counts as expired now");
	return ERR_OK;
}

static enum err_code verify_tail(struct verify *v, const struct stored_tail *t, struct err *e)
{
	struct err why;
	bool readable;
	AUTO_BUF text;
	AUTO_BUF wrong;

	buf_init(&text, TAIL_MAX);
	buf_init(&wrong, 2000);
	v->sum.n_tails++;
	v->sum.bytes += (int64_t)t->zstd.len;
	readable = zst_decompress(t->zstd, TAIL_MAX, &text, &why) == ERR_OK;
	if (!readable)
		buf_fmt(&wrong, "its tail: %s\n", why.text);
	else if ((int64_t)text.len != t->n_bytes)
		buf_fmt(&wrong, "its tail has %zu bytes of text, and the database says %lld\n", text.len,
			(long long)t->n_bytes);
	if ((int64_t)t->zstd.len != t->stored_bytes)
		buf_fmt(&wrong, "its step counts %lld bytes for its tail, and it takes %zu\n",
			(long long)t->stored_bytes, t->zstd.len);
	v->sum.n_wrong += wrong.len > 0;
	tell_lines(v, t->step_id, buf_view(&wrong));
	return wrong.len > 0 && v->mend ? mend_tail(v, t, readable, text.len, e) : ERR_OK;
}

static enum err_code verify_tails(struct verify *v, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0) {
		struct stored_tail *tails = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(v->store, &db, e));
		code = tails_list(db, &a, after, PAGE, &tails, &n, e);
		store_reader_put(v->store, db);
		TRY(code);
		for (size_t i = 0; i < n; i++)
			TRY(verify_tail(v, &tails[i], e));
		after = n > 0 ? tails[n - 1].step_id : after;
	}
	return ERR_OK;
}

/* ---- files ---- */

static enum err_code remove_stray(struct verify *v, const struct log_file *f, struct err *e)
{
	const struct log_stray stray = { f->step_id, f->sealed, f->bytes };
	int64_t bytes = 0;
	size_t n = 0;

	return log_stray_remove(v->store, &stray, 1, INT64_MAX, &n, &bytes, e);
}

static enum err_code look_at_file(void *arg, const struct log_file *f, struct err *e)
{
	struct verify *v = arg;
	int64_t file_bytes = 0;
	struct db *db = NULL;
	enum log_state state;
	enum err_code code;

	TRY(store_reader_get(v->store, &db, e));
	code = logs_state(db, f->step_id, &state, &file_bytes, e);
	store_reader_put(v->store, db);
	TRY(code);
	if (!log_stray_is_one(state, f->sealed))
		return ERR_OK;
	v->sum.n_strays++;
	return v->mend ? remove_stray(v, f, e) : ERR_OK;
}

/* ---- runs ---- */

struct run_op {
	struct store_op op;
	int64_t run_id;
};

static enum err_code apply_run(struct store_op *op, struct db *db, struct err *e)
{
	return runs_count_again(db, ((struct run_op *)(void *)op)->run_id, e);
}

static enum err_code mend_run(struct verify *v, int64_t run_id, struct err *e)
{
	struct run_op w = { .op = { .apply = apply_run, .bytes = sizeof w }, .run_id = run_id };

	TRY(store_write(v->store, &w.op, e));
	v->sum.n_mended++;
	v->tell(v->arg, VERIFY_MENDED, "run", run_id, "its steps were counted again");
	return ERR_OK;
}

static enum err_code verify_run(struct verify *v, const struct run_kept *r, struct err *e)
{
	struct err text; /* for its length and its NUL */

	v->sum.n_runs++;
	if (r->same)
		return ERR_OK;
	v->sum.n_wrong++;
	err_set(&text, ERR_STORAGE,
		"the database keeps %lld steps of it, %lld failed, and it has %lld, %lld failed: its status "
		"or where it is found may be wrong",
		(long long)r->kept.n_steps, (long long)r->kept.n_failed, (long long)r->counted.n_steps,
		(long long)r->counted.n_failed);
	v->tell(v->arg, VERIFY_WRONG, "run", r->run_id, text.text);
	return v->mend ? mend_run(v, r->run_id, e) : ERR_OK;
}

static enum err_code verify_runs(struct verify *v, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0) {
		struct run_kept *runs = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(v->store, &db, e));
		code = runs_kept(db, &a, after, PAGE, &runs, &n, e);
		store_reader_put(v->store, db);
		TRY(code);
		for (size_t i = 0; i < n; i++)
			TRY(verify_run(v, &runs[i], e));
		after = n > 0 ? runs[n - 1].run_id : after;
	}
	return ERR_OK;
}

static enum err_code verify_episodes(struct verify *v, struct err *e)
{
	struct episode_sum sum;

	TRY(episode_verify(v->store, v->tell, v->arg, &sum, e));
	v->sum.n_episodes = sum.n_episodes;
	v->sum.n_stray_episodes = sum.n_strays;
	v->sum.n_wrong += sum.n_wrong;
	v->sum.bytes += sum.bytes;
	return ERR_OK;
}

enum err_code verify_all(struct store *s, bool mend, int64_t now, verify_tell_fn *tell, void *arg,
	struct verify_sum *ret, struct err *e)
{
	struct verify v = { .store = s, .mend = mend, .now = now, .tell = tell, .arg = arg };

	TRY(verify_logs(&v, e));
	TRY(verify_tails(&v, e));
	TRY(log_file_each(s, look_at_file, &v, e));
	TRY(verify_runs(&v, e));
	TRY(verify_episodes(&v, e));
	*ret = v.sum;
	return ERR_OK;
}
