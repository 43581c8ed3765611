/*
 * mcp_read: tools that give text of logs: the account of a failure, lines, what is new in them. In their arguments and answers lines count from 1, in the program from
 * 0, and so do cursors.
 *
 * What an answer may hold is shared out among the lines that were asked for: the fewer they are, the more is shown of a long one. So a page is never cut between two
 * lines, whatever is in them.
 */
#include "http/mcp_tools.h"

#include "http/mcp_text.h"
#include "service/facts.h"
#include "service/lines.h"
#include "service/run_lines.h"
#include "service/step_diff.h"

#include <inttypes.h>
#include <string.h>

#define PAGE_BYTES (128 * 1024) /* of the lines on a page, made visible */
#define LINE_BYTES_MAX 4000
#define DIFF_LOOK_MAX (8 << 20) /* bytes of each log that are compared, as for api_diff.c */
#define NAME_MAX_BYTES 100

static size_t line_max(int64_t limit)
{
	size_t n = PAGE_BYTES / (size_t)(limit > 0 ? limit : 1);

	return n < LINE_BYTES_MAX ? n : LINE_BYTES_MAX;
}

/* ---- a page of lines, as both forms have it ---- */

struct page {
	struct mcp_call *m;
	struct json_out j;
	struct buf fence; /* the lines, as they are shown */
	size_t max;       /* bytes of one */
};

static void page_begin(struct page *p, struct mcp_call *m, int64_t limit)
{
	*p = (struct page){ .m = m, .max = line_max(limit) };
	buf_init(&p->fence, 8 * PAGE_BYTES);
	json_out_init(&p->j, &m->data);
	json_open_object(&p->j, NULL);
}

/* sign: what stands in front of the number, NULL: nothing. The object of the line is left open. */
static void page_line(struct page *p, const char *sign, int64_t number, struct str text, bool truncated)
{
	AUTO_BUF shown;

	buf_init(&shown, SIZE_MAX);
	truncated |= mcp_line(&shown, text, p->max);
	buf_fmt(&p->fence, "%s%" PRId64 ": %.*s%s\n", sign ? sign : "", number + 1, STR_FMT(buf_view(&shown)),
		truncated ? " [cut]" : "");
	json_open_object(&p->j, NULL);
	json_put_int(&p->j, "number", number + 1);
	json_put_str(&p->j, "text", buf_view(&shown));
	json_put_bool(&p->j, "truncated", truncated);
}

/* Puts the fence into the text, below what is there. */
static void page_fence(struct page *p)
{
	if (p->fence.len > 0)
		mcp_fence(&p->m->text, buf_view(&p->fence));
}

static void page_end(struct page *p)
{
	json_close_object(&p->j);
	buf_done(&p->fence);
}

/* ---- failure_context ---- */

static enum err_code find_commit(struct mcp_call *m, struct account_query *q, struct err *e)
{
	struct call *c = m->c;

	if (!mcp_has(m, "pull_request"))
		return ERR_OK;
	if (q->repo.len == 0)
		return err_field(e, "repo", "is needed with pull_request: owner/name");
	if (q->head_sha.len > 0 || q->run_id > 0 || q->external_run_id.len > 0)
		return err_field(e, "pull_request", "or sha, run_id or external_run_id: give one of them");
	return facts_pull_sha(c->app->store, c->cfg, &c->identity, q->repo, q->forge,
		mcp_int(m, "pull_request"), &c->arena, &q->head_sha, e);
}

enum err_code mcp_failure_context(struct mcp_call *m, struct err *e)
{
	struct call *c = m->c;
	struct account_query q = {
		.repo = mcp_str(m, "repo"),
		.forge = mcp_str(m, "forge"),
		.external_run_id = mcp_str(m, "external_run_id"),
		.run_id = mcp_int(m, "run_id"),
		.budget = (size_t)mcp_int(m, "budget"),
		.now = c->now,
	};

	TRY(mcp_sha(m, &q.head_sha, e));
	TRY(find_commit(m, &q, e));
	q.format = ACCOUNT_JSON;
	TRY(account_write(c->app->store, c->cfg, &c->identity, &q, &m->data, e));
	q.format = ACCOUNT_MARKDOWN;
	return account_write(c->app->store, c->cfg, &c->identity, &q, &m->text, e);
}

/* ---- step_log ---- */

static enum err_code find_text(struct mcp_call *m, struct step_view *ret, struct err *e)
{
	struct call *c = m->c;

	TRY(facts_step(c->app->store, &c->identity, mcp_int(m, "step_id"), &c->arena, ret, e));
	return facts_text(ret, e);
}

static int64_t total_lines(const struct step_view *v)
{
	if (v->log.state == LOG_NONE)
		return v->step.size.n_lines + v->step.size.n_dropped_lines;
	return v->log.n_line_ends;
}

static struct lines_query lines_query_of(const struct mcp_call *m)
{
	return (struct lines_query){ .step_id = mcp_int(m, "step_id"),
		.to = INT64_MAX,
		.limit = (size_t)mcp_int(m, "limit"),
		.cursor = mcp_int(m, "cursor") - 1,
		.scan_bytes = m->c->cfg->scan_bytes,
		.scan_ms = m->c->cfg->scan_ms,
		.clock = m->c->app->clock };
}

static enum err_code choose_lines(const struct mcp_call *m, struct lines_query *q, struct err *e)
{
	bool around = mcp_has(m, "around"), tail = mcp_has(m, "tail");

	if (around && (tail || mcp_has(m, "from") || mcp_has(m, "to")))
		return err_field(e, "around", "goes with context alone, not with from, to or tail");
	if (tail && (mcp_has(m, "from") || mcp_has(m, "cursor")))
		return err_field(
			e, "tail", "goes with to alone: to get those in front, ask with to = previous_to");
	q->from = mcp_has(m, "from") ? mcp_int(m, "from") - 1 : 0;
	q->to = mcp_has(m, "to") ? mcp_int(m, "to") - 1 : INT64_MAX;
	if (tail) {
		q->descending = true;
		q->limit = (size_t)mcp_int(m, "tail");
	}
	if (around) {
		q->from = mcp_int(m, "around") - 1 - mcp_int(m, "context");
		q->from = q->from > 0 ? q->from : 0;
		q->to = mcp_int(m, "around") - 1 + mcp_int(m, "context");
		q->limit = 2 * (size_t)mcp_int(m, "context") + 1;
	}
	return ERR_OK;
}

static void turn(struct log_line *lines, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct log_line other = lines[i];

		lines[i] = lines[n - 1 - i];
		lines[n - 1 - i] = other;
	}
}

static void put_step_title(struct mcp_call *m, const struct step_view *v, const struct lines_page *page)
{
	buf_fmt(&m->text, "Step %" PRId64 " (", v->step.id);
	mcp_code(&m->text, v->step.facts.step_name, NAME_MAX_BYTES);
	buf_fmt(&m->text, ", %s): ", conclusion_name(v->step.facts.conclusion));
	if (page->n == 0)
		buf_fmt(&m->text, "no lines there; the log has %" PRId64 ".\n", total_lines(v));
	else
		buf_fmt(&m->text, "lines %" PRId64 " to %" PRId64 " of %" PRId64 "%s.\n",
			page->lines[0].number + 1, page->lines[page->n - 1].number + 1, total_lines(v),
			page->state == LOG_OPEN ? ", and it goes on" : "");
}

static void put_log(struct mcp_call *m, const struct step_view *v, const struct lines_query *q,
	const struct lines_page *page)
{
	int64_t before = page->n > 0 && q->descending ? page->lines[0].number : 0;
	bool more = page->next >= 0 && !q->descending;
	struct page p;

	page_begin(&p, m, (int64_t)q->limit);
	put_step_title(m, v, page);
	json_put_int(&p.j, "step_id", v->step.id);
	json_put_z(&p.j, "state", log_state_name(page->state));
	json_put_int(&p.j, "total_lines", total_lines(v));
	json_put_z(&p.j, "note", MCP_NOTE);
	json_open_array(&p.j, "lines");
	for (size_t i = 0; i < page->n; i++) {
		const struct log_line *l = &page->lines[i];

		page_line(&p, NULL, l->number, l->text, l->truncated);
		json_put_z(&p.j, "level", line_level_name(l->level));
		json_close_object(&p.j);
	}
	json_close_array(&p.j);
	page_fence(&p);
	json_put_bool(&p.j, "complete", page->complete);
	json_put_number(&p.j, "next_cursor", more, page->next + 1);
	json_put_number(&p.j, "previous_to", before > 0, before);
	if (more)
		buf_fmt(&m->text, "\nMore: cursor %" PRId64 ".\n", page->next + 1);
	if (before > 0)
		buf_fmt(&m->text, "\nAbove are lines 1 to %" PRId64 ": tail with to %" PRId64 ".\n", before,
			before);
	page_end(&p);
}

enum err_code mcp_step_log(struct mcp_call *m, struct err *e)
{
	struct lines_query q = lines_query_of(m);
	struct lines_page page;
	struct step_view v;

	TRY(find_text(m, &v, e));
	TRY(choose_lines(m, &q, e));
	TRY(lines_read(m->c->app->store, &q, &m->c->arena, &page, e));
	if (q.descending)
		turn(page.lines, page.n);
	put_log(m, &v, &q, &page);
	return ERR_OK;
}

/* ---- search_log ---- */

static unsigned levels_of(const struct mcp_call *m)
{
	enum line_level level;
	unsigned bits = 0;

	if (line_level_find(mcp_str(m, "min_level"), &level))
		for (; level < LINE_N_LEVELS; level++)
			bits |= 1u << level;
	return bits;
}

/* The step of the last line, of a search through many: a heading wherever it changes. */
static void put_found(
	struct page *p, int64_t *step_id, int64_t of_step, const struct log_line *l, bool is_match)
{
	if (*step_id != of_step)
		buf_fmt(&p->fence, "step %" PRId64 ":\n", of_step);
	*step_id = of_step;
	page_line(p, is_match ? "> " : "  ", l->number, l->text, l->truncated);
	json_put_z(&p->j, "level", line_level_name(l->level));
	json_put_int(&p->j, "step_id", of_step);
	json_put_bool(&p->j, "match", is_match);
	json_close_object(&p->j);
}

static void end_search(struct page *p, size_t n, int64_t next)
{
	struct buf *text = &p->m->text;

	json_close_array(&p->j);
	if (n == 0)
		buf_z(text, next >= 0 ? "Nothing found so far.\n" : "Nothing found.\n");
	else
		buf_z(text, "Lines that match have a > in front.\n");
	page_fence(p);
	json_put_number(&p->j, "next_cursor", next >= 0, next);
	if (next >= 0)
		buf_fmt(text, "\nNot all was searched: go on with cursor %" PRId64 ".\n", next);
	page_end(p);
}

static enum err_code search_step(struct mcp_call *m, struct err *e)
{
	struct lines_query q = lines_query_of(m);
	int64_t step_id = 0;
	struct lines_page page;
	struct step_view v;
	struct page p;

	q.contains = mcp_str(m, "contains");
	q.regex = mcp_str(m, "regex");
	q.levels = levels_of(m);
	q.before = mcp_int(m, "before");
	q.after = mcp_int(m, "after");
	TRY(find_text(m, &v, e));
	TRY(lines_read(m->c->app->store, &q, &m->c->arena, &page, e));
	page_begin(&p, m, (int64_t)q.limit);
	json_put_z(&p.j, "note", MCP_NOTE);
	json_open_array(&p.j, "lines");
	for (size_t i = 0; i < page.n; i++)
		put_found(&p, &step_id, v.step.id, &page.lines[i], page.lines[i].match);
	end_search(&p, page.n, page.next >= 0 ? page.next + 1 : -1);
	return ERR_OK;
}

static enum err_code search_run(struct mcp_call *m, struct err *e)
{
	struct call *c = m->c;
	struct run_lines_query q = { .run_id = mcp_int(m, "run_id"),
		.levels = levels_of(m),
		.contains = mcp_str(m, "contains"),
		.regex = mcp_str(m, "regex"),
		.cursor = mcp_int(m, "cursor"),
		.limit = (size_t)mcp_int(m, "limit"),
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock };
	struct run_lines_page page;
	int64_t expired_at, step_id = 0;
	struct run run;
	struct page p;

	if (mcp_int(m, "before") > 0 || mcp_int(m, "after") > 0)
		return err_field(e, "before", "and after go with step_id alone");
	TRY(facts_run(c->app->store, &c->identity, q.run_id, c->now, &c->arena, &run, e));
	q.may_come = run.tally.stage == STAGE_QUEUED || run.tally.stage == STAGE_WORKING;
	TRY(run_lines_read(c->app->store, &q, &c->arena, &page, &expired_at, e));
	page_begin(&p, m, (int64_t)q.limit);
	json_put_z(&p.j, "note", MCP_NOTE);
	json_open_array(&p.j, "lines");
	for (size_t i = 0; i < page.n; i++)
		put_found(&p, &step_id, page.lines[i].step_id, &page.lines[i].line, true);
	end_search(&p, page.n, page.next);
	return ERR_OK;
}

enum err_code mcp_search_log(struct mcp_call *m, struct err *e)
{
	if (mcp_has(m, "step_id") == mcp_has(m, "run_id"))
		return err_field(e, "step_id", "or run_id: give one of them");
	if (!mcp_has(m, "contains") && !mcp_has(m, "regex") && !mcp_has(m, "min_level"))
		return err_field(e, "contains", "or regex or min_level: say what is looked for");
	return mcp_has(m, "step_id") ? search_step(m, e) : search_run(m, e);
}

/* ---- compare_with_baseline ---- */

static int64_t look_bytes(const struct config *cfg)
{
	int64_t n = cfg->explain_bytes < cfg->scan_bytes / 2 ? cfg->explain_bytes : cfg->scan_bytes / 2;

	return n < DIFF_LOOK_MAX ? n : DIFF_LOOK_MAX;
}

static void put_baseline(struct json_out *j, const struct step *s)
{
	json_open_object(j, "baseline");
	json_put_int(j, "step_id", s->id);
	json_put_int(j, "run_id", s->run_id);
	json_put_told(j, "sha", s->facts.head_sha);
	json_put_told(j, "branch", s->facts.branch);
	json_close_object(j);
}

static void put_diff_title(
	struct mcp_call *m, int64_t step_id, const struct step *baseline, const struct step_diff *d)
{
	struct buf *text = &m->text;

	buf_fmt(text, "Step %" PRId64 " against step %" PRId64 ", commit ", step_id, baseline->id);
	mcp_code(text, baseline->facts.head_sha, NAME_MAX_BYTES);
	buf_z(text, d->n > 0 ? ": lines with + are new, more or moved.\n" : ": nothing that is new.\n");
	if (d->skipped_bytes > 0 || d->baseline_skipped_bytes > 0)
		buf_fmt(text,
			"Not all was compared: %" PRId64 " bytes in the middle of the log, %" PRId64
			" of the baseline's were not.\n",
			d->skipped_bytes, d->baseline_skipped_bytes);
}

static void put_diff(struct mcp_call *m, const struct step_diff_query *q, const struct step *baseline,
	const struct step_diff *d)
{
	struct page p;

	page_begin(&p, m, (int64_t)q->limit);
	put_diff_title(m, q->step_id, baseline, d);
	json_put_int(&p.j, "step_id", q->step_id);
	put_baseline(&p.j, baseline);
	json_put_bool(&p.j, "complete", d->skipped_bytes == 0 && d->baseline_skipped_bytes == 0);
	json_put_z(&p.j, "note", MCP_NOTE);
	json_open_array(&p.j, "lines");
	for (size_t i = 0; i < d->n; i++) {
		const struct diff_line *l = &d->lines[i];

		page_line(&p, strcmp(l->kind, "known") == 0 ? "  " : "+ ", l->number, l->text, l->truncated);
		json_put_z(&p.j, "kind", l->kind);
		json_close_object(&p.j);
	}
	json_close_array(&p.j);
	page_fence(&p);
	json_put_number(&p.j, "next_cursor", d->next >= 0, d->next + 1);
	if (d->next >= 0)
		buf_fmt(&m->text, "\nMore: cursor %" PRId64 ".\n", d->next + 1);
	page_end(&p);
}

enum err_code mcp_compare_with_baseline(struct mcp_call *m, struct err *e)
{
	struct call *c = m->c;
	struct step_diff_query q = { .context = (size_t)mcp_int(m, "context"),
		.limit = (size_t)mcp_int(m, "limit"),
		.cursor = mcp_int(m, "cursor") > 0 ? mcp_int(m, "cursor") - 1 : 0,
		.max_bytes = look_bytes(c->cfg) };
	struct step_view step, baseline;
	struct step_diff diff;

	TRY(find_text(m, &step, e));
	TRY(step_diff_baseline(
		c->app->store, &c->identity, &step, mcp_int(m, "baseline_step_id"), &c->arena, &baseline, e));
	q.step_id = step.step.id;
	q.baseline_id = baseline.step.id;
	TRY(step_diff_read(c->app->store, &q, &c->arena, &diff, e));
	put_diff(m, &q, &baseline.step, &diff);
	return ERR_OK;
}
