#ifndef FORGE_FORGE_ASKED_H
#define FORGE_FORGE_ASKED_H
/*
 * forge_asked: what a forge answered, read. For forge_asked.c, and who tries it on bytes of any kind.
 */
#include "forge/forge_api.h"

struct json;

struct forge_page {
	size_t came;   /* entries that were in it */
	int64_t total; /* of all pages; -1: not told */
};
/* Entries that make no sense are left out. False: there is no list. What is found is put behind *n of v, which has room for max. */
bool forge_read_runs(enum commits_kind kind, const struct json *root, size_t max, struct arena *a,
	struct forge_run *v, size_t *n, struct forge_page *ret);
/* A job that ran again is a task more of the same name, and the newest counts: which were seen, from one page to the next. */
#define FORGE_TASKS_MAX 1000
struct forge_tasks {
	struct {
		int64_t number; /* of its run */
		struct str name;
	} v[FORGE_TASKS_MAX];
	size_t n;
};
bool forge_read_tasks(const struct json *root, size_t max, struct arena *a, struct forge_tasks *seen,
	struct forge_run *v, size_t *n, struct forge_page *ret);
bool forge_read_jobs(enum commits_kind kind, const struct json *root, size_t max, struct arena *a,
	struct forge_job *v, size_t *n, struct forge_page *ret);

#endif
