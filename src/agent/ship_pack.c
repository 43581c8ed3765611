/* ship_pack: see the header. */
#include "agent/ship_pack.h"

#include "base/arena.h"
#include "base/file.h"
#include "pack/tarball_make.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)

static enum err_code storage(struct err *e, const char *name)
{
	return err_errno(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_STORAGE, errno, "outbox/%s", name);
}

/* ---- one that is there ---- */

static bool is_later(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec > b->tv_sec : a->tv_nsec > b->tv_nsec;
}

/* Was the episode finished after it was packed? Then it was another that had the name. */
static bool is_stale(const struct ship_folder *f, const char *id, const struct stat *archive)
{
	char marker[SHIP_NAME_MAX + sizeof "/" SHIP_DONE];
	struct stat st;

	snprintf(marker, sizeof marker, "%s/%s", id, SHIP_DONE);
	return fstatat(f->episodes, marker, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	       is_later(&st.st_mtim, &archive->st_mtim);
}

static enum err_code hash(
	int fd, const char *name, const atomic_bool *stop, struct ship_archive *ret, struct err *e)
{
	struct sha256_state *state = sha256_begin();
	enum err_code code = ERR_OK;
	char *room = mem_alloc(PIECE);
	int64_t at = 0;
	ssize_t n = 0;

	while (code == ERR_OK && (n = pread(fd, room, PIECE, (off_t)at)) != 0) {
		if (stop && atomic_load(stop))
			code = err_set(e, ERR_UNAVAILABLE, "told to stop");
		else if (n > 0)
			sha256_add(state, (struct str){ room, (size_t)n });
		else if (errno != EINTR)
			code = storage(e, name);
		at += n > 0 ? n : 0;
	}
	free(room);
	if (code != ERR_OK) {
		sha256_free(state);
		return code;
	}
	ret->digest = sha256_end(state);
	ret->bytes = at;
	return ERR_OK;
}

/* *ret_found false: there is none, or none that is of this episode. */
static enum err_code take_there(const struct ship_folder *f, const char *id, const atomic_bool *stop,
	struct ship_archive *ret, bool *ret_found, struct err *e)
{
	char name[SHIP_NAME_MAX];
	struct ship_archive found;
	struct stat st;
	AUTO_FD fd = openat(f->outbox, ship_name(name, id, SHIP_ARCHIVE), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	*ret_found = false;
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0 || fstat(fd, &st) != 0)
		return storage(e, name);
	if (is_stale(f, id, &st)) {
		unlinkat(f->outbox, name, 0);
		return ERR_OK;
	}
	TRY(hash(fd, name, stop, &found, e));
	found.fd = fd;
	fd = -1;
	*ret = found;
	*ret_found = true;
	return ERR_OK;
}

/* ---- one that is made ---- */

static enum err_code write_archive(const struct ship_folder *f, const char *id, int level,
	const atomic_bool *stop, int out, struct tarball_made *ret, struct err *e)
{
	static const char *const skip[] = { SHIP_SHIPPED };
	struct tarball_source from = {
		.prefix = str_z(id), .skip = skip, .n_skip = 1, .level = level, .stop = stop
	};
	enum err_code code;
	AUTO_BUF path;

	buf_init(&path, 64 * 1024);
	buf_fmt(&path, "%s/episodes/%s", f->path, id);
	from.folder = buf_cstr(&path);
	code = tarball_make(&from, out, ret, e);
	if (code == ERR_OK && fsync(out) != 0)
		code = err_errno(e, ERR_STORAGE, errno, "sync the archive of %s", id);
	return code;
}

static enum err_code make(const struct ship_folder *f, const char *id, int level, const atomic_bool *stop,
	struct ship_archive *ret, struct err *e)
{
	char partial[SHIP_NAME_MAX], name[SHIP_NAME_MAX];
	struct tarball_made made;
	enum err_code code;
	AUTO_FD fd = -1;

	ship_name(partial, id, SHIP_ARCHIVE SHIP_PARTIAL);
	ship_name(name, id, SHIP_ARCHIVE);
	fd = openat(f->outbox, partial, O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return storage(e, partial);
	code = write_archive(f, id, level, stop, fd, &made, e);
	if (code == ERR_OK)
		code = ship_move(f->outbox, partial, f->outbox, name, e);
	if (code != ERR_OK) {
		unlinkat(f->outbox, partial, 0);
		return code;
	}
	*ret = (struct ship_archive){ fd, made.packed_bytes, made.digest };
	fd = -1;
	return ERR_OK;
}

enum err_code ship_pack(const struct ship_folder *f, const char *id, int level, const atomic_bool *stop,
	struct ship_archive *ret, struct err *e)
{
	bool found;

	TRY(take_there(f, id, stop, ret, &found, e));
	return found ? ERR_OK : make(f, id, level, stop, ret, e);
}
