/* streaming: see the header. */
#include "tests/test.h"

#include "tests/http/streaming.h"

#include <stdio.h>
#include <string.h>

static void went_well(struct answer *r)
{
	if (r->status / 100 != 2)
		fail_msg("%d: %s", r->status, r->body);
}

int64_t stream_step(const char *name)
{
	int64_t id = 0;
	char body[300];

	snprintf(body, sizeof body,
		"{\"repo\":\"" REPO "\",\"head_sha\":\"" SHA
		"\",\"run_id\":7,\"job_name\":\"build\",\"step_name\":\"%s\"}",
		name);
	AUTO_ANSWER r = ask((struct ask){
		.method = "POST", .target = "/internal/steps", .body = body, .token = INTERNAL });

	went_well(&r);
	assert_true(json_int(json_get(json_of(&r), "step_id"), &id));
	return id;
}

void stream_text(int64_t step_id, int64_t offset, struct str text)
{
	char target[80], at[30];

	snprintf(target, sizeof target, "/internal/steps/%lld/log", (long long)step_id);
	snprintf(at, sizeof at, "%lld", (long long)offset);
	AUTO_ANSWER r = ask((struct ask){ .method = "PATCH",
		.target = target,
		.body = text.p,
		.body_len = text.len,
		.type = "application/octet-stream",
		.header = { "Upload-Offset", at },
		.token = INTERNAL });

	went_well(&r);
}

void stream_end_of(int64_t step_id, const char *conclusion)
{
	char target[80], body[80];

	snprintf(target, sizeof target, "/internal/steps/%lld/finish", (long long)step_id);
	snprintf(body, sizeof body, "{\"conclusion\":\"%s\",\"exit_code\":2,\"duration_ms\":1500}",
		conclusion);
	AUTO_ANSWER r =
		ask((struct ask){ .method = "POST", .target = target, .body = body, .token = INTERNAL });

	went_well(&r);
}

int64_t streamed(const char *name, struct str text)
{
	int64_t id = stream_step(name), at = 0;

	while (at < (int64_t)text.len) {
		struct str piece = str_from(text, (size_t)at);

		piece.len = piece.len < 500000 ? piece.len : 500000;
		stream_text(id, at, piece);
		at += (int64_t)piece.len;
	}
	stream_end_of(id, "failure");
	return id;
}
