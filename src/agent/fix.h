#ifndef AGENT_FIX_H
#define AGENT_FIX_H
/*
 * fix: `sluice fix`, which takes failures from a server and hands each to a command, the fixer; and what its parts share.
 *
 *	fix.c		the command: options, one dispatch after the other
 *	fix_job.c	a dispatch: its lease, its fixer, its end
 *	fix_api		what is said to the server
 *	fix_facts	what the fixer's environment says
 *	fix_outcome	what came of it
 *
 * and below these what `sluice work` has too: asking (ask), the lease (lease), the loop (worker), limits (confined), folders (work_folder), the log (command_log).
 *
 * What is promised: a dispatch is worked at by nobody twice. The lease is renewed while the fixer runs. An agent that is killed takes its fixer with it and says
 * nothing: the lease runs out, the dispatch is unknown, and started again the agent takes what is offered then and resumes nothing. One that is told to stop ends its
 * fixer and says so. One that learns that the dispatch is not its own any more ends the fixer and says nothing. A result is told until the server has it.
 *
 * The prompt is for the fixer: it has the output of programs in it, which anybody may have written. It gets to the fixer as bytes, on stdin and in a file, and is no
 * part of an argument, a variable, a path or a text that a shell reads.
 */
#include "agent/command_log.h"
#include "agent/fix_api.h"
#include "agent/flags.h"
#include "agent/work_folder.h"

struct fix {
	struct flags flags; /* of the server, the repo, and what is to be masked */
	const char *name, *folder;
	int64_t wait_s, timeout_s, memory_bytes, output_bytes, file_bytes;
	struct opt_many env; /* names of variables that the fixer gets */
	bool once;
	char *const *argv; /* of the fixer */

	struct peer peer;
	struct command_log_to logs;
	struct work_stop stop;
	struct ask ask;
	struct work_folder *places;
	atomic_bool hung; /* a thread hangs in a request: nothing may be torn down under it */
};

/* ---- fix_job.c ---- */

/* ERR_OK: what came of it is told. ERR_CONFLICT: it was taken away. Else what the server refuses, or that it was not to be reached when we were told to stop. */
MUST_CHECK enum err_code fix_job(struct fix *f, const struct fix_claim *c, struct err *e);

#endif
