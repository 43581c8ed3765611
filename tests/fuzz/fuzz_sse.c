/* sse: the events do not depend on how the bytes are cut. */
#include "net/sse.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err_code hear(void *arg, const struct sse_event *event, struct err *e)
{
	(void)e;
	buf_fmt(arg, "%zu %zu %zu\n", event->name.len, event->id.len, event->data.len);
	buf_str(arg, event->data);
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str bytes = { (const char *)data, size };
	struct sse s, again;
	AUTO_BUF whole, pieces;

	buf_init(&whole, 100 * size + 100);
	buf_init(&pieces, 100 * size + 100);
	sse_init(&s, hear, &whole);
	sse_init(&again, hear, &pieces);
	if (sse_feed(&s, bytes, NULL) == ERR_OK) { /* else it was too large */
		for (size_t i = 0; i < size; i++)
			assert(sse_feed(&again, (struct str){ bytes.p + i, 1 }, NULL) == ERR_OK);
		assert(!whole.full && str_eq(buf_view(&whole), buf_view(&pieces)));
	}
	sse_done(&s);
	sse_done(&again);
	return 0;
}
