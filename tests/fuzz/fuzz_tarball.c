/* tarball: whatever comes as an archive is taken or refused; what is taken has entries that can be listed and taken out. The first byte says what the rest is: the zstd stream, or the tar,
 * which no fuzzer would get through the checksum of one. */
#include "base/file.h"
#include "base/utf8.h"
#include "base/zst.h"
#include "pack/tarball_check.h"
#include "pack/tarball_file.h"

#include <assert.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNPACKED_MAX ((int64_t)8 << 20)

static enum err_code read_rest(void *arg, char *room, size_t max, size_t *ret_n, struct err *e)
{
	struct str *rest = arg;
	size_t n = rest->len < max ? rest->len : max;

	(void)e;
	if (n > 0)
		memcpy(room, rest->p, n);
	*ret_n = n;
	*rest = str_from(*rest, n);
	return ERR_OK;
}

/* found NULL: it was refused. */
static void use(struct str packed, const struct tarball_found *found, struct arena *a)
{
	struct tarball_entry *list = NULL;
	struct str meta = { 0 };
	bool has = false;
	size_t n = 0;
	AUTO_FD fd = memfd_create("archive", MFD_CLOEXEC);
	AUTO_FD null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	enum err_code code;

	assert(fd >= 0 && null >= 0 && fd_write_all(fd, packed, NULL) == ERR_OK);
	code = tarball_list(fd, 1000, UNPACKED_MAX, a, &list, &n, NULL);
	assert(!found || (code == ERR_OK && n == (size_t)found->n_entries));
	for (size_t i = 0; i < n; i++) {
		int64_t bytes = 0;

		assert(utf8_valid(list[i].path) == list[i].path.len);
		if (list[i].kind == TARBALL_FILE && i < 20 &&
			tarball_extract(fd, list[i].path, UNPACKED_MAX, null, &bytes, NULL) == ERR_OK)
			assert(!found || bytes == list[i].bytes);
	}
	code = tarball_meta(fd, a, &has, &meta, NULL);
	assert(!found || (code == ERR_OK && has == found->has_meta && str_eq(meta, found->meta)));
}

static void try(struct str packed)
{
	const struct tarball_limits limits = { UNPACKED_MAX, 1000, 1000, 1 << 20 };
	struct tarball_found found;
	struct str rest = packed;
	AUTO_ARENA a;

	arena_init(&a);
	use(packed, tarball_check(read_rest, &rest, &limits, &a, &found, NULL) == ERR_OK ? &found : NULL, &a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = str_from((struct str){ (const char *)data, size }, 1);
	AUTO_BUF packed;

	buf_init(&packed, SIZE_MAX);
	if (size == 0)
		return 0;
	if (data[0] % 2) {
		assert(zst_compress(rest, 1, &packed, NULL) == ERR_OK);
		rest = buf_view(&packed);
	}
	try(rest);
	return 0;
}
