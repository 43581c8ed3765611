/*
 * logs_steps: the server finds and sorts them (GET /api/v1/steps). When there is none, the reasons are those of a context, which is asked for
 * them: a person who looks for a log that is not there has the same question as a bot.
 */
#include "cli/logs_steps.h"

#include "text/visible.h"

#include <stdlib.h>

#define NAME_MAX_BYTES 100

struct gathering {
	struct logs_steps *into;
	size_t cap;
};

static void read_step(struct json *node, struct arena *a, struct logs_step *ret)
{
	json_int(json_get(node, "step_id"), &ret->id);
	ret->job = arena_str(a, json_str(json_get(node, "job")));
	ret->leg = arena_str(a, json_str(json_get(node, "leg")));
	ret->step = arena_str(a, json_str(json_get(node, "step")));
	ret->conclusion = arena_str(a, json_str(json_get(node, "conclusion")));
	json_int(json_get(node, "attempt"), &ret->attempt);
	ret->has_exit_code = json_int(json_get(node, "exit_code"), &ret->exit_code);
	ret->is_running = str_eq(ret->conclusion, STR("running"));
}

static enum err_code add_step(void *arg, struct json *item, struct err *e)
{
	struct gathering *g = arg;
	struct logs_steps *s = g->into;
	struct logs_step step = { 0 };

	read_step(item, &s->arena, &step);
	if (step.id < 1)
		return err_set(e, ERR_NETWORK, "what was answered is no step; is it a Sluice server?");
	if (s->n == LOGS_STEPS_MAX)
		return err_set(e, ERR_TOO_LARGE, "there are more than %d steps; name one with --step N",
			LOGS_STEPS_MAX);
	if (s->n == g->cap) {
		g->cap = g->cap ? 2 * g->cap : 16;
		s->list = mem_grow(s->list, g->cap * sizeof *s->list);
	}
	s->list[s->n++] = step;
	return ERR_OK;
}

static void add_query(const struct logs_query *q, struct buf *path)
{
	query_add(path, "repo", q->repo);
	query_add(path, "sha", q->sha);
	query_add(path, "external_run_id", q->external_run_id);
	query_add(path, "forge", q->forge);
	if (q->run_id > 0)
		query_add_int(path, "run_id", q->run_id);
}

/* Why there may be none, as a context says it. */
static enum err_code say_why(struct client *c, const struct logs_query *q, struct err *e)
{
	struct str message;
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	buf_z(&path, "/api/v1/context?format=json");
	add_query(q, &path);
	TRY(client_call(c, "GET", buf_cstr(&path), NULL, e));
	message = json_str(json_get(client_root(c), "message"));
	if (json_len(json_get(client_root(c), "steps")) > 0 || message.len == 0)
		return err_set(e, ERR_NOT_FOUND, "there is no step of it"); /* it came just now */
	return err_set(e, ERR_NOT_FOUND, "%.*s", STR_FMT(message));
}

static enum err_code find_all(
	struct client *c, const struct logs_query *q, struct gathering *g, struct err *e)
{
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	buf_z(&path, "/api/v1/steps");
	add_query(q, &path);
	if (q->failed)
		query_add(&path, "failed", "true");
	TRY(buf_check(&path, "request", e));
	TRY(client_each(c, buf_cstr(&path), add_step, g, e));
	return g->into->n > 0 ? ERR_OK : say_why(c, q, e);
}

static enum err_code find_one(struct client *c, int64_t step_id, struct gathering *g, struct err *e)
{
	AUTO_BUF path;

	buf_init(&path, 100);
	buf_fmt(&path, "/api/v1/steps/%lld", (long long)step_id);
	TRY(client_call(c, "GET", buf_cstr(&path), NULL, e));
	return add_step(g, client_root(c), e);
}

enum err_code logs_steps_find(
	struct client *c, const struct logs_query *q, struct logs_steps *ret, struct err *e)
{
	struct gathering g = { .into = ret };

	*ret = (struct logs_steps){ 0 };
	arena_init(&ret->arena);
	return q->step_id > 0 ? find_one(c, q->step_id, &g, e) : find_all(c, q, &g, e);
}

void logs_steps_done(struct logs_steps *s)
{
	free(s->list);
	s->list = NULL;
	arena_done(&s->arena);
}

void logs_step_outcome(struct str conclusion, bool has_exit_code, int64_t exit_code, struct buf *out)
{
	text_visible_name(conclusion.len > 0 ? conclusion : STR("unknown"), NAME_MAX_BYTES, out);
	if (has_exit_code && exit_code != 0)
		buf_fmt(out, " (exit code %lld)", (long long)exit_code);
}

void logs_step_title(const struct logs_step *s, struct buf *out)
{
	text_visible_name(s->job, NAME_MAX_BYTES, out);
	if (s->leg.len > 0) {
		buf_z(out, " (");
		text_visible_name(s->leg, NAME_MAX_BYTES, out);
		buf_z(out, ")");
	}
	buf_z(out, s->job.len > 0 && s->step.len > 0 ? " / " : "");
	text_visible_name(s->step, NAME_MAX_BYTES, out);
	if (s->attempt > 1)
		buf_fmt(out, ", attempt %lld", (long long)s->attempt);
	buf_z(out, ": ");
	logs_step_outcome(s->conclusion, s->has_exit_code, s->exit_code, out);
	buf_fmt(out, ", step %lld", (long long)s->id);
}
