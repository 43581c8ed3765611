/*
 * decisive: the list of errors when there is one, the last lines when there is none.
 *
 * The end of a log is not where its cause is, mostly; but it is what there is, and one line of levels (E, W) and the link to the whole log stand beside it.
 */
#include "http/decisive.h"

#include "http/log_rows.h"
#include "http/page.h"
#include "service/lines.h"

#define TAIL_LINES 40

/* ---- errors ---- */

/* Of one step, in the order in which they are to be read. None yet: nothing keeps them. */
static enum err_code decisive_errors(
	struct call *c, const struct step *step, struct page_error **ret, size_t *ret_n, struct err *e)
{
	(void)c;
	(void)step;
	(void)e;
	*ret = NULL;
	*ret_n = 0;
	return ERR_OK;
}

static void put_lines(struct html *h, int64_t step_id, const struct page_error *x)
{
	html(h, "<a href=\"");
	log_rows_address(h, step_id, x->first);
	html(h, "\">line ");
	html_int(h, x->first + 1);
	html(h, "</a>");
	if (x->last > x->first) {
		html(h, " to ");
		html_int(h, x->last + 1);
	}
}

static void put_place(struct html *h, const struct page_error *x)
{
	if (x->file.len == 0)
		return;
	html(h, ", <code>");
	html_name(h, x->file, PAGE_NAME_MAX);
	if (x->line > 0) {
		html(h, ":");
		html_int(h, x->line);
	}
	html(h, "</code>");
}

void decisive_errors_put(struct html *h, int64_t step_id, const struct page_error *errors, size_t n)
{
	html(h, "<ol class=\"errors\">");
	for (size_t i = 0; i < n; i++) {
		const struct page_error *x = &errors[i];

		html(h, "<li>");
		if (x->is_known)
			html(h, "<span class=\"badge mild\">known</span> ");
		else
			html(h, "<span class=\"badge warn\">new</span> ");
		html(h, "<strong>");
		html_name(h, x->message, 1000);
		html(h, "</strong><br><span class=\"mute\">");
		html_name(h, x->role, PAGE_NAME_MAX);
		html(h, ", ");
		html_name(h, x->class, PAGE_NAME_MAX);
		html(h, ", ");
		put_lines(h, step_id, x);
		put_place(h, x);
		html(h, "</span></li>");
	}
	html(h, "</ol>");
}

/* ---- the end of the log ---- */

static void turn_round(struct log_line *lines, size_t n)
{
	for (size_t i = 0; i < n / 2; i++) {
		struct log_line line = lines[i];

		lines[i] = lines[n - 1 - i];
		lines[n - 1 - i] = line;
	}
}

static void put_note(struct html *h, const struct err *why)
{
	html(h, "<div class=\"note\"><p class=\"told\">");
	html_text(h, str_z(why->text));
	html(h, "</p></div>");
}

static enum err_code put_tail(
	struct call *c, struct html *h, const struct step *step, bool prefixed, struct err *e)
{
	const struct log_rows rows = {
		.step_id = step->id, .prefixed = prefixed, .to_step = true, .whole = true
	};
	const struct lines_query q = { .step_id = step->id,
		.to = INT64_MAX,
		.descending = true,
		.limit = TAIL_LINES,
		.cursor = -1,
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock };
	struct lines_page page;
	enum err_code code = lines_read(c->app->store, &q, &c->arena, &page, e);

	if (code == ERR_GONE || code == ERR_NOT_FOUND) {
		put_note(h, e);
		return ERR_OK;
	}
	TRY(code);
	if (page.n == 0) {
		html(h, "<div class=\"note\"><p>It printed nothing.</p></div>");
		return ERR_OK;
	}
	turn_round(page.lines, page.n);
	log_rows_put(h, &rows, page.lines, page.n, STR("The end of the log"));
	return ERR_OK;
}

enum err_code decisive_put(
	struct call *c, struct html *h, const struct step *step, bool prefixed, struct err *e)
{
	struct page_error *errors;
	size_t n;

	TRY(decisive_errors(c, step, &errors, &n, e));
	if (n == 0)
		return put_tail(c, h, step, prefixed, e);
	decisive_errors_put(h, step->id, errors, n);
	return ERR_OK;
}
