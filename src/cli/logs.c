/*
 * logs: `sluice logs`, the log of a step, or of the steps of a commit or a run, in a terminal.
 *
 *	what was said -> which steps (logs_steps.h) -> for each: its text, or lines of it (logs_reader.h) -> through the pager
 *
 * Nothing here trusts the text: what a terminal would act upon is taken out of it or shown (text/terminal.h).
 */
#include "cli/cli.h"

#include "cli/logs_reader.h"
#include "text/line.h"

#include <unistd.h>

#define NOT_SAID INT64_MIN

struct request {
	struct client_flags client;
	struct logs_query query;
	struct logs_want want;
	bool no_color;
};

/* ---- several steps ---- */

static enum err_code list_running(const struct logs_steps *steps, size_t n_running, struct err *e)
{
	AUTO_BUF title;

	buf_init(&title, 4096);
	for (size_t i = 0; i < steps->n; i++) {
		if (!steps->list[i].is_running)
			continue;
		buf_reset(&title);
		logs_step_title(&steps->list[i], &title);
		command_say("logs", "%s", buf_cstr(&title));
	}
	return err_set(e, ERR_INVALID, "%zu steps are running; say which to follow with --step N", n_running);
}

/* The only one, or the only one that is running. */
static enum err_code pick_one(const struct logs_steps *steps, const struct logs_step **ret, struct err *e)
{
	size_t n_running = 0;

	*ret = &steps->list[0];
	if (steps->n == 1)
		return ERR_OK;
	for (size_t i = 0; i < steps->n; i++) {
		if (!steps->list[i].is_running)
			continue;
		*ret = &steps->list[i];
		n_running++;
	}
	if (n_running == 0)
		return err_set(e, ERR_NOT_FOUND,
			"none of the %zu steps is running; without --follow you get what they printed",
			steps->n);
	return n_running == 1 ? ERR_OK : list_running(steps, n_running, e);
}

static enum err_code read_step(struct logs_reader *r, struct err *e)
{
	bool lines = false;

	if (!logs_is_search(r->want)) /* else only if there is a line */
		TRY(reader_put_heading(r, e));
	TRY(reader_wants_lines(r, &lines, e));
	return lines ? logs_pages_read(r, e) : logs_text_read(r, e);
}

/* In a list of steps one without text is no failure: it is said in its place. */
static enum err_code put_absence(struct logs_reader *r, const struct err *why, struct err *e)
{
	AUTO_BUF note = { 0 };

	if (r->want->style.json || !r->has_heading) {
		command_say("logs", "%s", why->text);
		return ERR_OK;
	}
	buf_init(&note, 1000);
	buf_fmt(&note, "(%s)\n", why->text);
	return reader_put(r, buf_view(&note), e);
}

static enum err_code read_each(struct logs_reader *r, const struct logs_steps *steps, struct err *e)
{
	struct err why;
	size_t n_absent = 0;

	for (size_t i = 0; i < steps->n && !pager_is_left(&r->out); i++) {
		enum err_code code;

		reader_begin(r, &steps->list[i]);
		code = read_step(r, &why);
		if (code == ERR_OK)
			continue;
		if (steps->n == 1 || r->out.has_failed || (code != ERR_GONE && code != ERR_NOT_FOUND)) {
			*e = why;
			return code;
		}
		n_absent++;
		TRY(put_absence(r, &why, e));
	}
	return n_absent < steps->n ? ERR_OK : err_set(e, ERR_GONE, "of no step there is any text left");
}

static enum err_code read_logs(struct logs_reader *r, const struct logs_steps *steps, struct err *e)
{
	const struct logs_step *one;

	if (!r->want->follow) {
		r->has_headings = steps->n > 1;
		return read_each(r, steps, e);
	}
	TRY(pick_one(steps, &one, e));
	reader_begin(r, one);
	return logs_follow_read(r, e);
}

/* ---- the command ---- */

static enum err_code logs(const struct request *q, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	AUTO_LOGS_STEPS steps = { 0 };
	struct logs_reader r = { .client = &c, .want = &q->want };
	enum err_code code;

	TRY(client_init(&c, &q->client, e));
	TRY(logs_steps_find(&c, &q->query, &steps, e));
	pager_init(&r.out, !q->want.follow);
	code = read_logs(&r, &steps, e);
	reader_hint(&r, "");
	TRY(pager_close(&r.out, code, e));
	if (logs_is_search(&q->want) && !r.has_printed)
		command_say("logs", "no line is like that");
	return ERR_OK;
}

/* 0 is no number of lines and no number of one: whoever says it means something else. */
static int check_numbers(struct request *q)
{
	struct logs_want *w = &q->want;

	if (w->last != NOT_SAID && (w->last < 1 || w->last > LOGS_LAST_MAX))
		return command_usage_fail("logs", "-n goes from 1 to %d", LOGS_LAST_MAX);
	if (w->from != NOT_SAID && w->from < 1)
		return command_usage_fail("logs", "--from is the number of a line, from 1 on");
	w->last = w->last == NOT_SAID ? 0 : w->last;
	w->from = w->from == NOT_SAID ? 0 : w->from;
	if (w->context < 0 || w->context > LOGS_CONTEXT_MAX)
		return command_usage_fail("logs", "--context goes from 0 to %d", LOGS_CONTEXT_MAX);
	if (w->context > 0 && !logs_is_search(w))
		return command_usage_fail(
			"logs", "--context goes with --grep, --contains or --level: context of what?");
	if (w->context > 0 && w->follow)
		return command_usage_fail(
			"logs", "--follow has no --context: what comes next is not there yet");
	return 0;
}

static int check_level(const struct logs_want *w)
{
	enum line_level level;

	if (w->level && !line_level_find(str_z(w->level), &level))
		return command_usage_fail("logs",
			"there is no level \"%.40s\", only debug, info, warning, error and critical",
			w->level);
	return 0;
}

/* By step, by run, by the forge's id of a run, or by repo and commit. */
static int read_operands(struct request *q, int argc, char **argv)
{
	struct logs_query *by = &q->query;
	bool is_named = by->step_id != 0 || by->external_run_id;

	if (by->step_id < 0 || (by->step_id != 0 && by->external_run_id))
		return command_usage_fail("logs", "--step takes the number of a step, and stands alone");
	if (argc > (by->step_id != 0 ? 0 : by->external_run_id ? 1 : 2))
		return command_usage_fail(
			"logs", "there is nothing to be done with \"%.60s\"", argv[argc - 1]);
	if (is_named) {
		by->repo = argc > 0 ? argv[0] : NULL;
		return 0;
	}
	if (argc == 0)
		return command_usage_fail(
			"logs", "of what? OWNER/NAME SHA, the number of a run, or --step N");
	if (argc == 1 && (!str_to_int(str_z(argv[0]), &by->run_id) || by->run_id < 1))
		return command_usage_fail(
			"logs", "of which commit? sluice logs OWNER/NAME SHA, or sluice logs RUN");
	if (argc == 2) {
		by->repo = argv[0];
		by->sha = argv[1];
	}
	return 0;
}

static int check(struct request *q, int argc, char **argv)
{
	int exit_code = read_operands(q, argc, argv);

	if (exit_code == 0)
		exit_code = check_numbers(q);
	return exit_code == 0 ? check_level(&q->want) : exit_code;
}

static int read_and_run(struct request *q, int argc, char **argv, const struct command_usage *usage)
{
	struct logs_style *style = &q->want.style;
	struct err e = { 0 };
	int exit_code;

	if (command_options(usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	exit_code = check(q, argc, argv);
	if (exit_code != 0)
		return exit_code;
	style->colours = !q->no_color && command_colour(STDOUT_FILENO);
	style->marks_matches = q->want.context > 0;
	return logs(q, &e) == ERR_OK ? 0 : command_fail("logs", &e);
}

int cmd_logs(int argc, char **argv)
{
	struct request q = { .want = { .last = NOT_SAID, .from = NOT_SAID } };
	struct logs_query *by = &q.query;
	struct logs_want *w = &q.want;
	const struct opt opts[] = {
		{ "step", 0, OPT_INT, "N", "the log of step N, as a context or a heading tells its number",
			&by->step_id },
		{ "external-run-id", 0, OPT_STRING, "ID", "a run by the forge's id", &by->external_run_id },
		{ "forge", 0, OPT_STRING, "NAME", "forge of the repo (else the server's default)",
			&by->forge },
		{ "failed", 0, OPT_FLAG, NULL, "only steps that failed", &by->failed },
		{ "follow", 'f', OPT_FLAG, NULL,
			"print what comes, until the step ends; begins with the last 100 lines", &w->follow },
		{ "grep", 'g', OPT_STRING, "RE", "only lines that match this regular expression", &w->grep },
		{ "contains", 0, OPT_STRING, "TEXT", "only lines that have this in them, in whatever case",
			&w->contains },
		{ "level", 0, OPT_STRING, "L",
			"only lines of this level and above: debug, info, warning, error, critical",
			&w->level },
		{ "context", 'C', OPT_INT, "N", "lines before and behind each of these, too", &w->context },
		{ "lines", 'n', OPT_INT, "N", "only the last N lines", &w->last },
		{ "from", 0, OPT_INT, "N", "only from line N on", &w->from },
		{ "numbers", 0, OPT_FLAG, NULL, "the number of each line in front of it", &w->style.numbers },
		{ "timestamps", 0, OPT_FLAG, NULL, "the time of each line in front of it",
			&w->style.timestamps },
		{ "json", 0, OPT_FLAG, NULL, "a JSON object a line", &w->style.json },
		{ "no-color", 0, OPT_FLAG, NULL, "no colours, on a terminal either", &q.no_color },
		CLIENT_OPTS(&q.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "logs",
		.synopsis = "[OPTIONS] OWNER/NAME SHA | RUN | --step N",
		.prose = "Prints what the steps of a commit or a run printed, those that failed first, or "
			 "one\n"
			 "step's. On a terminal with colours, and through $PAGER.",
		.opts = opts };

	return read_and_run(&q, argc, argv, &usage);
}
