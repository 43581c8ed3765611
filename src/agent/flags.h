#ifndef AGENT_FLAGS_H
#define AGENT_FLAGS_H
/*
 * flags: the options that `run` and `post` share: where the server is, and every fact about the step, for
 * where the environment does not tell it or tells it wrong. NULL or -1: not given.
 */
#include "base/command.h"

struct flags {
	const char *url, *token_file; /* of the server */
	struct opt_many
		mask_env; /* names of environment variables whose values are secrets; flags_done frees */

	const char *step, *repo, *forge, *sha, *run_id, *job, *job_id, *leg, *branch, *target_branch,
		*workflow, *run_url, *platform;
	int64_t step_index, attempt, pull_request;

	/* run only */
	const char *on_success;
	struct opt_many reports; /* patterns of files; flags_done frees */

	/* post only */
	const char *conclusion;
	int64_t exit_code;
	bool tail;
};

#define FLAGS_NONE                                                                                           \
	{                                                                                                    \
		.step_index = -1, .attempt = -1, .pull_request = -1, .exit_code = INT64_MIN                  \
	}

/* Rows for a table of struct opt. */
#define FLAGS_OPTS(f)                                                                                        \
	{ "step", 's', OPT_STRING, "NAME", "name of the step (else $SLUICE_STEP, else found out)",           \
		&(f)->step },                                                                                \
		{ "step-index", 0, OPT_INT, "N",                                                             \
			"place of the step in its job; goes before the name in telling steps apart",         \
			&(f)->step_index },                                                                  \
		{ "repo", 0, OPT_STRING, "O/R", "repo, owner/name", &(f)->repo },                            \
		{ "forge", 0, OPT_STRING, "NAME",                                                            \
			"forge as the server's configuration names it (else $SLUICE_FORGE)", &(f)->forge },  \
		{ "sha", 0, OPT_STRING, "HEX", "commit, 40 or 64 digits", &(f)->sha },                       \
		{ "run-id", 0, OPT_STRING, "ID", "the forge's id of the run", &(f)->run_id },                \
		{ "attempt", 0, OPT_INT, "N", "attempt of the run or job, from 1", &(f)->attempt },          \
		{ "job", 0, OPT_STRING, "NAME", "name of the job", &(f)->job },                              \
		{ "job-id", 0, OPT_STRING, "ID", "the forge's id of the job", &(f)->job_id },                \
		{ "leg", 0, OPT_STRING, "TEXT", "leg of a matrix (else $SLUICE_LEG)", &(f)->leg },           \
		{ "workflow", 0, OPT_STRING, "NAME", "workflow", &(f)->workflow },                           \
		{ "branch", 0, OPT_STRING, "NAME", "branch", &(f)->branch },                                 \
		{ "target-branch", 0, OPT_STRING, "NAME", "branch that a pull request is for",               \
			&(f)->target_branch },                                                               \
		{ "pull-request", 0, OPT_INT, "N", "number of the pull request", &(f)->pull_request },       \
		{ "run-url", 0, OPT_STRING, "URL", "page of the run on the forge", &(f)->run_url },          \
		{ "platform", 0, OPT_STRING, "NAME", "linux, windows, macos or bsd", &(f)->platform },       \
		{ "mask-env", 0, OPT_MANY, "NAME",                                                           \
			"environment variable whose value is a secret (also $SLUICE_MASK_ENV)",              \
			&(f)->mask_env },                                                                    \
		{ "url", 0, OPT_STRING, "URL",                                                               \
			"the Sluice server (else $SLUICE_URL, else http://127.0.0.1:4500)", &(f)->url },     \
	{                                                                                                    \
		"token-file", 0, OPT_STRING, "FILE", "file with the token (else $SLUICE_TOKEN)",             \
			&(f)->token_file                                                                     \
	}

void flags_done(struct flags *f);

#define AUTO_FLAGS __attribute__((cleanup(flags_done))) struct flags

#endif
