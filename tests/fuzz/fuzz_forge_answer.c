/* forge_answer: whatever a forge says of its runs, jobs and API, what is taken of it is bounded, and ids can stand in a path; the first byte chooses the forge and the reader. */
#include "forge/forge_asked.h"
#include "forge/forge_call.h"

#include <assert.h>
#include <stdint.h>

#define MAX 20

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct str s)
{
	assert(s.len <= FORGE_TEXT_MAX);
	for (size_t i = 0; i < s.len; i++)
		assert((unsigned char)s.p[i] >= ' ' && s.p[i] != 127);
}

static void check_run(const struct forge_run *r)
{
	assert(r->id.len == 0 || forge_is_id(r->id));
	assert(r->head_sha.len == 40 || r->head_sha.len == 64);
	assert(r->attempt >= 0 && r->pull_request >= 0 && r->began_at >= 0);
	check_text(r->branch);
	check_text(r->workflow);
	check_text(r->url);
	check_text(r->author);
}

static void read(enum commits_kind kind, unsigned what, const struct json *root, struct arena *a)
{
	struct forge_run runs[MAX];
	struct forge_job jobs[MAX];
	struct forge_tasks tasks = { .n = 0 };
	struct forge_page page;
	size_t n = 0;

	if (what == 0)
		forge_read_runs(kind, root, MAX, a, runs, &n, &page);
	else if (what == 1)
		forge_read_tasks(root, MAX, a, &tasks, runs, &n, &page);
	else
		forge_read_jobs(kind, root, MAX, a, jobs, &n, &page);
	assert(n <= MAX);
	for (size_t i = 0; i < n && what < 2; i++)
		check_run(&runs[i]);
	for (size_t i = 0; i < n && what == 2; i++) {
		assert(forge_is_id(jobs[i].id));
		for (size_t k = 0; k < jobs[i].n_steps; k++)
			check_text(jobs[i].steps[k].name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct forge_can_scan scan = { 0 };
	struct json_doc *doc = NULL;
	AUTO_ARENA a;

	arena_init(&a);
	if (size == 0)
		return 0;
	forge_can_feed(&scan, (struct str){ (const char *)data, size });
	if (json_parse((struct str){ (const char *)data + 1, size - 1 }, JSON_REPAIR_TEXT, &doc, NULL) !=
		ERR_OK)
		return 0;
	read((enum commits_kind)(data[0] % 3), data[0] / 3u % 3, json_root(doc), &a);
	json_free(doc);
	return 0;
}
