/*
 * context_part: names, numbers, reasons and the sharing of a budget.
 */
#include "explain/context_part.h"

#include "base/arena.h"
#include "base/clock.h"
#include "text/visible.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

bool part_leg_is_told(const struct step_facts *f)
{
	return f->leg.len > 0 && !str_starts(f->leg, STR(LEG_MADE_UP));
}

struct str part_job(const struct step_facts *f)
{
	return f->job_name.len > 0 ? f->job_name : f->job_id;
}

void part_code(struct str name, size_t max, struct buf *out)
{
	AUTO_BUF shown;

	buf_init(&shown, 8 * name.len + 16);
	text_visible_name(str_trim(name), max, &shown);
	if (shown.len == 0)
		buf_z(&shown, "(no name)");

	struct str s = buf_view(&shown);
	bool pad = s.p[0] == '`' || s.p[s.len - 1] == '`';
	size_t ticks = text_longest_run(s, '`') + 1;
	for (size_t i = 0; i < ticks; i++)
		buf_char(out, '`');
	buf_z(out, pad ? " " : "");
	buf_str(out, s);
	buf_z(out, pad ? " " : "");
	for (size_t i = 0; i < ticks; i++)
		buf_char(out, '`');
}

void part_fence(struct str text, const char *info, struct buf *out)
{
	size_t ticks;
	struct str s;
	AUTO_BUF shown;

	buf_init(&shown, 8 * text.len + 16);
	text_visible(text, &shown);
	s = buf_view(&shown);
	ticks = text_longest_run(s, '`') + 1;
	ticks = ticks < 3 ? 3 : ticks;
	for (int twice = 0; twice < 2; twice++) {
		for (size_t i = 0; i < ticks; i++)
			buf_char(out, '`');
		buf_z(out, twice ? "\n" : info);
		if (twice)
			continue;
		buf_char(out, '\n');
		buf_str(out, s);
		if (s.len == 0 || s.p[s.len - 1] != '\n')
			buf_char(out, '\n');
	}
}

void part_number(int64_t n, struct buf *out)
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%" PRIu64, n < 0 ? 0 : (uint64_t)n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf_char(out, ',');
		buf_char(out, digits[i]);
	}
}

void part_plural(int64_t n, const char *one, const char *many, struct buf *out)
{
	buf_z(out, n == 1 ? one : many);
}

void part_count(int64_t n, const char *one, const char *many, struct buf *out)
{
	part_number(n, out);
	buf_char(out, ' ');
	part_plural(n, one, many, out);
}

int64_t part_total_lines(const struct step *s)
{
	return s->size.n_lines + s->size.n_dropped_lines;
}

#define KEPT_LEAST (256 - 3) /* least limits.tail-bytes, less a character that did not fit */

bool part_begins_in_line(const struct step *s)
{
	size_t line = str_find(s->text, '\n'), end = s->text.len;

	if (!s->has_text || s->size.n_dropped_bytes == 0)
		return false;
	if (s->size.n_dropped_lines == 0)
		return true;
	while (end > line && s->text.p[end - 1] == '\n')
		end--;
	return end <= line && s->text.len >= KEPT_LEAST;
}

struct want {
	size_t need, index;
};

static int by_need(const void *va, const void *vb)
{
	const struct want *a = va, *b = vb;

	return (a->need > b->need) - (a->need < b->need);
}

/* All n take part: the modest first, so that what they leave is known when the others are served. */
static size_t share_evenly(struct want *wants, size_t n, size_t room, size_t *ret_share)
{
	qsort(wants, n, sizeof *wants, by_need);
	for (size_t i = 0; i < n; i++) {
		size_t even = room / (n - i);
		size_t given = wants[i].need < even ? wants[i].need : even;

		ret_share[wants[i].index] = given;
		room -= given;
	}
	return room;
}

void part_share(const size_t *need, size_t n, size_t room, size_t least, size_t *ret_share)
{
	struct want *wants = mem_alloc((n + 1) * sizeof *wants);

	for (size_t left = n; left > 0;) {
		size_t k = room / least > 0 ? room / least : 1;

		if (k > left)
			k = left;
		left -= k;
		for (size_t i = 0; i < k; i++)
			wants[i] = (struct want){ need[left + i], left + i };
		room = share_evenly(wants, k, room, ret_share);
	}
	free(wants);
}

void part_subject(const struct context_query *q, struct buf *out)
{
	const char *of = "";

	if (q->head_sha.len > 0) {
		buf_z(out, "commit ");
		part_code(q->head_sha, PART_NAME_MAX, out);
		of = " of ";
	} else if (q->run_id > 0) {
		buf_fmt(out, "run %" PRId64, q->run_id);
		of = " of ";
	} else if (q->external_run_id.len > 0) {
		buf_z(out, "the forge's run ");
		part_code(q->external_run_id, PART_NAME_MAX, out);
		of = " of ";
	}
	if (q->repo.len > 0) {
		buf_z(out, of);
		part_code(q->repo, PART_NAME_MAX, out);
	}
}

const char *part_reason(const struct context_input *in, unsigned i)
{
	static const char *const names[PART_N_REASONS] = { "not_watched", "nothing_posted", "expired",
		"not_failed" };

	return i < PART_N_REASONS && (in->absence >> i & 1) ? names[i] : NULL;
}

void part_retention(const struct context_input *in, struct buf *out)
{
	if (in->log_days > 0) {
		buf_z(out, "Logs are kept for ");
		part_count(in->log_days, "day", "days", out);
		buf_z(out, " (`[janitor] log-days`).");
	} else {
		buf_z(out, "Logs are kept for ever (`[janitor] log-days = 0`).");
	}
}

static void not_watched_prose(const struct context_input *in, struct buf *out)
{
	buf_z(out, "The repo is not watched, so what is sent for it is turned away. Watch it: `sluice repo "
		   "add ");
	if (in->query.repo.len > 0)
		text_visible_name(in->query.repo, PART_NAME_MAX, out);
	else
		buf_z(out, "OWNER/NAME");
	buf_z(out, "`.");
}

static void expired_prose(const struct context_input *in, struct buf *out)
{
	char date[CLOCK_DATE_LEN];

	buf_z(out, "A log was sent, and expired");
	if (in->expired_at > 0)
		buf_fmt(out, " on %s", clock_date(in->expired_at, date));
	buf_z(out, ". The forge may still have it.");
}

void part_reason_prose(const struct context_input *in, unsigned i, struct buf *out)
{
	switch (1u << i) {
	case CONTEXT_NOT_WATCHED:
		not_watched_prose(in, out);
		break;
	case CONTEXT_NOTHING_POSTED:
		buf_z(out, "Nothing was sent. Check that the steps run under `sluice run` (or post with "
			   "`curl`), that"
			   " SLUICE_URL and SLUICE_TOKEN are set on the runner, and that the token is good"
			   " (`sluice token list`).");
		break;
	case CONTEXT_EXPIRED:
		expired_prose(in, out);
		break;
	case CONTEXT_NOT_FAILED:
		buf_fmt(out, "Steps were sent, and none of them failed (status: %s).",
			run_status_name(in->status));
		break;
	default:
		break;
	}
}

bool part_has_lines(const struct error *f)
{
	return f->to_line > f->from_line;
}

/* Lines on a page of a log (http/log_rows.h): where pages begin for who goes through them. Any other beginning is as good. */
#define PAGE_LINES 200

void part_page_link(const struct error *f, struct buf *out)
{
	buf_fmt(out, "/steps/%" PRId64, f->step_id);
	if (!part_has_lines(f))
		return;
	if (f->from_line >= PAGE_LINES)
		buf_fmt(out, "?from=%" PRId64, f->from_line / PAGE_LINES * PAGE_LINES + 1);
	buf_fmt(out, "#L%" PRId64, f->from_line + 1);
}

void part_lines_link(const struct error *f, struct buf *out)
{
	buf_fmt(out, "GET /api/v1/steps/%" PRId64 "/lines", f->step_id);
	if (part_has_lines(f))
		buf_fmt(out, "?from=%" PRId64 "&to=%" PRId64, f->from_line + 1, f->to_line);
}

bool part_is_new(const struct context_error *x, const struct step *s)
{
	return x->group && x->group->new_in_sha.len > 0 && str_eq(x->group->new_in_sha, s->facts.head_sha);
}

/* The one run that all of this is of, or 0. */
static int64_t only_run(const struct context_input *in)
{
	if (in->query.run_id > 0)
		return in->query.run_id;
	for (size_t i = 1; i < in->n_steps; i++)
		if (in->steps[i].run_id != in->steps[0].run_id)
			return 0;
	return in->n_steps > 0 ? in->steps[0].run_id : 0;
}

void part_command(const struct context_input *in, struct buf *out)
{
	if (in->budget >= CONTEXT_BUDGET_MAX || in->n_steps == 0)
		return;
	buf_z(out, "sluice context ");
	text_visible_name(in->steps[0].facts.repo, PART_NAME_MAX, out);
	buf_char(out, ' ');
	text_visible_name(in->steps[0].facts.head_sha, PART_NAME_MAX, out);
	buf_fmt(out, " --budget %d", CONTEXT_BUDGET_MAX);
}

void part_request(const struct context_input *in, struct buf *out)
{
	int64_t run_id = only_run(in);

	if (in->budget >= CONTEXT_BUDGET_MAX || in->n_steps == 0)
		return;
	buf_z(out, "GET /api/v1/context?");
	if (run_id > 0) {
		buf_fmt(out, "run_id=%" PRId64, run_id);
	} else {
		buf_z(out, "repo=");
		text_visible_name(in->steps[0].facts.repo, PART_NAME_MAX, out);
		buf_z(out, "&sha=");
		text_visible_name(in->steps[0].facts.head_sha, PART_NAME_MAX, out);
	}
	buf_fmt(out, "&budget=%d", CONTEXT_BUDGET_MAX);
}

struct str part_url(const struct context_input *in)
{
	for (size_t i = 0; i < in->n_steps; i++)
		if (in->steps[i].facts.url.len > 0)
			return in->steps[i].facts.url;
	return (struct str){ 0 };
}
