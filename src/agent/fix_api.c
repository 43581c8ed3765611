/* fix_api: see the header. What is sent is made and what comes is read here and nowhere else in the agent. */
#include "agent/fix_api.h"

#include <stdio.h>

static void path_of(const struct fix_claim *c, const char *what, char ret[static 80])
{
	snprintf(ret, 80, "/api/v1/dispatches/%lld/%s", (long long)c->dispatch_id, what);
}

static void read_claim(const struct json *root, struct arena *a, struct fix_claim *ret)
{
	const struct json *d = json_get(root, "dispatch"), *facts = json_get(root, "facts");

	*ret = (struct fix_claim){ .dispatch_id = ask_number(d, "dispatch_id"),
		.number = ask_number(root, "claim"),
		.lease_s = ask_number(root, "lease_seconds"),
		.run_id = ask_number(d, "run_id"),
		.attempt = ask_number(d, "attempt"),
		.pull_request = ask_number(d, "pull_request"),
		.group_id = ask_number(d, "group_id"),
		.try = ask_number(facts, "try"),
		.tries_max = ask_number(facts, "tries_max"),
		.repo = ask_text(d, "repo", a),
		.forge = ask_text(d, "forge", a),
		.head_sha = ask_text(d, "head_sha", a),
		.branch = ask_text(d, "branch", a),
		.workflow = ask_text(d, "workflow", a),
		.run_url = ask_text(d, "url", a),
		.page_url = ask_text(facts, "page_url", a),
		.class = ask_text(d, "class", a),
		.prompt = ask_text(root, "prompt", a) };
}

enum err_code fix_api_claim(struct ask *ask, const char *repo, const char *forge, const char *name,
	struct arena *a, struct fix_claim *ret, bool *ret_found, struct err *e)
{
	struct json_doc *doc = NULL;
	struct json_out j;
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	json_out_init(&j, &body);
	json_open_object(&j, NULL);
	json_put_z(&j, "agent", name);
	json_put_z(&j, "repo", repo);
	if (forge)
		json_put_z(&j, "forge", forge);
	json_close_object(&j);
	TRY(ask_post(ask, "/api/v1/dispatches/claim", &body, &doc, e));
	*ret_found = json_kind(json_get(json_root(doc), "dispatch")) == JSON_OBJECT;
	if (*ret_found)
		read_claim(json_root(doc), a, ret);
	json_free(doc);
	return ERR_OK;
}

enum err_code fix_api_renew(
	struct ask *ask, const struct fix_claim *c, int ms, int64_t *ret_lease_s, struct err *e)
{
	char path[80];

	path_of(c, "heartbeat", path);
	return ask_renew(ask, path, c->number, ms, ret_lease_s, e);
}

enum err_code fix_api_result(struct ask *ask, const struct fix_claim *c, const struct fix_said *said,
	int64_t step_id, int ms, struct err *e)
{
	struct json_doc *doc = NULL;
	struct http_request r;
	struct json_out j;
	char path[80];
	AUTO_BUF body;

	buf_init(&body, ASK_BODY_MAX);
	path_of(c, "result", path);
	ask_open_claim(&j, &body, c->number);
	json_put_z(&j, "outcome", fix_word_name(said->word));
	if (said->sha.len > 0)
		json_put_str(&j, "sha", said->sha);
	if (said->note.len > 0)
		json_put_str(&j, "note", said->note);
	if (step_id > 0)
		json_put_int(&j, "step_id", step_id);
	json_close_object(&j);
	TRY(buf_check(&body, "what is told", e));
	r = ask_post_of(&body);
	r.total_ms = ms;
	TRY(ask_lost(ask_until(ask, &r, path, &doc, e), e));
	json_free(doc);
	return ERR_OK;
}
