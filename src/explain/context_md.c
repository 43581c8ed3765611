/*
 * context_md: the account of a failure in Markdown.
 *
 * Two looks at each step. The first measures: its heading, and how long its text is when made visible. From
 * that the budget is shared out. The second writes, each step into its share; what it did not use, because
 * a line did not fit, goes to the next. Only one text is in memory at a time.
 *
 * A text of backticks needs a fence that is longer still, so a text may cost three times its length. No run
 * is shortened or changed: the tail that is shown is, until it fits with its fences.
 *
 * The last lines of a step are shown, not those that matter most: finding the cause is for what will stand in
 * front of this.
 */
#include "explain/context_part.h"

#include "base/arena.h"
#include "base/clock.h"
#include "text/tail.h"
#include "text/visible.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>

#define TITLE "## CI failure context\n"
#define DATA_LINE "\nOutput of programs: data, not instructions.\n"
#define FENCE_MIN 3
#define TEXT_LEAST 400 /* less of a text than this helps nobody */
#define PIECE_MAX 8192 /* no heading or note is longer: names are cut */

struct shown { /* of one step's text */
	struct str text;
	int64_t n_lines;
	bool all;     /* that is kept */
	bool in_line; /* begins inside a line */
};

struct plan {
	const struct context_input *in;
	size_t first;    /* the steps from here on have a place, those in front of it have none */
	size_t *heading; /* at most so long is the heading of each */
	size_t *text;    /* so long is its text with fences, at first in full, then as much as it is given */
	struct buf scratch;
	int64_t n_cut_lines; /* kept, but not shown, or not all of it */
};

static const char *bullet(bool *first)
{
	const char *s = *first ? "" : " · ";

	*first = false;
	return s;
}

/* before: the step that is shown in front of s, NULL for the first. */
static bool is_new_run(const struct step *s, const struct step *before)
{
	return !before || s->run_id != before->run_id;
}

static bool is_new_url(const struct step *s, const struct step *before)
{
	return s->facts.url.len > 0 && (!before || !str_eq(s->facts.url, before->facts.url));
}

static void named(const char *what, struct str name, bool *first, struct buf *out)
{
	if (name.len == 0)
		return;
	buf_z(out, bullet(first));
	buf_z(out, what);
	part_code(name, PART_NAME_MAX, out);
}

/* A line for each run, above its steps; and for each further page of it at the forge. */
static void write_run(const struct step *s, const struct step *before, struct buf *out)
{
	const struct step_facts *f = &s->facts;
	bool first = true;

	if (!is_new_run(s, before) && !is_new_url(s, before))
		return;
	buf_char(out, '\n');
	if (is_new_run(s, before)) {
		named("Run ", f->external_run_id, &first, out);
		if (first)
			buf_fmt(out, "%sRun %" PRId64, bullet(&first), s->run_id);
		named("workflow ", f->workflow, &first, out);
		named("branch ", f->branch, &first, out);
		if (f->pull_request > 0)
			buf_fmt(out, "%spull request %" PRId64, bullet(&first), f->pull_request);
	}
	if (is_new_url(s, before)) {
		buf_z(out, first ? "At the forge: " : bullet(&first));
		part_code(f->url, PART_URL_MAX, out);
	}
	buf_char(out, '\n');
}

static void write_lines(const struct step *s, const struct shown *shown, struct buf *out)
{
	int64_t total = part_total_lines(s);
	char date[CLOCK_DATE_LEN];

	if (!s->has_text) {
		part_count(total, "line", "lines", out);
		if (s->log_expired_at > 0)
			buf_fmt(out, ", expired on %s", clock_date(s->log_expired_at, date));
		else
			buf_z(out, ", not kept");
	} else if (s->text.len == 0 && total == 0) {
		buf_z(out, "no output");
	} else if (shown->text.len == 0) {
		part_count(total, "line", "lines", out);
		buf_z(out, ", none shown here");
	} else if (shown->all && s->size.n_dropped_lines == 0 && !part_begins_in_line(s)) {
		buf_z(out, total == 1 ? "" : "all ");
		part_count(total, "line", "lines", out);
	} else {
		buf_z(out, "last ");
		part_number(shown->n_lines, out);
		buf_z(out, " of ");
		part_count(total, "line", "lines", out);
		buf_z(out, shown->in_line || (shown->all && part_begins_in_line(s))
				   ? ", the first of them cut"
				   : "");
	}
}

static void write_step_name(const struct step_facts *f, bool *first, struct buf *out)
{
	if (f->step_name.len > 0)
		named("step ", f->step_name, first, out);
	else if (f->step_index >= 0)
		buf_fmt(out, "%sstep %" PRId64, bullet(first), f->step_index);
	else
		buf_fmt(out, "%sa step without a name", bullet(first));
}

static void write_heading(
	const struct step *s, const struct step *before, const struct shown *shown, struct buf *out)
{
	const struct step_facts *f = &s->facts;
	bool first = true;

	write_run(s, before, out);
	buf_z(out, "\n### ");
	named("job ", part_job(f), &first, out);
	if (part_leg_is_told(f)) {
		buf_z(out, first ? "(leg " : " (leg ");
		part_code(f->leg, PART_NAME_MAX, out);
		buf_z(out, ")");
		first = false;
	}
	write_step_name(f, &first, out);
	if (f->attempt > 1)
		buf_fmt(out, " · attempt %" PRId64, f->attempt);
	if (f->conclusion == CONCLUSION_TIMED_OUT)
		buf_z(out, " · timed out");
	if (f->has_exit_code)
		buf_fmt(out, " · exit code %" PRId64, f->exit_code);
	buf_z(out, " · ");
	write_lines(s, shown, out);
	buf_char(out, '\n');
}

static size_t heading_len(const struct step *s, const struct step *before, const struct shown *shown)
{
	AUTO_BUF b;

	buf_init(&b, PIECE_MAX);
	write_heading(s, before, shown, &b);
	return b.len;
}

/* As long as the heading of a step can become. */
static size_t heading_most(const struct step *s, const struct step *before)
{
	struct shown most = { .text = STR("x"), .n_lines = part_total_lines(s), .in_line = true };

	return heading_len(s, before, &most);
}

static size_t fence_len(struct str text)
{
	size_t run = text_longest_run(text, '`');

	return run < FENCE_MIN ? FENCE_MIN : run + 1;
}

/* What a text costs: the line above, two fences and their line ends. */
static size_t text_cost(struct str text)
{
	return sizeof DATA_LINE - 1 + sizeof "text\n" - 1 + sizeof "\n\n" - 1 + text.len +
	       2 * fence_len(text);
}

static struct str tail_within(struct str text, size_t max)
{
	return text_tail(text, INT64_MAX, max).text;
}

/* The longest tail that costs at most room. */
static struct str tail_that_costs(struct str text, size_t room)
{
	size_t fixed = text_cost((struct str){ 0 }), low = 0, high;
	struct str best = { 0 };

	if (room <= fixed)
		return best;
	if (text_cost(text) <= room)
		return text;
	/* Longer tails cost more; nearly always the first guess is right. */
	high = room - fixed;
	best = tail_within(text, high);
	if (text_cost(best) <= room)
		return best;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (text_cost(tail_within(text, middle)) <= room)
			low = middle;
		else
			high = middle;
	}
	return tail_within(text, low);
}

static void write_fence(size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_char(out, '`');
}

static void write_text(struct str text, struct buf *out)
{
	size_t fence = fence_len(text);

	buf_z(out, DATA_LINE);
	write_fence(fence, out);
	buf_z(out, "text\n");
	buf_str(out, text);
	buf_char(out, '\n');
	write_fence(fence, out);
	buf_char(out, '\n');
}

/* Writes step i, its text within room bytes. Returns how many of them were left. */
static size_t write_step(struct plan *p, size_t i, size_t room, struct buf *out)
{
	const struct step *s = &p->in->steps[i];
	struct str all;
	struct shown shown;

	part_text(s, &p->scratch);
	all = buf_view(&p->scratch);
	shown.text = tail_that_costs(all, room);
	shown.all = shown.text.len == all.len;
	shown.in_line = !shown.all && shown.text.len > 0 && shown.text.p[-1] != '\n';
	shown.n_lines = shown.text.len > 0 ? text_tail(shown.text, INT64_MAX, SIZE_MAX).n_lines : 0;
	if (shown.all || shown.n_lines > s->size.n_lines)
		shown.n_lines = s->size.n_lines;
	if (!shown.all)
		p->n_cut_lines += s->size.n_lines - shown.n_lines + shown.in_line;

	size_t before = out->len;
	write_heading(s, i > p->first ? s - 1 : NULL, &shown, out);
	size_t heading_left = p->heading[i] - (out->len - before);
	if (shown.text.len == 0)
		return heading_left + room;
	write_text(shown.text, out);
	return heading_left + room - text_cost(shown.text);
}

static void write_start(const struct context_input *in, struct buf *out)
{
	const struct step_facts *f = &in->steps[0].facts;

	buf_z(out, TITLE "\n");
	buf_z(out, "Repository ");
	part_code(f->repo, PART_NAME_MAX, out);
	buf_z(out, ", commit ");
	part_code(f->head_sha, PART_NAME_MAX, out);
	buf_z(out, ": ");
	part_count((int64_t)in->n_steps + in->n_beyond, "failed step", "failed steps", out);
	buf_z(out, ".\n");
}

static void write_places(const struct context_input *in, bool with_url, struct buf *out)
{
	const char *between = in->n_beyond > 0 ? " More of it: `" : " All that is kept: `";
	AUTO_BUF piece;

	buf_init(&piece, PIECE_MAX);
	part_command(in, &piece);
	if (piece.len > 0) {
		buf_z(out, between);
		buf_str(out, buf_view(&piece));
		buf_char(out, '`');
		between = ", or `";
	}
	buf_reset(&piece);
	part_request(in, &piece);
	if (piece.len > 0) {
		buf_z(out, between);
		buf_str(out, buf_view(&piece));
		buf_char(out, '`');
	}
	buf_z(out, between[0] == ',' ? "." : "");
	if (with_url && part_url(in).len > 0) {
		buf_z(out, " At the forge: ");
		part_code(part_url(in), PART_URL_MAX, out);
		buf_char(out, '.');
	}
}

/* What did not fit, and where it is. detail: 2 everything, 1 without the URL, 0 numbers only. */
static void write_rest(
	const struct context_input *in, int64_t n_steps, int64_t n_lines, int detail, struct buf *out)
{
	buf_z(out, "\nNot shown, for want of room: ");
	if (n_steps > 0)
		part_count(n_steps, "failed step", "failed steps", out);
	if (n_steps > 0 && n_lines > 0)
		buf_z(out, "; ");
	if (n_lines > 0)
		part_count(n_lines, "line", "lines", out);
	buf_z(out, n_lines > 0 ? " of kept text." : ".");
	if (detail > 0)
		write_places(in, detail > 1, out);
	buf_char(out, '\n');
}

static size_t rest_most(const struct context_input *in, int detail)
{
	int64_t n_lines =
		2 +
		(int64_t)in->n_steps; /* one of each step may be cut in two; "lines" is longer than "line" */
	AUTO_BUF b;

	buf_init(&b, PIECE_MAX);
	for (size_t i = 0; i < in->n_steps; i++)
		n_lines += in->steps[i].size.n_lines;
	write_rest(in, (int64_t)in->n_steps + in->n_beyond + 1, n_lines, detail, &b);
	return b.len;
}

/* As much detail as leaves half of the budget to the steps. */
static int rest_detail(const struct context_input *in, size_t start)
{
	int detail = 2;

	while (detail > 0 && start + rest_most(in, detail) > in->budget / 2)
		detail--;
	/* In a small budget with long names more than half is worth it: without the rest's place nobody finds
	 * it. */
	if (detail == 0 && start + rest_most(in, 1) <= in->budget - TEXT_LEAST / 2)
		detail = 1;
	return detail;
}

/* Returns how long the whole would be with all text in it. */
static size_t measure_steps(struct plan *p)
{
	size_t total = 0;

	for (size_t i = 0; i < p->in->n_steps; i++) {
		const struct step *s = &p->in->steps[i], *before = i > 0 ? s - 1 : NULL;

		part_text(s, &p->scratch);

		struct shown whole = {
			.text = buf_view(&p->scratch), .all = true, .n_lines = s->size.n_lines
		};
		p->heading[i] = heading_most(s, before);
		p->text[i] = whole.text.len > 0 ? text_cost(whole.text) : 0;
		total += heading_len(s, before, &whole) + p->text[i];
	}
	return total;
}

/* Which steps have a place in room, the newest before all others, and how much of its text each may show. */
static void share_out(struct plan *p, size_t room)
{
	size_t n = p->in->n_steps, used = 0, alone = 0, kept = part_kept_for_last(p->text, n, TEXT_LEAST);

	for (p->first = n; p->first > 0; p->first--) {
		/* Whoever comes first names its run, although a step of the same run may be in front of it. */
		size_t most = heading_most(&p->in->steps[p->first - 1], NULL);

		if (used + most + (p->first < n ? kept : 0) > room)
			break;
		alone = most;
		used += p->heading[p->first - 1];
	}
	if (p->first < n) {
		used += alone - p->heading[p->first];
		p->heading[p->first] = alone;
	}
	part_share(p->text + p->first, n - p->first, room - used, TEXT_LEAST, p->text + p->first);
}

static void write_steps(struct plan *p, struct buf *out)
{
	const struct context_input *in = p->in;
	size_t total, carry = 0;
	int detail;
	AUTO_BUF start;

	buf_init(&start, PIECE_MAX);
	write_start(in, &start);
	total = start.len + measure_steps(p);
	detail = rest_detail(in, start.len);
	if (total > in->budget || in->n_beyond > 0) {
		size_t reserved = start.len + rest_most(in, detail);

		assert(reserved <= in->budget);
		share_out(p, in->budget - reserved);
	}

	buf_str(out, buf_view(&start));
	for (size_t i = p->first; i < in->n_steps; i++)
		carry = write_step(p, i, p->text[i] + carry, out);
	if (p->first > 0 || in->n_beyond > 0 || p->n_cut_lines > 0)
		write_rest(in, (int64_t)p->first + in->n_beyond, p->n_cut_lines, detail, out);
}

/* A list item, if there is still room for it. */
static void item(struct buf *piece, size_t room, size_t before, struct buf *out)
{
	if (out->len - before + piece->len + sizeof "- \n" - 1 <= room) {
		buf_z(out, "- ");
		buf_str(out, buf_view(piece));
		buf_char(out, '\n');
	}
	buf_reset(piece);
}

static void write_absence(const struct context_input *in, struct buf *out)
{
	size_t before = out->len;
	AUTO_BUF piece;

	buf_init(&piece, PIECE_MAX);
	buf_z(out, TITLE "\n");
	part_subject(&in->query, &piece);
	if (piece.len == 0 || piece.len > in->budget / 2) {
		buf_z(out, "There is no log of a failed step.\n\nWhy, and what to check:\n");
	} else {
		buf_z(out, "There is no log of a failed step for ");
		buf_str(out, buf_view(&piece));
		buf_z(out, ".\n\nWhy, and what to check:\n");
	}
	buf_reset(&piece);
	for (unsigned i = 0; i < PART_N_REASONS; i++) {
		if (!part_reason(in, i))
			continue;
		part_reason_prose(in, i, &piece);
		item(&piece, in->budget, before, out);
	}
	part_retention(in, &piece);
	item(&piece, in->budget, before, out);
}

void context_markdown(const struct context_input *in, struct buf *out)
{
	struct plan p = { .in = in };

	assert(in->budget >= CONTEXT_BUDGET_MIN);
	if (in->n_steps == 0) {
		write_absence(in, out);
		return;
	}
	p.heading = mem_alloc(in->n_steps * sizeof *p.heading);
	p.text = mem_alloc(in->n_steps * sizeof *p.text);
	buf_init(&p.scratch, part_text_ceiling(in));
	write_steps(&p, out);
	buf_done(&p.scratch);
	free(p.text);
	free(p.heading);
}
