/*
 * fix_job: one dispatch, from when it is claimed until what came of it is told, or it is taken away.
 *
 *	a folder of its own -> the prompt in it -> the fixer, its output on the way -> what its file says -> the result
 *
 * The fixer's output is a step of its own of the commit, of a run that is called after the dispatch: so it is read where other logs are. That a fixer did not succeed is
 * no failure of the commit's CI, so that step is never a failed one: "cancelled" where it did not end well, with its exit code.
 */
#include "agent/fix.h"

#include "agent/child_env.h"
#include "agent/confined.h"
#include "agent/lease.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_MS 10000   /* between SIGTERM and SIGKILL: a fixer may have something to put away */
#define LAST_TRIES 3     /* to tell the result, when we were told to stop, */
#define LAST_TRY_MS 5000 /* within what systemd waits */
#define JOB STR("sluice-fix")

struct job {
	struct fix *f;
	const struct fix_claim *c;
	struct arena a;
	struct work_place place; /* path NULL: not made yet */
	const char *prompt, *outcome;
	struct confined_end end;
	struct fix_ended how;
	struct fix_said said; /* what is told */
	int64_t step_id;
};

/* ---- what the fixer gets ---- */

static enum err_code write_prompt(struct job *j, struct err *e)
{
	AUTO_FD fd = -1;

	TRY(file_open_new(j->prompt, 0600, &fd, e));
	return fd_write_all(fd, j->c->prompt, e);
}

static enum err_code prepare(struct job *j, struct err *e)
{
	TRY(fix_claim_check(j->c, str_z(j->f->flags.repo), e));
	TRY(work_folder_make(j->f->places, &j->a, &j->place, e));
	j->prompt = arena_fmt(&j->a, "%s/prompt.md", j->place.in).p;
	j->outcome = arena_fmt(&j->a, "%s/outcome", j->place.out).p;
	return write_prompt(j, e);
}

static void add_fact(void *arg, const char *name, struct str value, bool dropped)
{
	if (dropped)
		command_say("fix", "%s is left empty: what the server says of it is not harmless", name);
	child_env_add(arg, name, value);
}

/* HOME is the agent's: a fixer has things of its own there. */
static char **make_env(struct job *j)
{
	struct child_env env = { 0 };

	child_env_init(&env, &j->f->env, FIX_N_FACTS + 4, &j->a);
	child_env_add(&env, "SLUICE_PROMPT_FILE", str_z(j->prompt));
	child_env_add(&env, "SLUICE_OUTCOME_FILE", str_z(j->outcome));
	child_env_add(
		&env, "HOME", env_has(environ, "HOME") ? env_get(environ, "HOME") : str_z(j->place.home));
	child_env_add(&env, "TMPDIR", str_z(j->place.home));
	fix_facts_each(j->c, add_fact, &env);
	return env.vars;
}

/* ---- the fixer ---- */

/* Neither the branch nor the pull request: so it is no run of theirs, and nobody takes a fixer that ended well for CI that is green. */
static struct step_facts facts_of(struct job *j)
{
	return (struct step_facts){ .repo = j->c->repo,
		.forge = j->c->forge,
		.head_sha = j->c->head_sha,
		.external_run_id = arena_fmt(&j->a, "dispatch-%lld", (long long)j->c->dispatch_id),
		.attempt = j->c->number,
		.job_name = JOB,
		.step_name = STR("fix"),
		.step_index = -1,
		.platform = STR("linux") };
}

/* log NULL: there is none, nor anything to be masked. */
static void decide(struct job *j, const struct command_log *log)
{
	AUTO_BUF masked;
	AUTO_BUF clean;

	buf_init(&masked, SIZE_MAX);
	buf_init(&clean, SIZE_MAX);
	j->said = fix_outcome_decide(&j->how, &j->a);
	if (log)
		command_log_mask(log, j->said.note, &masked);
	fix_note_clean(log ? buf_view(&masked) : j->said.note, &clean);
	j->said.note = arena_str(&j->a, buf_view(&clean));
}

static const char *in_words(struct job *j)
{
	struct str note = j->said.note;

	return arena_cstr(&j->a, arena_fmt(&j->a, "%s%s%.*s", fix_word_name(j->said.word),
					 note.len > 0 ? ": " : "", STR_FMT(note)));
}

static bool ended_well(const struct job *j)
{
	return j->how.end && !j->end.stopped && !j->end.timed_out &&
	       (j->end.exit_code == 0 || j->end.exit_code == FIX_NO_FIX_CODE);
}

static void end_log(struct job *j, struct command_log *log)
{
	decide(j, log);
	command_log_say(log, in_words(j));
	command_log_end(log, ended_well(j) ? CONCLUSION_SUCCESS : CONCLUSION_CANCELLED,
		j->how.end && !j->end.stopped, j->end.exit_code, &j->step_id);
}

/* A regular file alone: nothing that would be waited for. It has no rights that the fixer has not. */
static enum err_code read_outcome(struct job *j, struct fix_said *ret, struct err *e)
{
	struct stat st;
	AUTO_BUF text;
	AUTO_FD fd = open(j->outcome, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	buf_init(&text, FIX_OUTCOME_FILE_MAX);
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0)
		return err_errno(e, ERR_INVALID, errno, "it cannot be opened");
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "it is no regular file");
	if (st.st_size > FIX_OUTCOME_FILE_MAX)
		return err_set(e, ERR_INVALID, "it is larger than %d bytes", FIX_OUTCOME_FILE_MAX);
	TRY(fd_read_at(fd, 0, (size_t)st.st_size, &text, e));
	return fix_outcome_parse(buf_view(&text), &j->a, ret, e);
}

static enum err_code run_fixer(struct job *j, struct command_log *log, struct err *e)
{
	const struct fix *f = j->f;
	struct confined_command command = {
		.argv = f->argv, .env = make_env(j), .folder = j->place.home, .input = j->prompt
	};
	struct confined_limits limits = { .timeout_ms = f->timeout_s * 1000,
		.kill_grace_ms = GRACE_MS,
		.memory_bytes = f->memory_bytes,
		.file_bytes = f->file_bytes,
		.output_bytes = f->output_bytes };
	struct confined_sink sink = { .add = command_log_take, .arg = log };

	if (work_stop_is_set(&f->stop)) {
		j->end = (struct confined_end){ .stopped = true };
		return ERR_OK;
	}
	return confined_run(&command, &limits, work_stop_fd(&f->stop), &sink, &j->end, e);
}

/* In any case there is something to tell then. */
static void try_it(struct job *j)
{
	struct step_facts facts = facts_of(j);
	struct command_log *log;
	struct err e = { .code = ERR_OK };

	j->how = (struct fix_ended){ .timeout_ms = j->f->timeout_s * 1000 };
	if (prepare(j, &e) != ERR_OK) {
		j->how.why = e;
		decide(j, NULL);
		return;
	}
	log = command_log_begin(&j->f->logs, &facts);
	if (run_fixer(j, log, &e) != ERR_OK) {
		j->how.why = e;
	} else {
		j->how.end = &j->end;
		j->how.lost = work_stop_is_lost(&j->f->stop);
		if (read_outcome(j, &j->how.said, &e) != ERR_OK)
			j->how.why = e;
	}
	end_log(j, log);
}

/* ---- the result ---- */

/* Where we were told to stop, nothing waits for a server for long. */
static enum err_code tell_before_the_end(struct job *j, struct err *e)
{
	struct ask last;
	enum err_code code;

	ask_init(&last, "fix", &j->f->peer, NULL);
	last.n_tries = LAST_TRIES;
	code = fix_api_result(&last, j->c, &j->said, j->step_id, LAST_TRY_MS, e);
	ask_done(&last);
	return code;
}

static enum err_code tell(struct job *j, struct err *e)
{
	const struct work_stop *stop = &j->f->stop;
	enum err_code code = ERR_UNAVAILABLE;

	if (!work_stop_is_ending(stop))
		code = fix_api_result(&j->f->ask, j->c, &j->said, j->step_id, 0, e);
	if (code != ERR_OK && err_may_retry(code) && work_stop_is_ending(stop))
		code = tell_before_the_end(j, e);
	if (code == ERR_OK)
		command_say("fix", "dispatch %lld: %s", (long long)j->c->dispatch_id, in_words(j));
	return code;
}

static enum err_code renew(struct ask *ask, const void *claim, int ms, int64_t *ret_lease_s, struct err *e)
{
	return fix_api_renew(ask, claim, ms, ret_lease_s, e);
}

static enum err_code work_at(struct job *j, struct err *e)
{
	struct lease_terms terms = { .lease_s = j->c->lease_s, .renew = renew, .claim = j->c };
	struct lease *lease = NULL;
	struct err why = { .code = ERR_OK };

	TRY(lease_begin("fix", &j->f->peer, &j->f->stop, &terms, &lease, e));
	try_it(j);
	lease_end(lease, &why);
	if (why.code != ERR_OK) {
		*e = why;
		return e->code;
	}
	TRY(tell(j, e));
	if (!work_stop_is_ending(&j->f->stop))
		command_log_send_left(&j->f->logs, j->c->repo);
	return ERR_OK;
}

enum err_code fix_job(struct fix *f, const struct fix_claim *c, struct err *e)
{
	struct job j = { .f = f, .c = c };
	enum err_code code;

	arena_init(&j.a);
	command_say("fix", "dispatch %lld of %.*s at %.12s", (long long)c->dispatch_id, STR_FMT(c->repo),
		c->head_sha.len > 0 ? arena_cstr(&j.a, c->head_sha) : "no commit");
	code = work_at(&j, e);
	if (j.place.path)
		work_folder_remove(f->places, &j.place);
	arena_done(&j.a);
	return code;
}
