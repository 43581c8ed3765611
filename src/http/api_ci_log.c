/*
 * api_ci_log: the one-shot post of a failed step, for whatever can send JSON.
 *
 * By the time this runs the document's checks have passed: fields are there, of their types, within their
 * bounds. What is left is to bring them into one shape: ids as text, the commit in lower case, names without
 * line ends.
 */
#include "api_table.h"
#include "http/step_facts.h"
#include "service/explainer.h"

static void stored(void *arg, const struct err *result)
{
	struct call *c = arg;

	if (result->code == ERR_OK)
		explainer_wake(c->app->explainer);
	call_finish(c, result);
}

static void free_ingest(void *arg)
{
	struct ingest **i = arg;

	ingest_free(*i);
}

enum err_code api_post_ci_log(struct call *c, struct err *e)
{
	struct ingest_post post = {
		.facts = step_facts_of(c),
		.log_tail = json_str(json_get(c->body, "log_tail")),
		.dropped_lines = body_int(c, "dropped_lines", 0),
		.dropped_bytes = body_int(c, "dropped_bytes", 0),
	};
	struct ingest **work = arena_alloc(&c->arena, sizeof *work);
	enum err_code code;

	TRY(step_facts_admit(c, &post.facts, e));
	reply_empty(c, 204);
	call_defer(c, free_ingest, work);
	code = ingest_start(c->app->store, c->cfg, c->repo.id, &post, c->now, stored, c, work, e);
	if (code != ERR_OK)
		call_undefer(c);
	return code;
}
