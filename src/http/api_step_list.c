/* api_step_list: the steps of a commit or a run. */
#include "api_table.h"

#include "http/step_json.h"

enum err_code api_list_steps(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total;
	const struct subject subject = {
		.repo = arg_str(c, "repo"),
		.forge = arg_str(c, "forge"),
		.head_sha = arg_str(c, "sha"),
		.external_run_id = arg_str(c, "external_run_id"),
		.run_id = arg_int(c, "run_id"),
	};
	struct step *steps = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(facts_steps(c->app->store, c->cfg, &c->identity, &subject, arg_bool(c, "failed"), limit, offset,
		&c->arena, &steps, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		step_json_listed(&j, &steps[i]);
	reply_page_end(&j);
	return ERR_OK;
}
