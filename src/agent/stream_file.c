/*
 * stream_file: see the header.
 *
 * Between creating a file and locking it somebody else could take it for one that was left. So it is made under another
 * name, which nobody locks, and renamed. Between opening and locking it its owner may have removed it: then what was
 * locked has no name any more.
 */
#include "agent/stream_file.h"

#include "agent/env.h"
#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define END ".stream"
#define FIRST_LINE "sluice stream 1\n"
#define ACKED_AT (sizeof FIRST_LINE - 1)
#define ACKED_FMT "acked %019" PRId64 "\n"
#define GIVE_BACK (1024 * 1024) /* fewer bytes are not worth a call */

static enum err_code write_at(int fd, off_t at, struct str bytes, struct err *e)
{
	while (bytes.len > 0) {
		ssize_t n = pwrite(fd, bytes.p, bytes.len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_errno(e, ERR_STORAGE, errno, "write to the spool");
		bytes = str_from(bytes, (size_t)n);
		at += n;
	}
	return ERR_OK;
}

enum err_code stream_file_write(struct stream_file *f, int64_t at, struct str bytes, struct err *e)
{
	return write_at(f->fd, STREAM_HEAD + at, bytes, e);
}

static enum err_code read_at(int fd, off_t at, char *p, size_t n, struct err *e)
{
	while (n > 0) {
		ssize_t got = pread(fd, p, n, at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return err_errno(e, ERR_STORAGE, errno, "read from the spool");
		if (got == 0)
			return err_set(e, ERR_STORAGE, "a file of the spool is shorter than it was");
		p += got;
		n -= (size_t)got;
		at += got;
	}
	return ERR_OK;
}

enum err_code stream_file_read(const struct stream_file *f, int64_t at, char *p, size_t n, struct err *e)
{
	return read_at(f->fd, STREAM_HEAD + at, p, n, e);
}

void stream_file_cut(struct stream_file *f, int64_t length)
{
	if (ftruncate(f->fd, STREAM_HEAD + length) != 0)
		return; /* what is behind would be sent by a later call as if it were text; it is text */
}

void stream_file_ack(struct stream_file *f, int64_t acked, bool now)
{
	AUTO_BUF line;

	buf_init(&line, 100);
	f->acked = acked;
	if (!now && acked - f->given_back < GIVE_BACK)
		return;
	buf_fmt(&line, ACKED_FMT, acked);
	/* First said, then given back: who reads the head is never sent into a hole. */
	if (write_at(f->fd, ACKED_AT, buf_view(&line), NULL) != ERR_OK || acked <= f->given_back)
		return;
	/* Not everywhere to be had, and no harm done then. */
	if (fallocate(f->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, STREAM_HEAD + f->given_back,
		    acked - f->given_back) == 0)
		f->given_back = acked;
}

static void put_head(const struct stream_file *f, struct buf *head)
{
	buf_z(head, FIRST_LINE);
	buf_fmt(head, ACKED_FMT, f->acked);
	buf_fmt(head, "url %.*s\n", STR_FMT(f->url));
	buf_fmt(head, "open %.*s\n", STR_FMT(f->open));
}

enum err_code stream_file_set_finish(struct stream_file *f, struct str json, struct err *e)
{
	AUTO_BUF line;

	buf_init(&line, STREAM_HEAD - (size_t)f->finish_at);
	buf_fmt(&line, "finish %.*s\n", STR_FMT(json));
	TRY(buf_check(&line, "how a step ended", e));
	f->finish = json;
	return write_at(f->fd, f->finish_at, buf_view(&line), e);
}

static enum err_code write_head(struct stream_file *f, struct err *e)
{
	AUTO_BUF head;

	buf_init(&head, STREAM_HEAD - 4096); /* so much is left for the finish */
	put_head(f, &head);
	TRY(buf_check(&head, "the facts of a step", e));
	f->finish_at = (off_t)head.len;
	buf_char(&head, '\0'); /* where a longer one was before */
	return write_at(f->fd, 0, buf_view(&head), e);
}

enum err_code stream_file_set_open(struct stream_file *f, struct str json, struct err *e)
{
	f->open = json;
	TRY(write_head(f, e));
	return f->finish.len > 0 ? stream_file_set_finish(f, f->finish, e) : ERR_OK;
}

static enum err_code create_named(struct spool *s, struct stream_file *f, struct err *e)
{
	struct str name;
	const char *part;
	enum err_code code;

	if (s->folder.len == 0)
		return err_set(e, ERR_STORAGE, "there is no folder for a spool; set SLUICE_SPOOL");
	TRY(dir_make(s->folder.p, 0700, e));
	name = spool_new_path(s);
	part = arena_fmt(s->a, "%.*s.part", STR_FMT(name)).p;
	f->fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (f->fd < 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", part);
	code = write_head(f, e);
	stream_file_cut(f, 0);
	f->path = arena_fmt(s->a, "%.*s" END, STR_FMT(name));
	if (code == ERR_OK && (flock(f->fd, LOCK_EX | LOCK_NB) != 0 || rename(part, f->path.p) != 0))
		code = err_errno(e, ERR_STORAGE, errno, "%s", part);
	if (code == ERR_OK)
		return ERR_OK;
	unlink(part);
	fd_close(&f->fd);
	f->path = STR("");
	return code;
}

/* Locked and read. False: somebody works on it, or it is gone; or damaged, then it is removed. */
static bool take(struct spool *s, const char *name, struct stream_file *ret, int *ret_n_broken);

static int64_t bytes_on_disk(const struct stream_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 ? (int64_t)st.st_blocks * 512 : 0;
}

static int make_room(struct spool *s, int64_t bytes_max)
{
	struct stream_file left[SPOOL_LIST_MAX];
	int n_lost = 0, n_broken = 0;
	size_t n = 0, first = 0;
	int64_t bytes = 0;
	const char **names;
	size_t n_names = spool_names(s, END, &names);

	for (size_t i = 0; i < n_names; i++)
		if (take(s, names[i], &left[n], &n_broken))
			bytes += bytes_on_disk(&left[n++]);
	for (; first < n && (n - first >= STREAM_FILES || bytes > bytes_max); first++) {
		bytes -= bytes_on_disk(&left[first]);
		stream_file_remove(&left[first]);
		n_lost++;
	}
	for (; first < n; first++)
		stream_file_leave(&left[first]);
	return n_lost + n_broken;
}

void stream_file_create(struct spool *s, struct str url, struct str open, int64_t bytes_max,
	struct stream_file *ret, int *ret_n_lost, struct err *e)
{
	struct stream_file f = { .fd = -1, .url = url, .open = open };

	*ret_n_lost = s->folder.len > 0 ? make_room(s, bytes_max) : 0;
	e->code = ERR_OK;
	if (create_named(s, &f, e) != ERR_OK) {
		f.fd = memfd_create("sluice-stream", MFD_CLOEXEC);
		if (f.fd >= 0 && write_head(&f, NULL) != ERR_OK)
			fd_close(&f.fd);
		stream_file_cut(&f, 0);
	}
	*ret = f;
}

/* "KEY VALUE\n" at the front of *text, which is moved behind it. */
static bool take_line(struct str *text, struct str key, struct str *ret)
{
	size_t end = str_find(*text, '\n');

	if (end == text->len || !str_starts(*text, key))
		return false;
	*ret = str_from((struct str){ text->p, end }, key.len);
	*text = str_from(*text, end + 1);
	return true;
}

static bool is_object(struct str text)
{
	struct json_doc *doc = NULL;
	bool good = json_parse(text, 0, &doc, NULL) == ERR_OK && json_kind(json_root(doc)) == JSON_OBJECT;

	json_free(doc);
	return good;
}

static bool read_head(struct spool *s, struct stream_file *f)
{
	char *p = arena_alloc(s->a, STREAM_HEAD + 1);
	struct str text, acked;
	struct stat st;

	if (fstat(f->fd, &st) != 0 || st.st_size < STREAM_HEAD ||
		read_at(f->fd, 0, p, STREAM_HEAD, NULL) != ERR_OK)
		return false;
	text = (struct str){ p, strlen(p) };
	f->length = st.st_size - STREAM_HEAD;
	if (!str_starts(text, STR(FIRST_LINE)))
		return false;
	text = str_from(text, sizeof FIRST_LINE - 1);
	if (!take_line(&text, STR("acked "), &acked) || !take_line(&text, STR("url "), &f->url) ||
		!take_line(&text, STR("open "), &f->open))
		return false;
	f->finish_at = text.p - p;
	f->finish = STR("");
	take_line(&text, STR("finish "), &f->finish);
	if (!str_to_int(acked, &f->acked) || f->acked < 0 || f->acked > f->length)
		return false;
	f->given_back = f->acked;
	return is_object(f->open) && (f->finish.len == 0 || is_object(f->finish));
}

static bool take(struct spool *s, const char *name, struct stream_file *ret, int *ret_n_broken)
{
	struct stream_file f = { .path = arena_fmt(s->a, "%.*s/%s", STR_FMT(s->folder), name) };
	struct stat st;

	f.fd = open(f.path.p, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (f.fd < 0)
		return false;
	if (flock(f.fd, LOCK_EX | LOCK_NB) != 0 || fstat(f.fd, &st) != 0 || st.st_nlink == 0) {
		fd_close(&f.fd);
		return false;
	}
	if (!read_head(s, &f)) {
		stream_file_remove(&f);
		(*ret_n_broken)++;
		return false;
	}
	*ret = f;
	return true;
}

bool stream_file_next(
	struct spool *s, struct str url, const char *after, struct stream_file *ret, int *ret_n_broken)
{
	const char **names;
	size_t n = spool_names(s, END, &names);

	for (size_t i = 0; i < n; i++) {
		struct stream_file f;

		if ((after && strcmp(names[i], after) <= 0) || !take(s, names[i], &f, ret_n_broken))
			continue;
		if (str_eq(f.url, url)) {
			*ret = f;
			return true;
		}
		stream_file_leave(&f);
	}
	return false;
}

void stream_file_remove(struct stream_file *f)
{
	if (f->path.len > 0)
		unlink(f->path.p);
	fd_close(&f->fd);
}

void stream_file_leave(struct stream_file *f)
{
	fd_close(&f->fd);
}
