/* blob_file: see the header. */
#include "store/blob_file.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)
#define NAME_BYTES 16 /* random, of a file that comes in */

struct blob_file {
	struct store *store;
	struct arena arena;
	const char *path; /* NULL: it is in its place */
	int fd;
	int64_t bytes;
	struct sha256_state *state;
	struct str digest;
};

static enum err_code fail(const char *path, struct err *e)
{
	int no = errno;

	return err_errno(e,
		no == ENOENT ? ERR_NOT_FOUND
			     : (no == ENOSPC || no == EDQUOT || no == EFBIG ? ERR_FULL : ERR_STORAGE),
		no, "%s", path);
}

static const char *folder_of(struct store *s, struct str digest, struct arena *a)
{
	return arena_fmt(a, "%s/blobs/%.2s", store_folder(s), digest.p).p;
}

static const char *path_of(struct store *s, struct str digest, struct arena *a)
{
	return arena_fmt(a, "%s/blobs/%.2s/%.*s", store_folder(s), digest.p, STR_FMT(digest)).p;
}

/* DATA/blobs may be new as well. */
static enum err_code make_folder(struct store *s, const char *folder, struct arena *a, struct err *e)
{
	if (file_exists(folder))
		return ERR_OK;
	TRY(dir_make(folder, 0700, e));
	TRY(dir_sync(arena_fmt(a, "%s/blobs", store_folder(s)).p, e));
	return dir_sync(store_folder(s), e);
}

static const char *incoming_path(struct store *s, struct arena *a)
{
	uint8_t random[NAME_BYTES];
	AUTO_BUF name;

	buf_init(&name, 100);
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, &name);
	return arena_fmt(a, "%s/blobs/incoming/%s", store_folder(s), buf_cstr(&name)).p;
}

static enum err_code open_incoming(struct blob_file *f, struct err *e)
{
	TRY(make_folder(
		f->store, arena_fmt(&f->arena, "%s/blobs/incoming", store_folder(f->store)).p, &f->arena, e));
	f->path = incoming_path(f->store, &f->arena);
	f->fd = open(f->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return f->fd < 0 ? fail(f->path, e) : ERR_OK;
}

enum err_code blob_file_begin(struct store *s, struct blob_file **ret, struct err *e)
{
	struct blob_file *f = mem_alloc(sizeof *f);
	enum err_code code;

	f->store = s;
	f->fd = -1;
	f->state = sha256_begin();
	arena_init(&f->arena);
	code = open_incoming(f, e);
	if (code == ERR_OK)
		*ret = f;
	else
		blob_file_end(f);
	return code;
}

static void remove_incoming(struct blob_file *f)
{
	fd_close(&f->fd);
	if (f->path)
		unlink(f->path);
	f->path = NULL;
}

enum err_code blob_file_add(struct blob_file *f, struct str bytes, struct err *e)
{
	enum err_code code = fd_write_all(f->fd, bytes, e);

	if (code != ERR_OK) { /* a disk that is full has its room back before anybody is told */
		remove_incoming(f);
		return code;
	}
	sha256_add(f->state, bytes);
	f->bytes += (int64_t)bytes.len;
	return ERR_OK;
}

int64_t blob_file_bytes(const struct blob_file *f)
{
	return f->bytes;
}

struct str blob_file_digest(struct blob_file *f)
{
	struct sha256 d;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	if (f->digest.len > 0)
		return f->digest;
	d = sha256_end(f->state);
	f->state = NULL;
	hex_encode(d.b, sizeof d.b, &hex);
	f->digest = arena_str(&f->arena, buf_view(&hex));
	return f->digest;
}

enum err_code blob_file_keep(struct blob_file *f, struct str digest, struct err *e)
{
	struct str came = blob_file_digest(f);
	const char *folder = folder_of(f->store, digest, &f->arena);

	if (!str_eq(came, digest))
		return err_set(e, ERR_UNPROCESSABLE,
			"the SHA-256 of the %lld bytes that came is %.*s, not the one that was announced; "
			"send the "
			"file again",
			(long long)f->bytes, STR_FMT(came));
	TRY(make_folder(f->store, folder, &f->arena, e));
	if (fsync(f->fd) != 0)
		return fail(f->path, e);
	if (rename(f->path, path_of(f->store, digest, &f->arena)) != 0)
		return fail(f->path, e);
	f->path = NULL;
	return dir_sync(folder, e);
}

void blob_file_end(struct blob_file *f)
{
	if (!f)
		return;
	remove_incoming(f);
	sha256_free(f->state);
	arena_done(&f->arena);
	free(f);
}

enum err_code blob_file_open(
	struct store *s, struct str digest, int *ret_fd, int64_t *ret_bytes, struct err *e)
{
	struct stat st;
	const char *path;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = path_of(s, digest, &a);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(path, e);
	*ret_fd = fd;
	*ret_bytes = st.st_size;
	fd = -1;
	return ERR_OK;
}

static enum err_code hash(int fd, int64_t bytes, struct sha256 *ret, struct err *e)
{
	struct sha256_state *state = sha256_begin();
	enum err_code code = ERR_OK;
	AUTO_BUF block;

	buf_init(&block, BLOCK);
	for (int64_t at = 0; at < bytes && code == ERR_OK; at += (int64_t)block.len) {
		int64_t left = bytes - at;

		buf_reset(&block);
		code = fd_read_at(fd, at, left < (int64_t)BLOCK ? (size_t)left : BLOCK, &block, e);
		sha256_add(state, buf_view(&block));
	}
	*ret = sha256_end(state);
	return code;
}

enum err_code blob_file_check(struct store *s, struct str digest, bool *ret_same, struct err *e)
{
	struct sha256 d;
	int64_t bytes;
	AUTO_FD fd = -1;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	TRY(blob_file_open(s, digest, &fd, &bytes, e));
	TRY(hash(fd, bytes, &d, e));
	hex_encode(d.b, sizeof d.b, &hex);
	*ret_same = str_eq(buf_view(&hex), digest);
	return ERR_OK;
}

enum err_code blob_file_remove_if(struct store *s, struct str digest,
	enum err_code (*is_nobodys)(void *arg, bool *ret, struct err *e), void *arg, struct err *e)
{
	const char *path, *aside;
	bool nobodys = false;
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	path = path_of(s, digest, &a);
	aside = incoming_path(s, &a);
	if (rename(path, aside) != 0)
		return errno == ENOENT ? ERR_OK : fail(path, e);
	code = is_nobodys(arg, &nobodys, e);
	if ((code != ERR_OK || !nobodys) && !file_exists(path) && rename(aside, path) == 0)
		return code;
	if (unlink(aside) != 0 && code == ERR_OK)
		return fail(aside, e);
	return code;
}

enum err_code blob_file_sweep(struct store *s, int64_t changed_before, int64_t *ret_n, struct err *e)
{
	AUTO_ARENA a;
	const char *folder;
	struct dirent *d;
	int64_t n = 0;
	DIR *dir;

	arena_init(&a);
	folder = arena_fmt(&a, "%s/blobs/incoming", store_folder(s)).p;
	dir = opendir(folder);
	if (!dir && errno != ENOENT)
		return fail(folder, e);
	while (dir && (d = readdir(dir))) {
		struct stat st;

		if (d->d_name[0] == '.' || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
			!S_ISREG(st.st_mode) || (int64_t)st.st_mtim.tv_sec * 1000 >= changed_before)
			continue;
		n += unlinkat(dirfd(dir), d->d_name, 0) == 0;
	}
	if (dir)
		closedir(dir);
	*ret_n = n;
	return ERR_OK;
}
