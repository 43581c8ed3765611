/*
 * file: whole files in and out.
 *
 * A file is replaced by writing beside it, syncing, and renaming; then the folder is synced, for a rename is
 * lost in a crash until that is done (fsync(2)).
 */
#include "base/file.h"

#include "base/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum err_code fd_read_at(int fd, int64_t at, size_t len, struct buf *out, struct err *e)
{
	char *room = buf_room(out, len);
	size_t done = 0;

	if (!room)
		return buf_check(out, "a part of a file", e);
	while (done < len) {
		ssize_t n = pread(fd, room + done, len - done, (off_t)at + (off_t)done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			buf_wrote(out, 0);
			return n < 0 ? err_errno(e, ERR_STORAGE, errno, "read a file")
				     : err_set(e, ERR_STORAGE, "a file is shorter than it was");
		}
		done += (size_t)n;
	}
	buf_wrote(out, len);
	return ERR_OK;
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

enum err_code fd_write_all(int fd, struct str bytes, struct err *e)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.p, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "write");
		bytes = str_from(bytes, (size_t)n);
	}
	return ERR_OK;
}

/* What does not fit is found before it is added: a file never leaves out full. */
static enum err_code read_into(int fd, const char *path, size_t max, struct buf *out, struct err *e)
{
	size_t left = out->ceiling - out->len < max ? out->ceiling - out->len : max, limit = left;
	char piece[16384];

	for (;;) {
		ssize_t n = read(fd, piece, sizeof piece);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "%s", path);
		if (n == 0)
			return ERR_OK;
		if ((size_t)n > left)
			return err_set(e, ERR_TOO_LARGE, "%s is over its limit of %zu bytes", path, limit);
		left -= (size_t)n;
		buf_add(out, piece, (size_t)n);
	}
}

enum err_code file_read(const char *path, size_t max, struct buf *out, struct err *e)
{
	size_t before = out->len;
	enum err_code code;
	AUTO_FD fd = -1;

	TRY(buf_check(out, path, e));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_errno(e, errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_STORAGE, errno,
			"%s", path);
	code = read_into(fd, path, max, out, e);
	if (code != ERR_OK)
		buf_cut(out, before);
	return code;
}

enum err_code dir_sync(const char *path, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return err_errno(e, ERR_STORAGE, errno, "sync folder %s", path);
	return ERR_OK;
}

static enum err_code sync_folder_of(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	enum err_code code;
	char *folder;

	if (!slash)
		return dir_sync(".", e);
	folder = mem_dup((struct str){ path, slash == path ? 1 : (size_t)(slash - path) });
	code = dir_sync(folder, e);
	free(folder);
	return code;
}

/* The bytes, synced, in a new file beside path whose name is put into temp. */
static enum err_code write_beside(
	const char *path, struct str bytes, mode_t mode, char **ret_temp, struct err *e)
{
	size_t len = strlen(path);
	char *temp = mem_alloc(len + sizeof ".XXXXXX");
	enum err_code code;
	AUTO_FD fd = -1;

	memcpy(temp, path, len);
	memcpy(temp + len, ".XXXXXX", sizeof ".XXXXXX");
	fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0) {
		free(temp);
		return err_errno(e, ERR_STORAGE, errno, "%s", path);
	}
	code = fd_write_all(fd, bytes, e);
	if (code == ERR_OK && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
		code = err_errno(e, ERR_STORAGE, errno, "sync");
	if (code != ERR_OK) {
		unlink(temp);
		free(temp);
		err_in(e, "%s", path);
		return code;
	}
	*ret_temp = temp;
	return ERR_OK;
}

enum err_code file_write_atomic(const char *path, struct str bytes, mode_t mode, struct err *e)
{
	char *temp = NULL;
	enum err_code code;

	TRY(write_beside(path, bytes, mode, &temp, e));
	if (rename(temp, path) != 0) {
		code = err_errno(e, ERR_STORAGE, errno, "%s", path);
		unlink(temp);
	} else {
		code = sync_folder_of(path, e);
	}
	free(temp);
	return code;
}

enum err_code file_create(const char *path, struct str bytes, mode_t mode, struct err *e)
{
	char *temp = NULL;
	enum err_code code;

	TRY(write_beside(path, bytes, mode, &temp, e));
	/* link(2), unlike rename(2), refuses when the name is taken. */
	if (link(temp, path) != 0)
		code = err_errno(e, errno == EEXIST ? ERR_CONFLICT : ERR_STORAGE, errno, "%s", path);
	else
		code = ERR_OK;
	unlink(temp);
	free(temp);
	return code == ERR_OK ? sync_folder_of(path, e) : code;
}

static enum err_code make_one(const char *path, mode_t mode, struct err *e)
{
	struct stat st;

	if (mkdir(path, mode) == 0)
		return ERR_OK;
	if (errno != EEXIST)
		return err_errno(e, ERR_STORAGE, errno, "make folder %s", path);
	if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode))
		return err_set(e, ERR_STORAGE, "%s is there and is no folder", path);
	return ERR_OK;
}

enum err_code dir_make(const char *path, mode_t mode, struct err *e)
{
	char *part = mem_dup(str_z(path));
	enum err_code code = ERR_OK;

	for (char *p = part + 1; *part && *p && code == ERR_OK; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		code = make_one(part, mode, e);
		*p = '/';
	}
	if (code == ERR_OK)
		code = make_one(path, mode, e);
	free(part);
	return code;
}

enum err_code file_map_open(int fd, const char *name, struct str *ret, struct err *e)
{
	struct stat st;
	void *p = NULL;

	if (fstat(fd, &st) != 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", name);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_INVALID, "%s is no regular file", name);
	if (st.st_size > 0)
		p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(e, ERR_STORAGE, errno, "%s", name);
	*ret = (struct str){ p, (size_t)st.st_size };
	return ERR_OK;
}

enum err_code file_map(const char *path, struct str *ret, struct err *e)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, errno, "%s", path);
	return file_map_open(fd, path, ret, e);
}

void file_unmap(struct str *file)
{
	if (file->len > 0)
		munmap((void *)(uintptr_t)file->p, file->len);
	*file = (struct str){ 0 };
}

enum err_code file_open_new(const char *path, mode_t mode, int *ret_fd, struct err *e)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);

	if (fd < 0)
		return err_errno(e, errno == EEXIST ? ERR_CONFLICT : ERR_STORAGE, errno, "%s", path);
	*ret_fd = fd;
	return ERR_OK;
}
