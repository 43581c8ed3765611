/* api_sessions: the browsers in which one is signed in: listed, and signed out. */
#include "api_table.h"

#include "service/session.h"

/* What is bound to a repo or a host is for that, and not for where its user is signed in. */
static enum err_code check_unbound(const struct identity *id, struct err *e)
{
	if (id->token.repo_id != 0 || id->token.host.len > 0)
		return err_set(e, ERR_FORBIDDEN,
			"a token that is bound to a repo or a host does not reach its user's sessions");
	return ERR_OK;
}

enum err_code api_list_sessions(struct call *c, struct err *e)
{
	int64_t limit = arg_int(c, "limit"), offset = arg_int(c, "offset"), total;
	struct session *list = NULL;
	struct json_out j;
	size_t n = 0;

	TRY(check_unbound(&c->identity, e));
	TRY(session_list(
		c->app->store, c->identity.user_id, c->now, limit, offset, &c->arena, &list, &n, &total, e));
	j = reply_page(c, limit, offset, n, total);
	for (size_t i = 0; i < n; i++) {
		json_open_object(&j, NULL);
		json_put_int(&j, "id", list[i].id);
		json_put_time(&j, "created_at", list[i].created_at);
		json_put_time(&j, "seen_at", list[i].seen_at);
		json_put_time(&j, "expires_at", list[i].expires_at);
		json_put_str(&j, "address", list[i].address);
		json_put_str(&j, "agent", list[i].agent);
		json_close_object(&j);
	}
	reply_page_end(&j);
	return ERR_OK;
}

enum err_code api_revoke_session(struct call *c, struct err *e)
{
	const struct session_by by = session_by_identity(&c->identity);

	TRY(check_unbound(&c->identity, e));
	TRY(session_revoke(c->app->store, &by, arg_int(c, "session_id"), c->now, e));
	reply_empty(c, 204);
	return ERR_OK;
}
