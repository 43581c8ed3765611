/* hook: whatever a forge sends, what is taken of it is bounded and has no control characters; the first byte chooses the event and the sender. */
#include "forge/hook.h"

#include <assert.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str s, size_t max)
{
	assert(s.len <= max);
	for (size_t i = 0; i < s.len; i++)
		assert((unsigned char)s.p[i] >= ' ' && s.p[i] != 127);
}

static void check_event(const struct forge_event *x)
{
	const struct str texts[] = { x->repo, x->head_sha, x->before_sha, x->branch, x->target_branch,
		x->external_run_id, x->job_id, x->job_name, x->workflow, x->author };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		check(texts[i], HOOK_TEXT_MAX);
	check(x->url, HOOK_URL_MAX);
	assert(x->head_sha.len == 0 || x->head_sha.len == 40 || x->head_sha.len == 64);
	assert(x->pull_request >= 0 && x->attempt >= 0 && x->said_at >= 0);
	assert((x->kind != EVENT_RUN && x->kind != EVENT_JOB) || (x->external_run_id.len && x->head_sha.len));
	assert(x->kind == EVENT_OTHER || x->kind == EVENT_PING || x->repo.len > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const events[] = { "push", "pull_request", "status", "workflow_run",
		"workflow_job", "action_run_failure", "action_run_success", "pull_request_sync", "ping",
		"issues" };
	struct forge_event x;
	AUTO_ARENA a;

	arena_init(&a);
	if (size == 0 || size > HOOK_BODY_MAX)
		return 0;
	if (hook_read(data[0] / 16 % HOOK_N_KINDS, str_z(events[data[0] % 16 % 10]),
		    (struct str){ (const char *)data + 1, size - 1 }, &a, &x, NULL) == ERR_OK)
		check_event(&x);
	hook_signature_holds(STR("a secret"), STR("x"), (struct str){ (const char *)data, size });
	return 0;
}
