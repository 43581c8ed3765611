/*
 * mcp_tools: the table of tools, and what is made from it: what tools/list says, and the check of arguments, by the rows (op.h) and the code (check.c) that check what
 * comes by the other interfaces.
 *
 * An argument that a tool does not have is refused, not passed over: a bot that writes "run" for "run_id" would be answered about something else.
 */
#include "http/mcp_tools.h"

#include "http/edge.h"

#include <ctype.h>

/* ---- what they take ---- */

#define ANY_LENGTH .min = INT64_MIN, .max = INT64_MAX
#define TEXT(name_, most, prose_)                                                                            \
	{                                                                                                    \
		.field = { .name = name_,                                                                    \
			.types = FIELD_STRING,                                                               \
			.min_len = 1,                                                                        \
			.max_len = most,                                                                     \
			.one_line = true,                                                                    \
			ANY_LENGTH },                                                                        \
		.prose = prose_                                                                              \
	}
#define WORD(name_, values_, prose_)                                                                         \
	{                                                                                                    \
		.field = { .name = name_,                                                                    \
			.types = FIELD_STRING,                                                               \
			.max_len = -1,                                                                       \
			.values = values_,                                                                   \
			ANY_LENGTH },                                                                        \
		.prose = prose_                                                                              \
	}
#define NEEDED_WORD(name_, values_, prose_)                                                                  \
	{                                                                                                    \
		.field = { .name = name_,                                                                    \
			.types = FIELD_STRING,                                                               \
			.max_len = -1,                                                                       \
			.values = values_,                                                                   \
			.required = true,                                                                    \
			ANY_LENGTH },                                                                        \
		.prose = prose_                                                                              \
	}
#define LINES(name_, most, prose_)                                                                           \
	{                                                                                                    \
		.field = { .name = name_, .types = FIELD_STRING, .max_len = most, ANY_LENGTH },              \
		.prose = prose_                                                                              \
	}
#define NUMBER(name_, low, high, default_, prose_)                                                           \
	{                                                                                                    \
		.field = { .name = name_,                                                                    \
			.types = FIELD_INTEGER,                                                              \
			.min = low,                                                                          \
			.max = high,                                                                         \
			.def = default_ },                                                                   \
		.prose = prose_                                                                              \
	}
#define NEEDED(name_, prose_)                                                                                \
	{                                                                                                    \
		.field = { .name = name_,                                                                    \
			.types = FIELD_INTEGER,                                                              \
			.min = 1,                                                                            \
			.max = INT64_MAX,                                                                    \
			.required = true },                                                                  \
		.prose = prose_                                                                              \
	}
#define MOST INT64_C(9007199254740991) /* that every client can tell from its neighbours */

#define REPO TEXT("repo", 100, "The repo as owner/name.")
#define FORGE TEXT("forge", 50, "The forge that repo is on, where several have one of this name.")
#define STEP NEEDED("step_id", "Sluice's id of a step.")
#define RUN NUMBER("run_id", 1, INT64_MAX, NULL, "Sluice's id of a run.")
#define FROM_CURSOR                                                                                          \
	NUMBER("cursor", 0, MOST, NULL, "next_cursor of the page before; absent for the first page.")

static const char *const levels[] = { "debug", "info", "warning", "error", "critical", NULL };
static const char *const statuses[] = { "queued", "running", "pass", "fail", "canceled", "incomplete", NULL };
static const char *const states[] = { "open", "snoozed", "resolved", NULL };
static const char *const outcomes[] = { "fixed", "no_fix", "failed",
	NULL }; /* the others are seen, not said */

static const struct mcp_arg of_failure_context[] = {
	REPO,
	TEXT("sha", 64, "The commit, in full. Needs repo."),
	RUN,
	TEXT("external_run_id", 100,
		"The forge's id of a run. With repo when several repos have a run of this id."),
	NUMBER("pull_request", 1, INT64_MAX, NULL,
		"The number of a pull request: the commit that ran last for it. Needs repo."),
	FORGE,
	NUMBER("budget", 1024, 262144, "32768", "Bytes that each form of the account may have at most."),
};

static const struct mcp_arg of_list_failures[] = {
	REPO,
	FORGE,
	NUMBER("limit", 1, 50, "20", "Runs on a page at most."),
	NUMBER("cursor", 0, 150, NULL,
		"next_cursor of the page before. There are 200 at most; list_runs with status fail has all."),
};

static const struct mcp_arg of_step_log[] = {
	STEP,
	NUMBER("from", 1, MOST, NULL, "The first line that is wanted."),
	NUMBER("to", 1, MOST, NULL, "The last line that is wanted."),
	NUMBER("tail", 1, 500, NULL, "So many of the last lines; with to, of those up to it."),
	NUMBER("around", 1, MOST, NULL, "A line, and context lines on both sides of it."),
	NUMBER("context", 0, 100, "20", "With around: how many lines on each side."),
	NUMBER("limit", 1, 500, "100", "Lines on a page at most. Of few lines more is shown of long ones."),
	FROM_CURSOR,
};

static const struct mcp_arg of_search_log[] = {
	NUMBER("step_id", 1, INT64_MAX, NULL, "Sluice's id of a step. This or run_id."),
	NUMBER("run_id", 1, INT64_MAX, NULL, "Sluice's id of a run, to search all of its steps."),
	TEXT("contains", 100, "Only lines that have this in them, in whatever case."),
	TEXT("regex", 128,
		"Only lines that match this: PCRE without back references and look-around; (?i) for whatever "
		"case."),
	WORD("min_level", levels, "Only lines of this level and above."),
	NUMBER("before", 0, 10, "0", "Lines to show in front of each match. With step_id."),
	NUMBER("after", 0, 10, "0", "Lines to show behind each match. With step_id."),
	NUMBER("limit", 1, 200, "50", "Lines on a page at most."),
	FROM_CURSOR,
};

static const struct mcp_arg of_list_errors[] = {
	NUMBER("run_id", 1, INT64_MAX, NULL,
		"Sluice's id of a run: the causes in its failed steps. One of run_id, step_id and repo."),
	NUMBER("step_id", 1, INT64_MAX, NULL, "Sluice's id of a step: all that was found in it."),
	TEXT("repo", 100, "The repo as owner/name: its groups of errors that are the same, last seen first."),
	FORGE,
	WORD("state", states, "With repo: only groups of this state."),
	NUMBER("limit", 1, 100, "20", "Errors or groups on a page at most."),
	FROM_CURSOR,
};

static const struct mcp_arg of_error_group[] = {
	NEEDED("group_id", "Sluice's id of a group of errors."),
	NUMBER("newest", 1, 10, "5", "So many of its newest errors are told."),
};

static const struct mcp_arg of_compare_with_baseline[] = {
	STEP,
	NUMBER("baseline_step_id", 1, INT64_MAX, NULL,
		"Another step to compare with; else the last time that this one passed."),
	NUMBER("context", 0, 10, "3", "Known lines around each that is new."),
	NUMBER("limit", 1, 500, "200", "Lines on a page at most."),
	FROM_CURSOR,
};

static const struct mcp_arg of_list_runs[] = {
	REPO,
	TEXT("branch", 200, "Only runs of this branch."),
	TEXT("sha", 64, "Only runs of this commit, in full."),
	WORD("status", statuses, "Only runs of this status."),
	NUMBER("limit", 1, 100, "20", "Runs on a page at most."),
	FROM_CURSOR,
};

static const struct mcp_arg of_report_outcome[] = {
	NEEDED("dispatch_id", "Sluice's id of a dispatch, as it was told with the failure."),
	NEEDED_WORD("outcome", outcomes,
		"fixed: by the commit sha. no_fix: no change of code mends this, which is remembered for "
		"errors that are the same. failed: it was tried and did not work."),
	TEXT("sha", 64, "The commit that fixes it, in full. Needed with fixed."),
	LINES("note", 4000, "What was found or done, for people and for the next who tries."),
	NUMBER("claim", 1, INT64_MAX, NULL,
		"The number of the claim, of a dispatch that an agent claimed; none of one that came "
		"otherwise."),
};

/* ---- what they give ---- */

#define S_INT "{\"type\":\"integer\"}"
#define S_TEXT "{\"type\":\"string\"}"
#define S_BOOL "{\"type\":\"boolean\"}"
#define S_OR_NULL(type) "{\"type\":[\"" type "\",\"null\"]}"
#define S_M(name, schema) "\"" name "\":" schema
#define S_OBJECT(required, members)                                                                          \
	"{\"type\":\"object\",\"required\":[" required "],\"properties\":{" members "}}"
#define S_LIST(items) "{\"type\":\"array\",\"items\":" items "}"
#define S_NEXT S_M("next_cursor", S_OR_NULL("integer"))
#define S_NOTE S_M("note", S_TEXT)

#define S_STEP                                                                                               \
	S_OBJECT("\"step_id\",\"run_id\"",                                                                   \
		S_M("step_id", S_INT) "," S_M("run_id", S_INT) "," S_M("job", S_OR_NULL("string")) "," S_M(  \
			"step", S_OR_NULL("string")) "," S_M("text", S_OR_NULL("string")))
#define CONTEXT                                                                                              \
	S_OBJECT("\"status\",\"message\",\"steps\",\"omitted\"",                                             \
		S_M("status", S_OR_NULL("string")) "," S_M("message", S_TEXT) "," S_M(                       \
			"reasons", S_LIST(S_TEXT)) "," S_M("steps", S_LIST(S_STEP)) "," S_M("omitted",       \
			"{\"type\":\"object\"}"))

#define S_RUN_MEMBERS                                                                                        \
	S_M("run_id", S_INT)                                                                                 \
	"," S_M("status", S_TEXT) "," S_M("repo", S_TEXT) "," S_M("forge", S_TEXT) "," S_M(                  \
		"sha", S_TEXT) "," S_M("branch", S_OR_NULL("string")) "," S_M("pull_request",                \
		S_OR_NULL("integer")) "," S_M("workflow", S_OR_NULL("string")) "," S_M("external_run_id",    \
		S_OR_NULL("string")) "," S_M("url", S_OR_NULL("string")) "," S_M("created_at",               \
		S_OR_NULL("string")) "," S_M("failed_steps", S_INT) "," S_M("failed_tests", S_INT)
#define S_RUN_NEEDS "\"run_id\",\"status\",\"repo\",\"sha\""
#define FAILURES                                                                                             \
	S_OBJECT("\"failures\",\"next_cursor\"",                                                             \
		S_M("failures", S_LIST(S_OBJECT(S_RUN_NEEDS,                                                 \
					S_RUN_MEMBERS "," S_M("step_id", S_OR_NULL("integer")) "," S_M(      \
						"job", S_OR_NULL("string")) "," S_M("step",                  \
						S_OR_NULL("string"))))) "," S_NEXT)
#define RUNS                                                                                                 \
	S_OBJECT("\"runs\",\"total\",\"next_cursor\"",                                                       \
		S_M("runs", S_LIST(S_OBJECT(S_RUN_NEEDS, S_RUN_MEMBERS))) "," S_M(                           \
			"total", S_INT) "," S_NEXT)

#define S_LINE(more)                                                                                         \
	S_OBJECT("\"number\",\"text\"",                                                                      \
		S_M("number", S_INT) "," S_M("text", S_TEXT) "," S_M("truncated", S_BOOL) "," more)
#define LOG_LINES                                                                                            \
	S_OBJECT("\"step_id\",\"lines\",\"next_cursor\",\"previous_to\"",                                    \
		S_M("step_id", S_INT) "," S_M("state", S_TEXT) "," S_M("total_lines",                        \
			S_INT) "," S_NOTE                                                                    \
			       "," S_M("lines", S_LIST(S_LINE(S_M("level", S_TEXT)))) "," S_M("complete",    \
				       S_BOOL) "," S_NEXT "," S_M("previous_to", S_OR_NULL("integer")))
#define FOUND_LINES                                                                                          \
	S_OBJECT("\"lines\",\"next_cursor\"",                                                                \
		S_NOTE "," S_M("lines", S_LIST(S_LINE(S_M("level", S_TEXT) "," S_M(                          \
						"step_id", S_INT) "," S_M("match", S_BOOL)))) "," S_NEXT)
#define DIFFERENCES                                                                                          \
	S_OBJECT("\"step_id\",\"baseline\",\"lines\",\"next_cursor\"",                                       \
		S_M("step_id", S_INT) "," S_M(                                                               \
			"baseline", S_OBJECT("\"step_id\",\"run_id\"",                                       \
					    S_M("step_id", S_INT) "," S_M("run_id", S_INT) "," S_M(          \
						    "sha", S_OR_NULL("string")) "," S_M("branch",            \
						    S_OR_NULL("string")))) "," S_M("complete",               \
			S_BOOL) "," S_NOTE "," S_M("lines", S_LIST(S_LINE(S_M("kind", S_TEXT)))) "," S_NEXT)

#define S_ERROR                                                                                              \
	S_OBJECT("\"error_id\",\"step_id\",\"run_id\",\"role\",\"class\",\"message\"",                       \
		S_M("error_id", S_TEXT) "," S_M("step_id", S_INT) "," S_M("run_id", S_INT) "," S_M("role",   \
			S_TEXT) "," S_M("class", S_TEXT) "," S_M("severity", S_TEXT) "," S_M("message",      \
			S_TEXT) "," S_M("file", S_OR_NULL("string")) "," S_M("line",                         \
			S_OR_NULL("integer")) "," S_M("from_line", S_OR_NULL("integer")) "," S_M("to_line",  \
			S_OR_NULL("integer")) "," S_M("advice", S_OR_NULL("string")))
#define S_GROUP_MEMBERS                                                                                      \
	S_M("group_id", S_INT)                                                                               \
	"," S_M("repo", S_TEXT) "," S_M("state", S_TEXT) "," S_M("class", S_TEXT) "," S_M(                   \
		"message", S_TEXT) "," S_M("first_seen_at", S_OR_NULL("string")) "," S_M("last_seen_at",     \
		S_OR_NULL("string")) "," S_M("new_in_sha", S_OR_NULL("string")) "," S_M("flaky",             \
		S_BOOL) "," S_M("fixed_in", S_OR_NULL("string")) "," S_M("fixed_at",                         \
		S_OR_NULL("string")) "," S_M("issue", S_OR_NULL("string"))
#define S_GROUP_NEEDS "\"group_id\",\"repo\",\"state\",\"class\",\"message\""
#define ERRORS                                                                                               \
	S_OBJECT("\"next_cursor\"",                                                                          \
		S_M("errors", S_LIST(S_ERROR)) "," S_M(                                                      \
			"groups", S_LIST(S_OBJECT(S_GROUP_NEEDS, S_GROUP_MEMBERS))) "," S_M("total",         \
			S_INT) "," S_M("due", S_BOOL) "," S_NEXT)
#define GROUP                                                                                                \
	S_OBJECT(S_GROUP_NEEDS, S_GROUP_MEMBERS                                                              \
		"," S_M("why", S_LIST(S_TEXT)) "," S_M("errors", S_LIST("{\"type\":\"object\"}")))
#define DISPATCH                                                                                             \
	S_OBJECT("\"dispatch_id\",\"repo\",\"head_sha\",\"state\",\"outcome\"",                              \
		S_M("dispatch_id", S_INT) "," S_M("repo", S_TEXT) "," S_M("forge", S_TEXT) "," S_M(          \
			"head_sha", S_TEXT) "," S_M("run_id", S_OR_NULL("integer")) "," S_M("branch",        \
			S_OR_NULL("string")) "," S_M("pull_request", S_OR_NULL("integer")) "," S_M("state",  \
			S_TEXT) "," S_M("outcome", S_OR_NULL("string")) "," S_M("fixed_sha",                 \
			S_OR_NULL("string")) "," S_M("note", S_OR_NULL("string")) "," S_M("over_at",         \
			S_OR_NULL("string")))

/* ---- the table ---- */

#define ARGS(of) .args = of, .n_args = sizeof of / sizeof *of
#define READS(scope_) .scope = SCOPE_BIT(scope_)
#define WRITES(scope_) .scope = SCOPE_BIT(scope_), .writes = true

const struct mcp_tool mcp_tools[] = {
	{ .name = "failure_context",
		.title = "What failed, and why",
		.prose = "The account of a failure in one go: the failed steps of a commit, a run or a pull "
			 "request, of each its causes with their lines, whether they are new, "
			 "and the end of its log. Give exactly one of sha (with repo), run_id, "
			 "external_run_id or pull_request (with repo). Where no log arrived it says so, and "
			 "why.",
		ARGS(of_failure_context),
		.output = CONTEXT,
		READS(SCOPE_LOGS_READ),
		.call = mcp_failure_context },
	{ .name = "list_failures",
		.title = "The newest failures",
		.prose = "The newest runs that failed or lost their runner, of all repos that the token may "
			 "see or of one, each with the step that failed first.",
		ARGS(of_list_failures),
		.output = FAILURES,
		READS(SCOPE_LOGS_READ),
		.call = mcp_list_failures },
	{ .name = "step_log",
		.title = "Lines of a step's log",
		.prose = "Lines of the log of one step, numbered from 1: a range (from, to), the last ones "
			 "(tail), or those around a line; without any of these from the beginning.",
		ARGS(of_step_log),
		.output = LOG_LINES,
		READS(SCOPE_LOGS_READ),
		.call = mcp_step_log },
	{ .name = "search_log",
		.title = "Search a log",
		.prose = "The lines of a step, or of all steps of a run, that contain a text, match a "
			 "regular expression or have a level. A page may be short or empty and still "
			 "have a next_cursor: so far was searched.",
		ARGS(of_search_log),
		.output = FOUND_LINES,
		READS(SCOPE_LOGS_READ),
		.call = mcp_search_log },
	{ .name = "list_errors",
		.title = "What broke",
		.prose = "What broke, one by one: the causes of a run, all that was found in a step, or the "
			 "groups of errors of a repo.",
		ARGS(of_list_errors),
		.output = ERRORS,
		READS(SCOPE_LOGS_READ),
		.call = mcp_list_errors },
	{ .name = "error_group",
		.title = "The history of an error",
		.prose = "Errors that are the same, over runs and branches: since when, how often, whether "
			 "flaky, in which commit it went away once, what people said of it, "
			 "and the newest of them.",
		ARGS(of_error_group),
		.output = GROUP,
		READS(SCOPE_LOGS_READ),
		.call = mcp_error_group },
	{ .name = "compare_with_baseline",
		.title = "What is new in a log",
		.prose = "The lines of a step's log that were not in it when the step last passed, with the "
			 "lines around them.",
		ARGS(of_compare_with_baseline),
		.output = DIFFERENCES,
		READS(SCOPE_LOGS_READ),
		.call = mcp_compare_with_baseline },
	{ .name = "list_runs",
		.title = "Runs",
		.prose = "Runs of CI, the newest first, by repo, branch, commit and status.",
		ARGS(of_list_runs),
		.output = RUNS,
		READS(SCOPE_RUNS_READ),
		.call = mcp_list_runs },
	{ .name = "report_outcome",
		.title = "What came of a failure",
		.prose =
			"Says what came of a failure that was handed over to be fixed (a dispatch): fixed, "
			"with the commit; no_fix; or failed. It is then over, and what was said is kept. The "
			"same again changes nothing. The only tool that changes anything.",
		ARGS(of_report_outcome),
		.output = DISPATCH,
		WRITES(SCOPE_DISPATCH_WRITE),
		.call = mcp_report_outcome },
};
const size_t mcp_n_tools = sizeof mcp_tools / sizeof *mcp_tools;

const struct mcp_tool *mcp_tool_find(struct str name)
{
	for (size_t i = 0; i < mcp_n_tools; i++)
		if (str_eq(name, str_z(mcp_tools[i].name)))
			return &mcp_tools[i];
	return NULL;
}

/* ---- as it is listed ---- */

static void put_arg(struct json_out *j, const struct mcp_arg *arg)
{
	const struct field *f = &arg->field;
	int64_t n;

	json_open_object(j, f->name);
	json_put_z(j, "type", f->types & FIELD_INTEGER ? "integer" : "string");
	json_put_z(j, "description", arg->prose);
	if (f->types & FIELD_INTEGER) {
		json_put_int(j, "minimum", f->min);
		if (f->max <= MOST)
			json_put_int(j, "maximum", f->max);
	} else if (f->max_len >= 0) {
		json_put_int(j, "minLength", f->min_len);
		json_put_int(j, "maxLength", f->max_len);
	}
	if (f->values) {
		json_open_array(j, "enum");
		for (size_t i = 0; f->values[i]; i++)
			json_put_z(j, NULL, f->values[i]);
		json_close_array(j);
	}
	if (str_to_int(str_z(f->def), &n))
		json_put_int(j, "default", n);
	json_close_object(j);
}

static void put_input(struct json_out *j, const struct mcp_tool *t)
{
	json_open_object(j, "inputSchema");
	json_put_z(j, "type", "object");
	json_open_object(j, "properties");
	for (size_t i = 0; i < t->n_args; i++)
		put_arg(j, &t->args[i]);
	json_close_object(j);
	json_open_array(j, "required");
	for (size_t i = 0; i < t->n_args; i++)
		if (t->args[i].field.required)
			json_put_z(j, NULL, t->args[i].field.name);
	json_close_array(j);
	json_put_bool(j, "additionalProperties", false);
	json_close_object(j);
}

void mcp_tool_write(struct json_out *j, const struct mcp_tool *t)
{
	json_open_object(j, NULL);
	json_put_z(j, "name", t->name);
	json_put_z(j, "title", t->title);
	json_put_z(j, "description", t->prose);
	put_input(j, t);
	json_put_json(j, "outputSchema", str_z(t->output));
	json_open_object(j, "annotations");
	json_put_z(j, "title", t->title);
	json_put_bool(j, "readOnlyHint", !t->writes);
	json_put_bool(j, "destructiveHint", false);
	json_put_bool(j, "idempotentHint", true);
	json_put_bool(j, "openWorldHint", false);
	json_close_object(j);
	json_close_object(j);
}

/* ---- as it is called ---- */

struct checking {
	struct mcp_call *m;
	struct buf wrong;
};

static void add_wrong(struct checking *x, struct str name, struct str what)
{
	size_t len = name.len < 60 ? name.len : 60;

	buf_fmt(&x->wrong, "%s%.*s %.*s", x->wrong.len > 0 ? "; " : "", (int)len, name.p, STR_FMT(what));
}

static const struct mcp_arg *find_arg(const struct mcp_tool *t, struct str name)
{
	for (size_t i = 0; i < t->n_args; i++)
		if (str_eq(name, str_z(t->args[i].field.name)))
			return &t->args[i];
	return NULL;
}

static bool check_arg(void *arg, struct str key, struct json *value)
{
	struct checking *x = arg;
	const struct mcp_arg *a = find_arg(x->m->tool, key);
	struct str wrong;

	if (!a)
		add_wrong(x, key, STR("is no argument of this tool"));
	else if (json_kind(value) != JSON_NULL && !check_value(&x->m->c->arena, &a->field, value, &wrong))
		add_wrong(x, key, wrong);
	return true;
}

static enum err_code check_args(struct mcp_call *m, struct err *e)
{
	struct checking x = { .m = m };
	enum err_code code = ERR_OK;

	buf_init(&x.wrong, 4096);
	json_each(m->args, check_arg, &x);
	for (size_t i = 0; i < m->tool->n_args; i++)
		if (m->tool->args[i].field.required && !mcp_has(m, m->tool->args[i].field.name))
			add_wrong(&x, str_z(m->tool->args[i].field.name), STR("is needed"));
	if (x.wrong.len > 0 || x.wrong.full)
		code = err_set(e, ERR_INVALID, "%.380s", buf_cstr(&x.wrong));
	buf_done(&x.wrong);
	return code;
}

enum err_code mcp_tool_call(struct mcp_call *m, struct err *e)
{
	TRY(access_allow(&m->c->identity, m->tool->scope, 0, e));
	TRY(check_args(m, e));
	return m->tool->call(m, e);
}

bool mcp_has(const struct mcp_call *m, const char *name)
{
	struct json *value = json_get(m->args, name);

	return value && json_kind(value) != JSON_NULL;
}

struct str mcp_str(const struct mcp_call *m, const char *name)
{
	return json_str(json_get(m->args, name));
}

int64_t mcp_int(const struct mcp_call *m, const char *name)
{
	const struct mcp_arg *arg = find_arg(m->tool, str_z(name));
	int64_t n = 0;

	if (!json_int(json_get(m->args, name), &n) && arg)
		str_to_int(str_z(arg->field.def), &n);
	return n;
}

enum err_code mcp_sha(const struct mcp_call *m, struct str *ret, struct err *e)
{
	struct str sha = mcp_str(m, "sha");
	bool whole = sha.len == 0 || sha.len == 40 || sha.len == 64;

	for (size_t i = 0; i < sha.len; i++)
		whole &= isxdigit((unsigned char)sha.p[i]) != 0;
	if (!whole)
		return err_field(e, "sha", "must be the whole commit, 40 or 64 hexadecimal digits");
	*ret = sha;
	return ERR_OK;
}
