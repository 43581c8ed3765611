/*
 * downloads: a file and what is known of it.
 *
 * Anybody may ask, so no answer may cost more than sending it: a file is hashed once and remembered by what
 * the kernel says of it (device, number, size, times). A file that is replaced by renaming another over it,
 * as install(1) and every package manager do, is never seen half written; the descriptor that was opened goes
 * on being the file that was hashed.
 */
#include "service/downloads.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KNOWN_MAX 8

struct known {
	char *name;
	struct stat st;
	struct sha256 digest;
};

struct downloads {
	pthread_mutex_t
		lock; /* guards what is below; held while a file is hashed, so that it is hashed once */
	struct known known[KNOWN_MAX];
	size_t n, next; /* next: the one that makes room when all are taken */
};

struct downloads *downloads_new(void)
{
	struct downloads *d = mem_alloc(sizeof *d);

	pthread_mutex_init(&d->lock, NULL);
	return d;
}

void downloads_free(struct downloads *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < d->n; i++)
		free(d->known[i].name);
	pthread_mutex_destroy(&d->lock);
	free(d);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static enum err_code hash(int fd, int64_t size, struct sha256 *ret, struct err *e)
{
	char piece[64 * 1024];
	AUTO_BUF all;

	buf_init(&all, DOWNLOAD_MAX);
	while ((int64_t)all.len < size) {
		ssize_t n = pread(fd, piece, sizeof piece, (off_t)all.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_errno(e, ERR_STORAGE, n < 0 ? errno : EIO, "reading it");
		buf_add(&all, piece, (size_t)n);
	}
	*ret = sha256_of(buf_view(&all));
	return ERR_OK;
}

/* Under the lock. The row of this name, or the one that makes room for it. */
static struct known *find(struct downloads *d, const char *name)
{
	struct known *k;

	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->known[i].name, name) == 0)
			return &d->known[i];
	k = d->n < KNOWN_MAX ? &d->known[d->n++] : &d->known[d->next++ % KNOWN_MAX];
	free(k->name);
	*k = (struct known){ .name = mem_dup(str_z(name)) };
	return k;
}

static enum err_code digest_of(struct downloads *d, const char *name, int fd, const struct stat *st,
	struct sha256 *ret, struct err *e)
{
	enum err_code code = ERR_OK;
	struct sha256 digest;
	struct known *k;

	pthread_mutex_lock(&d->lock);
	k = find(d, name);
	if (!is_same(&k->st, st)) {
		code = hash(fd, st->st_size, &digest, e);
		if (code == ERR_OK) {
			k->st = *st;
			k->digest = digest;
		}
	}
	if (code == ERR_OK)
		*ret = k->digest;
	pthread_mutex_unlock(&d->lock);
	return code;
}

static enum err_code open_file(
	const char *folder, const char *name, int *ret_fd, struct stat *ret_st, struct err *e)
{
	AUTO_BUF path;
	int fd;

	buf_init(&path, 8192);
	buf_fmt(&path, "%s/%s", folder, name);
	TRY(buf_check(&path, "server.downloads", e));
	fd = open(
		buf_cstr(&path), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); /* nobody waits for a FIFO */
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return err_set(e, ERR_NOT_FOUND,
			"%s is not on this server: `make sluice-run` builds it, `make install` puts it where "
			"the "
			"setting server.downloads says",
			name);
	if (fd < 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", buf_cstr(&path));
	if (fstat(fd, ret_st) != 0 || !S_ISREG(ret_st->st_mode) || ret_st->st_size > DOWNLOAD_MAX) {
		close(fd);
		return err_set(e, ERR_STORAGE, "%s is no plain file of at most %d bytes", buf_cstr(&path),
			DOWNLOAD_MAX);
	}
	*ret_fd = fd;
	return ERR_OK;
}

enum err_code downloads_open(
	struct downloads *d, const char *folder, const char *name, struct download *ret, struct err *e)
{
	struct download file = { .fd = -1 };
	enum err_code code;
	struct stat st;

	TRY(open_file(folder, name, &file.fd, &st, e));
	file.size = st.st_size;
	code = digest_of(d, name, file.fd, &st, &file.digest, e);
	if (code != ERR_OK) {
		fd_close(&file.fd);
		return code;
	}
	*ret = file;
	return ERR_OK;
}
