/* audit: see audit.h. */
#include "service/audit.h"

static struct str actor_of(const struct identity *by)
{
	if (by->kind == IDENTITY_INTERNAL)
		return STR("internal");
	return by->email.len > 0 ? by->email : STR("server");
}

enum err_code audit_deed(struct db *db, const struct identity *by, const struct deed_done *x, struct err *e)
{
	struct audit_entry entry = {
		.at = x->at,
		.user_id = by->user_id,
		.token_id = by->kind == IDENTITY_TOKEN ? by->token.id : 0,
		.session_id = by->session_id,
		.actor = actor_of(by),
		.action = str_z(deed_word(x->deed)),
		.subject_kind = str_z(deed_kind(x->deed)),
		.subject_id = x->subject_id,
		.subject = x->subject,
		.detail = x->detail,
		.request_id = by->request_id,
		.address = by->address,
	};

	return audit_add(db, &entry, e);
}

enum err_code audit_read(struct store *s, const struct identity *by, const struct audit_query *q,
	struct arena *a, struct audit_entry **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(access_allow_admin(by, e));
	TRY(store_reader_get(s, &db, e));
	code = audit_list(db, a, q, ret, ret_n, ret_total, e);
	store_reader_put(s, db);
	return code;
}
