/* api_repos: which repos may send. */
#include "api_table.h"

#include "service/manage.h"

static void put_repo(struct json_out *j, const struct repo *r)
{
	json_open_object(j, NULL);
	json_put_int(j, "repo_id", r->id);
	json_put_str(j, "forge", r->forge);
	json_put_str(j, "repo", r->name);
	json_put_z(j, "visibility", visibility_name(r->visibility));
	json_put_time(j, "added_at", r->added_at);
	json_close_object(j);
}

enum err_code api_list_repos(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total;
	struct repo *repos = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(manage_repo_list(c->app->store, arg_str(c, "forge"), arg_str(c, "repo"), limit, offset, &c->arena,
		&repos, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_repo(&j, &repos[i]);
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_add_repo(struct call *c, struct err *e)
{
	struct repo repo;
	struct json_out j;
	bool new;

	TRY(manage_repo_add(c->app->store, c->cfg, &c->identity, json_str(json_get(c->body, "forge")),
		json_str(json_get(c->body, "repo")), c->now, &c->arena, &repo, &new, e));
	j = reply_json(c, new ? 201 : 200);
	put_repo(&j, &repo);
	return ERR_OK;
}

enum err_code api_change_repo(struct call *c, struct err *e)
{
	enum visibility visibility = VISIBLE_MEMBERS;
	struct repo repo;
	struct json_out j;

	if (!visibility_find(json_str(json_get(c->body, "visibility")), &visibility))
		return err_field(e, "visibility", "is not known");
	TRY(manage_repo_set_visibility(
		c->app->store, &c->identity, arg_int(c, "repo_id"), visibility, c->now, &c->arena, &repo, e));
	membership_ask_anew(c->app->membership);
	j = reply_json(c, 200);
	put_repo(&j, &repo);
	return ERR_OK;
}

enum err_code api_remove_repo(struct call *c, struct err *e)
{
	TRY(manage_repo_remove(c->app->store, &c->identity, arg_int(c, "repo_id"), c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}
