/*
 * file_cache: see the header. There is no index: the folder is one.
 *
 * What a reader would get wrong:
 * - A pin is a shared flock(2) of the file, and who removes one wants it exclusively, without waiting. So between opening a file and locking it, it may be removed
 * and even be there again as another: after the lock it is asked whether the name still means what was opened (cache_folder.h).
 * - A file that is there is not replaced, for its pins are of the old inode: what came in gets its name by link(2), which refuses.
 * - A file that comes in is locked as well, so that a sweep leaves it however slow it is; the age is for the moment before it is locked.
 */
#include "agent/file_cache.h"

#include "agent/cache_folder.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define RANDOM_BYTES 16
#define BLOCK ((size_t)256 * 1024)
#define TRIES_AT_ONCE 10
#define KEEP_TRIES 1000 /* against others that put and remove the same file at the same time */

/* What this process knows of a file. */
struct known {
	struct known *next;
	char digest[CACHE_DIGEST_LEN + 1];
	dev_t dev;
	ino_t ino;
	off_t size; /* of the inode whose bytes were hashed */
	int fd;     /* locked, while n_pins > 0; else -1 */
	int n_pins;
	char path[]; /* of the file */
};

struct file_cache {
	char *folder;
	int dir;
	int64_t max_bytes;
	const struct clock *clock;
	struct known *known;
	bool over; /* at the last look there was too much, and it was pinned */
};

struct file_incoming {
	struct file_cache *cache;
	char *name; /* until it ends; what is kept has another beside it */
	int fd;
	int64_t bytes;
	bool broken; /* a piece is not there in whole */
	struct sha256_state *state;
};

static enum err_code fail(const char *folder, const char *name, struct err *e)
{
	int no = errno;

	return err_errno(e, no == ENOENT ? ERR_NOT_FOUND : (no == EFBIG ? ERR_FULL : ERR_STORAGE), no,
		"%s/%s", folder, name);
}

static enum err_code check_digest(struct str digest, struct err *e)
{
	return cache_folder_is_digest(digest)
		       ? ERR_OK
		       : err_set(e, ERR_INVALID, "a digest has 64 lower-case hex digits");
}

static struct known **find(struct file_cache *c, struct str digest)
{
	struct known **k = &c->known;

	while (*k && !str_eq(str_z((*k)->digest), digest))
		k = &(*k)->next;
	return k;
}

static struct known *know(struct file_cache *c, struct str digest)
{
	struct known *k = *find(c, digest);
	size_t size = strlen(c->folder) + 1 + CACHE_DIGEST_LEN + 1;

	if (k)
		return k;
	k = mem_alloc(sizeof *k + size);
	memcpy(k->digest, digest.p, CACHE_DIGEST_LEN);
	snprintf(k->path, size, "%s/%s", c->folder, k->digest);
	k->fd = -1;
	k->next = c->known;
	c->known = k;
	return k;
}

/* Unless it is pinned, for then its path is in use. */
static void forget(struct file_cache *c, struct str digest)
{
	struct known **at = find(c, digest), *k = *at;

	if (!k || k->n_pins > 0)
		return;
	*at = k->next;
	free(k);
}

/* ---- opening ---- */

static void removed(void *arg, struct str digest)
{
	forget(arg, digest);
}

static void make_room(struct file_cache *c)
{
	c->over = !cache_folder_trim(c->dir, c->max_bytes, removed, c);
}

static enum err_code open_folder(struct file_cache *c, struct err *e)
{
	struct stat st;

	TRY(dir_make(c->folder, 0700, e));
	c->dir = open(c->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (c->dir < 0 || fstat(c->dir, &st) != 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", c->folder);
	if (st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		return err_set(e, ERR_CONFIG,
			"the folder for files, %s, is not ours alone; chmod 700 it, or name one that is not "
			"there yet",
			c->folder);
	return ERR_OK;
}

enum err_code file_cache_open(const char *folder, int64_t max_bytes, const struct clock *clock,
	struct file_cache **ret, struct err *e)
{
	struct file_cache *c = mem_alloc(sizeof *c);
	enum err_code code;

	*c = (struct file_cache){
		.folder = mem_dup(str_z(folder)), .dir = -1, .max_bytes = max_bytes, .clock = clock
	};
	code = open_folder(c, e);
	if (code != ERR_OK) {
		file_cache_close(c);
		return code;
	}
	cache_folder_sweep(c->dir, clock_wall_ms(clock) - FILE_CACHE_LEFT_MS);
	make_room(c);
	*ret = c;
	return ERR_OK;
}

void file_cache_close(struct file_cache *c)
{
	if (!c)
		return;
	for (struct known *k = c->known, *next; k; k = next) {
		next = k->next;
		fd_close(&k->fd);
		free(k);
	}
	fd_close(&c->dir);
	free(c->folder);
	free(c);
}

/* ---- getting ---- */

static enum err_code is_going(const struct file_cache *c, const char *name, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND, "%s/%s is being removed", c->folder, name);
}

/* Open, and not to be removed as long as it is. */
static enum err_code open_pinned(
	const struct file_cache *c, const char *name, int *ret_fd, struct stat *ret, struct err *e)
{
	struct stat opened;
	AUTO_FD fd = openat(c->dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &opened) != 0)
		return fail(c->folder, name, e);
	if (!S_ISREG(opened.st_mode))
		return err_set(e, ERR_STORAGE, "%s/%s is no regular file; remove it", c->folder, name);
	if (flock(fd, LOCK_SH | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? is_going(c, name, e) : fail(c->folder, name, e);
	if (!cache_folder_means(c->dir, name, &opened))
		return is_going(c, name, e);
	*ret_fd = fd;
	*ret = opened;
	fd = -1;
	return ERR_OK;
}

static enum err_code hash(int fd, int64_t bytes, struct buf *hex, struct err *e)
{
	struct sha256_state *state = sha256_begin();
	enum err_code code = ERR_OK;
	struct sha256 digest;
	AUTO_BUF block;

	buf_init(&block, BLOCK);
	for (int64_t at = 0; at < bytes && code == ERR_OK; at += (int64_t)BLOCK) {
		int64_t left = bytes - at;

		buf_reset(&block);
		code = fd_read_at(fd, at, left < (int64_t)BLOCK ? (size_t)left : BLOCK, &block, e);
		sha256_add(state, buf_view(&block));
	}
	digest = sha256_end(state);
	hex_encode(digest.b, sizeof digest.b, hex);
	return code;
}

static void believe(struct known *k, const struct stat *st)
{
	k->dev = st->st_dev;
	k->ino = st->st_ino;
	k->size = st->st_size;
}

/* Its bytes are what its name says, or it is removed. */
static enum err_code check(
	struct file_cache *c, struct known *k, int fd, const struct stat *st, struct err *e)
{
	AUTO_BUF hex;

	buf_init(&hex, 100);
	if (k->dev == st->st_dev && k->ino == st->st_ino && k->size == st->st_size)
		return ERR_OK;
	if (hash(fd, st->st_size, &hex, e) != ERR_OK || !str_eq(buf_view(&hex), str_z(k->digest))) {
		if (cache_folder_means(c->dir, k->digest, st))
			unlinkat(c->dir, k->digest, 0);
		return err_set(e, ERR_NOT_FOUND, "%s was not what it is named, and is removed", k->path);
	}
	if ((st->st_mode & 0777) != 0400 && fchmod(fd, 0400) != 0)
		return fail(c->folder, k->digest, e);
	believe(k, st);
	return ERR_OK;
}

/* Used now. Who cannot say so, for the file is another's, is not worse off. */
static void touch(const struct file_cache *c, int fd)
{
	int64_t now = clock_wall_ms(c->clock);
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
		{ .tv_sec = (time_t)(now / 1000), .tv_nsec = (long)(now % 1000) * 1000000 } };

	if (futimens(fd, times) != 0)
		return;
}

/* The fd becomes k's; one that it had was of the same file, or of one that is no longer there. */
static void pin(struct file_cache *c, struct known *k, int fd, const char **ret_path)
{
	touch(c, fd);
	fd_close(&k->fd);
	k->fd = fd;
	k->n_pins++;
	*ret_path = k->path;
}

enum err_code file_cache_get(struct file_cache *c, struct str digest, const char **ret_path, struct err *e)
{
	struct known *k;
	struct stat st = { 0 };
	enum err_code code;
	AUTO_FD fd = -1;

	TRY(check_digest(digest, e));
	k = know(c, digest);
	code = open_pinned(c, k->digest, &fd, &st, e);
	if (code == ERR_OK)
		code = check(c, k, fd, &st, e);
	if (code != ERR_OK) {
		forget(c, digest);
		return code;
	}
	pin(c, k, fd, ret_path);
	fd = -1;
	return ERR_OK;
}

void file_cache_release(struct file_cache *c, struct str digest)
{
	struct known *k = *find(c, digest);

	assert(k && k->n_pins > 0);
	if (--k->n_pins > 0)
		return;
	fd_close(&k->fd);
	if (c->over)
		make_room(c);
}

/* ---- coming in ---- */

static enum err_code open_incoming(struct file_incoming *f, struct err *e)
{
	uint8_t random[RANDOM_BYTES];
	AUTO_BUF name;

	buf_init(&name, 100);
	random_bytes(random, sizeof random);
	buf_z(&name, CACHE_INCOMING);
	hex_encode(random, sizeof random, &name);
	f->fd = openat(f->cache->dir, buf_cstr(&name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (f->fd < 0)
		return fail(f->cache->folder, buf_cstr(&name), e);
	f->name = buf_take(&name);
	if (flock(f->fd, LOCK_SH | LOCK_NB) != 0)
		return fail(f->cache->folder, f->name, e);
	return ERR_OK;
}

enum err_code file_cache_begin(struct file_cache *c, struct file_incoming **ret, struct err *e)
{
	struct file_incoming *f = mem_alloc(sizeof *f);
	enum err_code code;

	*f = (struct file_incoming){ .cache = c, .fd = -1, .state = sha256_begin() };
	code = open_incoming(f, e);
	if (code == ERR_OK)
		*ret = f;
	else
		file_incoming_end(f);
	return code;
}

enum err_code file_incoming_add(struct file_incoming *f, struct str bytes, struct err *e)
{
	int64_t max = f->cache->max_bytes;
	enum err_code code;

	if ((uint64_t)f->bytes + bytes.len > (uint64_t)max) {
		f->broken = true;
		return err_set(e, ERR_TOO_LARGE,
			"a file is larger than all that the cache may hold, %lld bytes; give it more",
			(long long)max);
	}
	code = fd_write_all(f->fd, bytes, e);
	f->broken |= code != ERR_OK;
	if (code != ERR_OK)
		return code;
	sha256_add(f->state, bytes);
	f->bytes += (int64_t)bytes.len;
	return ERR_OK;
}

/* All that came, as a file for reading, pinned from before it has its name. */
static enum err_code finish(struct file_incoming *f, int *ret_fd, struct err *e)
{
	const struct file_cache *c = f->cache;
	AUTO_FD fd = -1;

	if (fchmod(f->fd, 0400) != 0)
		return fail(c->folder, f->name, e);
	fd = openat(c->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || flock(fd, LOCK_SH | LOCK_NB) != 0)
		return fail(c->folder, f->name, e);
	fd_close(&f->fd); /* what is open for writing cannot be executed */
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

/* Under its name, or the one that is there already, if that is good. */
static enum err_code place(
	struct file_incoming *f, int *fd, struct str digest, const char **ret_path, struct err *e)
{
	struct file_cache *c = f->cache;
	struct known *k = know(c, digest);
	struct stat st;

	for (int i = 0; linkat(c->dir, f->name, c->dir, k->digest, 0) != 0; i++) {
		enum err_code code;

		if (errno != EEXIST)
			return fail(c->folder, k->digest, e);
		code = file_cache_get(c, digest, ret_path, e);
		if (code != ERR_NOT_FOUND)
			return code;
		if (i == KEEP_TRIES)
			return err_set(e, ERR_UNAVAILABLE,
				"%s/%.*s is put and removed by others all the time", c->folder,
				STR_FMT(digest));
		if (i < TRIES_AT_ONCE) /* who removes it has it locked, but not for long */
			sched_yield();
		else /* but for its turn, when all processors are taken */
			(void)!poll(NULL, 0, 1);
		k = know(c, digest);
	}
	if (fstat(*fd, &st) != 0)
		return fail(c->folder, k->digest, e);
	believe(k, &st);
	pin(c, k, *fd, ret_path);
	*fd = -1;
	return ERR_OK;
}

static enum err_code check_came(struct file_incoming *f, struct str digest, struct err *e)
{
	struct sha256 came;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	TRY(check_digest(digest, e));
	if (f->broken || !f->state)
		return err_set(e, ERR_STORAGE, "not all of the file could be written");
	came = sha256_end(f->state);
	f->state = NULL;
	hex_encode(came.b, sizeof came.b, &hex);
	if (!str_eq(buf_view(&hex), digest))
		return err_set(e, ERR_UNPROCESSABLE,
			"the SHA-256 of the %lld bytes that came is %s, not %.*s", (long long)f->bytes,
			buf_cstr(&hex), STR_FMT(digest));
	return ERR_OK;
}

enum err_code file_incoming_keep(
	struct file_incoming *f, struct str digest, const char **ret_path, struct err *e)
{
	AUTO_FD fd = -1;

	TRY(check_came(f, digest, e));
	TRY(finish(f, &fd, e));
	TRY(place(f, &fd, digest, ret_path, e));
	make_room(f->cache);
	return ERR_OK;
}

void file_incoming_end(struct file_incoming *f)
{
	if (!f)
		return;
	fd_close(&f->fd);
	if (f->name)
		unlinkat(f->cache->dir, f->name, 0);
	free(f->name);
	sha256_free(f->state);
	free(f);
}
