/* migrated: see the header. */
#include "tests/store/migrated.h"

#include "base/file.h"
#include "store/store.h"

#include <stdio.h>

static enum err_code migrate(const char *folder, struct err *e)
{
	struct store_options o = { .data = folder };
	struct store *s = NULL;

	TRY(store_open(&o, &s, e));
	store_close(s);
	return ERR_OK;
}

static enum err_code copy_to(const char *path, struct str bytes, struct err *e)
{
	AUTO_FD fd = -1;

	TRY(file_open_new(path, 0600, &fd, e));
	return fd_write_all(fd, bytes, e);
}

static enum err_code put(const char *folder, struct err *e)
{
	static struct buf database; /* as long as the process */
	char path[200];

	snprintf(path, sizeof path, "%s/sluice.db", folder);
	if (database.len > 0)
		return copy_to(path, buf_view(&database), e);
	buf_init(&database, (size_t)16 << 20);
	TRY(migrate(folder, e));
	return file_read(path, (size_t)16 << 20, &database, e);
}

int migrated_put(const char *folder)
{
	struct err e;

	return put(folder, &e) == ERR_OK ? 0 : -1;
}
