/*
 * page_run: the context of a run, or of all runs of a commit: what is known of it, what failed with the lines that matter, and all its steps.
 *
 * Both are the same two lists from the services that the API asks (facts_runs, facts_steps); what is shown of a failed step is for decisive.c.
 */
#include "api_table.h"

#include "http/decisive.h"
#include "http/page.h"
#include "http/page_results.h"
#include "service/facts.h"

#define STEPS_MAX 100
#define FAILED_MAX 10 /* of these the lines are shown; the others are in the table of steps */
#define RUNS_MAX 20

struct steps {
	struct step *first;
	size_t n;
	int64_t total;
};

/* ---- facts ---- */

static void put_crumbs(struct html *h, const struct run *r)
{
	html(h, "<nav class=\"crumbs\" aria-label=\"Where this is\"><ol><li>");
	html_name(h, r->repo, PAGE_NAME_MAX);
	html(h, "</li><li>commit ");
	page_sha(h, r->repo, r->head_sha);
	html(h, "</li></ol></nav>");
}

static void put_run_name(struct html *h, const struct run *r)
{
	if (r->workflow.len > 0)
		html_name(h, r->workflow, PAGE_NAME_MAX);
	else
		html(h, "Run");
	html(h, " <span class=\"mute\">#");
	if (r->tally.stage == STAGE_NONE)
		html_name(h, r->external_run_id, PAGE_NAME_MAX);
	else
		html_int(h, r->id);
	html(h, "</span>");
}

static void put_text(struct html *h, struct str value)
{
	html(h, "<dd>");
	html_name(h, value, PAGE_NAME_MAX);
	html(h, "</dd></div>");
}

static void put_tally(struct html *h, const struct run_tally *t)
{
	html(h, "<div><dt>Steps</dt><dd>");
	html_count(h, t->n_steps);
	html(h, ", of which ");
	html_count(h, t->n_failed);
	html(h, " failed</dd></div>");
}

static void put_results(struct html *h, const struct run_tally *t)
{
	html(h, "<div><dt>Tests</dt><dd>");
	html_count(h, t->n_results + t->n_open);
	html(h, ", of which ");
	html_count(h, t->n_bad);
	html(h, " did not pass</dd></div>");
}

/* Nothing when it has not come yet. */
static void put_moment(struct html *h, const char *what, int64_t at, int64_t now)
{
	if (at == 0)
		return;
	html(h, "<div><dt>");
	html_text(h, str_z(what));
	html(h, "</dt><dd>");
	html_time(h, at, now);
	html(h, "</dd></div>");
}

static void put_run_facts(struct html *h, const struct run *r, int64_t now)
{
	html(h, "<dl>");
	if (r->branch.len > 0) {
		html(h, "<div><dt>Branch</dt>");
		put_text(h, r->branch);
	}
	if (r->pull_request > 0) {
		html(h, "<div><dt>Pull request</dt><dd>");
		html_int(h, r->pull_request);
		html(h, "</dd></div>");
	}
	if (r->tally.n_results + r->tally.n_open > 0)
		put_results(h, &r->tally);
	if (r->tally.n_steps > 0)
		put_tally(h, &r->tally);
	put_moment(h, "Asked for", r->queued_at, now);
	put_moment(h, "Began", r->started_at > 0 ? r->started_at : r->began_at, now);
	put_moment(
		h, "Last heard of", r->over_at > r->tally.newest_at ? r->over_at : r->tally.newest_at, now);
	if (html_is_web(r->url)) {
		html(h, "<div><dt>On the forge</dt><dd>");
		html_open_link(h, r->url);
		html_name(h, r->url, PAGE_NAME_MAX);
		html(h, "</a></dd></div>");
	}
	html(h, "</dl>");
}

/* ---- steps ---- */

static void put_exit(struct html *h, const struct step_facts *f)
{
	if (!f->has_exit_code)
		return;
	html(h, " <span class=\"mute\">exit code ");
	html_int(h, f->exit_code);
	html(h, "</span>");
}

static void open_failed(struct html *h, const struct step *s)
{
	html(h, "<section class=\"failed\"><div class=\"top\"><h3>");
	page_conclusion(h, s->facts.conclusion);
	page_step_name(h, &s->facts);
	put_exit(h, &s->facts);
	html(h, "</h3><p><a href=\"/steps/");
	html_int(h, s->id);
	html(h, "\">Whole log</a></p></div>");
}

static enum err_code put_failed(struct call *c, struct html *h, const struct steps *steps, struct err *e)
{
	size_t n = 0, shown;

	while (n < steps->n && conclusion_failed(steps->first[n].facts.conclusion)) /* they come first */
		n++;
	if (n == 0)
		return ERR_OK;
	shown = n < FAILED_MAX ? n : FAILED_MAX;
	html(h, "<h2>What failed</h2>");
	for (size_t i = 0; i < shown; i++) {
		open_failed(h, &steps->first[i]);
		TRY(decisive_put(c, h, &steps->first[i], i > 0, e));
		html(h, "</section>");
	}
	if (n > shown) {
		html(h, "<p>And ");
		html_count(h, (int64_t)(n - shown));
		html(h, " more, below.</p>");
	}
	return ERR_OK;
}

static void put_step_row(struct html *h, const struct step *s, int64_t now)
{
	html(h, "<tr><td>");
	page_conclusion(h, s->facts.conclusion);
	html(h, "</td><td><a href=\"/steps/");
	html_int(h, s->id);
	html(h, "\">");
	page_step_name(h, &s->facts);
	html(h, "</a>");
	if (s->facts.attempt > 1) {
		html(h, " <span class=\"mute\">attempt ");
		html_int(h, s->facts.attempt);
		html(h, "</span>");
	}
	html(h, "</td><td class=\"num far\">");
	if (s->duration_ms >= 0)
		html_duration(h, s->duration_ms);
	html(h, "</td><td class=\"far\">");
	html_ago(h, s->received_at, now);
	html(h, "</td></tr>");
}

static void put_steps(struct html *h, const struct steps *steps, int64_t now)
{
	html(h, "<h2>Steps</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">Ended</th>"
		"<th scope=\"col\">Step</th><th scope=\"col\" class=\"num far\">Took</th>"
		"<th scope=\"col\" class=\"far\">Last heard of</th></tr></thead><tbody>");
	for (size_t i = 0; i < steps->n; i++)
		put_step_row(h, &steps->first[i], now);
	html(h, "</tbody></table></div>");
	if (steps->total < 0 || steps->total > (int64_t)steps->n) {
		html(h, "<p>The first ");
		html_count(h, (int64_t)steps->n);
		if (steps->total > 0) {
			html(h, " of ");
			html_count(h, steps->total);
		}
		html(h, "; <a href=\"/docs#listSteps\">the API</a> lists the others.</p>");
	}
}

static enum err_code read_steps(
	struct call *c, const struct subject *subject, struct steps *ret, struct err *e)
{
	return facts_steps(c->app->store, c->cfg, &c->identity, subject, false, STEPS_MAX, 0, &c->arena,
		&ret->first, &ret->n, &ret->total, e);
}

/* ---- a run ---- */

static void put_reason(struct html *h, const struct run *r, int64_t now)
{
	static const struct {
		const char *reason, *says;
	} reasons[] = { { "worker_lost", "Two workers that had this run were not heard of any more." },
		{ "worker_failed", "Its worker could not do it: GET /api/v1/runs/ID/progress says why." },
		{ "no_results", "Its worker told no result." },
		{ "missing_results",
			"Not every test was run: its worker skipped some, or told nothing of them." },
		{ "runner_lost", "A runner was not heard of any more." } };
	const char *reason = run_reason(&r->tally, now);

	for (size_t i = 0; reason && i < sizeof reasons / sizeof *reasons; i++)
		if (str_eq(str_z(reason), str_z(reasons[i].reason))) {
			html(h, "<p class=\"note bad\">");
			html_text(h, str_z(reasons[i].says));
			html(h, "</p>");
		}
}

enum err_code page_run(struct call *c, struct err *e)
{
	const struct subject subject = { .run_id = arg_int(c, "run_id") };
	struct steps steps = { 0 };
	struct html h;
	struct run run;

	TRY(facts_run(c->app->store, &c->identity, subject.run_id, c->now, &c->arena, &run, e));
	TRY(read_steps(c, &subject, &steps, e));
	h = page_begin(c, 200,
		arena_fmt(&c->arena, "%.*s #%.*s - %.*s",
			STR_FMT(run.workflow.len > 0 ? run.workflow : STR("Run")),
			STR_FMT(run.external_run_id), STR_FMT(run.repo)));
	put_crumbs(&h, &run);
	html(&h, "<h1>");
	page_status(&h, run.status);
	put_run_name(&h, &run);
	html(&h, "</h1>");
	put_run_facts(&h, &run, c->now);
	put_reason(&h, &run, c->now);
	TRY(put_failed(c, &h, &steps, e));
	TRY(page_results_put(c, &h, &run, e));
	if (steps.n > 0)
		put_steps(&h, &steps, c->now);
	page_end(c, &h);
	return ERR_OK;
}

/* ---- a commit ---- */

static void put_run(struct html *h, const struct run *r, int64_t now)
{
	html(h, "<li><span>");
	page_status(h, r->status);
	html(h, "</span><span class=\"what\"><a href=\"/runs/");
	html_int(h, r->id);
	html(h, "\">");
	put_run_name(h, r);
	html(h, "</a></span>");
	html_ago(h, r->over_at > r->tally.newest_at ? r->over_at : r->tally.newest_at, now);
	html(h, "<span class=\"of\">");
	page_run_counts(h, &r->tally);
	if (r->branch.len > 0) {
		html(h, "<span>");
		html_name(h, r->branch, PAGE_NAME_MAX);
		html(h, "</span>");
	}
	html(h, "</span></li>");
}

/* Those on the forge that the steps are of. */
static void put_runs(struct html *h, const struct run *runs, size_t n, int64_t repo_id, int64_t now)
{
	html(h, "<h2>Runs</h2><ol class=\"failures\">");
	for (size_t i = 0; i < n; i++)
		if (runs[i].repo_id == repo_id)
			put_run(h, &runs[i], now);
	html(h, "</ol>");
}

static void put_nothing(struct html *h)
{
	html(h, "<div class=\"empty\"><h2>Nothing was sent for this commit</h2>"
		"<p>Its runs have not begun, or the repo is not watched, or its steps do not send their "
		"logs. Or the repo is for its members: sign in through its forge.</p>");
	page_how_to_send(h);
	html(h, "</div>");
}

static enum err_code put_commit(struct call *c, struct html *h, const struct subject *subject,
	const struct steps *steps, struct err *e)
{
	const struct run_query q = {
		.repo = subject->repo, .head_sha = subject->head_sha, .now = c->now, .limit = RUNS_MAX
	};
	struct run *runs = NULL;
	int64_t total;
	size_t n = 0;

	if (steps->n == 0) {
		put_nothing(h);
		return ERR_OK;
	}
	TRY(facts_runs(c->app->store, &c->identity, &q, &c->arena, &runs, &n, &total, e));
	put_runs(h, runs, n, steps->first[0].repo_id, c->now);
	TRY(put_failed(c, h, steps, e));
	put_steps(h, steps, c->now);
	return ERR_OK;
}

enum err_code page_commit(struct call *c, struct err *e)
{
	const struct subject subject = { .repo = arena_fmt(&c->arena, "%.*s/%.*s",
						 STR_FMT(arg_str(c, "owner")), STR_FMT(arg_str(c, "repo"))),
		.forge = arg_str(c, "forge"),
		.head_sha = arg_str(c, "sha") };
	struct steps steps = { 0 };
	struct html h;

	TRY(read_steps(c, &subject, &steps, e));
	h = page_begin(c, 200,
		arena_fmt(&c->arena, "Commit %.10s - %.*s", arena_cstr(&c->arena, subject.head_sha),
			STR_FMT(subject.repo)));
	html(&h, "<nav class=\"crumbs\" aria-label=\"Where this is\"><ol><li>");
	html_name(&h, subject.repo, PAGE_NAME_MAX);
	html(&h, "</li></ol></nav><h1>Commit <code>");
	html_name(&h, subject.head_sha, PAGE_NAME_MAX);
	html(&h, "</code></h1>");
	TRY(put_commit(c, &h, &subject, &steps, e));
	page_end(c, &h);
	return ERR_OK;
}
