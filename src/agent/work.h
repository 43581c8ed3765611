#ifndef AGENT_WORK_H
#define AGENT_WORK_H
/*
 * work: `sluice work`, which does runs of the suite, and what its parts share.
 *
 *	work.c		the command: options, one run after the other
 *	work_run.c	a run: its lease, its tests on one or more threads, its end
 *	work_test.c	a test: its sample, its command, its result
 *	work_log.c	its log: which step it is (command_log.h)
 *
 * and below these, with headers of their own: what is said to the server (work_api), the lease (lease), folders (work_folder), commands (work_command), stopping
 * (work_stop), limits (confined), samples (file_cache).
 *
 * What is promised: nothing is lost and nothing is doubled. A result counts when the server has acknowledged it, and is told until it is. A worker that is killed loses
 * what it did not have acknowledged: that test is run again, by the next one of its name at once, or by whoever claims the run when its lease is over. A run that was
 * taken away is dropped without a word.
 */
#include "agent/command_log.h"
#include "agent/file_cache.h"
#include "agent/flags.h"
#include "agent/work_api.h"
#include "agent/work_folder.h"

#include <stdatomic.h>

struct work {
	struct flags flags; /* of the server and what is to be masked */
	const char *platform, *name, *cache, *folder;
	int64_t cache_bytes, wait_s, timeout_s, memory_bytes, output_bytes, file_bytes, n_jobs;
	struct opt_many env; /* names of variables that commands get */
	bool once;

	struct peer peer;
	struct command_log_to logs;
	struct work_stop stop;
	struct work_folder *tests;
	struct work_hand *hands; /* n_jobs */
	atomic_bool hung;        /* a thread hangs in a request: nothing may be torn down under it */
};

/* What works at one test at a time. */
struct work_hand {
	struct work *w;
	struct ask api;
	struct file_cache *cache;
};

/* ---- work_run.c ---- */

/* ERR_OK: it is finished. ERR_CONFLICT: it was taken away. ERR_UNAVAILABLE: told to stop. Else what the server refuses. */
MUST_CHECK enum err_code work_run(struct work *w, const struct work_claim *c, struct err *e);

/* ---- work_test.c ---- */

/* ERR_OK: its result is told. Errors as work_run(). */
MUST_CHECK enum err_code work_test(
	struct work_hand *h, const struct work_claim *c, const struct work_test *t, struct err *e);

/* ---- work_log.c ---- */

/* A test's. */
struct command_log *work_log_begin(struct work *w, const struct work_claim *c, const struct work_test *t);
/* Logs that could not be sent while the server was away. */
void work_log_send_left(struct work *w, const struct work_claim *c);

#endif
