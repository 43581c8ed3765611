#ifndef AGENT_CHILD_ENV_H
#define AGENT_CHILD_ENV_H
/*
 * child_env: the environment of a command that we were asked to run. Nothing of ours gets into it but PATH and what the user named (--env), which goes before what we
 * would say. So the token of the worker does not: it has no name that may be given.
 */
#include "base/arena.h"
#include "base/command.h"

/* ERR_INVALID: a name that is none, or that of a token of ours. */
MUST_CHECK enum err_code child_env_check(const struct opt_many *names, struct err *e);

struct child_env {
	char **vars; /* NULL-terminated */
	size_t n, room;
	struct arena *a;
};

/* n_more: how many are added later. */
void child_env_init(struct child_env *c, const struct opt_many *names, size_t n_more, struct arena *a);
/* Unless the user wants another. value has no NUL in it. */
void child_env_add(struct child_env *c, const char *name, struct str value);

#endif
