/*
 * decisive: the list of errors when there is one, the last lines when there is none.
 *
 * The end of a log is not where its cause is, mostly; but where nothing else was found it is what there is, and the link to the whole log stands beside it.
 */
#include "http/decisive.h"

#include "http/log_rows.h"
#include "http/page.h"
#include "service/errors.h"
#include "service/lines.h"

#define TAIL_LINES 40
#define ERRORS_MAX 20
#define ERRORS_WITH_LINES 5
#define ERROR_LINES 16 /* of one error, at most */
#define AROUND 2       /* lines before and behind */

/* ---- errors ---- */

static bool is_new(const struct group *g, const struct error *f, struct str head_sha)
{
	return g->first_run_id == f->run_id || str_eq(g->new_in_sha, head_sha);
}

static struct decisive_error shown_of(const struct step_errors *x, const struct error *f)
{
	const struct group *g = errors_group_of(x, f);

	return (struct decisive_error){
		.role = str_z(error_role_name(f->role)),
		.class = str_z(error_class_name(f->class)),
		.message = f->message.len > 0 ? f->message
			   : f->test.len > 0  ? f->test
					      : f->rule,
		.file = f->file,
		.line = f->line,
		.first = f->from_line,
		.last = f->to_line - 1,
		.advice = f->advice,
		.group_id = f->group_id,
		.known_since = g && !is_new(g, f, x->head_sha) ? g->first_seen_at : 0,
		.is_flaky = f->flaky || (g && g->flaky_at > 0),
	};
}

/* Of one step, in the order in which they are to be read. */
static enum err_code decisive_errors(
	struct call *c, const struct step *step, struct decisive_error **ret, size_t *ret_n, struct err *e)
{
	const struct error_query q = { .roles = 1u << ERROR_CAUSE | 1u << ERROR_CONSEQUENCE,
		.limit = ERRORS_MAX };
	struct step_errors x;

	TRY(errors_of_step(c->app->store, &c->identity, step->id, &q, c->now, &c->arena, &x, e));
	*ret = arena_array(&c->arena, x.n + 1, sizeof **ret);
	*ret_n = x.n;
	for (size_t i = 0; i < x.n; i++)
		(*ret)[i] = shown_of(&x, &x.errors[i]);
	return ERR_OK;
}

static bool has_lines(const struct decisive_error *x)
{
	return x->last >= x->first;
}

static void put_place(struct html *h, int64_t step_id, const struct decisive_error *x)
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

static void put_news(struct html *h, const struct decisive_error *x, int64_t now)
{
	if (x->known_since > 0) {
		html(h, "<span class=\"badge mild\">known since ");
		html_ago(h, x->known_since, now);
		html(h, "</span> ");
	} else if (x->group_id > 0) {
		html(h, "<span class=\"badge warn\">new</span> ");
	}
	if (x->is_flaky)
		html(h, "<span class=\"badge mild\">flaky</span> ");
}

static void put_error(struct html *h, int64_t step_id, const struct decisive_error *x, int64_t now)
{
	html(h, "<p>");
	put_news(h, x, now);
	html(h, "<strong>");
	html_name(h, x->message, 1000);
	html(h, "</strong><br><span class=\"mute\">");
	html_name(h, x->role, PAGE_NAME_MAX);
	html(h, ", ");
	html_name(h, x->class, PAGE_NAME_MAX);
	put_place(h, step_id, x);
	html(h, "</span>");
	if (x->advice.len > 0) {
		html(h, "<br>");
		html_name(h, x->advice, 1000);
	}
	html(h, "</p>");
}

/* No line twice on a page: an anchor is there once. */
static bool is_shown(const struct decisive_error *errors, size_t i)
{
	for (size_t k = 0; k < i && k < ERRORS_WITH_LINES; k++)
		if (has_lines(&errors[k]) && errors[k].first - AROUND <= errors[i].last + AROUND &&
			errors[i].first - AROUND <= errors[k].first + ERROR_LINES)
			return true;
	return false;
}

static enum err_code put_lines(struct call *c, struct html *h, int64_t step_id,
	const struct decisive_error *x, bool prefixed, struct err *e)
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
	const struct decisive_error *errors, size_t n, bool prefixed, struct err *e)
{
	html(h, "<ol class=\"errors\">");
	for (size_t i = 0; i < n; i++) {
		html(h, "<li>");
		put_error(h, step_id, &errors[i], c->now);
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
	struct decisive_error *errors;
	size_t n;

	TRY(decisive_errors(c, step, &errors, &n, e));
	if (n == 0)
		return put_tail(c, h, step, prefixed, e);
	return decisive_errors_put(c, h, step->id, errors, n, prefixed, e);
}
