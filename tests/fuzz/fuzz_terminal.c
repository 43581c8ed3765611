/* terminal: the only escapes that come out are colours and links to pages, the line ends in the default look, and again it looks
 * the same. */
#include "base/utf8.h"
#include "text/terminal.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Behind the sequence at i, which is one of the two. */
static size_t end_of(struct str s, size_t i)
{
	struct str rest = str_from(s, i);

	if (str_starts(rest, STR("\x1b[")))
		return i + 2 + strspn(s.p + i + 2, "0123456789;") + 1;
	assert(str_starts(rest, STR("\x1b]8;;\x1b\\")) || str_starts(rest, STR("\x1b]8;;http://")) ||
		str_starts(rest, STR("\x1b]8;;https://")));
	return i + str_find_str(rest, STR("\x1b\\")) + 2;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str line = { (const char *)data, str_find((struct str){ (const char *)data, size }, '\n') },
		   shown;
	AUTO_BUF out, again, bare;

	buf_init(&out, 100 * size + 100);
	buf_init(&again, 100 * size + 100);
	buf_init(&bare, 100 * size + 100);
	text_terminal(line, true, &out);
	shown = buf_view(&out);
	assert(!out.full && utf8_valid(shown) == shown.len);
	for (size_t i = 0, end; i < shown.len; i = end) {
		end = i + 1;
		if (shown.p[i] != '\x1b') {
			assert((uint8_t)shown.p[i] >= ' ' || shown.p[i] == '\t');
			continue;
		}
		end = end_of(shown, i);
		assert(end <= shown.len && (shown.p[end - 1] == 'm' || shown.p[end - 1] == '\\'));
	}
	text_terminal(shown, true, &again);
	assert(str_eq(buf_view(&again), shown));
	text_terminal(line, false, &bare);
	assert(str_find(buf_view(&bare), '\x1b') == bare.len);
	return 0;
}
