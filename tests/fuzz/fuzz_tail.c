/* tail: limits hold, nothing is invented, what is valid stays valid, and the cut is at a line start if one
 * fits. The first two bytes are the limits. */
#include "base/utf8.h"
#include "text/tail.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF clean = { 0 };
	AUTO_BUF settled = { 0 };

	if (size < 2)
		return 0;
	buf_init(&clean, 3 * size);
	buf_init(&settled, 3 * size);
	utf8_clean((struct str){ (const char *)data + 2, size - 2 }, &clean);
	text_settle_line_ends(buf_view(&clean), &settled);
	assert(str_find_str(buf_view(&settled), STR("\r\n")) == settled.len ||
		str_find_str(buf_view(&clean), STR("\r\r\n")) < clean.len);

	struct str text = text_without_final_line_end(buf_view(&settled));
	struct tail t = text_tail(text, data[0], data[1]);
	assert(t.text.len <= data[1] && t.n_lines <= data[0]);
	assert(t.dropped_bytes + (int64_t)t.text.len == (int64_t)text.len && str_ends(text, t.text));
	assert(utf8_valid(t.text) == t.text.len);
	assert(t.n_lines == (t.text.len > 0 ? text_count_lines(t.text) + str_ends(t.text, STR("\n")) : 0));

	size_t start = (size_t)t.dropped_bytes;
	assert(t.text.len == 0 || start == 0 || text.p[start - 1] == '\n' || t.text.len + 4 > data[1]);
	assert(t.in_line == (t.text.len > 0 && start > 0 && text.p[start - 1] != '\n'));
	assert(t.dropped_lines + t.n_lines == text_count_lines(text) + str_ends(text, STR("\n")));
	return 0;
}
