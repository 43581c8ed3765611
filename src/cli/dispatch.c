/* dispatch: `sluice dispatch list|show|preview|retry|cancel|pause|resume|figures`: failures that are handed over to who fixes them. */
#include "cli/cli.h"

#include "cli/client.h"
#include "cli/error_text.h"
#include "cli/sub.h"
#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DISPATCHES "/api/v1/dispatches"
#define OUT_MAX ((size_t)4 << 20)

static struct str text(struct json *object, const char *key)
{
	return json_str(json_get(object, key));
}

static int64_t number(struct json *object, const char *key)
{
	int64_t n = 0;

	json_int(json_get(object, key), &n);
	return n;
}

static struct str or_dash(struct str s)
{
	return s.len > 0 ? s : STR("-");
}

/* All of these speak to one server, and may be asked for its JSON as it is. */
struct request {
	struct client_flags client;
	const char *repo, *forge, *state, *outcome, *branch, *since;
	int64_t most, days;
	bool json, prompt;
};

/* ---- list ---- */

/* "refused: cooldown", "over: fixed" */
static struct str state_of(struct table *t, struct json *d)
{
	struct str state = text(d, "state"), more = text(d, "outcome");

	if (more.len == 0)
		more = text(d, "refused_by");
	return more.len > 0 ? arena_fmt(&t->arena, "%.*s: %.*s", STR_FMT(state), STR_FMT(more)) : state;
}

static struct str line_of(struct table *t, struct json *d)
{
	int64_t pull = number(d, "pull_request");

	return pull > 0 ? arena_fmt(&t->arena, "#%lld", (long long)pull) : or_dash(text(d, "branch"));
}

static struct str short_sha(struct json *d)
{
	struct str sha = text(d, "head_sha");

	return (struct str){ sha.p, sha.len < 12 ? sha.len : 12 };
}

static struct str minute_of(struct str time)
{
	return (struct str){ time.p, time.len < 16 ? time.len : 16 };
}

static enum err_code take_row(void *arg, struct json *d, struct err *e)
{
	struct table *t = arg;

	(void)e;
	table_put_int(t, number(d, "dispatch_id"));
	table_put(t, state_of(t, d));
	table_put(t, minute_of(text(d, "created_at")));
	table_put(t, text(d, "repo"));
	table_put(t, line_of(t, d));
	table_put(t, short_sha(d));
	table_put(t, or_dash(text(d, "agent")));
	table_put(t, or_dash(text(d, "message")));
	return ERR_OK;
}

static enum err_code list(const struct request *r, struct err *e)
{
	static const char *const headings[] = { "ID", "STATE", "SINCE", "REPO", "WHERE", "SHA", "AGENT",
		"MESSAGE" };
	AUTO_CLIENT c = { 0 };
	AUTO_TABLE t = { 0 };
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	buf_z(&path, DISPATCHES);
	query_add(&path, "repo", r->repo);
	query_add(&path, "forge", r->forge);
	query_add(&path, "state", r->state);
	query_add(&path, "outcome", r->outcome);
	query_add(&path, "branch", r->branch);
	query_add(&path, "since", r->since);
	TRY(client_init(&c, &r->client, e));
	if (r->json)
		return client_print_list(&c, buf_cstr(&path), r->most, e);
	table_init(&t, headings, sizeof headings / sizeof *headings);
	TRY(client_each_first(&c, buf_cstr(&path), r->most, take_row, &t, e));
	return table_print(&t, isatty(STDOUT_FILENO), e);
}

static int cmd_list(int argc, char **argv)
{
	struct request r = { .most = 50 };
	const struct opt opts[] = { { "forge", 0, OPT_STRING, "NAME", "only repos of this forge", &r.forge },
		{ "state", 0, OPT_STRING, "STATE",
			"only waiting, refused, handing, offered, claimed, handed, unknown, canceled or over",
			&r.state },
		{ "outcome", 0, OPT_STRING, "OUTCOME", "only fixed, no_fix, failed, superseded or expired",
			&r.outcome },
		{ "branch", 0, OPT_STRING, "NAME", "only of this branch", &r.branch },
		{ "since", 0, OPT_STRING, "TIME", "only those that began then or later (RFC 3339)",
			&r.since },
		{ "limit", 0, OPT_INT, "N", "so many, the newest (50)", &r.most },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json }, CLIENT_OPTS(&r.client), { 0 } };
	const struct command_usage usage = { .name = "dispatch list",
		.synopsis = "[OPTIONS] [OWNER/NAME]",
		.prose = "Lists failures that were handed over, or were not, and why; the newest first.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 1 || r.most < 1)
		return command_usage_fail("dispatch list", "one repo at most, and a limit of 1 or more");
	r.repo = argc > 0 ? argv[0] : NULL;
	return list(&r, &e) == ERR_OK ? 0 : command_fail("dispatch list", &e);
}

/* ---- one ---- */

static void put_line(const char *name, struct str value, struct buf *out)
{
	if (value.len == 0)
		return;
	buf_fmt(out, "%-13s", name);
	error_text_name(value, out);
	buf_char(out, '\n');
}

static void put_number(const char *name, int64_t n, struct buf *out)
{
	if (n > 0)
		buf_fmt(out, "%-13s%lld\n", name, (long long)n);
}

static void put_verdicts(struct json *verdicts, struct buf *out)
{
	for (size_t i = 0; i < json_len(verdicts); i++) {
		struct json *v = json_at(verdicts, i);

		buf_z(out, i == 0 ? "\nChecks:\n" : "");
		buf_fmt(out, "  %-10.*s%-15.*s", STR_FMT(text(v, "check")), STR_FMT(text(v, "verdict")));
		error_text_name(text(v, "says"), out);
		buf_char(out, '\n');
	}
}

static void put_actions(struct json *actions, struct buf *out)
{
	for (size_t i = 0; i < json_len(actions); i++) {
		struct json *x = json_at(actions, i);

		buf_z(out, i == 0 ? "\nDone outside:\n" : "");
		buf_fmt(out, "  %-10.*s%-10.*s", STR_FMT(text(x, "action")), STR_FMT(text(x, "state")));
		error_text_name(text(x, "ref"), out);
		buf_z(out, text(x, "ref").len > 0 && text(x, "error").len > 0 ? ", " : "");
		error_text_name(text(x, "error"), out);
		buf_char(out, '\n');
	}
}

/* Its text is made harmless for a terminal; --prompt and --json have it as it is. */
static void put_detail(struct json *d, struct buf *out)
{
	static const char *const names[][2] = { { "Repo", "repo" }, { "Forge", "forge" },
		{ "Commit", "head_sha" }, { "Branch", "branch" }, { "Author", "author" },
		{ "Workflow", "workflow" }, { "Run", "url" }, { "State", "state" }, { "Outcome", "outcome" },
		{ "Refused by", "refused_by" }, { "Reason", "reason" }, { "Class", "class" },
		{ "Message", "message" }, { "Agent", "agent" }, { "Fixed in", "fixed_sha" },
		{ "Note", "note" }, { "Since", "created_at" }, { "Decided", "decided_at" },
		{ "Handed over", "handed_at" }, { "Over", "over_at" } };
	static const char *const numbers[][2] = { { "Pull request", "pull_request" }, { "Group", "group_id" },
		{ "Run id", "run_id" }, { "Its step", "step_id" }, { "Asked again", "retries" } };

	put_number("Dispatch", number(d, "dispatch_id"), out);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		put_line(names[i][0], text(d, names[i][1]), out);
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		put_number(numbers[i][0], number(d, numbers[i][1]), out);
	put_verdicts(json_get(d, "verdicts"), out);
	put_actions(json_get(d, "actions"), out);
}

static enum err_code print_answer(struct client *c, const struct request *r, struct err *e)
{
	struct json *root = client_root(c);
	AUTO_BUF out;

	buf_init(&out, OUT_MAX);
	if (r->json) {
		buf_char(&c->body, '\n');
		return print_all(buf_view(&c->body), e);
	}
	if (r->prompt)
		return print_all(text(root, "prompt"), e);
	put_detail(root, &out);
	TRY(buf_check(&out, "answer", e));
	return print_all(buf_view(&out), e);
}

static enum err_code ask(const struct request *r, const char *method, const char *path, struct err *e)
{
	AUTO_CLIENT c = { 0 };

	TRY(client_init(&c, &r->client, e));
	TRY(client_call(&c, method, path, NULL, e));
	return print_answer(&c, r, e);
}

static bool is_number(const char *s)
{
	return *s && strlen(s) < 19 && strspn(s, "0123456789") == strlen(s);
}

/* show, retry, cancel: of one, by its number. */
static int of_one(int argc, char **argv, const char *name, const char *prose, const char *method,
	const char *behind, bool has_prompt)
{
	struct request r = { 0 };
	const struct opt with_prompt[] = { { "prompt", 0, OPT_FLAG, NULL,
						   "print the prompt alone, as it went out", &r.prompt },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json }, CLIENT_OPTS(&r.client), { 0 } };
	const struct command_usage usage = { .name = name,
		.synopsis = "[OPTIONS] ID",
		.prose = prose,
		.opts = has_prompt ? with_prompt : with_prompt + 1 };
	char path[100];
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 1 || !is_number(argv[0]))
		return command_usage_fail(
			name, "the number of a dispatch is needed; `sluice dispatch list` has it");
	snprintf(path, sizeof path, DISPATCHES "/%s%s", argv[0], behind);
	return ask(&r, method, path, &e) == ERR_OK ? 0 : command_fail(name, &e);
}

static int cmd_show(int argc, char **argv)
{
	return of_one(argc, argv, "dispatch show",
		"Shows a dispatch: what it is of, what each check said, what was done and what came of it.",
		"GET", "", true);
}

static int cmd_retry(int argc, char **argv)
{
	return of_one(argc, argv, "dispatch retry",
		"Asks for one that is not open any more once more. It is decided anew, within seconds; of "
		"the\n"
		"checks those hold that are not about how much is too much.",
		"POST", "/retry", false);
}

static int cmd_cancel(int argc, char **argv)
{
	return of_one(argc, argv, "dispatch cancel",
		"Calls one off. An agent that has it is told with its next word.", "POST", "/cancel", false);
}

/* ---- preview ---- */

static enum err_code preview(const struct request *r, const char *sha, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json *root;
	AUTO_BUF path;
	AUTO_BUF out;

	buf_init(&path, 16 * 1024);
	buf_init(&out, OUT_MAX);
	buf_z(&path, DISPATCHES "/preview");
	query_add(&path, "repo", r->repo);
	query_add(&path, "sha", sha);
	query_add(&path, "forge", r->forge);
	TRY(client_init(&c, &r->client, e));
	TRY(client_call(&c, "GET", buf_cstr(&path), NULL, e));
	if (r->json || r->prompt)
		return print_answer(&c, r, e);
	root = client_root(&c);
	buf_z(&out, json_is_true(json_get(root, "goes")) ? "It would go out.\n" : "It would not go out.\n");
	put_line("By", text(root, "refused_by"), &out);
	put_line("Reason", text(root, "reason"), &out);
	put_verdicts(json_get(root, "verdicts"), &out);
	buf_z(&out, "\nIts prompt: --prompt prints that.\n");
	return print_all(buf_view(&out), e);
}

static int cmd_preview(int argc, char **argv)
{
	struct request r = { 0 };
	const struct opt opts[] = { { "forge", 0, OPT_STRING, "NAME", "the forge that the repo is on",
					    &r.forge },
		{ "prompt", 0, OPT_FLAG, NULL, "print the prompt alone", &r.prompt },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json }, CLIENT_OPTS(&r.client), { 0 } };
	const struct command_usage usage = { .name = "dispatch preview",
		.synopsis = "[OPTIONS] OWNER/NAME COMMIT",
		.prose = "Says what would be decided of a commit now, check by check, and with what prompt "
			 "it\n"
			 "would go out. Nothing is done.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc != 2)
		return command_usage_fail("dispatch preview",
			"a repo and a commit are needed: sluice dispatch preview OWNER/NAME COMMIT");
	r.repo = argv[0];
	return preview(&r, argv[1], &e) == ERR_OK ? 0 : command_fail("dispatch preview", &e);
}

/* ---- the switch ---- */

static enum err_code set_paused(const struct request *r, bool paused, struct err *e)
{
	AUTO_CLIENT c = { 0 };
	struct json_out j;
	AUTO_BUF body;
	AUTO_BUF line;

	buf_init(&body, 16 * 1024);
	buf_init(&line, 16 * 1024);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_bool(&j, "paused", paused);
	if (r->repo)
		json_put_z(&j, "repo", r->repo);
	if (r->forge)
		json_put_z(&j, "forge", r->forge);
	json_close_object(&j);
	TRY(client_init(&c, &r->client, e));
	TRY(client_call(&c, "POST", DISPATCHES "/pause", &body, e));
	buf_fmt(&line, "dispatching of %s %s%s\n", r->repo ? r->repo : "all repos",
		paused ? "is paused" : "goes on",
		json_is_true(json_get(client_root(&c), "changed")) ? "" : ", as it was");
	return print_all(buf_view(&line), e);
}

static int pause_or_resume(int argc, char **argv, const char *name, const char *prose, bool paused)
{
	struct request r = { 0 };
	const struct opt opts[] = { { "forge", 0, OPT_STRING, "NAME", "the forge that the repo is on",
					    &r.forge },
		CLIENT_OPTS(&r.client), { 0 } };
	const struct command_usage usage = {
		.name = name, .synopsis = "[OPTIONS] [OWNER/NAME]", .prose = prose, .opts = opts
	};
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 1)
		return command_usage_fail(name, "one repo, or none for all");
	r.repo = argc > 0 ? argv[0] : NULL;
	return set_paused(&r, paused, &e) == ERR_OK ? 0 : command_fail(name, &e);
}

static int cmd_pause(int argc, char **argv)
{
	return pause_or_resume(argc, argv, "dispatch pause",
		"Nothing is handed over any more, of a repo or of all, until `sluice dispatch resume`. What\n"
		"fails meanwhile is refused; what agents have already stays theirs.",
		true);
}

static int cmd_resume(int argc, char **argv)
{
	return pause_or_resume(argc, argv, "dispatch resume",
		"Failures are handed over again. A pause of all repos and one of a repo end each by itself.",
		false);
}

/* ---- figures ---- */

static enum err_code figures(const struct request *r, struct err *e)
{
	static const char *const rows[][2] = { { "Red runs", "red_runs" }, { "Looked at", "dispatches" },
		{ "Handed over", "handed" }, { "  open still", "waiting" }, { "  fixed", "fixed" },
		{ "  no fix", "no_fix" }, { "  failed", "failed" }, { "  superseded", "superseded" },
		{ "  expired", "expired" }, { "  unknown", "unknown" }, { "  canceled", "canceled" } };
	AUTO_CLIENT c = { 0 };
	struct json *root, *refused;
	AUTO_BUF path;
	AUTO_BUF out;

	buf_init(&path, 16 * 1024);
	buf_init(&out, OUT_MAX);
	buf_z(&path, DISPATCHES "/figures");
	query_add(&path, "repo", r->repo);
	query_add(&path, "forge", r->forge);
	query_add_int(&path, "days", r->days);
	TRY(client_init(&c, &r->client, e));
	TRY(client_call(&c, "GET", buf_cstr(&path), NULL, e));
	if (r->json)
		return print_answer(&c, r, e);
	root = client_root(&c);
	refused = json_get(root, "refused");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		buf_fmt(&out, "%-14s%6lld\n", rows[i][0], (long long)number(root, rows[i][1]));
	for (size_t i = 0; i < json_len(refused); i++)
		buf_fmt(&out, "%s  %-12.*s%6lld\n", i == 0 ? "Refused by\n" : "",
			STR_FMT(text(json_at(refused, i), "check")),
			(long long)number(json_at(refused, i), "count"));
	buf_z(&out, json_is_true(json_get(root, "paused")) ? "Dispatching is paused.\n" : "");
	return print_all(buf_view(&out), e);
}

static int cmd_figures(int argc, char **argv)
{
	struct request r = { .days = 30 };
	const struct opt opts[] = { { "forge", 0, OPT_STRING, "NAME", "only repos of this forge", &r.forge },
		{ "days", 0, OPT_INT, "N", "so many days back (30)", &r.days },
		{ "json", 0, OPT_FLAG, NULL, "print JSON", &r.json }, CLIENT_OPTS(&r.client), { 0 } };
	const struct command_usage usage = { .name = "dispatch figures",
		.synopsis = "[OPTIONS] [OWNER/NAME]",
		.prose = "Counts red runs, how many were handed over, what came of it, and why the others "
			 "were not.",
		.opts = opts };
	int exit_code;
	struct err e;

	if (command_options(&usage, &argc, argv, &exit_code) == COMMAND_DONE)
		return exit_code;
	if (argc > 1)
		return command_usage_fail("dispatch figures", "one repo, or none for all");
	r.repo = argc > 0 ? argv[0] : NULL;
	return figures(&r, &e) == ERR_OK ? 0 : command_fail("dispatch figures", &e);
}

int cmd_dispatch(int argc, char **argv)
{
	static const struct sub subs[] = {
		{ "list", cmd_list, "list failures that were handed over, or were not" },
		{ "show", cmd_show, "show one: checks, prompt, what was done, what came of it" },
		{ "preview", cmd_preview, "say what would be decided of a commit; nothing is done" },
		{ "retry", cmd_retry, "ask for one once more" },
		{ "cancel", cmd_cancel, "call one off" },
		{ "pause", cmd_pause, "hand nothing over any more, of a repo or of all" },
		{ "resume", cmd_resume, "hand over again" },
		{ "figures", cmd_figures, "count what became of red runs" },
	};

	return sub_run("dispatch", "Dispatches: failures that are handed over to who fixes them.", subs,
		sizeof subs / sizeof *subs, argc, argv);
}
