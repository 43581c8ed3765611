/*
 * line: whatever it is, the answer is one of the names, the title is a part of the line, and escapes at the
 * front change nothing.
 */
#include "text/line.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char colour[] = "\x1b[1;31m";
	struct str text = { (const char *)data, size };
	struct line l, again;

	line_look(text, &l);
	assert(l.level < LINE_N_LEVELS && l.source < LINE_N_SOURCES && l.mark <= LINE_COMMAND);
	assert((l.mark == LINE_GROUP || l.mark == LINE_COMMAND || l.mark == LINE_END_GROUP) ||
		l.title.len == 0);
	assert(l.title.len == 0 || (l.title.p >= text.p && l.title.p + l.title.len <= text.p + text.len));

	char *coloured = malloc(sizeof colour - 1 + size);
	if (!coloured)
		abort();
	memcpy(coloured, colour, sizeof colour - 1);
	if (size > 0)
		memcpy(coloured + sizeof colour - 1, data, size);
	line_look((struct str){ coloured, sizeof colour - 1 + size }, &again);
	/* Escapes are looked for where the front has one; behind it, they stay in. */
	if (size <= LINE_LOOK - sizeof colour)
		assert(again.level == l.level && again.source == l.source && again.mark == l.mark &&
			again.at_ms == l.at_ms && again.title.len == l.title.len);
	free(coloured);
	return 0;
}
