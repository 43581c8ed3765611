#ifndef MODEL_SCOPE_H
#define MODEL_SCOPE_H
/*
 * scope, role: what a token lets its bearer do. A set of scopes is a bit mask; its text form, in the
 * database and on the wire, is the names in the order of scope.tbl.
 */
#include "base/buf.h"

enum scope {
#define SCOPE(name, text, prose) SCOPE_##name,
#include "model/scope.tbl"
#undef SCOPE
	SCOPE_N
};

typedef uint32_t scope_set; /* bit 1 << enum scope */
#define SCOPE_BIT(s) ((scope_set)1 << (s))
#define SCOPE_ALL ((SCOPE_BIT(SCOPE_N)) - 1)

const char *scope_name(enum scope s);
bool scope_find(struct str name, enum scope *ret_scope);
/* Names separated by spaces. */
void scope_write(scope_set set, struct buf *out);
/* ERR_INVALID names the first unknown one and lists what there is. Separators: spaces or commas. */
MUST_CHECK enum err_code scope_parse(struct str text, scope_set *ret_set, struct err *e);

enum role {
#define ROLE(name, text, scopes, prose) ROLE_##name,
#include "model/role.tbl"
#undef ROLE
	ROLE_N
};
#define ROLE_BIT(r) (1u << (r))
const char *role_name(enum role r);
bool role_find(struct str name, enum role *ret_role);
/* What a token of such a user can have at most. What is beyond that counts for nothing, whenever the role changed. */
scope_set role_scopes(enum role r);
/* What a machine's token can have at most: it sends and reads, and says nothing about who may come in or what is kept. */
#define SCOPES_OF_MACHINES                                                                                   \
	(SCOPE_BIT(SCOPE_RUNS_READ) | SCOPE_BIT(SCOPE_RESULTS_READ) | SCOPE_BIT(SCOPE_LOGS_READ) |           \
		SCOPE_BIT(SCOPE_LOGS_WRITE) | SCOPE_BIT(SCOPE_EPISODES_READ) |                               \
		SCOPE_BIT(SCOPE_EPISODES_WRITE) | SCOPE_BIT(SCOPE_DISPATCH_READ) |                           \
		SCOPE_BIT(SCOPE_DISPATCH_WRITE))
/* What a token that is bound to a host can have at most: the operations that say which host they are of. */
#define SCOPES_OF_HOSTS (SCOPE_BIT(SCOPE_EPISODES_READ) | SCOPE_BIT(SCOPE_EPISODES_WRITE))

#endif
