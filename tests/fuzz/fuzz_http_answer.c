/* http_answer: however an answer is cut into pieces it comes to the same; the body keeps its ceiling; what is
 * whole has a status. The first byte is the size of the pieces. */
#include "net/http_parse.h"

#include <assert.h>
#include <string.h>

#define BODY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum http_parse_state parse(struct str text, size_t n, struct http_answer *a)
{
	enum http_parse_state state = HTTP_MORE;
	struct http_parse p;

	buf_init(&a->body, BODY_MAX);
	http_parse_init(&p, a, false);
	while (text.len > 0 && state == HTTP_MORE) {
		struct str piece = { text.p, text.len < n ? text.len : n };

		state = http_parse_feed(&p, piece);
		text = str_from(text, piece.len);
	}
	if (state == HTTP_MORE)
		state = http_parse_end(&p);
	http_parse_done(&p);
	return state;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer whole = { 0 }, pieces = { 0 };
	enum http_parse_state a, b;
	struct str text;

	if (size < 1)
		return 0;
	text = (struct str){ (const char *)data + 1, size - 1 };
	a = parse(text, SIZE_MAX, &whole);
	b = parse(text, data[0] + 1u, &pieces);
	assert(a == b && a != HTTP_MORE);
	assert(whole.body.len <= BODY_MAX);
	if (a == HTTP_WHOLE) {
		assert(whole.status >= 200 && whole.status <= 599);
		assert(str_eq(buf_view(&whole.body), buf_view(&pieces.body)));
		assert(whole.retry_after_s == pieces.retry_after_s &&
			whole.upload_offset == pieces.upload_offset);
		assert(whole.upload_offset >= -1 && strcmp(whole.content_type, pieces.content_type) == 0);
	}
	http_answer_done(&whole);
	http_answer_done(&pieces);
	return 0;
}
