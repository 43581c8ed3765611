/*
 * mcp_dispatch: the tool with which a bot says what came of a failure that was handed to it. It is the only one that changes anything, and does what POST
 * /api/v1/dispatches/{dispatch_id}/result does: the same service decides who may say what of which.
 *
 * A bot that got its dispatch from a webhook, a comment or an issue has no claim; one that an agent claimed is answered with the number of the claim, which the agent has to hand on.
 * Branch, author, message and what agents said are text of others, and shown as such.
 */
#include "http/mcp_tools.h"

#include "http/mcp_text.h"
#include "service/dispatch_json.h"
#include "service/dispatcher.h"

#include <inttypes.h>

#define NAME_MAX_BYTES 100
#define NOTE_MAX_BYTES 300

static struct dispatch shown_dispatch(struct arena *a, const struct dispatch *d)
{
	struct dispatch x = *d;
	struct str *const words[] = { &x.external_run_id, &x.workflow, &x.branch, &x.url, &x.author,
		&x.message, &x.reason, &x.note, &x.agent };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		*words[i] = mcp_shown(a, *words[i]);
	return x;
}

static void tell_dispatch(struct buf *out, const struct dispatch *d)
{
	buf_fmt(out, "Dispatch %" PRId64 ", ", d->id);
	mcp_code(out, d->repo, NAME_MAX_BYTES);
	buf_z(out, " commit ");
	mcp_code(out, d->head_sha, NAME_MAX_BYTES);
	buf_fmt(out, ": %s, %s", dispatch_state_name(d->state), dispatch_outcome_name(d->outcome));
	if (d->outcome == OUTCOME_FIXED) {
		buf_z(out, " in commit ");
		mcp_code(out, d->fixed_sha, NAME_MAX_BYTES);
	}
	if (d->note.len > 0) {
		buf_z(out, " · note ");
		mcp_code(out, d->note, NOTE_MAX_BYTES);
	}
	buf_char(out, '\n');
}

enum err_code mcp_report_outcome(struct mcp_call *m, struct err *e)
{
	struct call *c = m->c;
	struct dispatch_asker q = {
		.store = c->app->store, .cfg = c->cfg, .by = &c->identity, .now = c->now
	};
	struct dispatch_telling t = {
		.id = mcp_int(m, "dispatch_id"), .claim = mcp_int(m, "claim"), .note = mcp_str(m, "note")
	};
	struct dispatch d, shown;
	struct json_out j;

	if (!dispatch_outcome_find(mcp_str(m, "outcome"), &t.outcome))
		return err_field(e, "outcome", "must be one of fixed, no_fix, failed");
	TRY(mcp_sha(m, &t.sha, e));
	TRY(dispatch_tell(&q, &t, &c->arena, &d, e));
	dispatcher_wake(c->app->dispatcher);
	shown = shown_dispatch(&c->arena, &d);
	json_out_init(&j, &m->data);
	dispatch_json(&j, NULL, &shown);
	tell_dispatch(&m->text, &d);
	return ERR_OK;
}
