/*
 * log_file: see the header. Every function finishes what it does, synced, before it returns, because the commit that comes next
 * says that it is so.
 */
#include "store/log_file.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS_A_FOLDER 1000

static const char *folder_of(struct store *s, int64_t step_id, struct arena *a)
{
	return arena_fmt(a, "%s/logs/%03lld", store_folder(s), (long long)(step_id / STEPS_A_FOLDER)).p;
}

static const char *path_of(struct store *s, int64_t step_id, bool sealed, struct arena *a)
{
	return arena_fmt(
		a, "%s/%lld.%s", folder_of(s, step_id, a), (long long)step_id, sealed ? "zst" : "part")
		.p;
}

static enum err_code fail(const char *path, struct err *e)
{
	int no = errno;

	return err_errno(e,
		no == ENOENT ? ERR_NOT_FOUND
			     : (no == ENOSPC || no == EDQUOT || no == EFBIG ? ERR_FULL : ERR_STORAGE),
		no, "%s", path);
}

/* The folder and DATA/logs in it may both be new. */
static enum err_code make_folder(struct store *s, const char *folder, struct arena *a, struct err *e)
{
	if (file_exists(folder))
		return ERR_OK;
	TRY(dir_make(folder, 0700, e));
	TRY(dir_sync(arena_fmt(a, "%s/logs", store_folder(s)).p, e));
	return dir_sync(store_folder(s), e);
}

static enum err_code write_at(int fd, const char *path, int64_t at, struct str bytes, struct err *e)
{
	while (bytes.len > 0) {
		ssize_t n = pwrite(fd, bytes.p, bytes.len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(path, e);
		at += n;
		bytes = str_from(bytes, (size_t)n);
	}
	return ERR_OK;
}

static enum err_code write_and_sync(int fd, const char *path, int64_t at, struct str bytes, struct err *e)
{
	TRY(write_at(fd, path, at, bytes, e));
	if (ftruncate(fd, (off_t)(at + (int64_t)bytes.len)) != 0 || fsync(fd) != 0)
		return fail(path, e);
	return ERR_OK;
}

/* What could not be written whole is taken back: on a full disk others need the room. */
enum err_code log_file_append(struct store *s, int64_t step_id, int64_t at, struct str bytes, struct err *e)
{
	AUTO_ARENA a;
	AUTO_FD fd = -1;
	const char *folder, *path;
	enum err_code code;
	bool is_new;

	arena_init(&a);
	folder = folder_of(s, step_id, &a);
	path = path_of(s, step_id, false, &a);
	if (at == 0)
		TRY(make_folder(s, folder, &a, e));
	is_new = at == 0 && !file_exists(path);
	fd = open(path, O_RDWR | O_CLOEXEC | (at == 0 ? O_CREAT : 0), 0600);
	if (fd < 0)
		return fail(path, e);
	code = write_and_sync(fd, path, at, bytes, e);
	if (code != ERR_OK && ftruncate(fd, (off_t)at) != 0)
		return code; /* then it is the next append that cuts it off */
	TRY(code);
	return is_new ? dir_sync(folder, e) : ERR_OK;
}

enum err_code log_file_open(struct store *s, int64_t step_id, bool sealed, int *ret_fd, struct err *e)
{
	AUTO_ARENA a;
	const char *path;
	int fd;

	arena_init(&a);
	path = path_of(s, step_id, sealed, &a);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(path, e);
	*ret_fd = fd;
	return ERR_OK;
}

/* From one of the two names to the other, if that was not done before. */
static enum err_code rename_file(struct store *s, int64_t step_id, bool to_sealed, struct err *e)
{
	AUTO_ARENA a;
	const char *from, *to;

	arena_init(&a);
	from = path_of(s, step_id, !to_sealed, &a);
	to = path_of(s, step_id, to_sealed, &a);
	if (rename(from, to) != 0 && !(errno == ENOENT && file_exists(to)))
		return fail(from, e);
	return dir_sync(folder_of(s, step_id, &a), e);
}

enum err_code log_file_seal(struct store *s, int64_t step_id, struct err *e)
{
	return rename_file(s, step_id, true, e);
}

enum err_code log_file_unseal(struct store *s, int64_t step_id, int64_t bytes, struct err *e)
{
	AUTO_ARENA a;
	const char *path;

	arena_init(&a);
	TRY(rename_file(s, step_id, false, e));
	path = path_of(s, step_id, false, &a);
	return truncate(path, (off_t)bytes) == 0 ? ERR_OK : fail(path, e);
}

bool log_file_exists(struct store *s, int64_t step_id, bool sealed)
{
	AUTO_ARENA a;

	arena_init(&a);
	return file_exists(path_of(s, step_id, sealed, &a));
}

#define COPY_PIECE ((int64_t)1 << 20)

enum err_code log_file_copy_back(struct store *s, int64_t step_id, int64_t bytes, struct err *e)
{
	AUTO_FD fd = -1;
	AUTO_BUF piece;

	buf_init(&piece, COPY_PIECE);
	TRY(log_file_open(s, step_id, true, &fd, e));
	TRY(log_file_append(s, step_id, 0, STR(""), e));
	for (int64_t at = 0; at < bytes; at += (int64_t)piece.len) {
		buf_reset(&piece);
		TRY(fd_read_at(
			fd, at, (size_t)(bytes - at < COPY_PIECE ? bytes - at : COPY_PIECE), &piece, e));
		TRY(log_file_append(s, step_id, at, buf_view(&piece), e));
	}
	return ERR_OK;
}

static enum err_code remove_one(struct store *s, int64_t step_id, bool sealed, struct err *e)
{
	AUTO_ARENA a;
	const char *path;

	arena_init(&a);
	path = path_of(s, step_id, sealed, &a);
	return unlink(path) == 0 || errno == ENOENT ? ERR_OK : fail(path, e);
}

enum err_code log_file_remove_sealed(struct store *s, int64_t step_id, struct err *e)
{
	return remove_one(s, step_id, true, e);
}

static int64_t changed_at(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

enum err_code log_file_remove_old(struct store *s, int64_t step_id, bool sealed, int64_t changed_before,
	bool *ret_removed, struct err *e)
{
	AUTO_ARENA a;
	const char *path;
	struct stat st;

	arena_init(&a);
	*ret_removed = false;
	path = path_of(s, step_id, sealed, &a);
	if (stat(path, &st) != 0)
		return errno == ENOENT ? ERR_OK : fail(path, e);
	if (changed_at(&st) >= changed_before)
		return ERR_OK;
	TRY(remove_one(s, step_id, sealed, e));
	*ret_removed = true;
	return ERR_OK;
}

/* ---- all of them ---- */

struct walk {
	int64_t folder; /* the number that it is named by */
	enum err_code (*each)(void *arg, const struct log_file *f, struct err *e);
	void *arg;
};

static enum err_code look_at(const struct walk *w, int dir, const char *name, struct err *e)
{
	const char *dot = strrchr(name, '.');
	bool sealed = dot && strcmp(dot, ".zst") == 0;
	int64_t step_id;
	struct stat st;

	if (!dot || (!sealed && strcmp(dot, ".part") != 0) ||
		!str_to_int((struct str){ name, (size_t)(dot - name) }, &step_id) || step_id < 1 ||
		step_id / STEPS_A_FOLDER != w->folder)
		return ERR_OK;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
		return ERR_OK;
	return w->each(
		w->arg, &(struct log_file){ step_id, sealed, (int64_t)st.st_size, changed_at(&st) }, e);
}

static enum err_code walk_folder(const struct walk *w, const char *path, struct err *e)
{
	DIR *d = opendir(path);
	enum err_code code = ERR_OK;
	const struct dirent *file;

	if (!d)
		return errno == ENOENT || errno == ENOTDIR ? ERR_OK : fail(path, e);
	while (code == ERR_OK && (file = readdir(d)))
		code = look_at(w, dirfd(d), file->d_name, e);
	closedir(d);
	return code;
}

enum err_code log_file_each(struct store *s,
	enum err_code (*each)(void *arg, const struct log_file *f, struct err *e), void *arg, struct err *e)
{
	struct walk w = { .each = each, .arg = arg };
	enum err_code code = ERR_OK;
	const struct dirent *folder;
	AUTO_ARENA a;
	const char *top;
	DIR *d;

	arena_init(&a);
	top = arena_fmt(&a, "%s/logs", store_folder(s)).p;
	d = opendir(top);
	if (!d)
		return errno == ENOENT ? ERR_OK : fail(top, e);
	while (code == ERR_OK && (folder = readdir(d)))
		if (str_to_int(str_z(folder->d_name), &w.folder) && w.folder >= 0)
			code = walk_folder(&w, arena_fmt(&a, "%s/%s", top, folder->d_name).p, e);
	closedir(d);
	return code;
}
