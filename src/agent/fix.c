/* fix: see the header. */
#include "agent/fix.h"

#include "agent/agent.h"
#include "agent/child_env.h"
#include "agent/worker.h"
#include "base/command.h"
#include "model/repo.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- beginning and end ---- */

static enum err_code begin(struct fix *f, struct arena *a, struct err *e)
{
	TRY(worker_find_peer(f->flags.url, f->flags.token_file, &f->peer, e));
	f->logs = (struct command_log_to){ "fix", &f->flags, &f->peer, &f->hung };
	if (!f->name)
		f->name = worker_name(a);
	TRY(work_folder_open(f->folder ? f->folder : worker_folder(), &f->places, e));
	ask_init(&f->ask, "fix", &f->peer, &f->stop);
	return work_stop_init(&f->stop, e);
}

static void done(struct fix *f)
{
	work_folder_close(f->places);
	ask_done(&f->ask);
	peer_done(&f->peer);
}

/* ---- one dispatch after the other ---- */

static enum err_code do_next(void *arg, bool *ret_found, struct err *e)
{
	struct fix *f = arg;
	struct fix_claim claim;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	f->ask.n_tries = f->once ? WORKER_ONCE_TRIES : 0;
	TRY(fix_api_claim(&f->ask, f->flags.repo, f->flags.forge, f->name, &a, &claim, ret_found, e));
	f->ask.n_tries = 0;
	if (!*ret_found)
		return ERR_OK;
	code = fix_job(f, &claim, e);
	work_stop_forget(&f->stop);
	if (code != ERR_OK)
		err_in(e, "dispatch %lld is left", (long long)claim.dispatch_id);
	return code;
}

static enum err_code go(struct fix *f, struct err *e)
{
	struct worker w = { .command = "fix",
		.stop = &f->stop,
		.once = f->once,
		.wait_s = f->wait_s,
		.next = do_next,
		.arg = f };

	return worker_go(&w, e);
}

static int fix(struct fix *f)
{
	enum err_code code;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	code = begin(f, &a, &e);
	if (code == ERR_OK) {
		code = go(f, &e);
		work_stop_done(&f->stop);
	}
	if (code != ERR_OK)
		command_fail("fix", &e);
	if (f->hung) {
		work_folder_close(f->places);
		fflush(NULL);
		_exit(err_exit(code));
	}
	done(f);
	return err_exit(code);
}

/* ---- the command ---- */

static enum err_code check(const struct fix *f, struct err *e)
{
	const int64_t most = INT64_C(1) << 50;

	if (!f->flags.repo)
		return err_set(e, ERR_INVALID, "of which repo? --repo OWNER/NAME");
	TRY(repo_name_check(str_z(f->flags.repo), e));
	if (f->flags.forge)
		TRY(forge_name_check(str_z(f->flags.forge), e));
	TRY(worker_check_range("wait", f->wait_s, 1, 86400, e));
	TRY(worker_check_range("timeout", f->timeout_s, 1, 7 * 86400, e));
	TRY(worker_check_range("memory", f->memory_bytes, 0, most, e));
	TRY(worker_check_range("output-bytes", f->output_bytes, 0, most, e));
	TRY(worker_check_range("file-bytes", f->file_bytes, 0, most, e));
	return child_env_check(&f->env, e);
}

static int run_checked(struct fix *f, int argc, char **argv)
{
	struct err e;

	if (argc == 0)
		return command_usage_fail("fix", "what is to be run? -- COMMAND [ARGUMENT ...]");
	f->argv = argv;
	return check(f, &e) == ERR_OK ? fix(f) : command_usage_fail("fix", "%s", e.text);
}

int cmd_fix(int argc, char **argv)
{
	struct fix f = { .flags = FLAGS_NONE,
		.wait_s = 15,
		.timeout_s = 3600,
		.output_bytes = INT64_C(16) << 20,
		.file_bytes = INT64_C(4) << 30 };
	const struct opt opts[] = { { "repo", 0, OPT_STRING, "O/R", "of which failures are taken",
					    &f.flags.repo },
		{ "forge", 0, OPT_STRING, "NAME", "that the repo is on, where there are several",
			&f.flags.forge },
		{ "name", 0, OPT_STRING, "NAME", "its own, for people (else HOST-PID)", &f.name },
		{ "once", 0, OPT_FLAG, NULL, "end when none waits", &f.once },
		{ "wait", 0, OPT_INT, "S", "seconds between two questions for one, at most (15)", &f.wait_s },
		{ "timeout", 0, OPT_INT, "S", "seconds for the command (3600)", &f.timeout_s },
		{ "memory", 0, OPT_INT, "BYTES", "address space of each process of it (0: no limit)",
			&f.memory_bytes },
		{ "file-bytes", 0, OPT_INT, "BYTES", "of each file that it writes (4 GiB; 0: no limit)",
			&f.file_bytes },
		{ "output-bytes", 0, OPT_INT, "BYTES",
			"of what it prints, that are kept (16 MiB; 0: no limit)", &f.output_bytes },
		{ "env", 0, OPT_MANY, "NAME", "environment variable that it gets too", &f.env },
		{ "mask-env", 0, OPT_MANY, "NAME",
			"environment variable whose value is a secret (also $SLUICE_MASK_ENV)",
			&f.flags.mask_env },
		{ "folder", 0, OPT_STRING, "DIR",
			"where it runs, each time in a folder of its own (else $TMPDIR)", &f.folder },
		{ "url", 0, OPT_STRING, "URL",
			"the Sluice server (else $SLUICE_URL, else http://127.0.0.1:4500)", &f.flags.url },
		{ "token-file", 0, OPT_STRING, "FILE", "file with the token (else $SLUICE_TOKEN)",
			&f.flags.token_file },
		{ 0 } };
	const struct command_usage usage = { .name = "fix",
		.synopsis = "--repo O/R [OPTIONS] -- COMMAND [ARGUMENT ...]",
		.prose =
			"Takes failures of a repo that are to be fixed, one after the other, and runs\n"
			"COMMAND for each: with the prompt on stdin and in the file $SLUICE_PROMPT_FILE,\n"
			"facts in variables, in a fresh folder, within limits. Streams its output and\n"
			"tells what came of it, as the command says: in the file $SLUICE_OUTCOME_FILE, with\n"
			"lines outcome=fixed and sha=HEX, outcome=no_fix or outcome=failed, note=TEXT; by\n"
			"exit code 10, no_fix; by any other but 0, failed. COMMAND is run as it is given,\n"
			"by no shell. A server that is away is waited for. SIGTERM stops COMMAND, tells\n"
			"that and ends; a second one ends at once.\n"
			"Needs a token with dispatch:write and logs:write.",
		.opts = opts,
		.stop_at_operand = true };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_GO)
		exit_code = run_checked(&f, argc, argv);
	free(f.env.values);
	flags_done(&f.flags);
	return exit_code;
}
