/* episode_file: see the header. */
#include "store/episode_file.h"

#include "base/arena.h"
#include "base/file.h"
#include "model/episode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)
/* The kernel is told to write what came so far, so that the sync at the end has little left to wait for. */
#define WRITE_OUT ((int64_t)8 << 20)

struct episode_file {
	struct arena arena;
	const char *path;
	int fd;
	int64_t bytes, written_out;
	bool left;
};

static enum err_code fail(const char *path, struct err *e)
{
	int no = errno;

	return err_errno(e,
		no == ENOENT ? ERR_NOT_FOUND
			     : (no == ENOSPC || no == EDQUOT || no == EFBIG ? ERR_FULL : ERR_STORAGE),
		no, "%s", path);
}

static const char *incoming_folder(struct store *s, struct arena *a)
{
	return arena_fmt(a, "%s/episodes/.incoming", store_folder(s)).p;
}

static const char *incoming_path(struct store *s, struct str host, struct str id, struct arena *a)
{
	return arena_fmt(a, "%s/%.*s@%.*s", incoming_folder(s, a), STR_FMT(host), STR_FMT(id)).p;
}

static const char *host_folder(struct store *s, struct str host, struct arena *a)
{
	return arena_fmt(a, "%s/episodes/%.*s", store_folder(s), STR_FMT(host)).p;
}

static const char *path_of(struct store *s, struct str host, struct str id, struct arena *a)
{
	return arena_fmt(a, "%s/%.*s" EPISODE_ENDING, host_folder(s, host, a), STR_FMT(id)).p;
}

/* DATA/episodes may be new as well. */
static enum err_code make_folder(struct store *s, const char *folder, struct arena *a, struct err *e)
{
	if (file_exists(folder))
		return ERR_OK;
	TRY(dir_make(folder, 0700, e));
	TRY(dir_sync(arena_fmt(a, "%s/episodes", store_folder(s)).p, e));
	return dir_sync(store_folder(s), e);
}

enum err_code episode_file_begin(
	struct store *s, struct str host, struct str id, struct episode_file **ret, struct err *e)
{
	struct episode_file *f = mem_alloc(sizeof *f);
	enum err_code code;

	arena_init(&f->arena);
	f->path = incoming_path(s, host, id, &f->arena);
	f->fd = -1;
	code = make_folder(s, incoming_folder(s, &f->arena), &f->arena, e);
	if (code == ERR_OK) {
		unlink(f->path);
		f->fd = open(f->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		code = f->fd < 0 ? fail(f->path, e) : ERR_OK;
	}
	if (code == ERR_OK)
		*ret = f;
	else
		episode_file_end(f);
	return code;
}

enum err_code episode_file_add(struct episode_file *f, struct str bytes, struct err *e)
{
	TRY(fd_write_all(f->fd, bytes, e));
	f->bytes += (int64_t)bytes.len;
	if (f->bytes - f->written_out >= WRITE_OUT) {
		(void)!sync_file_range(
			f->fd, f->written_out, f->bytes - f->written_out, SYNC_FILE_RANGE_WRITE);
		f->written_out = f->bytes;
	}
	return ERR_OK;
}

int64_t episode_file_bytes(const struct episode_file *f)
{
	return f->bytes;
}

int episode_file_fd(const struct episode_file *f)
{
	return f->fd;
}

enum err_code episode_file_sync(struct episode_file *f, struct err *e)
{
	return fsync(f->fd) == 0 ? ERR_OK : fail(f->path, e);
}

void episode_file_leave(struct episode_file *f)
{
	f->left = true;
}

void episode_file_end(struct episode_file *f)
{
	if (!f)
		return;
	if (f->fd >= 0 && !f->left)
		unlink(f->path);
	fd_close(&f->fd);
	arena_done(&f->arena);
	free(f);
}

enum err_code episode_file_place(
	struct store *s, struct str host, struct str id, int64_t bytes, struct err *e)
{
	const char *from, *to, *folder;
	struct stat st;
	AUTO_ARENA a;

	arena_init(&a);
	from = incoming_path(s, host, id, &a);
	to = path_of(s, host, id, &a);
	folder = host_folder(s, host, &a);
	if (stat(from, &st) != 0)
		return fail(from, e);
	if (st.st_size != bytes)
		return err_set(e, ERR_NOT_FOUND, "what came of %s is not all of it", to);
	TRY(make_folder(s, folder, &a, e));
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) != 0) {
		if (errno == EEXIST)
			return err_set(e, ERR_CONFLICT, "%s is there already", to);
		return fail(from, e);
	}
	return dir_sync(folder, e);
}

enum err_code episode_file_settle(struct store *s, struct str host, struct str id, struct err *e)
{
	const char *path;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = path_of(s, host, id, &a);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fsync(fd) != 0)
		return fail(path, e);
	TRY(dir_sync(host_folder(s, host, &a), e));
	TRY(dir_sync(arena_fmt(&a, "%s/episodes", store_folder(s)).p, e));
	return dir_sync(store_folder(s), e);
}

enum err_code episode_file_set_aside(struct store *s, struct str host, struct str id, struct err *e)
{
	const char *path;
	AUTO_ARENA a;

	arena_init(&a);
	path = path_of(s, host, id, &a);
	if (rename(path, arena_fmt(&a, "%s.damaged", path).p) != 0)
		return fail(path, e);
	return dir_sync(host_folder(s, host, &a), e);
}

enum err_code episode_file_open(
	struct store *s, struct str host, struct str id, int *ret_fd, int64_t *ret_bytes, struct err *e)
{
	struct stat st;
	const char *path;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = path_of(s, host, id, &a);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(path, e);
	*ret_fd = fd;
	*ret_bytes = st.st_size;
	fd = -1;
	return ERR_OK;
}

enum err_code episode_file_nameless(struct store *s, int *ret_fd, struct err *e)
{
	char *path;
	AUTO_ARENA a;

	arena_init(&a);
	TRY(make_folder(s, incoming_folder(s, &a), &a, e));
	path = arena_cstr(&a, arena_fmt(&a, "%s/nameless.XXXXXX", incoming_folder(s, &a)));
	*ret_fd = mkostemp(path, O_CLOEXEC);
	if (*ret_fd < 0)
		return fail(path, e);
	unlink(path);
	return ERR_OK;
}

int64_t episode_file_size(struct store *s, struct str host, struct str id)
{
	struct stat st;
	AUTO_ARENA a;

	arena_init(&a);
	return stat(path_of(s, host, id, &a), &st) == 0 ? st.st_size : -1;
}

enum err_code episode_file_hash(int fd, struct sha256 *ret, struct err *e)
{
	struct sha256_state *state = sha256_begin();
	char *block = mem_alloc(BLOCK);
	int64_t at = 0;
	ssize_t n;

	while ((n = pread(fd, block, BLOCK, at)) > 0 || (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		sha256_add(state, (struct str){ block, (size_t)n });
		at += n;
	}
	*ret = sha256_end(state);
	free(block);
	return n == 0 ? ERR_OK : fail("an episode", e);
}

enum err_code episode_file_sweep(struct store *s, int64_t *ret_n, struct err *e)
{
	const char *folder;
	struct dirent *d;
	int64_t n = 0;
	DIR *dir;
	AUTO_ARENA a;

	arena_init(&a);
	folder = incoming_folder(s, &a);
	dir = opendir(folder);
	if (!dir && errno != ENOENT)
		return fail(folder, e);
	while (dir && (d = readdir(dir)))
		if (d->d_name[0] != '.')
			n += unlinkat(dirfd(dir), d->d_name, 0) == 0;
	if (dir)
		closedir(dir);
	*ret_n = n;
	return ERR_OK;
}

enum err_code episode_file_room(struct store *s, int64_t *ret, struct err *e)
{
	struct statvfs v;

	if (statvfs(store_folder(s), &v) != 0)
		return fail(store_folder(s), e);
	*ret = (int64_t)v.f_bavail * (int64_t)v.f_frsize;
	return ERR_OK;
}

/* ---- all of them ---- */

static enum err_code each_of_host(
	int parent, const char *host, episode_file_each_fn *each, void *arg, struct err *e)
{
	int fd = openat(parent, host, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	enum err_code code = ERR_OK;
	struct dirent *d;

	if (!dir) {
		fd_close(&fd);
		return errno == ENOTDIR || errno == ELOOP || errno == ENOENT ? ERR_OK : fail(host, e);
	}
	while (code == ERR_OK && (d = readdir(dir))) {
		struct str name = str_z(d->d_name);
		struct stat st;

		if (!str_ends(name, STR(EPISODE_ENDING)))
			continue;
		name.len -= strlen(EPISODE_ENDING);
		if (episode_id_check(name, NULL) != ERR_OK ||
			fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		code = each(arg, str_z(host), name, st.st_size,
			(int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000, e);
	}
	closedir(dir);
	return code;
}

enum err_code episode_file_each(struct store *s, episode_file_each_fn *each, void *arg, struct err *e)
{
	enum err_code code = ERR_OK;
	const char *folder;
	struct dirent *d;
	DIR *dir;
	AUTO_ARENA a;

	arena_init(&a);
	folder = arena_fmt(&a, "%s/episodes", store_folder(s)).p;
	dir = opendir(folder);
	if (!dir)
		return errno == ENOENT ? ERR_OK : fail(folder, e);
	while (code == ERR_OK && (d = readdir(dir)))
		if (host_name_check(str_z(d->d_name), NULL) == ERR_OK)
			code = each_of_host(dirfd(dir), d->d_name, each, arg, e);
	closedir(dir);
	return code;
}
