/* tarball_file: see the header. */
#include "pack/tarball_file.h"

#include "base/file.h"
#include "base/utf8.h"
#include "pack/tar_meta.h"
#include "pack/tar_name.h"
#include "pack/tar_read.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define NAMES_MAX ((size_t)64 << 20) /* bytes, of a list together */

struct from_fd {
	int fd;
	int64_t at;
};

static enum err_code read_fd(void *arg, char *room, size_t max, size_t *ret_n, struct err *e)
{
	struct from_fd *f = arg;
	ssize_t n;

	do
		n = pread(f->fd, room, max, (off_t)f->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_errno(e, ERR_STORAGE, errno, "read an archive");
	f->at += n;
	*ret_n = (size_t)n;
	return ERR_OK;
}

/* At most so many entries and bytes; how far it is packed is no matter, for the bytes bound the work. */
static struct tar_read *open_fd(struct from_fd *f, int64_t max, int64_t max_bytes)
{
	struct tarball_limits limits = { .entries = max,
		.unpacked_bytes = max_bytes < TARBALL_LOOK_MAX ? max_bytes : TARBALL_LOOK_MAX,
		.ratio = INT64_MAX,
		.free_bytes = INT64_MAX };

	return tar_read_open(read_fd, f, &limits, false);
}

/* ---- the list ---- */

struct listing {
	struct tarball_entry *v;
	size_t n, size, names;
	struct arena *arena;
};

/* As it is told and asked for: valid UTF-8, and no longer than names may be. */
static struct str clean(struct str path, struct buf *room)
{
	struct str s;

	buf_reset(room);
	if (path.len > TAR_PATH_MAX)
		path.len = TAR_PATH_MAX;
	utf8_clean(path, room);
	s = buf_view(room);
	return (struct str){ s.p, utf8_floor(s, s.len < TAR_PATH_MAX ? s.len : TAR_PATH_MAX) };
}

static enum err_code list_one(struct listing *l, const struct tar_entry *x, struct err *e)
{
	struct str path;
	AUTO_BUF room;

	buf_init(&room, SIZE_MAX);
	path = clean(x->path, &room);
	l->names += path.len;
	if (l->names > NAMES_MAX)
		return err_set(e, ERR_TOO_LARGE, "the names in the archive have over %zu MiB together",
			NAMES_MAX >> 20);
	if (l->n == l->size) {
		l->size = l->size ? 2 * l->size : 64;
		l->v = mem_grow(l->v, l->size * sizeof *l->v);
	}
	l->v[l->n++] = (struct tarball_entry){ x->kind, arena_str(l->arena, path), x->bytes };
	return ERR_OK;
}

static enum err_code list_all(struct listing *l, struct tar_read *r, struct err *e)
{
	const struct tar_entry *x;

	do {
		TRY(tar_read_next(r, &x, e));
		if (x)
			TRY(list_one(l, x, e));
	} while (x);
	return ERR_OK;
}

enum err_code tarball_list(int fd, int64_t max, int64_t max_bytes, struct arena *a,
	struct tarball_entry **ret, size_t *ret_n, struct err *e)
{
	struct from_fd from = { fd, 0 };
	struct tar_read *r = open_fd(&from, max, max_bytes);
	struct listing l = { .arena = a };
	enum err_code code = list_all(&l, r, e);

	if (code == ERR_OK) {
		*ret = arena_array(a, l.n, sizeof **ret);
		*ret_n = l.n;
		if (l.n > 0)
			memcpy(*ret, l.v, l.n * sizeof *l.v);
	}
	free(l.v);
	tar_read_close(r);
	return code;
}

/* ---- one file ---- */

/* Asked for as the list tells it, or as it is. */
static bool is_path(const struct tar_entry *x, struct str path)
{
	AUTO_BUF room;

	buf_init(&room, SIZE_MAX);
	return x->kind == TARBALL_FILE && (str_eq(x->path, path) || str_eq(clean(x->path, &room), path));
}

static enum err_code find(struct tar_read *r, struct str path, const struct tar_entry **ret, struct err *e)
{
	const struct tar_entry *x;
	char shown[TAR_SHOWN_SIZE];

	do
		TRY(tar_read_next(r, &x, e));
	while (x && !is_path(x, path));
	if (!x)
		return err_set(e, ERR_NOT_FOUND, "no file %s in the archive", tar_shown(path, shown));
	*ret = x;
	return ERR_OK;
}

static enum err_code extract(
	struct tar_read *r, struct str path, int64_t max, int out, int64_t *ret_bytes, struct err *e)
{
	const struct tar_entry *x = NULL;
	struct str piece = { 0 };
	int64_t bytes = 0;
	char shown[TAR_SHOWN_SIZE];

	TRY(find(r, path, &x, e));
	if (x->bytes > max)
		return err_set(e, ERR_TOO_LARGE,
			"%s has %lld bytes; at most %lld are taken out of an archive", tar_shown(path, shown),
			(long long)x->bytes, (long long)max);
	do {
		TRY(tar_read_data(r, &piece, e));
		TRY(fd_write_all(out, piece, e));
		bytes += (int64_t)piece.len;
	} while (piece.len > 0);
	*ret_bytes = bytes;
	return ERR_OK;
}

enum err_code tarball_extract(
	int fd, struct str path, int64_t max, int out, int64_t *ret_bytes, struct err *e)
{
	struct from_fd from = { fd, 0 };
	struct tar_read *r = open_fd(&from, INT64_MAX, TARBALL_LOOK_MAX);
	enum err_code code = extract(r, path, max, out, ret_bytes, e);

	tar_read_close(r);
	return code;
}

/* ---- meta.json ---- */

/* What is called so that it cannot be unpacked is none. */
static enum err_code look_for_meta(struct tar_read *r, struct arena *a, struct tar_meta *m, struct err *e)
{
	const struct tar_entry *x;
	char room[TAR_PATH_MAX];

	do {
		TRY(tar_read_next(r, &x, e));
		if (x && !tar_path_wrong(x->path))
			TRY(tar_meta_look(m, r, x, tar_path_plain(x->path, room), a, e));
	} while (x && !m->seen);
	return ERR_OK;
}

enum err_code tarball_meta(int fd, struct arena *a, bool *ret_has, struct str *ret, struct err *e)
{
	struct from_fd from = { fd, 0 };
	struct tar_read *r = open_fd(&from, INT64_MAX, TARBALL_LOOK_MAX);
	struct tar_meta m = { 0 };
	enum err_code code = look_for_meta(r, a, &m, e);

	if (code == ERR_OK) {
		*ret_has = m.has;
		*ret = m.bytes;
	}
	tar_read_close(r);
	return code;
}
