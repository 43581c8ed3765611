/*
 * work_log: the log of a test: a step of its own of the run, of a job that has the test's name (the server finds the test by it), named after the sample.
 *
 * The names are the server's own and are told as they came.
 */
#include "agent/work.h"

#include "agent/left.h"
#include "agent/stream.h"

#include <stdlib.h>
#include <unistd.h>

struct work_log {
	struct work *w;
	struct sending to;
	struct stream *stream;
	char last; /* byte */
};

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

struct work_log *work_log_begin(struct work *w, const struct work_claim *c, const struct work_test *t)
{
	struct step_facts facts = facts_of(c, t);
	struct work_log *l = mem_alloc(sizeof *l);

	l->w = w;
	l->last = '\n';
	sending_init_as(&l->to, "work", &w->flags, environ, &w->peer, &facts);
	l->stream = stream_begin(&l->to);
	return l;
}

void work_log_add(struct work_log *l, struct str bytes)
{
	if (bytes.len == 0)
		return;
	l->last = bytes.p[bytes.len - 1];
	stream_add(l->stream, 0, bytes);
}

void work_log_say(struct work_log *l, const char *text)
{
	if (l->last != '\n')
		work_log_add(l, STR("\n"));
	work_log_add(l, STR("sluice: "));
	work_log_add(l, str_z(text));
	work_log_add(l, STR("\n"));
}

void work_log_end(struct work_log *l, enum conclusion how, bool has_exit_code, int exit_code)
{
	struct stream_end end = { .keep = true, .patient = true };

	l->to.facts.conclusion = how;
	l->to.facts.has_exit_code = has_exit_code;
	l->to.facts.exit_code = exit_code;
	(void)!stream_end(l->stream, &end); /* it has said what was to be said */
	if (end.running) {
		l->w->hung = true; /* a thread has all of it still */
		return;
	}
	sending_done(&l->to);
	free(l);
}

void work_log_send_left(struct work *w, const struct work_claim *c)
{
	struct work_log *l = mem_alloc(sizeof *l);
	struct step_facts facts = { .repo = c->repo, .step_index = -1 };

	sending_init_as(&l->to, "work", &w->flags, environ, &w->peer, &facts);
	if (left_send(&l->to, stream_spool_limit(&l->to))) {
		w->hung = true;
		return;
	}
	sending_done(&l->to);
	free(l);
}
