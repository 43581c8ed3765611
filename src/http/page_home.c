/* page_home: the newest failures. One query, whatever there is (store/failures.c). */
#include "api_table.h"

#include "http/page.h"
#include "service/facts.h"

#define FAILURES_MAX 50

/* Of a run of the suite in which no step failed. */
static void put_tests(struct html *h, const struct run_tally *t)
{
	html_count(h, t->n_bad);
	html(h, " of ");
	html_count(h, t->n_results + t->n_open);
	html(h, " tests did not pass");
}

static void put_first_step(struct html *h, const struct failure *f)
{
	const struct step_facts facts = { .job_name = f->job_name, .step_name = f->step_name };
	int64_t others = f->run.tally.n_failed - 1;

	html(h, "<span class=\"what\"><a href=\"/runs/");
	html_int(h, f->run.id);
	html(h, "\">");
	if (f->step_id > 0)
		page_step_name(h, &facts);
	else
		put_tests(h, &f->run.tally);
	html(h, "</a>");
	if (others > 0) {
		html(h, " <span class=\"mute\">and ");
		html_count(h, others);
		html(h, " more</span>");
	}
	html(h, "</span>");
}

static void put_facts(struct html *h, const struct run *r)
{
	html(h, "<span class=\"of\"><span>");
	html_name(h, r->repo, PAGE_NAME_MAX);
	html(h, "</span><span>");
	page_sha(h, r->repo, r->head_sha);
	html(h, "</span>");
	if (r->pull_request > 0) {
		html(h, "<span>pull request ");
		html_int(h, r->pull_request);
		html(h, "</span>");
	}
	if (r->branch.len > 0) {
		html(h, "<span>");
		html_name(h, r->branch, PAGE_NAME_MAX);
		html(h, "</span>");
	}
	if (r->workflow.len > 0) {
		html(h, "<span>");
		html_name(h, r->workflow, PAGE_NAME_MAX);
		html(h, "</span>");
	}
	html(h, "</span>");
}

static void put_failure(struct html *h, const struct failure *f, int64_t now)
{
	html(h, "<li><span>");
	page_status(h, f->run.status);
	html(h, "</span>");
	put_first_step(h, f);
	html_ago(h, f->run.over_at > f->run.tally.newest_at ? f->run.over_at : f->run.tally.newest_at, now);
	put_facts(h, &f->run);
	html(h, "</li>");
}

enum err_code page_home(struct call *c, struct err *e)
{
	struct failure *failures = NULL;
	size_t n = 0;
	struct html h;

	TRY(facts_failures(c->app->store, &c->identity, c->now, FAILURES_MAX, &c->arena, &failures, &n, e));
	h = page_begin(c, 200, STR("Newest failures"));
	html(&h, "<h1>Newest failures</h1>");
	if (n == 0) {
		html(&h, "<div class=\"empty\"><h2>No failure to show</h2>");
		page_how_to_send(&h);
		html(&h, "</div>");
	} else {
		html(&h, "<ol class=\"failures\">");
		for (size_t i = 0; i < n; i++)
			put_failure(&h, &failures[i], c->now);
		html(&h, "</ol>");
	}
	page_end(c, &h);
	return ERR_OK;
}
