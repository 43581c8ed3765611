/*
 * ship_folder: see the header.
 *
 * The lock is one of the open file description (fcntl(2), F_OFD_SETLK), not flock(2): it can be asked about without being taken for a moment, at which another shipper
 * could not start.
 */
#include "agent/ship_folder.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK "ship.lock"
#define ENTRIES_MAX 100000

static enum err_code failed(struct err *e, const char *path, const char *name)
{
	int no = errno;

	return err_errno(e, no == ENOENT || no == ENOTDIR ? ERR_NOT_FOUND : ERR_STORAGE, no, "%s%s%s", path,
		*name ? "/" : "", name);
}

static enum err_code open_below(const struct ship_folder *f, const char *name, int *ret, struct err *e)
{
	if (mkdirat(f->root, name, 0755) != 0 && errno != EEXIST)
		return failed(e, f->path, name);
	*ret = openat(f->root, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret >= 0 ? ERR_OK : failed(e, f->path, name);
}

static enum err_code open_root(const char *path, struct ship_folder *ret, struct err *e)
{
	*ret = (struct ship_folder)SHIP_FOLDER_NONE;
	ret->path = path;
	ret->root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->root >= 0 ? ERR_OK : failed(e, path, "");
}

enum err_code ship_folder_open(const char *path, struct ship_folder *ret, struct err *e)
{
	*ret = (struct ship_folder)SHIP_FOLDER_NONE;
	TRY(dir_make(path, 0755, e));
	TRY(open_root(path, ret, e));
	TRY(open_below(ret, "episodes", &ret->episodes, e));
	TRY(open_below(ret, "outbox", &ret->outbox, e));
	return open_below(ret, "quarantine", &ret->quarantine, e);
}

enum err_code ship_folder_look(const char *path, struct ship_folder *ret, struct err *e)
{
	TRY(open_root(path, ret, e));
	ret->lock = openat(ret->root, LOCK, O_RDONLY | O_CLOEXEC);
	return ERR_OK;
}

void ship_folder_close(struct ship_folder *f)
{
	fd_close(&f->lock);
	fd_close(&f->quarantine);
	fd_close(&f->outbox);
	fd_close(&f->episodes);
	fd_close(&f->root);
}

enum err_code ship_folder_take(struct ship_folder *f, struct err *e)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char pid[32] = "";
	ssize_t n;

	f->lock = openat(f->root, LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (f->lock < 0)
		return failed(e, f->path, LOCK);
	if (fcntl(f->lock, F_OFD_SETLK, &whole) != 0) {
		n = pread(f->lock, pid, sizeof pid - 1, 0);
		pid[n > 0 ? strcspn(pid, "\n") : 0] = '\0';
		fd_close(&f->lock);
		return err_set(e, ERR_UNAVAILABLE,
			"%s: another shipper (process %s) ships from here; there is one for a folder",
			f->path, *pid ? pid : "?");
	}
	n = snprintf(pid, sizeof pid, "%ld\n", (long)getpid());
	if (ftruncate(f->lock, 0) != 0 || pwrite(f->lock, pid, (size_t)n, 0) != n)
		return failed(e, f->path, LOCK);
	return ERR_OK;
}

bool ship_folder_is_taken(const struct ship_folder *f)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return f->lock >= 0 && fcntl(f->lock, F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

const char *ship_name(char ret[static SHIP_NAME_MAX], const char *id, const char *ending)
{
	snprintf(ret, SHIP_NAME_MAX, "%s%s", id, ending);
	return ret;
}

bool ship_is_there(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool ship_is_folder(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

enum err_code ship_put(const struct ship_folder *f, const char *temp, int dir, const char *name,
	struct str bytes, bool durable, struct err *e)
{
	enum err_code code;
	AUTO_FD fd = openat(f->outbox, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

	if (fd < 0)
		return failed(e, "outbox", temp);
	code = fd_write_all(fd, bytes, e);
	if (code == ERR_OK && durable && fsync(fd) != 0)
		code = failed(e, "outbox", temp);
	if (code == ERR_OK && renameat(f->outbox, temp, dir, name) != 0)
		code = failed(e, "outbox", temp);
	if (code != ERR_OK) {
		unlinkat(f->outbox, temp, 0);
		return err_in(e, "write %s", name);
	}
	return !durable || fsync(dir) == 0 ? ERR_OK : failed(e, "sync the folder of", name);
}

enum err_code ship_move(int from_dir, const char *from, int to_dir, const char *to, struct err *e)
{
	if (renameat(from_dir, from, to_dir, to) != 0) {
		if (errno == EEXIST || errno == ENOTEMPTY || errno == EISDIR || errno == ENOTDIR)
			return err_set(e, ERR_CONFLICT, "there is a %s already", to);
		return failed(e, "move", from);
	}
	return fsync(to_dir) == 0 && fsync(from_dir) == 0 ? ERR_OK : failed(e, "sync the folder of", to);
}

int64_t ship_bytes_below(const struct ship_folder *f, const char *id)
{
	AUTO_BUF path;
	char *roots[2] = { NULL, NULL };
	int64_t bytes = 0, n = 0;
	FTSENT *at;
	FTS *fts;

	buf_init(&path, 64 * 1024);
	buf_fmt(&path, "%s/episodes/%s", f->path, id);
	roots[0] = buf_take(&path);
	fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	while (fts && n++ < ENTRIES_MAX && (at = fts_read(fts)))
		if (at->fts_info == FTS_F)
			bytes += at->fts_statp->st_size;
	if (fts)
		fts_close(fts);
	free(roots[0]);
	return bytes;
}
