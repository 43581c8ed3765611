#ifndef AGENT_COMMAND_LOG_H
#define AGENT_COMMAND_LOG_H
/*
 * command_log: the log of a command that we were asked to run, streamed as that of `sluice run` is: as a step, of which its caller knows all facts.
 *
 *	command_log_begin -> command_log_add, command_log_say .. -> command_log_end
 *
 * Whoever runs such commands can wait: at the end the server is waited for as long as there is progress. What cannot be sent then stays in the spool, for
 * command_log_send_left().
 */
#include "agent/sending.h"

#include <stdatomic.h>

struct command_log_to {      /* lives as long as any log of it */
	const char *command; /* "work", "fix" */
	const struct flags *flags;
	const struct peer *peer;
	atomic_bool
		*hung; /* becomes true when a thread hangs in a request: nothing may be torn down under it */
};

struct command_log;
/* What the facts view lives until the end. */
struct command_log *command_log_begin(const struct command_log_to *to, const struct step_facts *facts);
void command_log_add(struct command_log *l, struct str bytes);
void command_log_take(void *log, struct str bytes); /* the same, for confined_sink */
/* A line of ours, on a line of its own. */
void command_log_say(struct command_log *l, const char *text);
/* Text with the secrets taken out that the log would not show either: appended. */
void command_log_mask(const struct command_log *l, struct str text, struct buf *out);
/* Frees l. *ret_step_id: as the server knows it, 0 when not all of it was stored; NULL: not asked for. */
void command_log_end(
	struct command_log *l, enum conclusion how, bool has_exit_code, int exit_code, int64_t *ret_step_id);
/* Logs of that repo that could not be sent while the server was away. */
void command_log_send_left(const struct command_log_to *to, struct str repo);

#endif
