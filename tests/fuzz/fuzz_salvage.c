/* salvage: of whatever is in a file, what is said to be sound can be read, lies in the file in order, and is not said twice. */
#include "base/file.h"
#include "text/frame_salvage.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame_left *left = NULL;
	bool has_index = false;
	int64_t end = 0;
	size_t n = 0;
	AUTO_ARENA a;
	AUTO_BUF text;
	AUTO_FD fd = memfd_create("damaged", MFD_CLOEXEC);

	arena_init(&a);
	buf_init(&text, SIZE_MAX);
	assert(fd >= 0 && fd_write_all(fd, (struct str){ (const char *)data, size }, NULL) == ERR_OK);
	assert(frame_salvage(fd, (int64_t)size, &a, &left, &n, &has_index, NULL) == ERR_OK);
	for (size_t i = 0; i < n; i++) {
		buf_reset(&text);
		assert(left[i].f.file_at >= end);
		end = left[i].f.file_at;
		if (left[i].lost)
			continue;
		assert(frame_read_text(fd, &left[i].f, &text) && text.len == left[i].f.text_len);
		end += left[i].f.zstd_len;
		assert(end <= (int64_t)size);
	}
	return 0;
}
