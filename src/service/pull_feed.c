/*
 * pull_feed: a log of a job becomes steps, in at the same door as what runners stream.
 *
 * stream.h tells its outcomes on other threads; here they are waited for, one after the other, for nobody waits for us. Offsets count the bytes as they are sent, which is the log without its BOMs:
 * the same each time it is fetched, so that a step which is here in part goes on where it stands.
 */
#include "service/pull_feed.h"

#include <pthread.h>

struct waiter {
	pthread_mutex_t lock; /* done */
	pthread_cond_t told;
	bool done;
	struct err result;
	struct stream_place place;
};

static void tell(void *arg, const struct err *result)
{
	struct waiter *w = arg;

	pthread_mutex_lock(&w->lock);
	w->result = *result;
	w->done = true;
	pthread_cond_signal(&w->told);
	pthread_mutex_unlock(&w->lock);
}

static struct stream_call call_of(const struct pull *p, struct waiter *w)
{
	w->done = false;
	return (struct stream_call){
		.done = tell, .arg = w, .place = &w->place, .now = clock_wall_ms(p->clock)
	};
}

static enum err_code wait_for(struct waiter *w, enum err_code started, struct err *e)
{
	if (started != ERR_OK)
		return started;
	pthread_mutex_lock(&w->lock);
	while (!w->done)
		pthread_cond_wait(&w->told, &w->lock);
	pthread_mutex_unlock(&w->lock);
	if (w->result.code != ERR_OK)
		*e = w->result;
	return w->result.code;
}

static struct step_facts facts_of(const struct pull_job *j, const struct job_log_part *part)
{
	const struct heard_run *run = j->run;

	return (struct step_facts){ .repo = j->repo->name,
		.forge = j->repo->forge,
		.head_sha = run->head_sha,
		.external_run_id = run->external_run_id,
		.attempt = j->job->attempt > 0 ? j->job->attempt : run->attempt,
		.job_id = j->job->id,
		.job_name = j->job->name.len > 0 ? j->job->name : j->job->id,
		.step_name = part->name.len > 0 ? part->name : STR("step"),
		.step_index = part->index,
		.workflow = run->workflow,
		.branch = run->branch,
		.url = run->url,
		.pull_request = run->pull_request,
		.target_branch = run->target_branch,
		.conclusion = part->conclusion,
		.pulled = true };
}

/* From where it stands to its end. */
static enum err_code append(const struct pull *p, struct waiter *w, struct str text, struct err *e)
{
	int64_t step_id = w->place.step_id, at = w->place.offset;

	while (at < (int64_t)text.len) {
		struct str piece = str_from(text, (size_t)at);
		struct stream_call call = call_of(p, w);

		if (piece.len > (size_t)p->cfg->chunk_bytes)
			piece.len = (size_t)p->cfg->chunk_bytes;
		TRY(wait_for(w, stream_append(p->streams, p->cfg, 0, step_id, at, piece, &call, e), e));
		at += (int64_t)piece.len;
	}
	w->place.step_id = step_id;
	return ERR_OK;
}

static enum err_code feed_part(const struct pull *p, const struct pull_job *j,
	const struct job_log_part *part, struct waiter *w, struct err *e)
{
	struct step_facts facts = facts_of(j, part);
	struct stream_call call = call_of(p, w);
	struct stream_end end = {
		.step = { .conclusion = part->conclusion,
			.has_exit_code = part->has_exit_code,
			.exit_code = part->exit_code,
			.duration_ms = -1 },
	};
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	TRY(wait_for(w, stream_open(p->streams, p->cfg, j->repo->id, &facts, &call, e), e));
	if (w->place.state != LOG_OPEN)
		return ERR_OK;
	job_log_clean(part->text, &text);
	end.bytes = (int64_t)text.len;
	TRY(append(p, w, buf_view(&text), e));
	call = call_of(p, w);
	return wait_for(
		w, stream_finish(p->streams, p->cfg, j->repo->id, w->place.step_id, &end, &call, e), e);
}

enum err_code pull_feed_parts(const struct pull *p, const struct pull_job *job,
	const struct job_log_part *parts, size_t n, struct err *e)
{
	struct waiter w = { .lock = PTHREAD_MUTEX_INITIALIZER, .told = PTHREAD_COND_INITIALIZER };

	for (size_t i = 0; i < n; i++)
		TRY(feed_part(p, job, &parts[i], &w, e));
	return ERR_OK;
}

static enum conclusion conclusion_of(enum forge_conclusion c)
{
	switch (c) {
	case FORGE_FAILURE:
		return CONCLUSION_FAILURE;
	case FORGE_CANCELLED:
		return CONCLUSION_CANCELLED;
	case FORGE_OTHER:
		return CONCLUSION_SKIPPED;
	case FORGE_RUNNING:
	case FORGE_SUCCESS:
	case FORGE_N_CONCLUSIONS:
		break;
	}
	return CONCLUSION_SUCCESS;
}

enum err_code pull_feed(const struct pull *p, const struct pull_job *job, struct str log, struct err *e)
{
	const struct forge_job *of = job->job;
	struct job_log_step *known;
	struct job_log_part *parts;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	known = arena_array(&a, of->n_steps + 1, sizeof *known);
	for (size_t i = 0; i < of->n_steps; i++)
		known[i] = (struct job_log_step){ of->steps[i].name, of->steps[i].has_conclusion,
			conclusion_of(of->steps[i].conclusion) };
	job_log_split(log, known, of->n_steps, of->conclusion == FORGE_FAILURE, &a, &parts, &n);
	return pull_feed_parts(p, job, parts, n, e);
}
