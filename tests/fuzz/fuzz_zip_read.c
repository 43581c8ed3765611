/* zip_read: whatever calls itself a zip, its names are bounded, and no more is unpacked than is wanted. */
#include "pack/zip_read.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str zip = { (const char *)data, size };
	struct str *names;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	if (zip_list(zip, &a, &names, &n, NULL) != ERR_OK)
		return 0;
	assert(n <= ZIP_ENTRIES_MAX);
	for (size_t i = 0; i < n && i < 10; i++) {
		AUTO_BUF out;

		buf_init(&out, 4096);
		assert(names[i].len > 0 && names[i].len <= ZIP_NAME_MAX &&
			!memchr(names[i].p, '\0', names[i].len));
		(void)!zip_read(zip, names[i], &out, NULL);
		assert(out.len <= 4096);
	}
	return 0;
}
