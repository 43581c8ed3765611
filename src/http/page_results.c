/*
 * page_results: see the header.
 *
 * To compare two files takes a worker's time, so few are compared on a page, and small ones: the beginning of what differs is what one looks at first.
 */
#include "http/page_results.h"

#include "http/page.h"
#include "service/output_diff.h"
#include "service/results.h"

#define UNWELL_MAX 20
#define TESTS_MAX 100
#define DIFFS_MAX 5
#define DIFF_FILE_MAX (256 * 1024)
#define DIFF_LINES_MAX 30

static const struct {
	const char *word, *class;
} words[RESULT_N_STATUSES] = {
	[RESULT_NOT_STARTED] = { "not started", "mild" },
	[RESULT_RUNNING] = { "running", "busy" },
	[RESULT_PASS] = { "passed", "good" },
	[RESULT_FAIL] = { "failed", "bad" },
	[RESULT_MISSING_OUTPUT] = { "missing output", "bad" },
	[RESULT_SKIPPED] = { "skipped", "mild" },
};

/* ---- what did not pass ---- */

static void put_line(struct html *h, const struct file_diff_line *l)
{
	static const char *const signs[] = { [DIFF_CONTEXT] = " ", [DIFF_ADDED] = "+", [DIFF_REMOVED] = "-" };
	static const char *const classes[] = {
		[DIFF_CONTEXT] = "line", [DIFF_ADDED] = "line added", [DIFF_REMOVED] = "line removed"
	};

	html(h, "<div");
	html_attr(h, "class", str_z(classes[l->kind]));
	html(h, "><span class=\"n\">");
	html_int(h, l->actual_line > 0 ? l->actual_line : l->expected_line);
	html(h, "</span><span class=\"m\">");
	html_text(h, str_z(signs[l->kind]));
	html(h, "</span><code>");
	html_name(h, l->text, 1000);
	html(h, "</code></div>");
}

static void put_hunks(struct html *h, const struct file_diff *d)
{
	size_t n = 0;

	html(h, "<div class=\"log\" role=\"region\" tabindex=\"0\" aria-label=\"Differences\">");
	for (size_t i = 0; i < d->n; i++)
		for (size_t k = 0; k < d->hunks[i].n && n < DIFF_LINES_MAX; k++, n++)
			put_line(h, &d->hunks[i].lines[k]);
	html(h, "<div class=\"hole\">");
	html_count(h, d->removed);
	html(h, " lines removed, ");
	html_count(h, d->added);
	html(h, " added");
	if (n == DIFF_LINES_MAX || d->truncated)
		html(h, "; <a href=\"/docs#getDiff\">the API</a> has all of it");
	html(h, "</div></div>");
}

static enum err_code put_diff(
	struct call *c, struct html *h, const struct result *r, const struct output *o, struct err *e)
{
	const struct output_place at = { r->run_id, r->sample_id, r->test_id, o->output_id };
	const struct output_diff_options options = { .context_lines = 3, .max_bytes = DIFF_FILE_MAX };
	struct output_diff x;
	enum err_code code =
		output_diff_make(c->app->store, &c->identity, &at, &options, c->now, &c->arena, &x, e);

	if (code == ERR_GONE || code == ERR_NOT_FOUND) {
		html(h, "<p class=\"note\">The files are not here any more.</p>");
		return ERR_OK;
	}
	TRY(code);
	if (x.diff.binary)
		html(h, "<p class=\"note\">The files are not text, and differ.</p>");
	else if (x.status == OUTPUT_NOT_COMPARED)
		html(h, "<p class=\"note\">The files are large: <a href=\"/docs#getDiff\">the API</a> "
			"compares them.</p>");
	else if (x.status == OUTPUT_DIFFERENT)
		put_hunks(h, &x.diff);
	return ERR_OK;
}

static void put_why(struct html *h, const struct result *r)
{
	if (r->has_exit_code && r->exit_code != r->expected_rc) {
		html(h, "<p>Exit code ");
		html_int(h, r->exit_code);
		html(h, " where ");
		html_int(h, r->expected_rc);
		html(h, " was expected.</p>");
	}
	if (r->message.len > 0) {
		html(h, "<p>");
		html_name(h, r->message, 1000);
		html(h, "</p>");
	}
}

static void put_output(struct html *h, const struct output *o)
{
	static const char *const what[] = { [OUTPUT_PASS] = " is as expected",
		[OUTPUT_FAIL] = " is not as expected",
		[OUTPUT_MISSING] = " was not written",
		[OUTPUT_UNEXPECTED] = " has no accepted content yet" };

	html(h, "<p><code>");
	html_name(h, o->filename, PAGE_NAME_MAX);
	html(h, "</code>");
	html_text(h, str_z(what[o->status]));
	html(h, "</p>");
}

static enum err_code put_unwell(
	struct call *c, struct html *h, const struct result *r, size_t *n_diffs, struct err *e)
{
	html(h, "<section class=\"failed\"");
	html_attr(h, "id", arena_fmt(&c->arena, "T%lld", (long long)r->test_id));
	html(h, "><div class=\"top\"><h3><span class=\"badge bad\">");
	html_text(h, str_z(words[r->status].word));
	html(h, "</span>");
	html_name(h, r->test_name, PAGE_NAME_MAX);
	html(h, " <span class=\"mute\">");
	html_name(h, r->sample_name, PAGE_NAME_MAX);
	html(h, "</span></h3></div><div class=\"why\">");
	put_why(h, r);
	for (size_t i = 0; i < r->n_outputs; i++) {
		const struct output *o = &r->outputs[i];

		if (o->status == OUTPUT_PASS)
			continue;
		put_output(h, o);
		if (o->status == OUTPUT_FAIL && (*n_diffs)++ < DIFFS_MAX)
			TRY(put_diff(c, h, r, o, e));
	}
	html(h, "</div></section>");
	return ERR_OK;
}

static enum err_code put_all_unwell(struct call *c, struct html *h, int64_t run_id, struct err *e)
{
	static const enum result_status unwell[] = { RESULT_MISSING_OUTPUT, RESULT_FAIL };
	size_t n_diffs = 0;

	html(h, "<h2>Tests that did not pass</h2>");
	for (size_t k = 0; k < sizeof unwell / sizeof *unwell; k++) {
		const struct result_query q = {
			.run_id = run_id, .status = (int)unwell[k], .limit = UNWELL_MAX
		};
		struct result *found = NULL;
		int64_t total = 0;
		size_t n = 0;

		TRY(results_of_run(
			c->app->store, &c->identity, &q, c->now, &c->arena, &found, &n, &total, e));
		for (size_t i = 0; i < n; i++)
			TRY(put_unwell(c, h, &found[i], &n_diffs, e));
		if (total > (int64_t)n || total < 0)
			html(h, "<p>And more, below.</p>");
	}
	return ERR_OK;
}

/* ---- all of them ---- */

static void put_row(struct html *h, const struct result *r)
{
	html(h, "<tr><td><span class=\"badge ");
	html_text(h, str_z(words[r->status].class));
	html(h, "\">");
	html_text(h, str_z(words[r->status].word));
	html(h, "</span></td><td>");
	html_name(h, r->test_name, PAGE_NAME_MAX);
	html(h, "</td><td class=\"far\">");
	html_name(h, r->sample_name, PAGE_NAME_MAX);
	html(h, "</td><td class=\"num far\">");
	if (r->runtime_ms >= 0)
		html_duration(h, r->runtime_ms);
	html(h, "</td></tr>");
}

static void put_numbers(struct html *h, const struct run_summary *s)
{
	static const enum result_status told[] = { RESULT_PASS, RESULT_FAIL, RESULT_MISSING_OUTPUT,
		RESULT_SKIPPED, RESULT_RUNNING, RESULT_NOT_STARTED };
	const char *between = "";

	html(h, "<p>");
	for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
		if (s->n[told[i]] == 0)
			continue;
		html_text(h, str_z(between));
		html_count(h, s->n[told[i]]);
		html_text(h, STR(" "));
		html_text(h, str_z(words[told[i]].word));
		between = ", ";
	}
	html(h, "</p>");
}

static enum err_code put_tests(struct call *c, struct html *h, const struct run_summary *s, struct err *e)
{
	const struct result_query q = { .run_id = s->run.id, .status = -1, .limit = TESTS_MAX };
	struct result *found = NULL;
	int64_t total = 0;
	size_t n = 0;

	TRY(results_of_run(c->app->store, &c->identity, &q, c->now, &c->arena, &found, &n, &total, e));
	html(h, "<h2>Tests</h2>");
	put_numbers(h, s);
	html(h, "<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Result</th><th "
		"scope=\"col\">Test</th>"
		"<th scope=\"col\" class=\"far\">Sample</th><th scope=\"col\" class=\"num "
		"far\">Took</th></tr></thead>"
		"<tbody>");
	for (size_t i = 0; i < n; i++)
		put_row(h, &found[i]);
	html(h, "</tbody></table></div>");
	if (total < 0 || total > (int64_t)n) {
		html(h, "<p>The first ");
		html_count(h, (int64_t)n);
		html(h, "; <a href=\"/docs#listRunSamples\">the API</a> lists the others.</p>");
	}
	return ERR_OK;
}

enum err_code page_results_put(struct call *c, struct html *h, const struct run *run, struct err *e)
{
	const struct run_tally *t = &run->tally;
	struct run_summary s;

	if (t->n_results + t->n_open == 0)
		return ERR_OK;
	TRY(results_sum_up(c->app->store, &c->identity, run->id, c->now, &c->arena, &s, e));
	if (t->n_bad > 0)
		TRY(put_all_unwell(c, h, run->id, e));
	return put_tests(c, h, &s, e);
}
