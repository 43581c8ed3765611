/*
 * api_tail: a log as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html): an event a line, whose id is the number
 * of the line, so that a browser that comes back says where it was; and an event `end`.
 *
 * An answer ends with the step, with the server, or when its reader is too slow. What a reader has not taken is at most one batch of
 * lines; the rest waits in service/follow.c, for all readers together.
 */
#include "api_table.h"

#include "base/diag.h"
#include "base/digest.h"
#include "http/find_step.h"
#include "http/line_json.h"
#include "service/follow.h"

#include <stdlib.h>
#include <string.h>

#define ALLOWED_MS 2000

struct tail {
	struct call *c;
	struct follow *follow;
	int64_t step_id, arrived_at;
	char *authorization; /* as it was sent */
	int64_t allowed_at;  /* steady ms, when it was last good for this step */
	struct arena arena;  /* of a batch */
	struct buf out;
	size_t out_at;
	bool ended;
};

static void wake(void *arg)
{
	struct tail *t = arg;

	call_wake(t->c);
}

static void dropped(void *arg)
{
	struct tail *t = arg;

	call_cut(t->c);
}

static void put_lines(struct tail *t, const struct log_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct json_out j;

		buf_fmt(&t->out, "id: %lld\ndata: ", (long long)lines[i].number + 1);
		json_out_init(&j, &t->out);
		line_json(&j, &lines[i], t->arrived_at, false);
		buf_z(&t->out, "\n\n");
	}
}

static void put_end(struct tail *t)
{
	struct step_view v;
	struct json_out j;
	bool known = facts_step(t->c->app->store, &t->c->identity, t->step_id, &t->arena, &v, NULL) == ERR_OK;

	buf_z(&t->out, "event: end\ndata: ");
	json_out_init(&j, &t->out);
	json_open_object(&j, NULL);
	json_put_z(&j, "conclusion", known ? conclusion_name(v.step.facts.conclusion) : NULL);
	if (known && v.step.facts.has_exit_code)
		json_put_int(&j, "exit_code", v.step.facts.exit_code);
	else
		json_put_null(&j, "exit_code");
	json_close_object(&j);
	buf_z(&t->out, "\n\n");
	t->ended = true;
}

/*
 * An answer may last for hours: its token may be revoked meanwhile, its user disabled, the repo closed to them. So both are asked again, every
 * few seconds in which something is sent.
 */
static bool may_go_on(struct tail *t)
{
	const struct app *app = t->c->app;
	int64_t now = clock_steady_ms(app->clock);
	struct identity id;
	struct step_view v;
	struct err e;

	if (now - t->allowed_at < ALLOWED_MS)
		return true;
	if (access_authenticate(app->access, &t->c->cfg->internal, REALM_API, str_z(t->authorization),
		    clock_wall_ms(app->clock), &t->arena, &id, &e) != ERR_OK ||
		access_allow(&id, SCOPE_BIT(SCOPE_LOGS_READ), 0, &e) != ERR_OK ||
		facts_step(app->store, &id, t->step_id, &t->arena, &v, &e) != ERR_OK)
		return false;
	t->allowed_at = now;
	return true;
}

/* The next batch into t->out; 0, or what to answer when there is none. */
static ssize_t fill(struct tail *t)
{
	struct log_line *lines = NULL;
	struct err e = { 0 };
	size_t n = 0;

	arena_done(&t->arena);
	arena_init(&t->arena);
	switch (follow_next(t->follow, &t->arena, &lines, &n, &e)) {
	case FOLLOW_LINES:
		if (!may_go_on(t))
			return REPLY_BROKEN;
		put_lines(t, lines, n);
		return 0;
	case FOLLOW_QUIET: /* so that nobody in between takes the connection for dead */
		if (!may_go_on(t))
			return REPLY_BROKEN;
		buf_z(&t->out, ":\n\n");
		return 0;
	case FOLLOW_ENDED:
		put_end(t);
		return 0;
	case FOLLOW_NOTHING:
		return REPLY_LATER;
	case FOLLOW_FAILED:
		diag(DIAG_WARNING, "step %lld: following its log ended: %s", (long long)t->step_id, e.text);
		return REPLY_BROKEN;
	case FOLLOW_DROPPED:
		break;
	}
	return REPLY_BROKEN;
}

static ssize_t read_tail(void *arg, char *room, size_t max)
{
	struct tail *t = arg;
	size_t n;

	if (t->out_at == t->out.len) {
		ssize_t none;

		buf_reset(&t->out);
		t->out_at = 0;
		if (t->ended)
			return REPLY_END;
		none = fill(t);
		if (t->out.len == 0)
			return none;
	}
	n = t->out.len - t->out_at < max ? t->out.len - t->out_at : max;
	memcpy(room, t->out.p + t->out_at, n);
	t->out_at += n;
	return (ssize_t)n;
}

static void free_tail(void *arg)
{
	struct tail *t = arg;

	follow_free(t->follow);
	arena_done(&t->arena);
	buf_done(&t->out);
	secret_wipe(t->authorization, strlen(t->authorization));
	free(t->authorization);
	free(t);
}

static int64_t first_line(const struct call *c)
{
	if (arg_has(c, "Last-Event-ID"))
		return arg_int(c, "Last-Event-ID");
	return arg_has(c, "from") ? arg_int(c, "from") - 1 : -1;
}

enum err_code api_get_step_tail(struct call *c, struct err *e)
{
	struct tail *t;
	struct step_view v;
	struct follow_options o = {
		.from = first_line(c), .most = c->cfg->tails, .wake = wake, .dropped = dropped
	};
	struct reply_source source = { .read = read_tail, .free = free_tail, .length = -1 };
	enum err_code code;

	if (!c->app->ready(c->app->ready_arg))
		return err_set(e, ERR_UNAVAILABLE, "starting or stopping");
	TRY(find_step_text(c, &v, e));
	t = mem_alloc(sizeof *t);
	t->c = c;
	t->step_id = o.step_id = v.step.id;
	t->arrived_at = v.step.received_at;
	t->authorization = mem_dup(call_header(c, "Authorization"));
	t->allowed_at = clock_steady_ms(c->app->clock);
	arena_init(&t->arena);
	buf_init(&t->out, SIZE_MAX);
	o.arg = source.arg = t;
	code = follow_new(streams_followers(c->app->streams), &o, &t->follow, e);
	if (code != ERR_OK) {
		free_tail(t);
		return code;
	}
	reply_header(c, "X-Accel-Buffering", "no"); /* nginx would collect lines */
	reply_header(c, "Connection", "close");
	reply_source(c, 200, "text/event-stream", &source);
	return ERR_OK;
}
