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
#define ERRORS_WITH_LINES 5
#define ERROR_LINES 16 /* of one error, at most */
#define AROUND 2       /* lines before and behind */

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

static bool has_lines(const struct page_error *x)
{
	return x->last >= x->first;
}

static void put_place(struct html *h, int64_t step_id, const struct page_error *x)
{
	if (has_lines(x)) {
		html(h, ", <a href=\"");
		log_rows_address(h, step_id, x->first);
		html(h, "\">line ");
		html_int(h, x->first + 1);
		html(h, "</a>");
	}
	if (x->last > x->first) {
		html(h, " to ");
		html_int(h, x->last + 1);
	}
	if (x->file.len > 0) {
		html(h, ", <code>");
		html_name(h, x->file, PAGE_NAME_MAX);
		if (x->line > 0) {
			html(h, ":");
			html_int(h, x->line);
		}
		html(h, "</code>");
	}
}

static void put_error(struct html *h, int64_t step_id, const struct page_error *x)
{
	html(h, "<p>");
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
	put_place(h, step_id, x);
	html(h, "</span></p>");
}

/* No line twice on a page: an anchor is there once. */
static bool is_shown(const struct page_error *errors, size_t i)
{
	for (size_t k = 0; k < i && k < ERRORS_WITH_LINES; k++)
		if (has_lines(&errors[k]) && errors[k].first - AROUND <= errors[i].last + AROUND &&
			errors[i].first - AROUND <= errors[k].first + ERROR_LINES)
			return true;
	return false;
}

static enum err_code put_lines(struct call *c, struct html *h, int64_t step_id, const struct page_error *x,
	bool prefixed, struct err *e)
{
	const struct log_rows rows = {
		.step_id = step_id, .prefixed = prefixed, .to_step = true, .whole = true
	};
	const struct lines_query q = { .step_id = step_id,
		.from = x->first > AROUND ? x->first - AROUND : 0,
		.to = x->last + AROUND,
		.limit = ERROR_LINES,
		.cursor = -1,
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock };
	struct lines_page page;
	enum err_code code = lines_read(c->app->store, &q, &c->arena, &page, e);

	if (code == ERR_GONE || code == ERR_NOT_FOUND) /* the facts outlive the text */
		return ERR_OK;
	TRY(code);
	if (page.n > 0)
		log_rows_put(h, &rows, page.lines, page.n, STR("Lines of this error"));
	return ERR_OK;
}

enum err_code decisive_errors_put(struct call *c, struct html *h, int64_t step_id,
	const struct page_error *errors, size_t n, bool prefixed, struct err *e)
{
	html(h, "<ol class=\"errors\">");
	for (size_t i = 0; i < n; i++) {
		html(h, "<li>");
		put_error(h, step_id, &errors[i]);
		if (i < ERRORS_WITH_LINES && has_lines(&errors[i]) && !is_shown(errors, i))
			TRY(put_lines(c, h, step_id, &errors[i], prefixed, e));
		html(h, "</li>");
	}
	html(h, "</ol>");
	return ERR_OK;
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
	return decisive_errors_put(c, h, step->id, errors, n, prefixed, e);
}
