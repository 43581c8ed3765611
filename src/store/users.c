/*
 * users: people. The first one is the admin that `sluice init` makes; pages come with a later issue.
 */
#include "store/nouns.h"

enum err_code users_add(
	struct db *db, struct str email, enum role role, int64_t now, int64_t *ret_id, struct err *e)
{
	enum err_code code = db_int(db,
		"INSERT INTO users (email, email_key, role, created_at) VALUES ($1, lower($2), $3, $4) "
		"RETURNING id",
		DB_ARGS(DB_T(email), DB_T(email), DB_T(str_z(role_name(role))), DB_I(now)), ret_id, e);

	if (code == ERR_CONFLICT)
		return err_set(e, code, "there is a user with this e-mail address already");
	return code;
}

enum err_code users_first_admin(struct db *db, int64_t *ret_id, struct err *e)
{
	enum err_code code = db_int(db, "SELECT min(id) FROM users WHERE role = $1",
		DB_ARGS(DB_T(str_z(role_name(ROLE_ADMIN)))), ret_id, e);

	if (code == ERR_NOT_FOUND)
		return err_set(e, code, "there is no admin yet; `sluice init` makes one");
	return code;
}
