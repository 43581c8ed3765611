/* commits: whatever a forge answers, what is taken of it are ids, each once, and no more than were wanted. */
#include "forge/commits.h"

#include <assert.h>

#define WANT 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct commit_list list = { 0 };
	AUTO_ARENA a;

	arena_init(&a);
	list.ids = arena_array(&a, WANT, sizeof *list.ids);
	(void)!commits_read((struct str){ (const char *)data, size }, STR("x"), WANT, &a, &list, NULL);
	assert(list.n <= WANT);
	for (size_t i = 0; i < list.n; i++) {
		assert(list.ids[i].len == 40 || list.ids[i].len == 64);
		assert(strspn(list.ids[i].p, "0123456789abcdef") == list.ids[i].len);
		for (size_t k = 0; k < i; k++)
			assert(!str_eq(list.ids[i], list.ids[k]));
	}
	return 0;
}
