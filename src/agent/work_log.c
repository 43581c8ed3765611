/*
 * work_log: the log of a test: a step of its own of the run, of a job that has the test's name (the server finds the test by it), named after the sample.
 *
 * The names are the server's own and are told as they came.
 */
#include "agent/work.h"

static struct step_facts facts_of(const struct work_claim *c, const struct work_test *t)
{
	return (struct step_facts){ .repo = c->repo,
		.forge = c->forge,
		.head_sha = c->head_sha,
		.external_run_id = c->external_run_id,
		.attempt = c->number,
		.job_name = t->name,
		.step_name = t->sample_name.len > 0 ? t->sample_name : STR("sample"),
		.step_index = -1,
		.branch = c->branch,
		.platform = c->platform };
}

struct command_log *work_log_begin(struct work *w, const struct work_claim *c, const struct work_test *t)
{
	struct step_facts facts = facts_of(c, t);

	return command_log_begin(&w->logs, &facts);
}

void work_log_send_left(struct work *w, const struct work_claim *c)
{
	command_log_send_left(&w->logs, c->repo);
}
