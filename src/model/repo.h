#ifndef MODEL_REPO_H
#define MODEL_REPO_H
/*
 * repo: `owner/name` on a forge. Only watched repos may send. Forges compare these names without case,
 * and so does Sluice; it shows them as they were given when the repo was added.
 */
#include "base/err.h"
#include "base/str.h"

#define REPO_NAME_MAX 100
#define FORGE_NAME_MAX 50

enum visibility {
	VISIBLE_USERS,
	VISIBLE_MEMBERS,
	VISIBILITY_N
}; /* to all who are signed in; to who may read it on its forge */

struct repo {
	int64_t id;
	struct str forge; /* name of a [forge "NAME"] */
	struct str name;  /* owner/name */
	int64_t added_at; /* ms */
	enum visibility visibility;
	int64_t fork_of; /* the watched repo that it is a fork of; 0: it is watched itself */
};

/* Each half [A-Za-z0-9_.-]+, not "." or "..", REPO_NAME_MAX in all. ERR_INVALID says which rule. */
MUST_CHECK enum err_code repo_name_check(struct str name, struct err *e);
/* [A-Za-z0-9_.-]+, FORGE_NAME_MAX. */
MUST_CHECK enum err_code forge_name_check(struct str name, struct err *e);
const char *visibility_name(enum visibility v);
bool visibility_find(struct str name, enum visibility *ret);

#endif
