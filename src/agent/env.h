#ifndef AGENT_ENV_H
#define AGENT_ENV_H
/*
 * env: what the environment of a CI runner tells about the step that runs in it.
 *
 * Forgejo's, Gitea's and GitHub's runners all set GITHUB_*; Forgejo's also FORGEJO_*, which goes first here.
 * Forgejo's sets GITEA_ACTIONS too, so it is asked for first. Elsewhere (no *_ACTIONS) the flags tell
 * everything. Flags go over the environment. Nothing here fails: what cannot be known is left empty, and
 * facts_missing says what the server cannot do without.
 */
#include "agent/flags.h"
#include "base/arena.h"
#include "base/buf.h"
#include "model/step.h"

enum runner { RUNNER_NONE, RUNNER_FORGEJO, RUNNER_GITEA, RUNNER_GITHUB };

/* As getenv(3), but of env; empty when unset. */
struct str env_get(char *const *env, const char *name);
/* Is it set at all, if to nothing? */
bool env_has(char *const *env, const char *name);
/* FORGEJO_name where set, else GITHUB_name. */
struct str env_ci(char *const *env, const char *name);
enum runner env_runner(char *const *env);

/*
 * A regular file, its first max bytes; false when it is none or cannot be read. Pipes and devices are left
 * alone: reading them would take what belongs to the command, or wait for ever. ret_cut: there was more.
 */
bool env_read_file(const char *path, size_t max, struct buf *out, bool *ret_cut);

/*
 * All but the step's name, index and outcome. Reads the event file, and for the leg a file in $RUNNER_TEMP,
 * which it writes when it is the first to ask. Strings live in a or in env.
 */
void env_facts(char *const *env, const struct flags *flags, struct arena *a, struct step_facts *facts);
/* The repo alone: what --repo or the runner says. */
struct str env_repo(char *const *env, const struct flags *flags);
/* What the server would refuse to do without, and how to give it: appended to out, nothing when all is there.
 */
void facts_missing(const struct step_facts *facts, struct buf *out);

#endif
