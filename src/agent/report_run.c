/*
 * report_run: the reports of `sluice run`. Which files they are is known when the command has ended: those that match and that it wrote, for a
 * workspace that is used again has those of earlier runs as well.
 *
 * A build of many modules may write more files than a step may have reports, and most of them say that all is well. So those that have the words of a
 * failure in them go first.
 */
#include "agent/report.h"

#include "agent/glob_files.h"
#include "base/clock.h"
#include "base/command.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

#define LOOK_MAX ((size_t)4 * 1024 * 1024) /* of a file, for words of a failure */
#define REFUSED_MAX 10                     /* in a row; then the others are not tried */

struct written {
	const char *path;
	bool tells_failure;
};

struct choice {
	struct sending *to;
	struct timespec since;
	struct written *files; /* at most REPORT_RUN_MAX */
	size_t n, n_more;
};

struct timespec report_now(void)
{
	struct timespec now = { 0 };

	clock_gettime(
		CLOCK_REALTIME_COARSE, &now); /* the clock of inode times; the precise one is ahead of it */
	return now;
}

/* A file system may count in whole seconds. */
static bool is_written_since(const struct stat *st, struct timespec since)
{
	if (st->st_mtim.tv_sec != since.tv_sec)
		return st->st_mtim.tv_sec > since.tv_sec;
	return st->st_mtim.tv_nsec == 0 || st->st_mtim.tv_nsec >= since.tv_nsec;
}

static bool is_chosen(const struct choice *c, const char *path)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->files[i].path, path) == 0)
			return true;
	return false;
}

static bool tells_failure(const char *path)
{
	static const char *const words[] = { "<failure", "<error", "not ok", "Bail out!", "\"level\"",
		"ERROR", "\"ruleId\"" };
	bool cut = false, found = false;
	AUTO_BUF text;

	buf_init(&text, LOOK_MAX);
	if (!env_read_file(path, LOOK_MAX, &text, &cut))
		return false;
	for (size_t i = 0; i < sizeof words / sizeof *words && !found; i++)
		found = str_find_str(buf_view(&text), str_z(words[i])) < text.len;
	return found;
}

static void choose(void *arg, const char *path, const struct stat *st)
{
	struct choice *c = arg;

	if (!is_written_since(st, c->since) || is_chosen(c, path))
		return;
	if (c->n == REPORT_RUN_MAX) {
		c->n_more++;
		return;
	}
	c->files[c->n++] = (struct written){ arena_cstr(&c->to->arena, str_z(path)), tells_failure(path) };
}

static void choose_by(struct choice *c, const char *pattern)
{
	if (!glob_files_each(pattern, choose, c))
		command_say(c->to->command,
			"--report '%s': over %d files were looked at; the others were not", pattern,
			GLOB_LOOK_MAX);
}

/* As $SLUICE_MASK_ENV: blanks between them. */
static void choose_by_all(struct choice *c)
{
	const struct opt_many *given = &c->to->flags->reports;
	char *patterns = arena_cstr(&c->to->arena, env_get(c->to->env, "SLUICE_REPORT")), *place = NULL;

	for (size_t i = 0; i < given->n; i++)
		choose_by(c, given->values[i]);
	for (char *p = strtok_r(patterns, " \t\r\n", &place); p; p = strtok_r(NULL, " \t\r\n", &place))
		choose_by(c, p);
}

static int by_failure(const void *a, const void *b)
{
	const struct written *x = a, *y = b;

	if (x->tells_failure != y->tells_failure)
		return x->tells_failure ? -1 : 1;
	return strcmp(x->path, y->path);
}

/* How many were taken; *e is why the first of the others was not. */
static size_t send_all(struct report_call *call, struct choice *c, struct err *e)
{
	size_t n_taken = 0, n_refused = 0;

	for (size_t i = 0; i < c->n && n_refused < REFUSED_MAX; i++) {
		struct report_answer answer;
		enum err_code code;
		struct err why;

		if (clock_steady_ms(&clock_system) >= call->until)
			code = err_set(&why, ERR_NETWORK, "there was no time for them");
		else
			code = report_send(call, c->files[i].path, &c->to->arena, &answer, &why);
		if (code != ERR_OK && n_taken == i)
			*e = why;
		n_taken += code == ERR_OK;
		n_refused = code == ERR_OK ? 0 : report_is_of_server(code) ? REFUSED_MAX : n_refused + 1;
	}
	return n_taken;
}

static void send_chosen(struct choice *c, int64_t step_id)
{
	struct report_call call = { .peer = &c->to->peer,
		.mask = c->to->mask,
		.step_id = step_id,
		.until = clock_steady_ms(&clock_system) + REPORT_RUN_MS };
	size_t n = c->n + c->n_more, n_taken;
	struct err e = { 0 };

	qsort(c->files, c->n, sizeof *c->files, by_failure);
	call.http = http_client_new();
	n_taken = send_all(&call, c, &e);
	http_client_free(call.http);
	if (n_taken == n)
		return;
	if (n_taken == c->n)
		err_set(&e, ERR_TOO_LARGE, "a call sends %d at most", REPORT_RUN_MAX);
	command_say(c->to->command, "%zu of %zu reports were not taken by %s: %s", n - n_taken, n,
		buf_cstr(&c->to->peer.shown), e.text);
}

void report_of_run(struct sending *to, int64_t step_id, struct timespec since)
{
	struct choice c = { .to = to, .since = since };

	if (to->flags->reports.n == 0 && env_get(to->env, "SLUICE_REPORT").len == 0)
		return;
	c.files = arena_array(&to->arena, REPORT_RUN_MAX, sizeof *c.files);
	choose_by_all(&c);
	if (c.n > 0 && step_id > 0)
		send_chosen(&c, step_id);
	else if (c.n > 0)
		command_say(to->command,
			"%zu report%s not sent, for the server did not take the log or hangs", c.n + c.n_more,
			c.n + c.n_more == 1 ? " was" : "s were");
}
