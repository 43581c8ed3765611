/*
 * context_md_error: see the header.
 *
 * A cause is a paragraph with a short list behind it, anything else one line. A cause of a group that was told above refers to it.
 */
#include "explain/context_md_error.h"

#include "explain/context_part.h"

#include "base/clock.h"

#include <inttypes.h>

static void span(const char *before, struct str name, size_t max, struct buf *out)
{
	if (name.len == 0)
		return;
	buf_z(out, before);
	part_code(name, max, out);
}

/* One more of what is known; between two of them stands a dot. */
static void item(const char *what, struct str name, size_t max, bool *first, struct buf *out)
{
	if (name.len == 0)
		return;
	buf_z(out, *first ? "" : " · ");
	span(what, name, max, out);
	*first = false;
}

static void write_place(const struct error *f, bool *first, struct buf *out)
{
	AUTO_BUF place;

	buf_init(&place, f->file.len + 64);
	buf_str(&place, f->file);
	if (f->line > 0)
		buf_fmt(&place, ":%" PRId64, f->line);
	if (f->line > 0 && f->col > 0)
		buf_fmt(&place, ":%" PRId64, f->col);
	if (f->file.len > 0)
		item("", buf_view(&place), PART_FILE_MAX, first, out);
}

static void write_what(const struct error *f, struct buf *out)
{
	bool cause = f->role == ERROR_CAUSE, first = true;

	if (f->class != CLASS_UNKNOWN || f->message.len == 0) {
		buf_z(out, error_class_name(f->class));
		first = false;
	}
	item("", f->tool, PART_WORD_MAX, &first, out);
	if (cause)
		item("", f->code, PART_WORD_MAX, &first, out);
	write_place(f, &first, out);
	if (cause)
		item("test ", f->test, PART_FILE_MAX, &first, out);
	item("", f->message, PART_MESSAGE_MAX, &first, out);
}

/* "lines 120 to 131: .." */
static void write_numbers(const struct error *f, bool both, struct buf *out)
{
	if (!part_has_lines(f)) {
		buf_z(out, "told beside the log");
		span(", by ", f->rule, PART_WORD_MAX, out);
		return;
	}
	buf_z(out, f->to_line - f->from_line > 1 ? "lines " : "line ");
	part_number(f->from_line + 1, out);
	if (f->to_line - f->from_line > 1) {
		buf_z(out, " to ");
		part_number(f->to_line, out);
	}
	buf_z(out, ": `");
	part_page_link(f, out);
	if (both) {
		buf_z(out, "`, `");
		part_lines_link(f, out);
	}
	buf_char(out, '`');
}

/* ---- what is known of the group ---- */

static void clause(bool *first, struct buf *out)
{
	buf_z(out, *first ? "\n- " : "; ");
	*first = false;
}

static void write_date(const char *before, int64_t ms, struct buf *out)
{
	char date[CLOCK_DATE_LEN];

	buf_fmt(out, "%s%s", before, clock_date(ms, date));
}

static void write_seen(const struct group *g, struct buf *out)
{
	const char *least = g->counts.more ? "at least " : "";

	write_date("known since ", g->first_seen_at, out);
	buf_fmt(out, ", in %s", least);
	part_count(g->counts.runs, "run", "runs", out);
	buf_fmt(out, " on %s", least);
	part_count(g->counts.branches, "branch", "branches", out);
}

static void write_flaky(const struct context_error *x, bool *first, struct buf *out)
{
	if (x->group && x->group->flaky_at > 0) {
		clause(first, out);
		buf_z(out, "flaky: passed and failed on ");
		part_code(x->group->flaky_sha, PART_NAME_MAX, out);
	} else if (x->error->flaky) {
		clause(first, out);
		buf_z(out, "flaky: it also passed in this step");
	}
}

static void write_mended(const struct group *g, bool *first, struct buf *out)
{
	if (g->fixed_in.len > 0) {
		clause(first, out);
		span("fixed since in ", g->fixed_in, PART_NAME_MAX, out);
	} else if (g->fixed_at > 0) {
		clause(first, out);
		write_date("fixed once, on ", g->fixed_at, out);
		buf_z(out, ", and back");
	}
}

static void write_said(const struct group *g, bool *first, struct buf *out)
{
	if (g->state == GROUP_SNOOZED) {
		clause(first, out);
		write_date("snoozed until ", g->snoozed_until, out);
	} else if (g->state == GROUP_RESOLVED) {
		clause(first, out);
		buf_z(out, "marked as resolved");
	} else if (g->reopened_at > 0) {
		clause(first, out);
		buf_z(out, "was marked as resolved, and is back");
	}
	if (g->issue.len > 0) {
		clause(first, out);
		span("issue: ", g->issue, PART_URL_MAX, out);
	}
}

static void write_known(const struct context_error *x, const struct step *s, struct buf *out)
{
	bool first = true;

	if (x->group) {
		clause(&first, out);
		if (part_is_new(x, s))
			buf_z(out, "new in this commit");
		else
			write_seen(x->group, out);
	}
	write_flaky(x, &first, out);
	if (x->group) {
		write_mended(x->group, &first, out);
		write_said(x->group, &first, out);
	}
}

/* ---- errors ---- */

static void write_same(const struct context_input *in, const struct piece *x, struct buf *out)
{
	const struct step_facts *f = &in->steps[x->same->step].facts;

	buf_z(out, "the same as above");
	if (x->same->step != x->step) {
		span(", of job ", part_job(f), PART_NAME_MAX, out);
		if (part_leg_is_told(f))
			span(", leg ", f->leg, PART_NAME_MAX, out);
		span(", step ", f->step_name, PART_NAME_MAX, out);
	}
	span(" · ", x->error->error->message, PART_MESSAGE_MAX, out);
}

void md_error(const struct context_input *in, const struct piece *x, struct buf *out)
{
	const struct error *f = x->error->error;

	if (x->kind == PIECE_OTHER) {
		buf_fmt(out, "\n%s: ", f->role == ERROR_CONSEQUENCE ? "Consequence" : "Context");
		write_what(f, out);
		buf_z(out, " · ");
		write_numbers(f, false, out);
		buf_char(out, '\n');
		return;
	}
	buf_z(out, "\n**Cause**: ");
	if (x->same) {
		write_same(in, x, out);
	} else {
		write_what(f, out);
		write_known(x->error, &in->steps[x->step], out);
		span("\n- advice: ", f->advice, PART_MESSAGE_MAX, out);
	}
	buf_z(out, "\n- ");
	write_numbers(f, true, out);
	buf_char(out, '\n');
}
