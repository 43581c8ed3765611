/* place and repo_path: whatever the text, what is found is a part of it, and a path is no longer than it was. */
#include "explain/place.h"
#include "explain/repo_path.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct place p;
	AUTO_ARENA a;

	arena_init(&a);
	if (place_in_line(text, &p)) {
		assert(p.line > 0 && p.col >= 0 && p.file.len > 0 && p.end <= size);
		assert(p.file.p >= text.p && p.file.p + p.file.len <= text.p + size);
	}
	if (place_in_trace(text, STR("a.b.CTest.m"), &p))
		assert(p.file.p >= text.p && p.file.p + p.file.len <= text.p + size);
	struct str path = repo_path(text, &a);
	assert(path.len <= size && path.len <= REPO_PATH_MAX);
	/* What was made plain is plain. */
	assert(str_find_str(path, STR("//")) == path.len);
	return 0;
}
