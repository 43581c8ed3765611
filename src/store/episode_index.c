/* episode_index: see the header. */
#include "store/episode_index.h"

#include "base/file.h"
#include "base/json.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK ((size_t)64 * 1024)

struct episode_index {
	struct store *store;
	pthread_mutex_t lock; /* guards the end of the file */
};

struct episode_index_new {
	struct arena arena;
	const char *path, *beside;
	FILE *f;
	int64_t len;
};

static enum err_code fail(const char *path, struct err *e)
{
	int no = errno;

	return err_errno(
		e, no == ENOSPC || no == EDQUOT || no == EFBIG ? ERR_FULL : ERR_STORAGE, no, "%s", path);
}

static const char *path_of(struct store *s, struct arena *a)
{
	return arena_fmt(a, "%s/episodes/index.jsonl", store_folder(s)).p;
}

/* ---- added to ---- */

/* Where the last whole line ends. */
static enum err_code whole_len(int fd, int64_t len, int64_t *ret, struct err *e)
{
	AUTO_BUF block;

	buf_init(&block, BLOCK);
	while (len > 0) {
		size_t n = len < (int64_t)BLOCK ? (size_t)len : BLOCK;
		const char *end;

		buf_reset(&block);
		TRY(fd_read_at(fd, len - (int64_t)n, n, &block, e));
		end = memrchr(block.p, '\n', n);
		if (end) {
			*ret = len - (int64_t)n + (end - block.p) + 1;
			return ERR_OK;
		}
		len -= (int64_t)n;
	}
	*ret = 0;
	return ERR_OK;
}

/* Opened each time: whoever moves the file away, or cuts it, has to find us writing into the one that is there. What is behind the last whole line is cut off. */
static enum err_code open_at_end(const char *path, int *ret_fd, int64_t *ret_len, struct err *e)
{
	struct stat st;
	int64_t len = 0;
	AUTO_FD fd = -1;

	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || fstat(fd, &st) != 0)
		return fail(path, e);
	TRY(whole_len(fd, st.st_size, &len, e));
	if (len < st.st_size && ftruncate(fd, len) != 0)
		return fail(path, e);
	if (lseek(fd, len, SEEK_SET) < 0)
		return fail(path, e);
	*ret_fd = fd;
	*ret_len = len;
	fd = -1;
	return ERR_OK;
}

static enum err_code make_file(struct store *s, struct err *e)
{
	const char *folder;
	int64_t len;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	folder = arena_fmt(&a, "%s/episodes", store_folder(s)).p;
	TRY(dir_make(folder, 0700, e));
	TRY(open_at_end(path_of(s, &a), &fd, &len, e));
	TRY(dir_sync(folder, e));
	return dir_sync(store_folder(s), e);
}

enum err_code episode_index_open(struct store *s, struct episode_index **ret, struct err *e)
{
	struct episode_index *x;

	TRY(make_file(s, e));
	x = mem_alloc(sizeof *x);
	x->store = s;
	pthread_mutex_init(&x->lock, NULL);
	*ret = x;
	return ERR_OK;
}

void episode_index_close(struct episode_index *x)
{
	if (!x)
		return;
	pthread_mutex_destroy(&x->lock);
	free(x);
}

int64_t episode_index_len(struct episode_index *x)
{
	struct stat st;
	int64_t len;
	AUTO_ARENA a;

	arena_init(&a);
	pthread_mutex_lock(&x->lock);
	len = stat(path_of(x->store, &a), &st) == 0 ? st.st_size : 0;
	pthread_mutex_unlock(&x->lock);
	return len;
}

static enum err_code write_at_end(struct store *s, struct str bytes, struct err *e)
{
	enum err_code code;
	const char *path;
	int64_t len = 0;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = path_of(s, &a);
	TRY(open_at_end(path, &fd, &len, e));
	code = fd_write_all(fd, bytes, e);
	if (code == ERR_OK && fdatasync(fd) != 0)
		code = fail(path, e);
	if (code == ERR_OK && len == 0)
		code = dir_sync(arena_fmt(&a, "%s/episodes", store_folder(s)).p, e); /* the file may be new */
	if (code != ERR_OK)
		(void)!ftruncate(fd, len); /* what stays is cut off by the next line */
	return code;
}

enum err_code episode_index_add(struct episode_index *x, struct str line, struct err *e)
{
	enum err_code code;
	AUTO_BUF whole;

	buf_init(&whole, EPISODE_INDEX_LINE_MAX);
	buf_str(&whole, line);
	buf_char(&whole, '\n');
	TRY(buf_check(&whole, "a line of index.jsonl", e));
	pthread_mutex_lock(&x->lock);
	code = write_at_end(x->store, buf_view(&whole), e);
	pthread_mutex_unlock(&x->lock);
	return code;
}

enum err_code episode_index_sync(struct episode_index *x, struct err *e)
{
	const char *path;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = path_of(x->store, &a);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && fdatasync(fd) == 0 ? ERR_OK : fail(path, e);
}

/* ---- read ---- */

struct looked_for {
	struct str host, id;
	int64_t until; /* no line that begins from there on is looked at; 0: all are */
	bool found;
};

static enum err_code look(void *arg, struct str line, int64_t at, struct err *e)
{
	struct looked_for *l = arg;
	struct json_doc *doc = NULL;
	struct json *root;

	if (l->found || (l->until > 0 && at >= l->until))
		return ERR_GONE; /* enough */
	if (json_parse(line, 0, &doc, e) != ERR_OK)
		return ERR_OK; /* what is no JSON tells of nothing */
	root = json_root(doc);
	l->found = str_eq(json_str(json_get(root, "host")), l->host) &&
		   str_eq(json_str(json_get(root, "id")), l->id);
	json_free(doc);
	return ERR_OK;
}

enum err_code episode_index_has(struct episode_index *x, int64_t from, int64_t within, struct str host,
	struct str id, bool *ret, struct err *e)
{
	struct looked_for l = { .host = host, .id = id, .until = within > 0 ? from + within : 0 };
	enum err_code code = episode_index_each(x->store, from, look, &l, e);

	if (code != ERR_OK && code != ERR_GONE)
		return code;
	*ret = l.found;
	return ERR_OK;
}

static enum err_code each_line(FILE *f, int64_t at, episode_index_each_fn *each, void *arg, struct err *e)
{
	enum err_code code = ERR_OK;
	size_t cap = 0;
	char *line = NULL;
	ssize_t n;

	while (code == ERR_OK && (n = getline(&line, &cap, f)) > 0) {
		bool whole = line[n - 1] == '\n';

		if (whole && n <= EPISODE_INDEX_LINE_MAX)
			code = each(arg, (struct str){ line, (size_t)n - 1 }, at, e);
		at += n;
	}
	if (code == ERR_OK && ferror(f))
		code = fail("index.jsonl", e);
	free(line);
	return code;
}

enum err_code episode_index_each(
	struct store *s, int64_t from, episode_index_each_fn *each, void *arg, struct err *e)
{
	enum err_code code;
	const char *path;
	FILE *f;
	AUTO_ARENA a;

	arena_init(&a);
	path = path_of(s, &a);
	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? ERR_OK : fail(path, e);
	code = fseeko(f, from, SEEK_SET) == 0 ? each_line(f, from, each, arg, e) : fail(path, e);
	fclose(f);
	return code;
}

/* ---- made anew ---- */

enum err_code episode_index_begin(struct store *s, struct episode_index_new **ret, struct err *e)
{
	struct episode_index_new *n = mem_alloc(sizeof *n);
	enum err_code code;

	arena_init(&n->arena);
	n->path = path_of(s, &n->arena);
	n->beside = arena_fmt(&n->arena, "%s.new", n->path).p;
	code = dir_make(arena_fmt(&n->arena, "%s/episodes", store_folder(s)).p, 0700, e);
	if (code == ERR_OK) {
		int fd = open(n->beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

		n->f = fd >= 0 ? fdopen(fd, "w") : NULL;
		code = n->f ? ERR_OK : fail(n->beside, e);
	}
	if (code == ERR_OK)
		*ret = n;
	else
		episode_index_end(n);
	return code;
}

enum err_code episode_index_put(struct episode_index_new *n, struct str line, int64_t *ret_at, struct err *e)
{
	if (fwrite(line.p, 1, line.len, n->f) != line.len || putc('\n', n->f) == EOF)
		return fail(n->beside, e);
	*ret_at = n->len;
	n->len += (int64_t)line.len + 1;
	return ERR_OK;
}

enum err_code episode_index_replace(struct episode_index_new *n, struct err *e)
{
	const char *folder =
		arena_cstr(&n->arena, (struct str){ n->path, (size_t)(strrchr(n->path, '/') - n->path) });

	if (fflush(n->f) != 0 || fsync(fileno(n->f)) != 0 || rename(n->beside, n->path) != 0)
		return fail(n->beside, e);
	n->beside = NULL;
	return dir_sync(folder, e);
}

void episode_index_end(struct episode_index_new *n)
{
	if (!n)
		return;
	if (n->f)
		fclose(n->f);
	if (n->beside)
		unlink(n->beside);
	arena_done(&n->arena);
	free(n);
}
