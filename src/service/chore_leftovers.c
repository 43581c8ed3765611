/*
 * chore_leftovers: log_files and run_masks: what is left behind when all else is done.
 *
 * A file that no row counts is nobody's (log_stray.h); one that was written within the last hour may be somebody's soon. A row whose file is
 * missing is a text that is lost: that is a failure of the chore, so that it is seen, at each pass until `sluice verify --repair`
 * says in the database that it is gone.
 */
#include "service/chore.h"
#include "service/log_stray.h"
#include "store/log_file.h"

#include <stdio.h>

#define STRAY_AFTER_MS ((int64_t)3600 * 1000)
#define MASKS_KEPT_MS (3 * DAY_MS)

/* ---- files ---- */

struct strays {
	const struct chore_call *c;
	struct chore_report *r;
	struct log_stray found[CHORE_BATCH];
	size_t n;
};

static enum err_code remove_found(struct strays *x, struct err *e)
{
	size_t n = x->n;
	int64_t bytes = 0;

	if (x->c->dry)
		for (size_t i = 0; i < x->n; i++)
			bytes += x->found[i].bytes;
	else
		TRY(log_stray_remove(x->c->store, x->found, x->n, x->c->now - STRAY_AFTER_MS, &n, &bytes, e));
	x->r->rows += (int64_t)n;
	x->r->bytes += bytes;
	x->n = 0;
	return ERR_OK;
}

static enum err_code state_of(
	struct store *s, int64_t step_id, enum log_state *ret, int64_t *ret_file_bytes, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = logs_state(db, step_id, ret, ret_file_bytes, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code look_at_file(void *arg, const struct log_file *f, struct err *e)
{
	struct strays *x = arg;
	int64_t file_bytes = 0;
	enum log_state state;

	if (f->changed_at >= x->c->now - STRAY_AFTER_MS || chore_stopped(x->c))
		return ERR_OK;
	TRY(state_of(x->c->store, f->step_id, &state, &file_bytes, e));
	if (!log_stray_is_one(state, f->sealed))
		return ERR_OK;
	x->found[x->n++] = (struct log_stray){ f->step_id, f->sealed, f->bytes };
	return x->n == CHORE_BATCH ? remove_found(x, e) : ERR_OK;
}

struct missing {
	int64_t n, first;
};

static bool has_no_file(struct store *s, int64_t step_id, enum log_state state, int64_t file_bytes)
{
	if (state == LOG_NONE || (state != LOG_SEALED && file_bytes == 0))
		return false;
	return !log_file_exists(s, step_id, true) &&
	       (state == LOG_SEALED || !log_file_exists(s, step_id, false));
}

/* Asked twice, because a log may be sealed, or go, between a look at its row and one at its file. */
static enum err_code look_at_row(struct store *s, const struct log *l, struct missing *m, struct err *e)
{
	int64_t file_bytes = 0;
	enum log_state state;

	if (!has_no_file(s, l->step_id, l->state, l->file_bytes))
		return ERR_OK;
	TRY(state_of(s, l->step_id, &state, &file_bytes, e));
	if (!has_no_file(s, l->step_id, state, file_bytes))
		return ERR_OK;
	if (m->n++ == 0)
		m->first = l->step_id;
	return ERR_OK;
}

static enum err_code look_at_rows(const struct chore_call *c, struct missing *m, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0 && !chore_stopped(c)) {
		struct log *logs = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(c->store, &db, e));
		code = logs_list(db, &a, after, CHORE_FOUND, &logs, &n, e);
		store_reader_put(c->store, db);
		TRY(code);
		for (size_t i = 0; i < n; i++)
			TRY(look_at_row(c->store, &logs[i], m, e));
		after = n > 0 ? logs[n - 1].step_id : after;
	}
	return ERR_OK;
}

enum err_code chore_log_files(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	struct strays x = { .c = c, .r = r };
	struct missing m = { 0 };

	TRY(log_file_each(c->store, look_at_file, &x, e));
	TRY(remove_found(&x, e));
	TRY(look_at_rows(c, &m, e));
	if (m.n > 0)
		return err_set(e, ERR_STORAGE,
			"the files of %lld logs are missing, the first is that of step %lld; "
			"`sluice verify` tells more",
			(long long)m.n, (long long)m.first);
	snprintf(r->message, sizeof r->message, "%s %lld files (%lld bytes) that no log counts",
		c->dry ? "would remove" : "removed", (long long)r->rows, (long long)r->bytes);
	return ERR_OK;
}

/* ---- masks ---- */

struct masks_op {
	struct store_op op;
	int64_t before, rows, bytes;
};

static enum err_code apply_masks(struct store_op *op, struct db *db, struct err *e)
{
	struct masks_op *w = (struct masks_op *)(void *)op;

	return run_masks_expire(db, w->before, CHORE_BATCH, false, &w->rows, &w->bytes, e);
}

static enum err_code count_masks(struct store *s, int64_t before, struct chore_report *r, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = run_masks_expire(db, before, 0, true, &r->rows, &r->bytes, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code delete_masks(
	const struct chore_call *c, int64_t before, struct chore_report *r, struct err *e)
{
	struct masks_op w = { .rows = 1 };

	while (w.rows > 0 && !chore_stopped(c)) {
		w = (struct masks_op){ .op = { .apply = apply_masks, .bytes = sizeof w }, .before = before };
		TRY(store_write(c->store, &w.op, e));
		r->rows += w.rows;
		r->bytes += w.bytes;
	}
	return ERR_OK;
}

enum err_code chore_run_masks(const struct chore_call *c, struct chore_report *r, struct err *e)
{
	int64_t before = c->now - MASKS_KEPT_MS;

	TRY(c->dry ? count_masks(c->store, before, r, e) : delete_masks(c, before, r, e));
	snprintf(r->message, sizeof r->message, "%s %lld values that runs asked to be masked",
		c->dry ? "would forget" : "forgot", (long long)r->rows);
	return ERR_OK;
}
