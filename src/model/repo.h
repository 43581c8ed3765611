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

struct repo {
	int64_t id;
	struct str forge; /* name of a [forge "NAME"] */
	struct str name;  /* owner/name */
	int64_t added_at; /* ms */
};

/* Each half [A-Za-z0-9_.-]+, not "." or "..", REPO_NAME_MAX in all. ERR_INVALID says which rule. */
MUST_CHECK enum err_code repo_name_check(struct str name, struct err *e);
/* [A-Za-z0-9_.-]+, FORGE_NAME_MAX. */
MUST_CHECK enum err_code forge_name_check(struct str name, struct err *e);

#endif
