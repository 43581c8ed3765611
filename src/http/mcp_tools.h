#ifndef HTTP_MCP_TOOLS_H
#define HTTP_MCP_TOOLS_H
/*
 * mcp_tools: the tools that are offered to bots, one table (mcp_tools.c): each with its name, what it is for, what it takes, what it gives, and which scope of the
 * token it asks for. What tools/list tells and what tools/call checks is made from the same rows.
 *
 * A tool asks the services that the HTTP interface asks, as the same identity. It writes its answer twice: as JSON for programs, after its output schema, and as
 * Markdown for whoever reads. Both have a bound (MCP_TEXT_MAX), and say what was left out and how to get it. What programs printed is data: in the Markdown it
 * stands in fences or code spans that nothing in it can close (mcp_text.h).
 */
#include "http/op.h"

#define MCP_TEXT_MAX (1024 * 1024) /* bytes of either form, before it is quoted as JSON */

struct mcp_call {
	struct call *c;
	const struct mcp_tool *tool;
	const struct json *args; /* checked; NULL: none were given */
	struct buf text, data;   /* the answer: Markdown, JSON */
};

struct mcp_arg {
	struct field field; /* its default is filled in */
	const char *prose;
};

struct mcp_tool {
	const char *name, *title, *prose;
	const struct mcp_arg *args;
	size_t n_args;
	const char *output; /* JSON Schema 2020-12 */
	scope_set scope;
	bool writes; /* the same call again has to change nothing more: clients are told that it may be repeated */
	enum err_code (*call)(struct mcp_call *m, struct err *e);
};

extern const struct mcp_tool mcp_tools[]; /* in the order in which they are listed */
extern const size_t mcp_n_tools;

const struct mcp_tool *mcp_tool_find(struct str name); /* NULL: there is none */
/* The tool as tools/list has it. */
void mcp_tool_write(struct json_out *j, const struct mcp_tool *t);
/*
 * Arguments of m checked, then m->tool is called. Errors are those of the tool, ERR_FORBIDDEN when the token lacks its scope, and ERR_INVALID that tells of each
 * argument what is wrong with it.
 */
MUST_CHECK enum err_code mcp_tool_call(struct mcp_call *m, struct err *e);

/* ---- for tools ---- */

bool mcp_has(const struct mcp_call *m, const char *name); /* null is not given */
struct str mcp_str(const struct mcp_call *m, const char *name);
int64_t mcp_int(const struct mcp_call *m, const char *name); /* 0: not given, and no default */

/* The argument sha, empty when it is not given. ERR_INVALID: it is no whole commit, which would be looked for and not found. */
MUST_CHECK enum err_code mcp_sha(const struct mcp_call *m, struct str *ret, struct err *e);

/* mcp_read.c: accounts and lines */
MUST_CHECK enum err_code mcp_failure_context(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_step_log(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_search_log(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_compare_with_baseline(struct mcp_call *m, struct err *e);
/* mcp_lists.c: what failed, and what broke */
MUST_CHECK enum err_code mcp_list_failures(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_list_runs(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_list_errors(struct mcp_call *m, struct err *e);
MUST_CHECK enum err_code mcp_error_group(struct mcp_call *m, struct err *e);
/* mcp_dispatch.c: what came of it */
MUST_CHECK enum err_code mcp_report_outcome(struct mcp_call *m, struct err *e);

#endif
