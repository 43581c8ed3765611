/* visible: what comes out is valid, has no control and no escape in it, keeps the lines, grows at most
 * sixfold, and looks the same when it is made visible again. */
#include "base/utf8.h"
#include "text/visible.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t count(struct str s, char c)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.p[i] == c;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size }, shown;
	AUTO_BUF out;
	AUTO_BUF again;
	AUTO_BUF name;

	buf_init(&out, 6 * size);
	text_visible(text, &out);
	shown = buf_view(&out);
	assert(!out.full && utf8_valid(shown) == shown.len);
	assert(count(shown, '\n') == count(text, '\n'));
	for (size_t i = 0; i < shown.len; i++)
		assert((uint8_t)shown.p[i] >= 0x20 || shown.p[i] == '\n' || shown.p[i] == '\t');

	buf_init(&again, shown.len);
	text_visible(shown, &again);
	assert(str_eq(buf_view(&again), shown));

	buf_init(&name, 6 * size);
	text_visible_name(text, 40, &name);
	assert(name.len <= 40 && count(buf_view(&name), '\n') == 0 &&
		utf8_valid(buf_view(&name)) == name.len);
	return 0;
}
