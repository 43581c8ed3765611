/* api_context: the account of a commit or a run, as Markdown or JSON. */
#include "api_table.h"

enum err_code api_get_context(struct call *c, struct err *e)
{
	bool json = str_eq(arg_str(c, "format"), STR("json"));
	struct account_query q = {
		.repo = arg_str(c, "repo"),
		.forge = arg_str(c, "forge"),
		.head_sha = arg_str(c, "sha"),
		.external_run_id = arg_str(c, "external_run_id"),
		.run_id = arg_int(c, "run_id"),
		.format = json ? ACCOUNT_JSON : ACCOUNT_MARKDOWN,
		.budget = (size_t)arg_int(c, "budget"),
		.now = c->now,
		.silent_when_empty = str_eq(arg_str(c, "when_empty"), STR("silent")),
	};
	AUTO_BUF text;

	buf_init(&text, q.budget);
	TRY(account_write(c->app->store, c->cfg, &c->identity, &q, &text, e));
	json = json && text.len > 0; /* silence is no JSON */
	reply_text(c, 200, json ? "application/json" : "text/markdown; charset=utf-8", buf_view(&text));
	return ERR_OK;
}
