/* Answers of a receiver, as the shipper reads them: the first byte is what kind of answer, the rest its body. What is told of it is short, valid, and one line. */
#include "agent/ship_answer.h"
#include "base/utf8.h"

#include <assert.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int statuses[] = { 200, 201, 400, 401, 409, 412, 429, 503 };
	static const char *const types[] = { "application/json", "text/plain", "text/html", "" };
	const struct sha256 digest = { { 1 } };
	struct http_answer a = { .status = 412 };
	struct ship_answer got;
	AUTO_ARENA arena;

	arena_init(&arena);
	buf_init(&a.body, 1 << 20);
	if (size > 0) {
		a.status = statuses[data[0] & 7];
		snprintf(a.content_type, sizeof a.content_type, "%s", types[data[0] >> 3 & 3]);
		buf_add(&a.body, data + 1, size - 1);
	}
	ship_answer_read(&a, &digest, &arena, &got);
	assert(got.message.len < 500 && str_find(got.message, '\n') == got.message.len);
	assert(utf8_valid(got.message) == got.message.len);
	assert(got.status == a.status &&
		(got.verdict == SHIP_MISCONFIGURED || got.verdict == ship_verdict_of(a.status)));
	http_answer_done(&a);
	return 0;
}
