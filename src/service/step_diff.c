/* step_diff: two windows, compared, and a page of what comes out. */
#include "service/step_diff.h"

#include "base/json.h"
#include "explain/log_diff.h"
#include "service/log_window.h"
#include "store/errors.h"
#include "text/escape.h"

#include <string.h>

/* ---- what with ---- */

static enum err_code find_green(
	struct store *s, const struct step_view *step, int64_t *ret_step_id, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = explaining_baseline(db, step->step.id, step->step.has_log, ret_step_id, e);
	store_reader_put(s, db);
	return code;
}

enum err_code step_diff_baseline(struct store *s, const struct identity *id, const struct step_view *step,
	int64_t wanted, struct arena *a, struct step_view *ret, struct err *e)
{
	struct step_view v;

	if (wanted == step->step.id)
		return err_field(e, "baseline", "is the step itself");
	if (wanted == 0)
		TRY(find_green(s, step, &wanted, e));
	if (wanted == 0)
		return err_set(e, ERR_NOT_FOUND,
			"step %lld has no baseline: there is no text of a time that it passed (same repo, "
			"workflow, job, leg and step); name another step as baseline",
			(long long)step->step.id);
	TRY(facts_step(s, id, wanted, a, &v, e));
	if (facts_text(&v, e) != ERR_OK)
		return err_in(e, "baseline");
	*ret = v;
	return ERR_OK;
}

/* ---- a page ---- */

struct page {
	const struct log_diff *d;
	const struct log_window *w;
	size_t line;     /* where we are in the window */
	struct buf text; /* of one line */
	uint8_t kind;    /* enum novelty of the last one that is shown */
};

/* The number in the log of a line: a lone CR ends a line of a diff, but none of a log. */
static int64_t number_of(const struct page *p, size_t line)
{
	return log_window_line(p->w, p->d->lines.v[line].start);
}

static void show(struct page *p, size_t line, struct arena *a, struct diff_line *ret)
{
	const struct lines_line *l = &p->d->lines.v[line];
	struct str text = { p->d->lines.log.p + l->start, l->len };

	buf_reset(&p->text);
	escape_take_out(text, &p->text);
	text = line_cut(buf_view(&p->text), &ret->truncated);
	ret->text = arena_str(a, text);
	ret->kind = novelty_name(p->d->kinds[line]);
	p->kind = p->d->kinds[line];
}

static void write_page(
	struct page *p, const struct step_diff_query *q, struct arena *a, struct step_diff *ret)
{
	const struct log_diff *d = p->d;
	size_t bytes = 0;

	ret->lines = arena_array(a, q->limit, sizeof *ret->lines);
	ret->next = -1;
	for (size_t i = log_diff_next(d, 0, q->context); i < d->lines.n;
		i = log_diff_next(d, i + 1, q->context)) {
		int64_t number = number_of(p, i);
		struct diff_line *line = &ret->lines[ret->n];

		if (number < q->cursor)
			continue;
		if (ret->n > 0 && ret->lines[ret->n - 1].number == number) { /* a lone CR is between them */
			if (d->kinds[i] >= p->kind)
				show(p, i, a, &ret->lines[ret->n - 1]);
			continue;
		}
		if (ret->n == q->limit || (ret->n > 0 && bytes >= STEP_DIFF_PAGE_BYTES)) {
			ret->next = number;
			return;
		}
		line->number = number;
		show(p, i, a, line);
		bytes += json_str_size(line->text);
		ret->n++;
	}
}

static enum err_code compare(const struct log_window *log, const struct log_window *baseline,
	const struct step_diff_query *q, struct arena *a, struct step_diff *ret, struct err *e)
{
	AUTO_LOG_DIFF d = { 0 };
	struct page p = { .d = &d, .w = log };

	buf_init(&p.text, SIZE_MAX);
	TRY(log_diff_make(buf_view(&log->text), buf_view(&baseline->text), &d, e));
	write_page(&p, q, a, ret);
	buf_done(&p.text);
	return ERR_OK;
}

/* A log that does not stand still is not there just now. */
static enum err_code read_window(struct store *s, int64_t step_id, int64_t max_bytes, struct arena *a,
	struct log_window *ret, struct err *e)
{
	enum err_code code = log_window_read(s, step_id, max_bytes, a, ret, e);

	return code == ERR_CONFLICT
		       ? err_set(e, ERR_UNAVAILABLE, "the log of step %lld moves", (long long)step_id)
		       : code;
}

enum err_code step_diff_read(struct store *s, const struct step_diff_query *q, struct arena *a,
	struct step_diff *ret, struct err *e)
{
	AUTO_LOG_WINDOW log = { 0 }, baseline = { 0 };
	struct step_diff diff = { 0 };

	TRY(read_window(s, q->step_id, q->max_bytes, a, &log, e));
	TRY(read_window(s, q->baseline_id, q->max_bytes, a, &baseline, e));
	diff.skipped_bytes = log.skipped_bytes;
	diff.baseline_skipped_bytes = baseline.skipped_bytes;
	TRY(compare(&log, &baseline, q, a, &diff, e));
	*ret = diff;
	return ERR_OK;
}
