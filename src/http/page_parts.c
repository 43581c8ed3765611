/* page_parts: words and names that several pages have. A state is always a word; its colour only repeats it. */
#include "http/page.h"

#include <string.h>

/* word, class: in the order of the enumerations. */
static const struct {
	const char *word, *class;
} conclusions[CONCLUSION_N] = {
	[CONCLUSION_SUCCESS] = { "passed", "good" },
	[CONCLUSION_FAILURE] = { "failed", "bad" },
	[CONCLUSION_CANCELLED] = { "cancelled", "mild" },
	[CONCLUSION_SKIPPED] = { "skipped", "mild" },
	[CONCLUSION_TIMED_OUT] = { "timed out", "bad" },
	[CONCLUSION_RUNNING] = { "running", "busy" },
	[CONCLUSION_RUNNER_LOST] = { "runner lost", "bad" },
}, statuses[] = {
	[RUN_QUEUED] = { "queued", "mild" },
	[RUN_RUNNING] = { "running", "busy" },
	[RUN_PASS] = { "passed", "good" },
	[RUN_FAIL] = { "failed", "bad" },
	[RUN_CANCELED] = { "cancelled", "mild" },
	[RUN_INCOMPLETE] = { "incomplete", "bad" },
};

static void put_badge(struct html *h, const char *word, const char *class)
{
	html(h, "<span class=\"badge ");
	html_text(h, str_z(class));
	html(h, "\">");
	html_text(h, str_z(word));
	html(h, "</span>");
}

void page_conclusion(struct html *h, enum conclusion conclusion)
{
	put_badge(h, conclusions[conclusion].word, conclusions[conclusion].class);
}

void page_status(struct html *h, enum run_status status)
{
	put_badge(h, statuses[status].word, statuses[status].class);
}

void page_run_counts(struct html *h, const struct run_tally *t)
{
	if (t->n_steps > 0) {
		html(h, "<span>");
		html_count(h, t->n_failed);
		html(h, " of ");
		html_count(h, t->n_steps);
		html(h, " steps failed</span>");
	}
	if (t->n_results + t->n_open > 0) {
		html(h, "<span>");
		html_count(h, t->n_bad);
		html(h, " of ");
		html_count(h, t->n_results + t->n_open);
		html(h, " tests did not pass</span>");
	}
}

static bool has_leg(const struct step_facts *f)
{
	return f->leg.len > 0 && !str_starts(f->leg, STR(LEG_MADE_UP));
}

void page_step_name(struct html *h, const struct step_facts *f)
{
	if (f->job_name.len > 0) {
		html_name(h, f->job_name, PAGE_NAME_MAX);
		html(h, " <span class=\"sep\">/</span> ");
	}
	html_name(h, f->step_name, PAGE_NAME_MAX);
	if (has_leg(f)) {
		html(h, " <span class=\"leg\">");
		html_name(h, f->leg, PAGE_NAME_MAX);
		html(h, "</span>");
	}
}

struct str page_step_title(struct arena *a, const struct step_facts *f)
{
	return arena_fmt(a, "%.*s%s%.*s - %.*s", STR_FMT(f->job_name), f->job_name.len > 0 ? " / " : "",
		STR_FMT(f->step_name), STR_FMT(f->repo));
}

void page_sha(struct html *h, struct str repo, struct str sha)
{
	html(h, "<a class=\"sha\" href=\"/r/");
	html_path(h, repo);
	html(h, "/");
	html_url(h, sha);
	html(h, "\">");
	html_text(h, (struct str){ sha.p, sha.len < 10 ? sha.len : 10 });
	html(h, "</a>");
}

void page_how_to_send(struct html *h)
{
	html(h, "<p>Here is how to send one: watch a repo, then let a step of its workflow run under"
		" <code>sluice run</code>.</p><pre>sluice repo add OWNER/NAME\n\n"
		"# in the workflow, with SLUICE_URL and SLUICE_TOKEN set:\nsluice run -- make test</pre>"
		"<p>A runner that has only <code>curl</code> posts the end of a log instead; "
		"<a href=\"/docs#postCiLog\">the HTTP interface</a> says how.</p>");
}
