/*
 * page_step: the log of a step, a page of lines at a time.
 *
 * Pages are asked for as the lines API is (service/lines.h): the next lines from a line on, or the last in front of one. So a page costs the same
 * wherever it is, links to it stay good while the log grows, and with a filter they work in the same way.
 */
#include "api_table.h"

#include "http/log_rows.h"
#include "http/page.h"
#include "service/facts.h"
#include "service/lines.h"

struct asked { /* the address */
	int64_t step_id;
	int64_t from, before; /* lines from 0; before -1: not by it */
	struct str contains, level;
};

struct shown {
	struct step_view v;
	struct lines_page page; /* in ascending order */
	int64_t next;           /* -1: none */
	int64_t n_lines;        /* the number behind the last line that is known of */
};

static struct asked asked_of(const struct call *c)
{
	return (struct asked){ .step_id = arg_int(c, "step_id"),
		.from = arg_int(c, "from") - 1,
		.before = arg_has(c, "before") ? arg_int(c, "before") - 1 : -1,
		.contains = arg_str(c, "contains"),
		.level = arg_str(c, "level") };
}

static bool is_filtered(const struct asked *q)
{
	return q->contains.len > 0 || q->level.len > 0;
}

/* ---- reading ---- */

static unsigned levels_of(struct str name)
{
	enum line_level level;
	unsigned bits = 0;

	if (line_level_find(name, &level))
		for (; level < LINE_N_LEVELS; level++)
			bits |= 1u << level;
	return bits;
}

static void turn_round(struct lines_page *p)
{
	for (size_t i = 0; i < p->n / 2; i++) {
		struct log_line line = p->lines[i];

		p->lines[i] = p->lines[p->n - 1 - i];
		p->lines[p->n - 1 - i] = line;
	}
}

static enum err_code read_lines(struct call *c, const struct asked *q, struct shown *s, struct err *e)
{
	bool back = q->before >= 0;
	const struct lines_query lines = { .step_id = q->step_id,
		.levels = levels_of(q->level),
		.contains = q->contains,
		.to = back && q->before > 0 ? q->before - 1 : INT64_MAX,
		.descending = back,
		.limit = LOG_ROWS_PAGE,
		.cursor = back ? -1 : q->from,
		.scan_bytes = c->cfg->scan_bytes,
		.scan_ms = c->cfg->scan_ms,
		.clock = c->app->clock };

	TRY(lines_read(c->app->store, &lines, &c->arena, &s->page, e));
	s->next = s->page.next;
	s->n_lines = s->page.n_whole;
	if (back) {
		turn_round(&s->page);
		s->next = q->before;
	}
	return ERR_OK;
}

/* ---- parts ---- */

static void put_crumbs(struct html *h, const struct step *s)
{
	html(h, "<nav class=\"crumbs\" aria-label=\"Where this is\"><ol><li>");
	html_name(h, s->facts.repo, PAGE_NAME_MAX);
	html(h, "</li><li>commit ");
	page_sha(h, s->facts.repo, s->facts.head_sha);
	html(h, "</li><li><a href=\"/runs/");
	html_int(h, s->run_id);
	html(h, "\">");
	html_name(h, s->facts.workflow.len > 0 ? s->facts.workflow : STR("run"), PAGE_NAME_MAX);
	html(h, " #");
	html_name(h, s->facts.external_run_id, PAGE_NAME_MAX);
	html(h, "</a></li></ol></nav>");
}

static void put_size(struct html *h, const struct step_view *v)
{
	const struct log *l = &v->log;
	bool tail = l->state == LOG_NONE;
	int64_t dropped = tail ? v->step.size.n_dropped_lines : l->gap_line_ends;

	if (!v->has_text)
		return;
	html(h, "<div><dt>Log</dt><dd>");
	html_count(h, tail ? v->step.size.n_lines : l->n_line_ends - l->gap_line_ends);
	html(h, " lines, ");
	html_bytes(h, tail ? v->step.size.n_bytes : l->text_bytes - l->gap_bytes);
	if (dropped > 0) {
		html(h, "; ");
		html_count(h, dropped);
		html_text(h, str_z(tail ? " lines in front of them were not kept"
					: " lines in their middle were not kept"));
	}
	html(h, "</dd></div>");
}

static void put_facts(struct html *h, const struct step_view *v, int64_t now)
{
	const struct step *s = &v->step;

	html(h, "<dl>");
	if (s->facts.has_exit_code) {
		html(h, "<div><dt>Exit code</dt><dd>");
		html_int(h, s->facts.exit_code);
		html(h, "</dd></div>");
	}
	if (s->facts.branch.len > 0) {
		html(h, "<div><dt>Branch</dt><dd>");
		html_name(h, s->facts.branch, PAGE_NAME_MAX);
		html(h, "</dd></div>");
	}
	if (s->duration_ms >= 0) {
		html(h, "<div><dt>Took</dt><dd>");
		html_duration(h, s->duration_ms);
		html(h, "</dd></div>");
	}
	if (s->ended_at > 0)
		html(h, "<div><dt>Ended</dt><dd>");
	else if (s->facts.conclusion == CONCLUSION_RUNNING)
		html(h, "<div><dt>Last heard of</dt><dd>");
	else
		html(h, "<div><dt>Received</dt><dd>");
	html_time(h, s->ended_at > 0 ? s->ended_at : s->received_at, now);
	html(h, "</dd></div>");
	put_size(h, v);
	if (s->pinned_at > 0) {
		html(h, "<div><dt>Pinned</dt><dd>");
		html_time(h, s->pinned_at, now);
		html(h, "</dd></div>");
	}
	html(h, "</dl>");
}

static void put_option(struct html *h, struct str value, const char *text, struct str chosen)
{
	html(h, "<option");
	html_attr(h, "value", value);
	if (str_eq(value, chosen))
		html(h, " selected");
	html(h, ">");
	html_text(h, str_z(text));
	html(h, "</option>");
}

static void put_form(struct html *h, const struct asked *q)
{
	html(h, "<form class=\"find\" method=\"get\" action=\"/steps/");
	html_int(h, q->step_id);
	html(h, "\" role=\"search\"><div class=\"wide\"><label for=\"contains\">Lines that contain</label>"
		"<input type=\"search\" id=\"contains\" name=\"contains\" maxlength=\"100\" "
		"autocomplete=\"off\"");
	html_attr(h, "value", q->contains);
	html(h, "></div><div><label for=\"level\">Level</label><select id=\"level\" name=\"level\">");
	put_option(h, STR(""), "all lines", q->level);
	put_option(h, STR("warning"), "warnings and errors", q->level);
	put_option(h, STR("error"), "errors", q->level);
	html(h, "</select></div><div class=\"narrow\"><label for=\"from\">From line</label>"
		"<input type=\"number\" id=\"from\" name=\"from\" min=\"1\" value=\"");
	html_int(h, q->from + 1);
	html(h, "\"></div><div><button>Show</button></div>");
	if (is_filtered(q)) {
		html(h, "<div><a class=\"button\" href=\"/steps/");
		html_int(h, q->step_id);
		html(h, "\">All lines</a></div>");
	}
	html(h, "</form>");
}

static void put_filter(struct html *h, const struct asked *q)
{
	if (q->contains.len > 0) {
		html(h, "&amp;contains=");
		html_url(h, q->contains);
	}
	if (q->level.len > 0) {
		html(h, "&amp;level=");
		html_url(h, q->level);
	}
}

enum way { FIRST, PREVIOUS, NEXT, LAST };

/* at: the line that the page begins at, or ends in front of; from 0. */
static void put_way(struct html *h, const struct asked *q, enum way way, bool is, int64_t at)
{
	static const char *const names[] = { "First", "Previous", "Next", "Last" };

	if (!is) {
		html(h, "<span class=\"button\" aria-disabled=\"true\">");
		html_text(h, str_z(names[way]));
		html(h, "</span>");
		return;
	}
	html(h, "<a class=\"button\" href=\"/steps/");
	html_int(h, q->step_id);
	if (way == PREVIOUS || way == LAST)
		html(h, "?before=");
	else
		html(h, "?from=");
	html_int(h, at + 1);
	put_filter(h, q);
	html(h, "\">");
	html_text(h, str_z(names[way]));
	html(h, "</a>");
}

static void put_where(struct html *h, const struct shown *s, bool filtered)
{
	const struct lines_page *p = &s->page;

	html(h, "<span class=\"where\">");
	if (p->n == 0) {
		html(h, "No line");
	} else if (filtered) {
		html_count(h, (int64_t)p->n);
		html_text(h, str_z(p->n == 1 ? " line matches" : " lines match"));
		if (p->n > 1) {
			html(h, " between ");
			html_count(h, p->lines[0].number + 1);
			html(h, " and ");
			html_count(h, p->lines[p->n - 1].number + 1);
		}
	} else {
		html(h, "Lines ");
		html_count(h, p->lines[0].number + 1);
		html(h, " to ");
		html_count(h, p->lines[p->n - 1].number + 1);
		html(h, " of ");
		html_count(h, s->n_lines);
	}
	html(h, "</span>");
}

/* Is there something in front of the page? Of a tail the lines before it are counted, but are not there. */
static bool has_before(const struct asked *q, const struct shown *s)
{
	int64_t first = s->page.n > 0 ? s->page.lines[0].number : q->from;

	if (is_filtered(q))
		return first > 0 && (q->from > 0 || q->before >= 0);
	return first > (s->v.log.state == LOG_NONE ? s->v.step.size.n_dropped_lines : 0);
}

static bool has_behind(const struct shown *s)
{
	return s->next >= 0 && s->next < s->n_lines;
}

static void put_pager(struct html *h, const struct asked *q, const struct shown *s, const char *label)
{
	int64_t first = s->page.n > 0 ? s->page.lines[0].number : q->from;
	bool before = has_before(q, s), behind = has_behind(s);

	html(h, "<nav class=\"pager\"");
	html_attr(h, "aria-label", str_z(label));
	html(h, ">");
	if (before || behind) {
		put_way(h, q, FIRST, before, 0);
		put_way(h, q, PREVIOUS, before, first);
		put_way(h, q, NEXT, behind, s->next);
		put_way(h, q, LAST, behind, s->n_lines);
	}
	put_where(h, s, is_filtered(q));
	html(h, "<a class=\"raw\" href=\"/steps/");
	html_int(h, q->step_id);
	html(h, "/log?ansi=strip\">Raw log</a></nav>");
}

static void put_no_lines(struct html *h, const struct asked *q, const struct shown *s)
{
	html(h, "<div class=\"empty\"><p>");
	if (!s->page.complete)
		html(h, "No line up to here; the search has not come to the end yet.");
	else if (is_filtered(q))
		html(h, "No line matches here.");
	else if (s->page.state == LOG_OPEN)
		html(h, "It has printed nothing yet.");
	else
		html_text(h, str_z(s->n_lines > 0 ? "The log has no line here." : "It printed nothing."));
	html(h, "</p></div>");
}

/* ---- the page ---- */

static void put_log(struct html *h, const struct asked *q, struct shown *s)
{
	const struct log_rows rows = {
		.step_id = q->step_id, .to_step = is_filtered(q), .whole = !is_filtered(q)
	};
	size_t n;

	if (s->page.state == LOG_OPEN)
		html(h, "<div class=\"note\"><p>The step is still running; load the page again for "
			"more.</p></div>");
	put_pager(h, q, s, "Pages, above the log");
	if (s->page.n == 0) {
		put_no_lines(h, q, s);
		return;
	}
	n = log_rows_put(h, &rows, s->page.lines, s->page.n, STR("Log"));
	if (n < s->page.n) {
		s->next = s->page.lines[n].number;
		s->page.n = n;
		html(h, "<p class=\"mute\">Lines are long here, so that the page ends early.</p>");
	} else if (!s->page.complete) {
		html(h, "<p class=\"mute\">The search goes on with the next page.</p>");
	}
	if (has_before(q, s) || has_behind(s))
		put_pager(h, q, s, "Pages, below the log");
}

/* Its text is not there: what is known of the step is told all the same. */
static void put_no_text(struct html *h, const struct err *why)
{
	html(h, "<div class=\"empty\"><h2>No log</h2><p class=\"told\">");
	html_text(h, str_z(why->text));
	html(h, "</p></div>");
}

enum err_code page_step(struct call *c, struct err *e)
{
	struct asked q = asked_of(c);
	struct shown s = { .next = -1 };
	enum err_code text;
	struct html h;

	TRY(facts_step(c->app->store, &c->identity, q.step_id, &c->arena, &s.v, e));
	text = facts_text(&s.v, e);
	if (text == ERR_OK)
		text = read_lines(c, &q, &s, e);
	if (text != ERR_OK && text != ERR_GONE && text != ERR_NOT_FOUND)
		return text;
	h = page_begin(c, 200, page_step_title(&c->arena, &s.v.step.facts));
	put_crumbs(&h, &s.v.step);
	html(&h, "<h1>");
	page_conclusion(&h, s.v.step.facts.conclusion);
	page_step_name(&h, &s.v.step.facts);
	html(&h, "</h1>");
	put_facts(&h, &s.v, c->now);
	if (text == ERR_OK) {
		put_form(&h, &q);
		put_log(&h, &q, &s);
	} else {
		put_no_text(&h, e);
	}
	page_end(c, &h);
	return ERR_OK;
}

enum err_code page_step_log(struct call *c, struct err *e)
{
	reply_header(c, "Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'");
	return api_get_step_log(c, e);
}
