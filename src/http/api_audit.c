/* api_audit: who did what, when; for admins. */
#include "api_table.h"

#include "service/audit.h"

static void put_id(struct json_out *j, const char *name, int64_t id)
{
	if (id > 0)
		json_put_int(j, name, id);
	else
		json_put_null(j, name);
}

static void put_text(struct json_out *j, const char *name, struct str text)
{
	if (text.len > 0)
		json_put_str(j, name, text);
	else
		json_put_null(j, name);
}

static void put_entry(struct json_out *j, const struct audit_entry *x)
{
	json_open_object(j, NULL);
	json_put_int(j, "audit_id", x->id);
	json_put_time(j, "at", x->at);
	json_put_str(j, "actor", x->actor);
	put_id(j, "user_id", x->user_id);
	put_id(j, "token_id", x->token_id);
	put_id(j, "session_id", x->session_id);
	json_put_str(j, "action", x->action);
	json_put_str(j, "subject_kind", x->subject_kind);
	put_id(j, "subject_id", x->subject_id);
	json_put_str(j, "subject", x->subject);
	json_put_json(j, "detail", x->detail);
	put_text(j, "request_id", x->request_id);
	put_text(j, "address", x->address);
	json_close_object(j);
}

static enum err_code time_arg(const struct call *c, const char *name, int64_t *ret, struct err *e)
{
	if (arg_has(c, name) && !clock_parse(arg_str(c, name), ret))
		return err_field(e, name, "is no time");
	return ERR_OK;
}

enum err_code api_list_audit(struct call *c, struct err *e)
{
	struct audit_query q = { .action = arg_str(c, "action"),
		.subject_kind = arg_str(c, "subject_kind"),
		.user_id = arg_int(c, "user_id"),
		.subject_id = arg_int(c, "subject_id"),
		.limit = arg_int(c, "limit"),
		.offset = arg_int(c, "offset") };
	struct audit_entry *entries = NULL;
	struct json_out j;
	int64_t total;
	size_t n = 0;

	if (arg_has(c, "subject_id") && !arg_has(c, "subject_kind"))
		return err_field(e, "subject_id", "goes with subject_kind: of what it is the id");
	TRY(time_arg(c, "created_after", &q.from, e));
	TRY(time_arg(c, "created_before", &q.to, e));
	TRY(audit_read(c->app->store, &c->identity, &q, &c->arena, &entries, &n, &total, e));
	j = reply_page(c, q.limit, q.offset, n, total);
	for (size_t i = 0; i < n; i++)
		put_entry(&j, &entries[i]);
	reply_page_end(&j);
	return ERR_OK;
}
