/*
 * run_lines: a page is put together from pages of the steps' logs.
 *
 * A step whose text is not here (it expired, or was not to be kept) has no lines, and is passed by. So a text that goes while somebody reads the run is no error, and all
 * of them gone is told at the next question.
 */
#include "service/run_lines.h"

#include "store/nouns.h"

#include <string.h>

#define STEPS_AT_ONCE 50

struct reading {
	struct store *store;
	const struct run_lines_query *q;
	struct arena *a;
	struct run_lines_page page;
	int64_t began_ms, read_bytes;
	size_t page_bytes; /* of text on the page */
	/* Of the last log that was read: */
	bool open;      /* it grows */
	int64_t resume; /* the cursor behind what it has now */
};

static enum err_code read_logs(
	const struct reading *r, int64_t offset, struct run_log **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(r->store, &db, e));
	code = runs_logs(db, r->a, r->q->run_id, r->q->sample_id, STEPS_AT_ONCE, offset, ret, ret_n, e);
	store_reader_put(r->store, db);
	return code;
}

static int64_t ms_left(const struct reading *r)
{
	int64_t left = r->q->scan_ms - (clock_steady_ms(r->q->clock) - r->began_ms);

	return left > 0 ? left : 0;
}

/* False: the page would have too much text. */
static bool take_lines(struct reading *r, const struct run_log *log, const struct lines_page *p)
{
	size_t bytes = 0;

	for (size_t i = 0; i < p->n; i++)
		bytes += p->lines[i].text.len;
	if (r->page.n > 0 && r->page_bytes + bytes > LINES_PAGE_BYTES)
		return false;
	r->page_bytes += bytes;
	for (size_t i = 0; i < p->n; i++)
		r->page.lines[r->page.n++] = (struct run_line){ .step_id = log->step_id,
			.sample_id = log->sample_id,
			.arrived_at = log->received_at,
			.line = p->lines[i] };
	return true;
}

/* The lines of step number `step` from line `from` on. Returns with page.next set if the page is to end there. */
static enum err_code read_step(
	struct reading *r, int64_t step, const struct run_log *log, int64_t from, struct err *e)
{
	struct lines_query q = { .step_id = log->step_id,
		.levels = r->q->levels,
		.sources = r->q->sources,
		.contains = r->q->contains,
		.regex = r->q->regex,
		.from = from,
		.to = INT64_MAX,
		.limit = r->q->limit - r->page.n,
		.cursor = -1,
		.scan_bytes = r->q->scan_bytes - r->read_bytes,
		.scan_ms = ms_left(r),
		.clock = r->q->clock };
	struct lines_page p = { 0 };
	enum err_code code = lines_read(r->store, &q, r->a, &p, e);

	if (code == ERR_GONE || code == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(code);
	if (!take_lines(r, log, &p)) {
		r->page.next = step * RUN_LINES_STEP + from;
		return ERR_OK;
	}
	r->read_bytes += p.scanned_bytes;
	r->open = p.state == LOG_OPEN;
	r->resume = step * RUN_LINES_STEP;
	r->resume += p.next >= 0 ? p.next : from > p.n_whole ? from : p.n_whole;
	if (p.next >= 0 && !(r->open && p.next >= p.n_whole))
		r->page.next = r->resume;
	return ERR_OK;
}

static bool is_over(const struct reading *r)
{
	return r->page.n == r->q->limit || r->read_bytes >= r->q->scan_bytes || ms_left(r) == 0;
}

/* Step after step. At the end of a run a log that grows is where the next question goes on. */
static enum err_code read_steps(struct reading *r, struct err *e)
{
	int64_t step = r->q->cursor / RUN_LINES_STEP, from = r->q->cursor % RUN_LINES_STEP;
	struct run_log *logs = NULL;
	size_t n = 0, i = 0;

	for (;; step++, from = 0) {
		if (i == n) {
			TRY(read_logs(r, step, &logs, &n, e));
			i = 0;
		}
		if (n == 0) {
			if (r->page.n > 0 && r->open)
				r->page.next = r->resume;
			return ERR_OK;
		}
		r->open = false;
		if (logs[i].has_text)
			TRY(read_step(r, step, &logs[i], from, e));
		i++;
		if (r->page.next >= 0)
			return ERR_OK;
		if (is_over(r)) {
			r->page.next = r->open ? r->resume : (step + 1) * RUN_LINES_STEP;
			return ERR_OK;
		}
	}
}

/* An empty page may be one that is not there yet; or there is nothing to wait for. */
static enum err_code why_empty(struct reading *r, int64_t *ret_expired_at, struct err *e)
{
	struct run_texts texts = { 0 };
	char date[CLOCK_DATE_LEN];
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(r->store, &db, e));
	code = runs_texts(db, r->q->run_id, r->q->sample_id, &texts, e);
	store_reader_put(r->store, db);
	TRY(code);
	if (texts.n > 0 || (r->q->may_come && texts.n_tests > 0 && texts.expired_at == 0))
		return ERR_OK;
	*ret_expired_at = texts.expired_at;
	if (texts.expired_at > 0)
		return err_set(e, ERR_GONE, "the text of run %lld expired on %s; its facts are kept",
			(long long)r->q->run_id, clock_date(texts.expired_at, date));
	return err_set(e, ERR_NOT_FOUND, "no text of run %lld was kept", (long long)r->q->run_id);
}

enum err_code run_lines_read(struct store *s, const struct run_lines_query *q, struct arena *a,
	struct run_lines_page *ret, int64_t *ret_expired_at, struct err *e)
{
	struct reading r = { .store = s, .q = q, .a = a, .began_ms = clock_steady_ms(q->clock) };

	r.page.next = -1;
	r.page.lines = arena_array(a, q->limit, sizeof *r.page.lines);
	TRY(read_steps(&r, e));
	if (r.page.n == 0 && r.page.next < 0)
		TRY(why_empty(&r, ret_expired_at, e));
	*ret = r.page;
	return ERR_OK;
}
