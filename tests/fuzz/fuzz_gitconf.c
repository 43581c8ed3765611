/* gitconf: any bytes are a configuration or an error with a text; what is handed on has a section and no NUL
 * cut it. */
#include "base/gitconf.h"

#include "base/file.h"

#include <assert.h>
#include <stdio.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum err_code look(void *arg, const struct gitconf_entry *entry, struct err *e)
{
	size_t *n = arg;

	assert(++*n && str_find(str_z(entry->name), '.') < str_z(entry->name).len);
	assert(entry->has_value || *entry->value == '\0');
	return *n == 1000 ? err_set(e, ERR_CONFLICT, "enough") : ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_FD fd = memfd_create("conf", MFD_CLOEXEC);
	struct err e = { .text = "" };
	enum err_code code;
	size_t n = 0;
	char path[40];

	assert(fd_write_all(fd, (struct str){ (const char *)data, size }, NULL) == ERR_OK);
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	code = gitconf_each(path, look, &n, &e);
	assert(code == ERR_OK || (code == e.code && *e.text));
	assert(code == ERR_OK || code == ERR_CONFLICT || (code == ERR_CONFIG && n == 0));
	return 0;
}
