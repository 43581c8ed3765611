/*
 * account_found: see the header.
 *
 * A log that was posted in one go came with its step. One that was streamed is opened once, for its end and for its errors.
 */
#include "service/account_found.h"

#include "service/excerpt.h"
#include "store/errors.h"
#include "text/job_log.h"

#include <stdlib.h>

#define OPEN_TRIES 3     /* a log may be moved to its file while it is read */
#define FOR_LINES_MAX 32 /* logs that are opened although there is no room for their ends: the newest */

/* ---- errors ---- */

static enum context_explained explained_of(const struct found_errors *s)
{
	if (s->due)
		return CONTEXT_DUE;
	if (s->failed.len > 0)
		return CONTEXT_NOT_EXPLAINED;
	return s->explained_at > 0 ? CONTEXT_EXPLAINED : CONTEXT_UNKNOWN;
}

static void fill(struct context_found *f, const struct found_errors *s, struct arena *a)
{
	*f = (struct context_found){ .explained = explained_of(s),
		.why_not = s->failed,
		.errors = arena_array(a, s->n, sizeof *f->errors),
		.n = s->n,
		.total = s->total,
		.first_line = -1 };
	for (size_t i = 0; i < s->n; i++)
		f->errors[i].error = &s->errors[i];
}

/* Groups of errors, each once: errors of one group are many in a matrix. Sorted by id, so that they are found again. */
struct group_ids {
	int64_t *ids;
	size_t n;
};

static int by_id(const void *va, const void *vb)
{
	int64_t a = *(const int64_t *)va, b = *(const int64_t *)vb;

	return (a > b) - (a < b);
}

static struct group_ids groups_wanted(const struct context_found *found, size_t n, struct arena *a)
{
	struct group_ids g = { .ids = arena_array(a, n * CONTEXT_ERRORS_MAX, sizeof *g.ids) };
	size_t n_all = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < found[i].n; k++)
			if (found[i].errors[k].error->group_id > 0)
				g.ids[n_all++] = found[i].errors[k].error->group_id;
	if (n_all > 0)
		qsort(g.ids, n_all, sizeof *g.ids, by_id);
	for (size_t i = 0; i < n_all; i++)
		if (g.n == 0 || g.ids[g.n - 1] != g.ids[i])
			g.ids[g.n++] = g.ids[i];
	return g;
}

static int group_by_id(const void *id, const void *group)
{
	int64_t a = *(const int64_t *)id, b = ((const struct group *)group)->id;

	return (a > b) - (a < b);
}

static enum err_code find_groups(
	struct db *db, struct arena *a, struct context_found *found, size_t n, int64_t now, struct err *e)
{
	struct group_ids wanted = groups_wanted(found, n, a);
	struct group *groups = NULL;
	size_t n_groups = 0;

	TRY(groups_find(db, a, wanted.ids, wanted.n, now, &groups, &n_groups, e));
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < found[i].n && n_groups > 0; k++)
			found[i].errors[k].group = bsearch(&found[i].errors[k].error->group_id, groups,
				n_groups, sizeof *groups, group_by_id);
	return ERR_OK;
}

enum err_code account_find_errors(struct db *db, struct arena *a, const struct step *steps, size_t n,
	int64_t now, struct context_found **ret, struct err *e)
{
	struct context_found *found = arena_array(a, n, sizeof *found);
	int64_t *ids = arena_array(a, n, sizeof *ids);
	struct found_errors *errors = NULL;
	size_t n_found = 0;

	for (size_t i = 0; i < n; i++) {
		ids[i] = steps[i].id;
		found[i].first_line = -1;
	}
	TRY(errors_find(db, a, ids, n, CONTEXT_ERRORS_MAX, &errors, &n_found, e));
	for (size_t i = 0, k = 0; k < n_found; k++) {
		while (ids[i] != errors[k].step_id) /* it has gone since the steps were found */
			i++;
		fill(&found[i], &errors[k], a);
	}
	TRY(find_groups(db, a, found, n, now, e));
	*ret = found;
	return ERR_OK;
}

/* ---- texts ---- */

struct reading {
	struct store *store;
	const struct config *cfg;
	struct arena *a;
	size_t room; /* bytes of each */
	size_t tails, lines;
	int64_t scanned; /* text that was read for lines */
	int n_for_lines;
};

static size_t size_of(const struct context_error *x)
{
	return x->head.len + x->end.len;
}

static void lines_of_tail(struct reading *r, const struct step *s, struct context_found *f)
{
	f->first_line = s->size.n_dropped_lines;
	for (size_t i = 0; i < f->n && r->lines < r->room; i++) {
		excerpt_from_text(s->text, f->first_line, &f->errors[i], r->a);
		r->lines += size_of(&f->errors[i]);
	}
}

static enum err_code lines_of_log(
	struct reading *r, struct line_reader *log, struct context_found *f, struct err *e)
{
	for (size_t i = 0; i < f->n; i++) {
		int64_t before = log->read_bytes;

		if (r->lines >= r->room || r->scanned >= r->cfg->scan_bytes)
			break;
		TRY(excerpt_from_log(log, &f->errors[i], r->a, e));
		r->lines += size_of(&f->errors[i]);
		r->scanned += log->read_bytes - before;
	}
	return ERR_OK;
}

static void leave_out(struct step *s)
{
	s->size.n_dropped_lines += s->size.n_lines;
	s->size.n_dropped_bytes += s->size.n_bytes;
	s->size.n_lines = s->size.n_bytes = 0;
}

static enum err_code read_log(struct reading *r, struct step *s, struct context_found *f, struct err *e)
{
	const struct config *cfg = r->cfg;
	struct tail_size size;
	AUTO_LINE_READER log = { 0 };
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	TRY(line_reader_open(&log, r->store, s->id, e));
	TRY(lines_of_log(r, &log, f, e));
	if (r->tails >= r->room) {
		leave_out(s);
		return ERR_OK;
	}
	TRY(log_view_tail(&log.view, cfg->tail_lines, (size_t)cfg->tail_bytes, &text, &size, e));
	s->size = size;
	s->text = arena_str(r->a, buf_view(&text));
	/* A gap inside of it makes numbers jump. */
	if (size.n_dropped_lines + size.n_lines == log.view.n_lines)
		f->first_line = size.n_dropped_lines;
	r->tails += s->text.len;
	return ERR_OK;
}

static enum err_code read_streamed(struct reading *r, struct step *s, struct context_found *f, struct err *e)
{
	bool for_lines = f->n > 0 && r->lines < r->room && r->n_for_lines < FOR_LINES_MAX;
	enum err_code code = ERR_CONFLICT;

	s->has_text = true;
	if (r->tails >= r->room) {
		if (!for_lines) {
			leave_out(s);
			return ERR_OK;
		}
		r->n_for_lines++;
	}
	for (int try = 0; try < OPEN_TRIES && code == ERR_CONFLICT; try++)
		code = read_log(r, s, f, e);
	if (code == ERR_GONE || code == ERR_NOT_FOUND) { /* since it was found */
		s->has_text = false;
		return ERR_OK;
	}
	return code;
}

static struct str unstamped(struct str text, struct arena *a)
{
	struct str without;
	AUTO_BUF out;

	buf_init(&out, SIZE_MAX);
	job_log_unstamp(text, &out);
	without = arena_str(a, buf_view(&out));
	return without;
}

/* When each line was written would take a third of the room. */
static void leave_stamps_out(struct step *s, struct context_found *f, struct arena *a)
{
	if (!s->facts.pulled)
		return;
	s->text = unstamped(s->text, a);
	for (size_t i = 0; i < f->n; i++) {
		f->errors[i].head = unstamped(f->errors[i].head, a);
		f->errors[i].end = unstamped(f->errors[i].end, a);
	}
}

enum err_code account_read_texts(struct store *store, const struct config *cfg, size_t budget,
	struct step *steps, struct context_found *found, size_t n, struct arena *a, struct err *e)
{
	struct reading r = { .store = store, .cfg = cfg, .a = a, .room = 2 * budget };

	for (size_t i = n; i-- > 0;) {
		if (steps[i].has_text)
			lines_of_tail(&r, &steps[i], &found[i]);
		else if (steps[i].has_log && steps[i].log_expired_at == 0)
			TRY(read_streamed(&r, &steps[i], &found[i], e));
		leave_stamps_out(&steps[i], &found[i], a);
	}
	return ERR_OK;
}
