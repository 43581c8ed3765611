/*
 * tarball_make: see the header.
 *
 * The format is that of GNU tar, as libarchive writes it: names are bytes there, whatever the locale; in a pax archive they would be converted, and the same folder would not be the same bytes everywhere.
 *
 * The folder may change while it is packed, and somebody may want to have packed what is not in it. So everything is opened by its name in a folder that is open, links are not followed, and a file has to be
 * as long, and as old, when it has been read as when it was opened.
 */
#include "pack/tarball_make.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/zst_stream.h"
#include "pack/tar_name.h"
#include "pack/tar_pipe.h"

#include <archive.h>
#include <archive_entry.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PIECE ((size_t)256 * 1024)
#define PIECE_MIN ((size_t)4096)
#define PIECES_A_SECOND 10                /* where there is a limit on bytes a second */
#define NAP_MS 100                        /* at most so long nobody looks at stop */
#define NAMES_MAX 1000000                 /* of one folder; they are held to be sorted */
#define MTIME_MAX ((int64_t)077777777777) /* what 11 octal digits hold */

struct making {
	const struct tarball_source *from;
	struct archive *archive;
	struct archive_entry *entry;
	struct zst_packer *z;
	struct tar_pipe *pipe;
	char *piece;
	size_t piece_len;
	struct buf path; /* in the archive, of what is packed now */
	int64_t began_ms, n_read;
	struct tarball_made made;
	bool given_up;        /* libarchive is to write no more */
	enum err_code failed; /* of what libarchive calls; from then on what it writes goes nowhere */
	struct err failure;
};

/* ---- from libarchive to the pipe ---- */

static enum err_code put(struct making *m, struct str bytes, struct err *e)
{
	while (bytes.len > 0) {
		struct zst_room *room = NULL;

		TRY(tar_pipe_room(m->pipe, &room, e));
		TRY(zst_pack(m->z, &bytes, room, e));
		if (room->len == room->size)
			tar_pipe_send(m->pipe);
	}
	return ERR_OK;
}

/* Never says that it failed: of an archive to which that was said libarchive frees not all. The calls of libarchive are followed by done(), which looks. */
static la_ssize_t take(struct archive *archive, void *arg, const void *p, size_t n)
{
	struct making *m = arg;

	(void)archive;
	if (m->given_up)
		return -1; /* what is not closed is not padded to its end, which may be far */
	if (m->failed == ERR_OK)
		m->failed = put(m, (struct str){ p, n }, &m->failure);
	m->made.unpacked_bytes += (int64_t)n;
	return (la_ssize_t)n;
}

static enum err_code finish(struct making *m, struct err *e)
{
	bool done = false;

	while (!done) {
		struct zst_room *room = NULL;

		TRY(tar_pipe_room(m->pipe, &room, e));
		TRY(zst_pack_end(m->z, room, &done, e));
		tar_pipe_send(m->pipe);
	}
	return ERR_OK;
}

/* After a call of libarchive: whether what it wrote was taken, and whether it itself found that all was fine. */
static enum err_code done(const struct making *m, bool fine, struct err *e)
{
	const char *text;
	char shown[TAR_SHOWN_SIZE];

	if (m->failed != ERR_OK && e)
		*e = m->failure;
	if (m->failed != ERR_OK || fine)
		return m->failed;
	text = archive_error_string(m->archive);
	return err_set(e, ERR_INTERNAL, "%s cannot be written into an archive: %s",
		tar_shown(buf_view(&m->path), shown), text ? text : "no reason is known");
}

/* ---- what goes wrong ---- */

static enum err_code refuse(const struct making *m, enum err_code code, const char *why, struct err *e)
{
	char shown[TAR_SHOWN_SIZE];

	return err_set(e, code, "%s %s", tar_shown(buf_view(&m->path), shown), why);
}

static enum err_code changed(const struct making *m, struct err *e)
{
	return refuse(m, ERR_CONFLICT, "has changed while it was packed", e);
}

/* Of what was there when its folder was read. */
static enum err_code fail(const struct making *m, struct err *e)
{
	int no = errno;
	char shown[TAR_SHOWN_SIZE];

	if (no == ENOENT || no == ELOOP || no == ENOTDIR || no == ESTALE)
		return changed(m, e);
	return err_errno(e, no == EACCES || no == EPERM ? ERR_INVALID : ERR_STORAGE, no, "%s",
		tar_shown(buf_view(&m->path), shown));
}

static enum err_code check_stop(const struct making *m, struct err *e)
{
	if (m->from->stop && atomic_load(m->from->stop))
		return err_set(e, ERR_UNAVAILABLE, "packing was stopped");
	return ERR_OK;
}

/* Waits until n more bytes may have been read. */
static enum err_code pace(struct making *m, size_t n, struct err *e)
{
	int64_t due, now;

	TRY(check_stop(m, e));
	if (m->from->bytes_per_second <= 0)
		return ERR_OK;
	m->n_read += (int64_t)n;
	due = m->began_ms + (int64_t)((double)m->n_read * 1000 / (double)m->from->bytes_per_second);
	while ((now = clock_steady_ms(&clock_system)) < due) {
		int64_t nap = due - now < NAP_MS ? due - now : NAP_MS;
		struct timespec t = { 0, nap * 1000000 };

		nanosleep(&t, NULL);
		TRY(check_stop(m, e));
	}
	return ERR_OK;
}

/* ---- entries ---- */

static struct archive_entry *entry(struct making *m, mode_t type, unsigned mode)
{
	struct archive_entry *x = archive_entry_clear(m->entry);

	archive_entry_set_pathname(x, buf_cstr(&m->path));
	archive_entry_set_filetype(x, type);
	archive_entry_set_perm(x, mode);
	archive_entry_set_mtime(x, 0, 0);
	archive_entry_set_size(x, 0);
	return x;
}

static enum err_code put_header(struct making *m, struct err *e)
{
	m->made.n_entries++;
	return done(m, archive_write_header(m->archive, m->entry) == ARCHIVE_OK, e);
}

static enum err_code read_piece(struct making *m, int fd, size_t n, size_t *ret_n, struct err *e)
{
	ssize_t got;

	do
		got = read(fd, m->piece, n);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return fail(m, e);
	*ret_n = (size_t)got;
	return ERR_OK;
}

static enum err_code put_data(struct making *m, int fd, int64_t bytes, struct err *e)
{
	size_t n = 0;

	for (int64_t left = bytes; left > 0; left -= (int64_t)n) {
		TRY(read_piece(m, fd, left < (int64_t)m->piece_len ? (size_t)left : m->piece_len, &n, e));
		if (n == 0)
			return changed(m, e);
		TRY(done(m, archive_write_data(m->archive, m->piece, n) == (la_ssize_t)n, e));
		TRY(pace(m, n, e));
	}
	TRY(read_piece(m, fd, 1, &n, e));
	return n == 0 ? ERR_OK : changed(m, e);
}

static bool same(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static int64_t mtime_of(const struct stat *st)
{
	if (st->st_mtim.tv_sec < 0)
		return 0;
	return st->st_mtim.tv_sec < MTIME_MAX ? st->st_mtim.tv_sec : MTIME_MAX;
}

static enum err_code pack_file(struct making *m, int dir, const char *name, struct err *e)
{
	struct archive_entry *x;
	struct stat st, after;
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(m, e);
	if (!S_ISREG(st.st_mode))
		return changed(m, e);
	(void)!posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	x = entry(m, AE_IFREG, st.st_mode & 0111 ? 0755 : 0644);
	archive_entry_set_mtime(x, mtime_of(&st), 0);
	archive_entry_set_size(x, st.st_size);
	TRY(put_header(m, e));
	TRY(put_data(m, fd, st.st_size, e));
	if (fstat(fd, &after) != 0)
		return fail(m, e);
	return same(&st, &after) ? ERR_OK : changed(m, e);
}

/* Up to the folder's top a link may lead, though in the archive there is a folder above it. */
static struct str path_in_folder(const struct making *m)
{
	size_t prefix = m->from->prefix.len;

	return str_from(buf_view(&m->path), prefix > 0 ? prefix + 1 : 0);
}

static enum err_code pack_link(struct making *m, int dir, const char *name, struct err *e)
{
	char target[TAR_PATH_MAX + 1];
	ssize_t n = readlinkat(dir, name, target, sizeof target);
	const char *wrong;

	if (n < 0)
		return errno == EINVAL ? changed(m, e) : fail(m, e);
	wrong = tar_target_wrong(path_in_folder(m), (struct str){ target, (size_t)n });
	if (wrong) {
		char shown[2][TAR_SHOWN_SIZE];

		return err_set(e, ERR_INVALID, "%s is a link to %s, which %s",
			tar_shown(buf_view(&m->path), shown[0]),
			tar_shown((struct str){ target, (size_t)n }, shown[1]), wrong);
	}
	target[n] = '\0'; /* of TAR_PATH_MAX at most, or it was wrong */
	archive_entry_set_symlink(entry(m, AE_IFLNK, 0777), target);
	return put_header(m, e);
}

static enum err_code pack_folder(struct making *m, int fd, bool top, struct err *e);

static enum err_code pack_folder_in(struct making *m, int dir, const char *name, struct err *e)
{
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? fail(m, e) : pack_folder(m, fd, false, e);
}

/* Of what kind it is, is found out before it is opened: opening a device may do something. */
static enum err_code pack_one(struct making *m, int dir, const char *name, struct err *e)
{
	const char *wrong = tar_path_wrong(buf_view(&m->path));
	struct stat st;

	TRY(check_stop(m, e));
	if (wrong)
		return refuse(m, ERR_INVALID, wrong, e);
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return fail(m, e);
	if (S_ISREG(st.st_mode))
		return pack_file(m, dir, name, e);
	if (S_ISDIR(st.st_mode))
		return pack_folder_in(m, dir, name, e);
	if (S_ISLNK(st.st_mode))
		return pack_link(m, dir, name, e);
	return refuse(m, ERR_INVALID,
		"is a pipe, a socket or a device; only files, folders and links are packed", e);
}

/* ---- folders ---- */

struct names {
	const char **v;
	size_t n, size;
	struct arena arena;
};

static void names_done(struct names *names)
{
	free(names->v);
	arena_done(&names->arena);
}

static bool is_skipped(const struct making *m, const char *name)
{
	for (size_t i = 0; i < m->from->n_skip; i++)
		if (strcmp(m->from->skip[i], name) == 0)
			return true;
	return false;
}

static enum err_code add_name(const struct making *m, struct names *names, const char *name, struct err *e)
{
	if (names->n == NAMES_MAX)
		return refuse(m, ERR_INVALID, "has more than 1000000 files in it", e);
	if (names->n == names->size) {
		names->size = names->size ? 2 * names->size : 64;
		names->v = mem_grow(names->v, names->size * sizeof *names->v);
	}
	names->v[names->n++] = arena_cstr(&names->arena, str_z(name));
	return ERR_OK;
}

static enum err_code read_names(const struct making *m, DIR *d, bool top, struct names *names, struct err *e)
{
	for (;;) {
		struct dirent *x;

		errno = 0;
		x = readdir(d);
		if (!x)
			return errno == 0 ? ERR_OK : fail(m, e);
		if (strcmp(x->d_name, ".") != 0 && strcmp(x->d_name, "..") != 0 &&
			!(top && is_skipped(m, x->d_name)))
			TRY(add_name(m, names, x->d_name, e));
	}
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum err_code list_names(const struct making *m, int fd, bool top, struct names *names, struct err *e)
{
	int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC); /* closedir() takes it */
	DIR *d = again >= 0 ? fdopendir(again) : NULL;
	enum err_code code;

	if (!d) {
		code = fail(m, e);
		fd_close(&again);
		return code;
	}
	code = read_names(m, d, top, names, e);
	closedir(d);
	if (names->n > 0)
		qsort(names->v, names->n, sizeof *names->v, by_bytes);
	return code;
}

static enum err_code pack_names(struct making *m, int fd, const struct names *names, struct err *e)
{
	size_t len = m->path.len;

	for (size_t i = 0; i < names->n; i++) {
		if (len > 0)
			buf_char(&m->path, '/');
		buf_z(&m->path, names->v[i]);
		TRY(pack_one(m, fd, names->v[i], e));
		buf_cut(&m->path, len);
	}
	return ERR_OK;
}

/* Calls itself for folders in it, TAR_DEPTH_MAX deep at most. */
static enum err_code pack_folder(struct making *m, int fd, bool top, struct err *e)
{
	struct names names = { 0 };
	enum err_code code = ERR_OK;

	if (m->path.len > 0) {
		entry(m, AE_IFDIR, 0755);
		code = put_header(m, e);
	}
	arena_init(&names.arena);
	if (code == ERR_OK)
		code = list_names(m, fd, top, &names, e);
	if (code == ERR_OK)
		code = pack_names(m, fd, &names, e);
	names_done(&names);
	return code;
}

/* ---- the whole ---- */

static enum err_code check_prefix(struct str prefix, struct err *e)
{
	const char *wrong = prefix.len > 0 ? tar_path_wrong(prefix) : NULL;
	char room[TAR_PATH_MAX], shown[TAR_SHOWN_SIZE];

	if (!wrong && prefix.len > 0 && !str_eq(tar_path_plain(prefix, room), prefix))
		wrong = "is no plain name";
	return wrong ? err_set(e, ERR_INVALID, "the archive's folder %s %s", tar_shown(prefix, shown), wrong)
		     : ERR_OK;
}

static enum err_code open_top(const char *folder, int *ret, struct err *e)
{
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), no = errno;

	if (fd < 0 && no == ENOENT)
		return err_errno(e, ERR_NOT_FOUND, no, "%s", folder);
	if (fd < 0 && (no == ENOTDIR || no == ELOOP))
		return err_set(e, ERR_INVALID, "%s is no folder", folder);
	if (fd < 0)
		return err_errno(e, no == EACCES ? ERR_INVALID : ERR_STORAGE, no, "%s", folder);
	*ret = fd;
	return ERR_OK;
}

/* Nothing gathers on the way: what is written comes to take() at once. */
static enum err_code open_archive(struct making *m, struct err *e)
{
	struct archive *x = m->archive;

	TRY(done(m, archive_write_set_format_gnutar(x) == ARCHIVE_OK, e));
	TRY(done(m, archive_write_set_bytes_per_block(x, 0) == ARCHIVE_OK, e));
	return done(m, archive_write_open(x, m, NULL, take, NULL) == ARCHIVE_OK, e);
}

static enum err_code make(struct making *m, int fd, struct err *e)
{
	TRY(open_archive(m, e));
	TRY(pack_folder(m, fd, true, e));
	TRY(done(m, archive_write_close(m->archive) == ARCHIVE_OK, e));
	return finish(m, e);
}

static size_t piece_for(int64_t bytes_per_second)
{
	int64_t n = bytes_per_second / PIECES_A_SECOND;

	if (bytes_per_second <= 0 || n > (int64_t)PIECE)
		return PIECE;
	return n < (int64_t)PIECE_MIN ? PIECE_MIN : (size_t)n;
}

static void init(struct making *m, const struct tarball_source *from)
{
	*m = (struct making){ .from = from,
		.archive = mem_must(archive_write_new()),
		.entry = mem_must(archive_entry_new()),
		.z = zst_packer_new(from->level),
		.piece = mem_must(malloc(PIECE)),
		.piece_len = piece_for(from->bytes_per_second),
		.began_ms = clock_steady_ms(&clock_system) };
	buf_init(&m->path, SIZE_MAX);
	buf_str(&m->path, from->prefix);
}

/* libarchive writes an end to what is not closed when it is freed. */
static void dispose(struct making *m)
{
	m->given_up = true;
	archive_write_free(m->archive);
	archive_entry_free(m->entry);
	zst_packer_free(m->z);
	free(m->piece);
	buf_done(&m->path);
}

enum err_code tarball_make(
	const struct tarball_source *from, int out, struct tarball_made *ret, struct err *e)
{
	struct making m;
	enum err_code code, written;
	struct sha256 digest;
	int64_t bytes;
	struct tar_pipe *pipe;
	AUTO_FD fd = -1;

	TRY(check_prefix(from->prefix, e));
	TRY(open_top(from->folder, &fd, e));
	TRY(tar_pipe_start(out, &pipe, e));
	init(&m, from);
	m.pipe = pipe;
	code = make(&m, fd, e);
	written = tar_pipe_end(pipe, &digest, &bytes, code == ERR_OK ? e : NULL);
	dispose(&m);
	if (code == ERR_OK)
		code = written;
	if (code != ERR_OK)
		return code;
	*ret = m.made;
	ret->digest = digest;
	ret->packed_bytes = bytes;
	return ERR_OK;
}
