#ifndef SERVICE_GATE_CONFIG_H
#define SERVICE_GATE_CONFIG_H
/* gate_config: a [gate "NAME"] of the settings, and [fleet]. */
#include "forge/commits.h"

struct gate_config {
	struct str name;
	bool enabled, guards_episodes, guards_steps;
	size_t window;
	struct commits_forge
		forge;    /* url empty: none is asked. Its token is read from token_file at each question */
	char *token_file; /* NULL: none */
	char *path;       /* NULL: none */
	char **fallbacks;
	size_t n_fallbacks;
	int64_t refresh_ms;
	struct str remediation; /* with {places} */
};

struct fleet_config {
	bool check;
	int64_t episode_bytes, unpacked_bytes, ratio, entries, file_bytes, uploads, hosts, free_bytes;
	struct str *meta; /* fields of meta.json that are told */
	size_t n_meta;
};

#endif
