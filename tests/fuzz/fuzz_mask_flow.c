/*
 * A stream cut in two anywhere gives the text that it gives uncut, holds back no more than it may, and lets nothing through
 * that was named. The first two bytes say where the cut is.
 */
#include "text/mask_flow.h"

#include <assert.h>
#include <string.h>

#define VALUE "fuzz-value-1\nand its second line"

static void run(const struct mask *m, struct str text, size_t first, struct buf *out)
{
	size_t done = 0, n;

	for (int part = 0; part < 2; part++) {
		size_t come = part == 0 ? first : text.len;

		while ((n = mask_flow_ready(m, NULL, (struct str){ text.p + done, come - done }, part == 1)) >
			0) {
			mask_flow_write(m, NULL, (struct str){ text.p + done, n }, out);
			done += n;
		}
		assert(come - done < MASK_HOLD);
	}
	assert(done == text.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct mask *m;
	struct str text = { (const char *)data, size };
	size_t first;
	AUTO_BUF whole, cut;

	buf_init(&whole, SIZE_MAX);
	buf_init(&cut, SIZE_MAX);
	if (size < 2)
		return 0;
	if (!m) {
		m = mask_new();
		assert(mask_add(m, STR(VALUE), NULL) == ERR_OK);
	}
	text = str_from(text, 2);
	first = (size_t)(data[0] | data[1] << 8) % (text.len + 1);
	run(m, text, text.len, &whole);
	run(m, text, first, &cut);
	assert(str_eq(buf_view(&whole), buf_view(&cut)));
	assert(str_find_str(buf_view(&whole), STR(VALUE)) == whole.len);
	return 0;
}
