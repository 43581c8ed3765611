/* child_env: see the header. */
#include "agent/child_env.h"

#include "agent/env.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#define N_OURS 2 /* PATH, LANG */

enum err_code child_env_check(const struct opt_many *names, struct err *e)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *name = names->values[i];

		if (*name == '\0' || strchr(name, '='))
			return err_set(e, ERR_INVALID, "--env takes the name of a variable alone");
		if (strcmp(name, "SLUICE_TOKEN") == 0 || strcmp(name, "SLUICE_INTERNAL_TOKEN") == 0)
			return err_set(e, ERR_INVALID,
				"--env %s: the token is not for the commands that are run with it", name);
	}
	return ERR_OK;
}

void child_env_init(struct child_env *c, const struct opt_many *names, size_t n_more, struct arena *a)
{
	*c = (struct child_env){ .room = names->n + N_OURS + n_more, .a = a };
	c->vars = arena_array(a, c->room + 1, sizeof *c->vars);
	for (size_t i = 0; i < names->n; i++)
		if (env_has(environ, names->values[i]))
			child_env_add(c, names->values[i], env_get(environ, names->values[i]));
	child_env_add(c, "PATH",
		env_has(environ, "PATH") ? env_get(environ, "PATH") : STR("/usr/local/bin:/usr/bin:/bin"));
	child_env_add(c, "LANG", STR("C.UTF-8"));
}

void child_env_add(struct child_env *c, const char *name, struct str value)
{
	if (env_has(c->vars, name))
		return;
	assert(c->n < c->room);
	c->vars[c->n++] = arena_cstr(c->a, arena_fmt(c->a, "%s=%.*s", name, STR_FMT(value)));
}
