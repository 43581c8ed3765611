/*
 * work_test: one test, from its sample to its result.
 *
 *	running -> the sample, in a folder of its own -> the command, its log on the way -> digests of what it wrote -> result -> the bytes that are wanted
 *
 * What cannot be run here is told as skipped, with the reason, and once more as an error of the run's infrastructure: a skipped test fails nobody's run, and somebody
 * should look.
 */
#include "agent/work.h"

#include "agent/child_env.h"
#include "agent/confined.h"
#include "agent/work_command.h"
#include "base/digest.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#define GRACE_MS 2000    /* between SIGTERM and SIGKILL when its time is up */
#define TIMED_OUT_RC 124 /* as timeout(1) has it */
#define BLOCK ((size_t)256 * 1024)

struct trial {
	struct work_hand *hand;
	const struct work_claim *c;
	const struct work_test *t;
	struct arena a;
	struct work_place place; /* path NULL: not made yet */
	const char *input;
	struct confined_end end;
	struct buf message;
	struct work_written written[20];
	size_t n_written;
};

static enum err_code told_to_stop(const struct work *w, struct err *e)
{
	return work_stop_is_ending(&w->stop) ? err_set(e, ERR_UNAVAILABLE, "told to stop")
					     : err_set(e, ERR_CONFLICT, "it was taken away");
}

/* ---- the sample ---- */

struct fetching {
	struct file_incoming *file;
	const struct work *w;
	bool ours; /* what went wrong did so here, and not on the way */
};

static enum err_code take_piece(void *arg, struct str bytes, struct err *e)
{
	struct fetching *f = arg;
	enum err_code code;

	code = work_stop_is_set(&f->w->stop) ? told_to_stop(f->w, e) : file_incoming_add(f->file, bytes, e);
	f->ours = code != ERR_OK;
	return code;
}

static enum err_code fetch(
	struct work_hand *h, struct str digest, const char **ret_path, bool *ret_ours, struct err *e)
{
	struct fetching f = { .w = h->w, .ours = true };
	enum err_code code;

	code = file_cache_begin(h->cache, &f.file, e);
	if (code == ERR_OK) {
		f.ours = false;
		code = work_api_fetch(&h->api, digest, take_piece, &f, e);
	}
	if (code == ERR_OK)
		code = file_incoming_keep(f.file, digest, ret_path, e);
	file_incoming_end(f.file);
	*ret_ours = f.ours;
	return code;
}

/* Pinned. */
static enum err_code get_sample(struct work_hand *h, struct str digest, const char **ret_path, struct err *e)
{
	for (;;) {
		enum err_code code = file_cache_get(h->cache, digest, ret_path, e);
		bool ours;

		if (code != ERR_NOT_FOUND)
			return code;
		code = fetch(h, digest, ret_path, &ours, e);
		if (code == ERR_OK || ours || !ask_again(&h->api, code, e))
			return code;
	}
}

static enum err_code copy_bytes(int from, int to, const char *name, struct err *e)
{
	struct stat st;
	off_t at = 0;

	if (fstat(from, &st) != 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", name);
	while (at < st.st_size) {
		ssize_t n = sendfile(to, from, &at, (size_t)(st.st_size - at));

		if (n < 0 && errno != EINTR)
			return err_errno(e, ERR_STORAGE, errno, "%s", name);
		if (n == 0)
			return err_set(e, ERR_STORAGE, "%s was shortened while it was copied", name);
	}
	return ERR_OK;
}

/* A copy: what a command does to its input is to be no other test's, and root writes to what is read-only. */
static enum err_code copy_sample(struct trial *x, const char *from_path, struct err *e)
{
	struct str name = work_harmless_name(x->t->sample_name, x->t->extension, &x->a);
	AUTO_FD from = -1;
	AUTO_FD to = -1;

	x->input = arena_fmt(&x->a, "%s/%.*s", x->place.in, STR_FMT(name)).p;
	from = open(from_path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", from_path);
	TRY(file_open_new(x->input, 0600, &to, e));
	return copy_bytes(from, to, x->input, e);
}

static enum err_code prepare(struct trial *x, struct err *e)
{
	struct work_hand *h = x->hand;
	const char *path = NULL;
	enum err_code code;

	code = get_sample(h, x->t->digest, &path, e);
	if (code != ERR_OK) {
		err_in(e, "its sample could not be fetched");
		return code;
	}
	code = work_folder_make(h->w->tests, &x->a, &x->place, e);
	if (code == ERR_OK)
		code = copy_sample(x, path, e);
	file_cache_release(h->cache, x->t->digest);
	return code;
}

/* ---- the command ---- */

static char **make_env(struct trial *x)
{
	struct child_env env = { 0 };
	char run_id[24];

	child_env_init(&env, &x->hand->w->env, 8, &x->a);
	snprintf(run_id, sizeof run_id, "%lld", (long long)x->c->run_id);
	child_env_add(&env, "HOME", str_z(x->place.home));
	child_env_add(&env, "TMPDIR", str_z(x->place.home));
	child_env_add(&env, "SLUICE_RUN_ID", str_z(run_id));
	child_env_add(&env, "SLUICE_TEST", x->t->name);
	child_env_add(&env, "SLUICE_COMMIT", x->c->head_sha);
	child_env_add(&env, "SLUICE_BRANCH", x->c->branch);
	return env.vars;
}

static int64_t timeout_of(const struct trial *x)
{
	return x->t->timeout_ms > 0 ? x->t->timeout_ms : x->hand->w->timeout_s * 1000;
}

/* A test that is out of time has failed, also if it ends as it should when it is told that. */
static bool settle_exit_code(struct trial *x)
{
	struct confined_end *end = &x->end;

	if (end->timed_out && end->exit_code == x->t->expected_rc)
		end->exit_code = x->t->expected_rc == TIMED_OUT_RC ? TIMED_OUT_RC + 1 : TIMED_OUT_RC;
	return end->exit_code == x->t->expected_rc;
}

static void end_log(struct trial *x, struct command_log *log)
{
	bool as_expected = settle_exit_code(x);

	if (x->end.stopped) {
		command_log_say(log, "the test was stopped");
		command_log_end(log, CONCLUSION_CANCELLED, false, 0, NULL);
		return;
	}
	confined_describe(&x->end, timeout_of(x), &x->message);
	if (x->message.len > 0)
		command_log_say(log, buf_cstr(&x->message));
	command_log_end(log,
		x->end.timed_out ? CONCLUSION_TIMED_OUT
				 : (as_expected ? CONCLUSION_SUCCESS : CONCLUSION_FAILURE),
		true, x->end.exit_code, NULL);
}

static enum err_code run_command(struct trial *x, struct err *e)
{
	const struct work *w = x->hand->w;
	struct confined_command command = { .env = make_env(x), .folder = x->place.home };
	struct confined_limits limits = { .timeout_ms = timeout_of(x),
		.kill_grace_ms = GRACE_MS,
		.memory_bytes = w->memory_bytes,
		.file_bytes = w->file_bytes,
		.output_bytes = w->output_bytes };
	struct confined_sink sink = { .add = command_log_take };
	struct command_log *log;
	enum err_code code;

	command.argv = work_argv(x->t->command, x->t->shell, str_z(x->input), str_z(x->place.out), &x->a);
	if (!command.argv[0])
		return err_set(e, ERR_INVALID, "its command is empty");
	log = work_log_begin(x->hand->w, x->c, x->t);
	sink.arg = log;
	code = confined_run(&command, &limits, work_stop_fd(&w->stop), &sink, &x->end, e);
	if (code != ERR_OK) {
		command_log_say(log, e->text);
		command_log_end(log, CONCLUSION_CANCELLED, false, 0, NULL);
		return code;
	}
	end_log(x, log);
	return x->end.stopped ? told_to_stop(w, e) : ERR_OK;
}

/* ---- what it wrote ---- */

/* A regular file of the folder itself, whatever the test put there under that name. False: there is none. */
static bool open_output(struct trial *x, int out, const struct work_output *o, int *ret_fd, int64_t *ret_size)
{
	const char *name = arena_cstr(&x->a, o->filename);
	int64_t most = x->hand->w->file_bytes;
	struct stat st;
	AUTO_FD fd = -1;

	if (out < 0 || strchr(name, '/'))
		return false;
	fd = openat(out, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (most > 0 && st.st_size > most))
		return false;
	*ret_fd = fd;
	*ret_size = st.st_size;
	fd = -1;
	return true;
}

static enum err_code hash(struct trial *x, int fd, int64_t size, struct str *ret, struct err *e)
{
	struct sha256_state *state = sha256_begin();
	enum err_code code = ERR_OK;
	struct sha256 digest;
	AUTO_BUF block;

	buf_init(&block, BLOCK);
	for (int64_t at = 0; at < size && code == ERR_OK; at += (int64_t)BLOCK) {
		buf_reset(&block);
		code = fd_read_at(
			fd, at, size - at < (int64_t)BLOCK ? (size_t)(size - at) : BLOCK, &block, e);
		sha256_add(state, buf_view(&block));
	}
	digest = sha256_end(state);
	buf_reset(&block);
	hex_encode(digest.b, sizeof digest.b, &block);
	*ret = arena_str(&x->a, buf_view(&block));
	return code;
}

static int open_out(const struct trial *x)
{
	return open(x->place.out, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum err_code look_at_outputs(struct trial *x, struct err *e)
{
	AUTO_FD out = open_out(x);

	for (size_t i = 0; i < x->t->n_outputs && x->n_written < 20; i++) {
		struct work_written w = { .output = &x->t->outputs[i] };
		AUTO_FD fd = -1;

		if (!open_output(x, out, w.output, &fd, &w.n_bytes))
			continue;
		TRY(hash(x, fd, w.n_bytes, &w.digest, e));
		x->written[x->n_written++] = w;
	}
	return ERR_OK;
}

static enum err_code send_output(struct trial *x, int out, const struct work_written *w, struct err *e)
{
	AUTO_FILE bytes = { 0 };
	AUTO_FD fd = -1;
	int64_t size;

	if (!open_output(x, out, w->output, &fd, &size))
		return err_set(e, ERR_STORAGE, "is not there any more");
	TRY(file_map_open(fd, "an output", &bytes, e));
	return work_api_output(&x->hand->api, x->c, w, bytes, e);
}

/* Is it about the run or the worker, and not about the test? */
static bool is_of_all(const struct work *w, enum err_code code)
{
	return code == ERR_CONFLICT || code == ERR_UNAUTHORIZED || code == ERR_FORBIDDEN ||
	       code == ERR_CLOSED || work_stop_is_set(&w->stop);
}

/* The verdict stands without them; bytes that the server will not have are told and left. */
static enum err_code send_wanted(struct trial *x, const struct work_verdict *v, struct err *e)
{
	AUTO_FD out = open_out(x);

	for (size_t i = 0; i < v->n_wanted; i++)
		for (size_t k = 0; k < x->n_written; k++) {
			const struct work_written *w = &x->written[k];
			enum err_code code = ERR_OK;

			if (w->output->output_id == v->wanted[i])
				code = send_output(x, out, w, e);
			if (code != ERR_OK && is_of_all(x->hand->w, code))
				return code;
			if (code != ERR_OK)
				command_say("work", "run %lld: %.*s: %.*s was not sent: %s",
					(long long)x->c->run_id, STR_FMT(x->t->name),
					STR_FMT(w->output->filename), e->text);
		}
	return ERR_OK;
}

/* ---- the result ---- */

static struct str bounded(struct str text)
{
	return (struct str){ text.p, text.len < WORK_MESSAGE_MAX ? text.len : WORK_MESSAGE_MAX };
}

static enum err_code tell(struct trial *x, struct err *e)
{
	struct work_result r = { .test_id = x->t->test_id,
		.exit_code = x->end.exit_code,
		.runtime_ms = x->end.runtime_ms,
		.message = bounded(buf_view(&x->message)),
		.written = x->written,
		.n_written = x->n_written };
	struct work_verdict v;

	TRY(work_api_result(&x->hand->api, x->c, &r, &v, e));
	command_say("work", "run %lld: %.*s: %s in %lld ms%s%s", (long long)x->c->run_id, STR_FMT(x->t->name),
		v.status, (long long)r.runtime_ms, x->message.len > 0 ? ", " : "", buf_cstr(&x->message));
	return send_wanted(x, &v, e);
}

/* e: why. */
static enum err_code tell_skipped(struct trial *x, struct err *e)
{
	struct work_result r = {
		.test_id = x->t->test_id, .status = "skipped", .message = bounded(str_z(e->text))
	};
	struct str error =
		bounded(arena_fmt(&x->a, "test %.*s could not be run: %s", STR_FMT(x->t->name), e->text));
	struct work_verdict v;
	enum err_code code;
	struct err other;

	command_say("work", "run %lld: %.*s", (long long)x->c->run_id, STR_FMT(error));
	r.message = bounded(arena_str(&x->a, r.message));
	TRY(work_api_result(&x->hand->api, x->c, &r, &v, e));
	code = work_api_progress(&x->hand->api, x->c, "error", error, &other);
	if (code != ERR_OK && is_of_all(x->hand->w, code)) {
		*e = other;
		return code;
	}
	return ERR_OK;
}

static enum err_code tell_begun(struct trial *x, struct err *e)
{
	struct work_result r = { .test_id = x->t->test_id, .status = "running" };
	struct work_verdict v;

	return work_api_result(&x->hand->api, x->c, &r, &v, e);
}

static enum err_code try_it(struct trial *x, struct err *e)
{
	TRY(tell_begun(x, e));
	TRY(prepare(x, e));
	TRY(run_command(x, e));
	TRY(look_at_outputs(x, e));
	return tell(x, e);
}

enum err_code work_test(
	struct work_hand *h, const struct work_claim *c, const struct work_test *t, struct err *e)
{
	struct trial x = { .hand = h, .c = c, .t = t };
	enum err_code code;

	arena_init(&x.a);
	buf_init(&x.message, WORK_MESSAGE_MAX);
	code = try_it(&x, e);
	if (code != ERR_OK && !is_of_all(h->w, code))
		code = tell_skipped(&x, e);
	if (x.place.path)
		work_folder_remove(h->w->tests, &x.place);
	buf_done(&x.message);
	arena_done(&x.a);
	return code;
}
