/*
 * work: see the header.
 *
 *	a run is claimed -> done (work_run) -> the next one
 *	none waits: so do we, longer each time up to --wait, and not in step with others
 */
#include "agent/work.h"

#include "agent/agent.h"
#include "agent/child_env.h"
#include "agent/worker.h"
#include "base/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define JOBS_MAX 64

/* ---- beginning and end ---- */

static enum err_code find_cache(struct work *w, struct arena *a, struct err *e)
{
	struct str given = env_get(environ, "CACHE_DIRECTORY"); /* of systemd */
	struct str cache = env_get(environ, "XDG_CACHE_HOME"), home = env_get(environ, "HOME");

	if (w->cache)
		return ERR_OK;
	if (given.len > 0)
		w->cache = arena_fmt(a, "%.*s/samples", STR_FMT(given)).p;
	else if (cache.len > 0)
		w->cache = arena_fmt(a, "%.*s/sluice/samples", STR_FMT(cache)).p;
	else if (home.len > 0)
		w->cache = arena_fmt(a, "%.*s/.cache/sluice/samples", STR_FMT(home)).p;
	else
		return err_set(e, ERR_INVALID, "where are samples to be kept? --cache DIR, or set HOME");
	return ERR_OK;
}

/* A cache and a connection for each: neither is for two threads. */
static enum err_code make_hands(struct work *w, struct arena *a, struct err *e)
{
	w->hands = arena_array(a, (size_t)w->n_jobs, sizeof *w->hands);
	for (int64_t i = 0; i < w->n_jobs; i++) {
		struct work_hand *h = &w->hands[i];

		h->w = w;
		TRY(file_cache_open(w->cache, w->cache_bytes, &clock_system, &h->cache, e));
		ask_init(&h->api, "work", &w->peer, &w->stop);
	}
	return ERR_OK;
}

static enum err_code begin(struct work *w, struct arena *a, struct err *e)
{
	TRY(worker_find_peer(w->flags.url, w->flags.token_file, &w->peer, e));
	w->logs = (struct command_log_to){ "work", &w->flags, &w->peer, &w->hung };
	if (!w->name)
		w->name = worker_name(a);
	if (!w->folder)
		w->folder = worker_folder();
	TRY(find_cache(w, a, e));
	TRY(work_folder_open(w->folder, &w->tests, e));
	TRY(make_hands(w, a, e));
	return work_stop_init(&w->stop, e);
}

static void done(struct work *w)
{
	for (int64_t i = 0; w->hands && i < w->n_jobs; i++) {
		file_cache_close(w->hands[i].cache);
		ask_done(&w->hands[i].api);
	}
	work_folder_close(w->tests);
	peer_done(&w->peer);
}

/* ---- one run after the other ---- */

static enum err_code do_next(void *arg, bool *ret_found, struct err *e)
{
	struct work *w = arg;
	struct work_claim claim;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	w->hands[0].api.n_tries = w->once ? WORKER_ONCE_TRIES : 0;
	TRY(work_api_claim(&w->hands[0].api, w->platform, w->name, &a, &claim, ret_found, e));
	w->hands[0].api.n_tries = 0;
	if (!*ret_found || work_stop_is_ending(&w->stop))
		return ERR_OK;
	code = work_run(w, &claim, e);
	work_stop_forget(&w->stop);
	if (code != ERR_OK)
		err_in(e, "run %lld is left", (long long)claim.run_id);
	return code;
}

static enum err_code go(struct work *w, struct err *e)
{
	return worker_go(&(struct worker){ .command = "work",
				 .stop = &w->stop,
				 .once = w->once,
				 .wait_s = w->wait_s,
				 .next = do_next,
				 .arg = w },
		e);
}

static int work(struct work *w)
{
	enum err_code code;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	code = begin(w, &a, &e);
	if (code == ERR_OK) {
		code = go(w, &e);
		if (code != ERR_OK)
			command_fail("work", &e);
		work_stop_done(&w->stop);
	} else {
		command_fail("work", &e);
	}
	if (w->hung) {
		work_folder_close(w->tests);
		fflush(NULL);
		_exit(err_exit(code));
	}
	done(w);
	return err_exit(code);
}

/* ---- the command ---- */

static enum err_code check(const struct work *w, struct err *e)
{
	const int64_t most = INT64_C(1) << 50;

	TRY(worker_check_range("wait", w->wait_s, 1, 86400, e));
	TRY(worker_check_range("timeout", w->timeout_s, 1, 7 * 86400, e));
	TRY(worker_check_range("jobs", w->n_jobs, 1, JOBS_MAX, e));
	TRY(worker_check_range("cache-bytes", w->cache_bytes, 1, most, e));
	TRY(worker_check_range("memory", w->memory_bytes, 0, most, e));
	TRY(worker_check_range("output-bytes", w->output_bytes, 0, most, e));
	TRY(worker_check_range("file-bytes", w->file_bytes, 0, most, e));
	return child_env_check(&w->env, e);
}

static int run_checked(struct work *w)
{
	struct err e;

	return check(w, &e) == ERR_OK ? work(w) : command_usage_fail("work", "%s", e.text);
}

int cmd_work(int argc, char **argv)
{
	struct work w = { .flags = FLAGS_NONE,
		.platform = "linux",
		.wait_s = 15,
		.timeout_s = 600,
		.n_jobs = 1,
		.cache_bytes = INT64_C(4) << 30,
		.output_bytes = INT64_C(16) << 20,
		.file_bytes = INT64_C(1) << 30 };
	const struct opt opts[] = { { "platform", 0, OPT_STRING, "NAME",
					    "linux (if not said), windows, macos or bsd", &w.platform },
		{ "name", 0, OPT_STRING, "NAME",
			"its own, which no other worker has (else HOST-PID); started again under it, it "
			"goes on with its run",
			&w.name },
		{ "once", 0, OPT_FLAG, NULL, "end when no run waits", &w.once },
		{ "wait", 0, OPT_INT, "S", "seconds between two questions for a run, at most (15)",
			&w.wait_s },
		{ "jobs", 'j', OPT_INT, "N", "tests at once (1)", &w.n_jobs },
		{ "timeout", 0, OPT_INT, "S", "seconds for a test that does not say how long (600)",
			&w.timeout_s },
		{ "memory", 0, OPT_INT, "BYTES", "address space of each process of a test (0: no limit)",
			&w.memory_bytes },
		{ "file-bytes", 0, OPT_INT, "BYTES", "of each file that a test writes (1 GiB; 0: no limit)",
			&w.file_bytes },
		{ "output-bytes", 0, OPT_INT, "BYTES",
			"of what a test prints, that are kept (16 MiB; 0: no limit)", &w.output_bytes },
		{ "env", 0, OPT_MANY, "NAME", "environment variable that tests get too", &w.env },
		{ "mask-env", 0, OPT_MANY, "NAME",
			"environment variable whose value is a secret (also $SLUICE_MASK_ENV)",
			&w.flags.mask_env },
		{ "cache", 0, OPT_STRING, "DIR", "where samples are kept (else ~/.cache/sluice/samples)",
			&w.cache },
		{ "cache-bytes", 0, OPT_INT, "BYTES", "of samples that are kept (4 GiB)", &w.cache_bytes },
		{ "folder", 0, OPT_STRING, "DIR",
			"where tests run, each in a folder of its own (else $TMPDIR)", &w.folder },
		{ "url", 0, OPT_STRING, "URL",
			"the Sluice server (else $SLUICE_URL, else http://127.0.0.1:4500)", &w.flags.url },
		{ "token-file", 0, OPT_STRING, "FILE", "file with the token (else $SLUICE_TOKEN)",
			&w.flags.token_file },
		{ 0 } };
	const struct command_usage usage = { .name = "work",
		.synopsis = "[OPTIONS]",
		.prose = "Does runs of the regression suite, one after the other: claims one, runs its\n"
			 "tests, each in a fresh folder within limits, streams their logs, and tells their\n"
			 "results. A server that is away is waited for. SIGTERM stops the test that runs\n"
			 "and ends; a second one ends at once. Needs a token with runs:write and logs:write.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_GO)
		exit_code = argc > 0 ? command_usage_fail("work", "\"%.60s\" is too much", argv[0])
				     : run_checked(&w);
	free(w.env.values);
	flags_done(&w.flags);
	return exit_code;
}
