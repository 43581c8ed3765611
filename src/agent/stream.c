/*
 * stream: see the header. All of it is the main thread's; the sender is spoken to by its functions alone.
 */
#include "agent/stream.h"

#include "agent/body.h"
#include "agent/hung.h"
#include "agent/job_masks.h"
#include "agent/left.h"
#include "agent/mask_stream.h"
#include "agent/sender.h"
#include "base/clock.h"
#include "base/command.h"

#include <limits.h>
#include <stdlib.h>

#define OTHER_NAMES 8
#define LIMIT_MIN (1024 * 1024) /* below it the end of a log would be kept at the cost of its beginning */
#define OPEN_MAX (48 * 1024)
#define FINISH_MAX 4096
#define OUT_MAX (64 * 1024 * 1024) /* of one addition: far above what masking can make of 64 KiB */

struct stream {
	struct sending *sending;
	struct mask_stream mask;
	struct buf out;
	int64_t begun_at;
	struct err off; /* code is not ERR_OK: why nothing is sent */
	struct sender *sender;
	struct stream_file file;
	struct err no_name; /* of the file */
	int n_lost;
	struct str other_opens[OTHER_NAMES];
	size_t n_other_opens;
};

int64_t stream_spool_limit(const struct sending *to)
{
	struct str text = env_get(to->env, "SLUICE_SPOOL_BYTES");
	int64_t limit = BACKLOG_LIMIT;

	if (text.len > 0 && (!str_to_int(text, &limit) || limit < 0)) {
		command_say(
			to->command, "SLUICE_SPOOL_BYTES is no number of bytes; %d are taken", BACKLOG_LIMIT);
		limit = BACKLOG_LIMIT;
	}
	return limit > LIMIT_MIN ? limit : LIMIT_MIN;
}

static struct str open_json(struct sending *to, const struct step_facts *facts)
{
	AUTO_BUF json;

	buf_init(&json, OPEN_MAX);
	body_write_open(facts, &json);
	return arena_str(&to->arena, buf_view(&json));
}

/* A second `sluice run -- make` of a job is a step of its own. One that has an index is known by that. */
static void make_other_opens(struct stream *s)
{
	struct sending *to = s->sending;
	struct step_facts facts = to->facts;

	if (facts.step_index >= 0)
		return;
	for (int n = 2; n < OTHER_NAMES + 2; n++) {
		facts.step_name = body_numbered_name(to->facts.step_name, n, &to->arena);
		s->other_opens[s->n_other_opens++] = open_json(to, &facts);
	}
}

static void keep_for_job(void *arg, struct str line)
{
	const struct sending *to = arg;

	job_masks_add(to->env, line);
}

static enum err_code start(struct stream *s, struct err *e)
{
	struct sending *to = s->sending;
	struct sender_job job = {
		.peer = &to->peer, .file = &s->file, .limit = stream_spool_limit(to), .pace = SENDER_PACE
	};

	TRY(sending_check(to, e));
	make_other_opens(s);
	stream_file_create(&to->spool, buf_view(&to->peer.shown), open_json(to, &to->facts), job.limit,
		&s->file, &s->n_lost, &s->no_name);
	if (s->file.fd < 0) {
		*e = s->no_name;
		return e->code;
	}
	job.other_opens = s->other_opens;
	job.n_other_opens = s->n_other_opens;
	return sender_start(&job, &s->sender, e);
}

struct stream *stream_begin(struct sending *to)
{
	struct stream *s = mem_alloc(sizeof *s);

	s->sending = to;
	s->begun_at = clock_steady_ms(&clock_system);
	buf_init(&s->out, OUT_MAX);
	mask_stream_init(&s->mask, to->mask);
	to->mask = NULL;
	s->mask.learned = keep_for_job;
	s->mask.arg = to;
	s->file.fd = -1;
	s->off.code = start(s, &s->off);
	return s;
}

static void pass_on(struct stream *s)
{
	if (s->sender && s->out.len > 0)
		sender_add(s->sender, buf_view(&s->out));
	buf_reset(&s->out);
}

void stream_add(struct stream *s, int stream, struct str bytes)
{
	mask_stream_add(&s->mask, stream, bytes, &s->out);
	pass_on(s);
}

void stream_wait_for_room(struct stream *s)
{
	if (s->sender)
		sender_wait_for_room(s->sender, STREAM_TOTAL_MS);
}

static void tell_kept(struct stream *s, const struct err *why)
{
	const struct sending *to = s->sending;
	AUTO_BUF lost;

	buf_init(&lost, 200);
	if (s->n_lost > 0)
		buf_fmt(&lost, " (it was full: the oldest %d went)", s->n_lost);
	command_say(to->command, "the log was not sent to %s: %s. It is kept in %s%s; the next call sends it",
		buf_cstr(&to->peer.shown), why->text, to->spool.folder.p, buf_cstr(&lost));
}

static void tell(struct stream *s, const struct sender_result *got)
{
	const struct sending *to = s->sending;
	const char *server = buf_cstr(&to->peer.shown);

	if (got->end == SENDER_REFUSED)
		command_say(to->command, "the log was not taken by %s: %s", server, got->why.text);
	else if (got->end == SENDER_KEEP && s->file.path.len > 0)
		tell_kept(s, &got->why);
	else if (got->end == SENDER_KEEP)
		command_say(to->command,
			"the log was not sent to %s: %s; it is lost, for it could not be kept either: %s",
			server, got->why.text, s->no_name.text);
	if (got->end != SENDER_REFUSED && got->n_dropped > 0)
		command_say(to->command,
			"%lld bytes in the middle of the log were dropped: there was no room for them",
			(long long)got->n_dropped);
}

static void note_health(struct stream *s, const struct sender_result *got)
{
	struct sending *to = s->sending;

	if (got->hung)
		hung_note(&to->spool, buf_view(&to->peer.shown));
	else if (got->answered)
		hung_forget(&to->spool, buf_view(&to->peer.shown));
}

static struct str finish_json(struct stream *s, int64_t total, bool keep)
{
	struct sending *to = s->sending;
	AUTO_BUF json;

	buf_init(&json, FINISH_MAX);
	body_write_finish(&to->facts, clock_steady_ms(&clock_system) - s->begun_at, total, keep, &json);
	return arena_str(&to->arena, buf_view(&json));
}

static void settle_file(struct stream *s, const struct sender_result *got)
{
	if (got->end == SENDER_KEEP)
		stream_file_leave(&s->file);
	else
		stream_file_remove(&s->file);
}

static enum err_code end_sending(struct stream *s, struct stream_end *end)
{
	struct sending *to = s->sending;
	struct sender_wait wait = { end->patient ? INT_MAX : STREAM_TOTAL_MS, STREAM_QUIET_MS,
		hung_lately(&to->spool, buf_view(&to->peer.shown)) };
	struct sender_result got;
	struct str finish;
	struct err e;
	int64_t total = 0;

	if (sender_close(s->sender, &total, &e) != ERR_OK)
		command_say(to->command, "the end of the log is lost: %s", e.text);
	finish = finish_json(s, total, end->keep);
	/* Before it is needed: we may be killed while we wait. */
	if (sender_set_finish(s->sender, finish, &e) != ERR_OK)
		command_say(to->command, "how the step ended is not kept: %s", e.text);
	sender_finish(s->sender, finish, wait, &got);
	note_health(s, &got);
	settle_file(s, &got);
	tell(s, &got);
	end->running = !sender_free(s->sender, false);
	end->step_id = got.end == SENDER_SENT ? got.step_id : 0;
	if (got.end == SENDER_SENT)
		end->running = left_send(to, stream_spool_limit(to)) || end->running;
	return got.end == SENDER_SENT ? ERR_OK : got.why.code;
}

void stream_cancel(struct stream *s)
{
	if (s->sender)
		stream_file_remove(&s->file);
}

enum err_code stream_end(struct stream *s, struct stream_end *end)
{
	enum err_code code = s->off.code;

	end->running = false;
	end->step_id = 0;
	mask_stream_end(&s->mask, &s->out);
	pass_on(s);
	if (s->sender)
		code = end_sending(s, end);
	else
		command_say(s->sending->command, "the log was not sent: %s", s->off.text);
	s->sending->mask = mask_stream_take_mask(&s->mask);
	mask_stream_done(&s->mask);
	buf_done(&s->out);
	if (!end->running) {
		if (s->file.fd >= 0)
			stream_file_remove(&s->file);
		free(s);
	}
	return code;
}
