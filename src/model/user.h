#ifndef MODEL_USER_H
#define MODEL_USER_H
/*
 * user: a person who may come in, and the accounts on forges that they came with. E-mail addresses are compared without case.
 */
#include "base/str.h"
#include "model/scope.h"

#define USER_EMAIL_MAX 255
#define USER_PASSWORD_MIN 8 /* characters of a password, as the results API has them */
#define USER_PASSWORD_MAX 128

struct user {
	int64_t id;
	struct str email;
	struct str password; /* argon2id PHC string; empty: has none. Never shown */
	enum role role;
	int64_t created_at, disabled_at; /* ms; disabled_at 0: is not */
};

struct forge_login {
	int64_t id, user_id;
	struct str provider;      /* name of an [oauth "NAME"], in lower case */
	struct str forge_user_id; /* the forge's own, as text */
	struct str login;         /* empty: not known yet */
	struct str token;         /* sealed by the caller; empty: none is kept */
	int64_t stored_at;
};

#endif
