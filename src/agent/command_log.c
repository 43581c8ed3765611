/* command_log: see the header. */
#include "agent/command_log.h"

#include "agent/left.h"
#include "agent/stream.h"
#include "text/mask.h"

#include <stdlib.h>
#include <unistd.h>

struct command_log {
	const struct command_log_to *where;
	struct sending to;
	struct mask *mask; /* a copy: the stream has the other */
	struct stream *stream;
	char last; /* byte */
};

static struct command_log *make(const struct command_log_to *to, const struct step_facts *facts)
{
	struct command_log *l = mem_alloc(sizeof *l);

	*l = (struct command_log){ .where = to, .last = '\n' };
	sending_init_as(&l->to, to->command, to->flags, environ, to->peer, facts);
	return l;
}

static void destroy(struct command_log *l)
{
	mask_free(l->mask);
	sending_done(&l->to);
	free(l);
}

struct command_log *command_log_begin(const struct command_log_to *to, const struct step_facts *facts)
{
	struct command_log *l = make(to, facts);

	l->mask = mask_copy(l->to.mask);
	l->stream = stream_begin(&l->to);
	return l;
}

void command_log_add(struct command_log *l, struct str bytes)
{
	if (bytes.len == 0)
		return;
	l->last = bytes.p[bytes.len - 1];
	stream_add(l->stream, 0, bytes);
}

void command_log_take(void *log, struct str bytes)
{
	command_log_add(log, bytes);
}

void command_log_say(struct command_log *l, const char *text)
{
	if (l->last != '\n')
		command_log_add(l, STR("\n"));
	command_log_add(l, STR("sluice: "));
	command_log_add(l, str_z(text));
	command_log_add(l, STR("\n"));
}

void command_log_mask(const struct command_log *l, struct str text, struct buf *out)
{
	mask_literals(l->mask, text, 0, out);
}

void command_log_end(
	struct command_log *l, enum conclusion how, bool has_exit_code, int exit_code, int64_t *ret_step_id)
{
	struct stream_end end = { .keep = true, .patient = true };

	l->to.facts.conclusion = how;
	l->to.facts.has_exit_code = has_exit_code;
	l->to.facts.exit_code = exit_code;
	(void)!stream_end(l->stream, &end); /* it has said what was to be said */
	if (ret_step_id)
		*ret_step_id = end.step_id;
	if (end.running) {
		*l->where->hung = true; /* a thread has all of it still */
		return;
	}
	destroy(l);
}

void command_log_send_left(const struct command_log_to *to, struct str repo)
{
	struct step_facts facts = { .repo = repo, .step_index = -1 };
	struct command_log *l = make(to, &facts);

	if (left_send(&l->to, stream_spool_limit(&l->to))) {
		*to->hung = true;
		return;
	}
	destroy(l);
}
