/* log_rows: see the header. Numbers and levels are not part of what is copied from a page (style.css). */
#include "http/log_rows.h"

#include "http/html_line.h"

void log_rows_address(struct html *h, int64_t step_id, int64_t number)
{
	html(h, "/steps/");
	html_int(h, step_id);
	if (number >= LOG_ROWS_PAGE) {
		html(h, "?from=");
		html_int(h, number / LOG_ROWS_PAGE * LOG_ROWS_PAGE + 1);
	}
	html(h, "#L");
	html_int(h, number + 1);
}

static void put_class(struct html *h, enum line_level level)
{
	if (level >= LINE_ERROR)
		html(h, " error");
	else if (level == LINE_WARNING)
		html(h, " warning");
}

/* Not by colour alone. */
static void put_level(struct html *h, enum line_level level)
{
	html(h, "<span class=\"m\">");
	if (level >= LINE_ERROR)
		html(h, "<abbr title=\"error\">E</abbr>");
	else if (level == LINE_WARNING)
		html(h, "<abbr title=\"warning\">W</abbr>");
	html(h, "</span>");
}

static void put_anchor(struct html *h, const struct log_rows *r, int64_t number)
{
	if (r->prefixed) {
		html(h, "S");
		html_int(h, r->step_id);
		html(h, "-");
	}
	html(h, "L");
	html_int(h, number + 1);
}

static void put_row(struct html *h, const struct log_rows *r, const struct log_line *l)
{
	html(h, "<div class=\"line");
	put_class(h, l->level);
	html(h, "\" id=\"");
	put_anchor(h, r, l->number);
	html(h, "\"><a class=\"n\" href=\"");
	if (r->to_step) {
		log_rows_address(h, r->step_id, l->number);
	} else {
		html(h, "#");
		put_anchor(h, r, l->number);
	}
	html(h, "\">");
	html_int(h, l->number + 1);
	html(h, "</a>");
	put_level(h, l->level);
	html(h, "<code>");
	html_line(h, l->text);
	html(h, "</code>");
	if (l->truncated)
		html(h, "<span></span><span></span><span class=\"cut\">the line goes on; the raw log has all "
			"of it</span>");
	html(h, "</div>");
}

static void put_hole(struct html *h, int64_t n)
{
	html(h, "<div class=\"hole\">");
	html_count(h, n);
	if (n == 1)
		html(h, " line is not here</div>");
	else
		html(h, " lines are not here</div>");
}

size_t log_rows_put(
	struct html *h, const struct log_rows *r, const struct log_line *lines, size_t n, struct str label)
{
	size_t i;

	html(h, "<div class=\"log\" role=\"group\"");
	html_attr(h, "aria-label", label);
	html(h, ">");
	for (i = 0; i < n && (i == 0 || h->out->len < LOG_ROWS_BYTES); i++) {
		if (i > 0 && r->whole && lines[i].number > lines[i - 1].number + 1)
			put_hole(h, lines[i].number - lines[i - 1].number - 1);
		put_row(h, r, &lines[i]);
	}
	html(h, "</div>");
	return i;
}
