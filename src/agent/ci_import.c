/*
 * ci_import: `sluice ci import FILE`: a log that somebody has at hand, or GitHub's archive of the logs of a run, comes in as a runner would have sent it.
 *
 * Each step is a stream of its own (stream.h), so that secrets are masked before they leave this machine, and what cannot be sent now waits in the spool. A log of a job is split into its steps by
 * what its runner printed (text/job_log.h), unless a step is named.
 */
#include "agent/agent.h"

#include "agent/ci_archive.h"
#include "agent/stream.h"
#include "base/file.h"
#include "pack/zip_read.h"
#include "text/job_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME "ci import"
#define FILE_MAX ((size_t)1 << 30) /* of one file of an archive, unpacked */
#define PIECE ((size_t)256 * 1024)

struct import {
	const struct flags *flags;
	struct sending base; /* what all have in common */
	bool failed;         /* it is said to have failed, or nothing is said */
	bool hung;           /* a thread is left behind */
	size_t n_sent, n_failed;
	enum err_code first; /* error */
};

/* ---- a step ---- */

static void say_sent(struct import *im, const struct step_facts *f, int64_t step_id, enum err_code code)
{
	if (code == ERR_OK) {
		printf("%.*s / %.*s: %s, step %lld\n", STR_FMT(f->job_name), STR_FMT(f->step_name),
			conclusion_name(f->conclusion), (long long)step_id);
		im->n_sent++;
		im->n_failed += conclusion_failed(f->conclusion);
	} else if (im->first == ERR_OK) {
		im->first = code;
	}
}

static void send_part(struct import *im, struct str job, const struct job_log_part *part)
{
	struct sending *to = mem_alloc(sizeof *to);
	struct step_facts facts = im->base.facts;
	struct stream_end end = { .keep = true, .patient = true };
	struct stream *stream;
	enum err_code code;
	AUTO_BUF text;

	facts.job_name = job;
	facts.step_name = part->name;
	facts.step_index = im->flags->step_index >= 0 ? im->flags->step_index : part->index;
	buf_init(&text, SIZE_MAX);
	job_log_clean(part->text, &text);
	sending_init_as(to, NAME, im->flags, environ, &im->base.peer, &facts);
	stream = stream_begin(to);
	for (struct str left = buf_view(&text); left.len > 0; left = str_from(left, PIECE)) {
		stream_wait_for_room(stream);
		stream_add(stream, 0, (struct str){ left.p, left.len < PIECE ? left.len : PIECE });
	}
	to->facts.conclusion = part->conclusion;
	to->facts.has_exit_code = part->has_exit_code;
	to->facts.exit_code = part->exit_code;
	code = stream_end(stream, &end);
	say_sent(im, &to->facts, end.step_id, code);
	if (end.running) {
		im->hung = true; /* a thread has all of it still */
		return;
	}
	sending_done(to);
	free(to);
}

/* ---- a log ---- */

static void send_one(struct import *im, struct str log, struct str job, struct str step)
{
	struct job_log_part part;
	AUTO_ARENA a;

	arena_init(&a);
	job_log_one(log, &a, &part);
	part.name = step;
	part.index = -1;
	if (im->failed && !part.has_exit_code)
		part.conclusion = CONCLUSION_FAILURE;
	send_part(im, job, &part);
}

static void send_job(struct import *im, struct str log, struct str job)
{
	struct job_log_part *parts;
	size_t n;
	AUTO_ARENA a;

	arena_init(&a);
	job_log_split(log, NULL, 0, im->failed, &a, &parts, &n);
	for (size_t i = 0; i < n && !im->hung; i++)
		send_part(im, job, &parts[i]);
}

static void send_log(struct import *im, struct str log)
{
	struct str job = im->base.facts.job_name;

	if (im->flags->step)
		send_one(im, log, job, str_z(im->flags->step));
	else
		send_job(im, log, job);
}

/* ---- an archive ---- */

/* Of a run that failed most jobs and steps did not: what their logs say is what counts. */
static void send_file(struct import *im, const struct ci_log *log, struct str text)
{
	struct job_log_part part;
	AUTO_ARENA a;

	arena_init(&a);
	if (log->step.len == 0) {
		send_job(im, text, log->job);
		return;
	}
	job_log_one(text, &a, &part);
	part.name = log->step;
	part.index = log->number > 0 ? log->number - 1 : 0;
	send_part(im, log->job, &part);
}

static enum err_code send_archive(struct import *im, struct str zip, struct err *e)
{
	struct str *names;
	struct ci_log *logs;
	size_t n = 0, n_logs = 0;
	AUTO_ARENA a;

	arena_init(&a);
	im->failed = false;
	TRY(zip_list(zip, &a, &names, &n, e));
	ci_archive_plan(names, n, &a, &logs, &n_logs);
	if (n_logs == 0)
		return err_set(e, ERR_UNPROCESSABLE,
			"the zip has no logs of jobs: GitHub's has files N_JOB.txt, or JOB/N_STEP.txt");
	for (size_t i = 0; i < n_logs && !im->hung; i++) {
		AUTO_BUF text;

		buf_init(&text, FILE_MAX);
		TRY(zip_read(zip, logs[i].file, &text, e));
		send_file(im, &logs[i], buf_view(&text));
	}
	return ERR_OK;
}

/* ---- the command ---- */

static void fill_facts(struct import *im)
{
	struct step_facts *f = &im->base.facts;

	if (f->external_run_id.len == 0)
		f->external_run_id = STR("import");
	if (f->job_name.len == 0)
		f->job_name = STR("job");
	if (f->attempt < 1)
		f->attempt = 1;
	if (f->step_name.len == 0)
		f->step_name = STR("step"); /* each part has its own */
}

static enum err_code import_file(struct import *im, const char *path, struct err *e)
{
	AUTO_FILE file = { 0 };

	TRY(sending_check(&im->base, e));
	TRY(file_map(path, &file, e));
	if (zip_is_one(file)) {
		if (im->flags->step || im->flags->job)
			return err_set(
				e, ERR_INVALID, "an archive says itself which job and step its logs are of");
		return send_archive(im, file, e);
	}
	if (file.len == 0)
		return err_set(e, ERR_INVALID, "%s is empty", path);
	send_log(im, file);
	return ERR_OK;
}

static int run(const struct flags *flags, bool failed, const char *path)
{
	struct import im = { .flags = flags, .failed = failed };
	struct err e = { 0 };
	enum err_code code;

	sending_init(&im.base, NAME, flags, environ, NULL);
	fill_facts(&im);
	code = import_file(&im, path, &e);
	if (code != ERR_OK)
		command_fail(NAME, &e);
	else
		code = im.first;
	if (im.hung) {
		fflush(NULL);
		_exit(err_exit(code)); /* a thread hangs in a request: nothing may be torn down under it */
	}
	sending_done(&im.base);
	return err_exit(code);
}

static int import(int argc, char **argv)
{
	AUTO_FLAGS flags = FLAGS_NONE;
	bool passed = false;
	const struct opt opts[] = { FLAGS_OPTS(&flags),
		{ "passed", 0, OPT_FLAG, NULL, "the job did not fail; else a log is one of a failure",
			&passed },
		{ 0 } };
	const struct command_usage usage = { .name = NAME,
		.synopsis = "--repo O/R --sha HEX [OPTIONS] FILE",
		.prose =
			"Sends a log that is at hand: of a step (--step), of a job, which is split into its\n"
			"steps by what its runner printed, or GitHub's archive of the logs of a run (a "
			"zip).\n"
			"It is masked before it leaves this machine.",
		.opts = opts };
	int exit_code;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1)
		return command_usage_fail(NAME, "which file? A log, or an archive of logs");
	return run(&flags, !passed, argv[0]);
}

int cmd_ci(int argc, char **argv)
{
	static const struct opt none[] = { { 0 } };
	const struct command_usage usage = { .name = "ci",
		.synopsis = "import FILE",
		.prose = "What CI printed, brought in by hand: `sluice ci import --help`.",
		.opts = none,
		.stop_at_operand = true };
	int exit_code;

	if (argc > 1 && strcmp(argv[1], "import") == 0)
		return import(argc - 1, argv + 1);
	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	return command_usage_fail("ci", "which of: import");
}
