/* utf8: what was cleaned is valid and has no NUL; the valid is left alone; offsets move to where a character
 * begins. */
#include "base/utf8.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, clean;
	uint32_t code;
	AUTO_BUF out;

	buf_init(&out, 3 * size);
	utf8_clean(text, &out);
	clean = buf_view(&out);
	assert(!out.full && utf8_valid(clean) == clean.len && str_find(clean, '\0') == clean.len);
	assert(str_eq(clean, text) == (utf8_valid(text) == size && str_find(text, '\0') == size));
	for (size_t at = 0; at < clean.len; at++) {
		size_t first = utf8_floor(clean, at),
		       n = utf8_decode(clean.p + first, clean.len - first, &code);

		assert(first <= at && at < first + n);
		assert(utf8_ceil(clean, at) == (at == first ? at : first + n));
	}
	return 0;
}
