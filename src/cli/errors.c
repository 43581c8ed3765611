/*
 * errors: `sluice errors`, what broke in the steps of a commit or a run that failed, or in one step: causes first, each with its place, its
 * message, whether it is new, and where its lines are.
 *
 * Which steps is found as for `sluice logs`. Of a step without errors it is said why that is: it may be a moment too early.
 */
#include "cli/cli.h"

#include "cli/error_text.h"
#include "cli/json_copy.h"
#include "cli/logs_steps.h"
#include "cli/pager.h"

#include <unistd.h>

#define STEP_TEXT_MAX (64 * 1024 * 1024)
#define BOLD "1"
#define RED "1;31"
#define DIM "2"
#define PLAIN "0"

struct request {
	struct client_flags client;
	struct logs_query query;
	bool all, json, no_color;
};

struct printing {
	struct client *client;
	const struct request *q;
	bool colours;
	struct buf text; /* of one step, or the JSON of all */
	struct json_out json;
	size_t n; /* errors of the step */
};

/* ---- one error ---- */

static void put_if_any(struct str value, const char *before, struct buf *out)
{
	if (value.len == 0)
		return;
	buf_z(out, before);
	error_text_name(value, out);
}

static void put_head(struct json *error, bool colours, struct buf *out)
{
	bool is_cause = str_eq(json_str(json_get(error, "role")), STR("cause"));
	AUTO_BUF place;

	buf_init(&place, STEP_TEXT_MAX);
	error_text_place(error, &place);
	buf_z(out, "  ");
	error_text_style(colours, is_cause ? RED : BOLD, out);
	error_text_name(json_str(json_get(error, "role")), out);
	error_text_style(colours, PLAIN, out);
	put_if_any(json_str(json_get(error, "class")), ", ", out);
	buf_fmt(out, "%s%.*s", place.len > 0 ? ": " : "", STR_FMT(buf_view(&place)));
	put_if_any(json_str(json_get(error, "code")), " ", out);
	put_if_any(json_str(json_get(error, "test")), " ", out);
	buf_char(out, '\n');
}

/* "new; group 5", "known since 2026-09-01; group 5; flaky; snoozed; https://.." */
static void put_group(struct json *group, struct buf *out)
{
	struct str state = json_str(json_get(group, "state"));
	int64_t id = 0;

	if (!json_int(json_get(group, "group_id"), &id))
		return;
	buf_z(out, "    ");
	if (json_is_true(json_get(group, "new"))) {
		buf_z(out, "new");
	} else {
		buf_z(out, "known since ");
		error_text_date(json_str(json_get(group, "first_seen_at")), out);
	}
	buf_fmt(out, "; group %lld", (long long)id);
	if (json_is_true(json_get(group, "flaky")))
		buf_z(out, "; flaky");
	if (!str_eq(state, STR("open")))
		put_if_any(state, "; ", out);
	put_if_any(json_str(json_get(group, "issue")), "; ", out);
	buf_char(out, '\n');
}

static void put_lines(struct json *error, bool colours, struct buf *out)
{
	AUTO_BUF lines;

	buf_init(&lines, 1000);
	error_text_lines(error, &lines);
	if (lines.len == 0)
		return;
	buf_z(out, "    ");
	error_text_style(colours, DIM, out);
	buf_str(out, buf_view(&lines));
	error_text_style(colours, PLAIN, out);
	buf_char(out, '\n');
}

static enum err_code put_error(void *arg, struct json *item, struct err *e)
{
	struct printing *p = arg;

	p->n++;
	if (p->q->json) {
		json_copy(&p->json, NULL, item);
		return buf_check(&p->text, "list", e);
	}
	put_head(item, p->colours, &p->text);
	error_text_message(json_str(json_get(item, "message")), "    ", &p->text);
	put_group(json_get(item, "group"), &p->text);
	put_lines(item, p->colours, &p->text);
	return buf_check(&p->text, "list", e);
}

/* ---- one step ---- */

/* Why there may be none. */
static enum err_code put_absence(struct printing *p, int64_t step_id, struct err *e)
{
	struct json *root;
	AUTO_BUF path;

	buf_init(&path, 100);
	buf_fmt(&path, "/api/v1/steps/%lld/errors?limit=1", (long long)step_id);
	TRY(client_call(p->client, "GET", buf_cstr(&path), NULL, e));
	root = client_root(p->client);
	if (json_is_true(json_get(root, "due")))
		buf_z(&p->text, "  it is being explained; ask again in a moment\n");
	else if (json_kind(json_get(root, "failed")) == JSON_STRING) {
		buf_z(&p->text, "  it could not be explained: ");
		error_text_name(json_str(json_get(root, "failed")), &p->text);
		buf_char(&p->text, '\n');
	} else if (json_kind(json_get(root, "explained_at")) != JSON_STRING)
		buf_z(&p->text, "  it was not explained\n");
	else
		buf_z(&p->text, "  nothing was found in it\n");
	return ERR_OK;
}

static enum err_code read_role(struct printing *p, int64_t step_id, const char *role, struct err *e)
{
	AUTO_BUF path;

	buf_init(&path, 200);
	buf_fmt(&path, "/api/v1/steps/%lld/errors?role=%s", (long long)step_id, role);
	return client_each(p->client, buf_cstr(&path), put_error, p, e);
}

static enum err_code read_step(struct printing *p, const struct logs_step *step, struct err *e)
{
	static const char *const roles[] = { "cause", "consequence", "context" };

	p->n = 0;
	if (!p->q->json) {
		error_text_style(p->colours, BOLD, &p->text);
		logs_step_title(step, &p->text);
		error_text_style(p->colours, PLAIN, &p->text);
		buf_char(&p->text, '\n');
	}
	for (size_t i = 0; i < (p->q->all ? 3 : 1); i++)
		TRY(read_role(p, step->id, roles[i], e));
	if (p->n == 0 && !p->q->json)
		TRY(put_absence(p, step->id, e));
	return buf_check(&p->text, "list", e);
}

/* ---- the command ---- */

static enum err_code print_text(
	struct printing *p, const struct logs_steps *steps, struct pager *out, struct err *e)
{
	for (size_t i = 0; i < steps->n && !pager_is_left(out); i++) {
		buf_reset(&p->text);
		buf_z(&p->text, i > 0 ? "\n" : "");
		TRY(read_step(p, &steps->list[i], e));
		TRY(pager_write(out, buf_view(&p->text), e));
	}
	return ERR_OK;
}

static enum err_code print_json(struct printing *p, const struct logs_steps *steps, struct err *e)
{
	json_out_init(&p->json, &p->text);
	json_open_array(&p->json, NULL);
	for (size_t i = 0; i < steps->n; i++)
		TRY(read_step(p, &steps->list[i], e));
	json_close_array(&p->json);
	buf_char(&p->text, '\n');
	TRY(buf_check(&p->text, "list", e));
	return print_all(buf_view(&p->text), e);
}

static enum err_code print(struct printing *p, const struct logs_steps *steps, struct err *e)
{
	struct pager out;

	if (p->q->json)
		return print_json(p, steps, e);
	pager_init(&out, true);
	return pager_close(&out, print_text(p, steps, &out, e), e);
}

static enum err_code errors(const struct request *q, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	AUTO_LOGS_STEPS steps = { 0 };
	struct printing p = {
		.client = &c, .q = q, .colours = !q->no_color && command_colour(STDOUT_FILENO)
	};
	enum err_code code;

	TRY(client_init(&c, &q->client, e));
	TRY(logs_steps_find(&c, &q->query, &steps, e));
	buf_init(&p.text, STEP_TEXT_MAX);
	code = print(&p, &steps, e);
	buf_done(&p.text);
	return code;
}

/* By step, by run, by the forge's id of a run, or by repo and commit: as `sluice logs`. */
static int read_operands(struct request *q, int argc, char **argv)
{
	struct logs_query *by = &q->query;
	bool is_named = by->step_id != 0 || by->external_run_id;

	if (by->step_id < 0 || (by->step_id != 0 && by->external_run_id))
		return command_usage_fail("errors", "--step takes the number of a step, and stands alone");
	if (argc > (by->step_id != 0 ? 0 : by->external_run_id ? 1 : 2))
		return command_usage_fail(
			"errors", "there is nothing to be done with \"%.60s\"", argv[argc - 1]);
	if (is_named) {
		by->repo = argc > 0 ? argv[0] : NULL;
		return 0;
	}
	if (argc == 0)
		return command_usage_fail(
			"errors", "of what? OWNER/NAME SHA, the number of a run, or --step N");
	if (argc == 1 && (!str_to_int(str_z(argv[0]), &by->run_id) || by->run_id < 1))
		return command_usage_fail(
			"errors", "of which commit? sluice errors OWNER/NAME SHA, or sluice errors RUN");
	if (argc == 2) {
		by->repo = argv[0];
		by->sha = argv[1];
	}
	return 0;
}

int cmd_errors(int argc, char **argv)
{
	struct request q = { .query = { .failed = true } };
	const struct opt opts[] = {
		{ "step", 0, OPT_INT, "N", "what broke in step N", &q.query.step_id },
		{ "external-run-id", 0, OPT_STRING, "ID", "a run by the forge's id",
			&q.query.external_run_id },
		{ "forge", 0, OPT_STRING, "NAME", "forge of the repo (else the server's default)",
			&q.query.forge },
		{ "all", 'a', OPT_FLAG, NULL,
			"what followed from a cause too, and lines that help to understand", &q.all },
		{ "json", 0, OPT_FLAG, NULL, "print JSON: a list of errors", &q.json },
		{ "no-color", 0, OPT_FLAG, NULL, "no colours, on a terminal either", &q.no_color },
		CLIENT_OPTS(&q.client),
		{ 0 },
	};
	const struct command_usage usage = { .name = "errors",
		.synopsis = "[OPTIONS] OWNER/NAME SHA | RUN | --step N",
		.prose = "Prints what broke in the steps of a commit or a run that failed, or in one step:\n"
			 "the causes, whether they are new, and where their lines are.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	exit_code = read_operands(&q, argc, argv);
	if (exit_code != 0)
		return exit_code;
	return errors(&q, &e) == ERR_OK ? 0 : command_fail("errors", &e);
}
