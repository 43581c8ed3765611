#ifndef FORGE_FORGE_CAN_H
#define FORGE_FORGE_CAN_H
/*
 * forge_can: what a Forgejo or Gitea can do, out of the description of its API, /swagger.v1.json (Swagger 2.0).
 *
 * That is some megabytes with far more objects than base/json takes, and all that is wanted of it are the names of a few paths. So it is read as it comes, and
 * forgotten: a string that begins with "/repos/{owner}/{repo}/actions/ is a path (nothing else in it does), whatever its parameters are called.
 */
#include "base/str.h"

struct forge_can {
	bool runs, tasks, jobs, logs, rerun, rerun_failed;
	bool unknown; /* it does not show a description: nobody knows */
};

#define FORGE_CAN_PATH_MAX 80

struct forge_can_scan {
	struct forge_can found;
	size_t matched; /* bytes of the beginning of a path that have come */
	bool in_path, in_braces;
	char path[FORGE_CAN_PATH_MAX]; /* what is behind, each parameter as {} */
	size_t len;
};
/* Begins as zeroes. Bytes in pieces of any size. */
void forge_can_feed(struct forge_can_scan *s, struct str bytes);

#endif
