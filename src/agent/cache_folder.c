/* cache_folder: see the header. */
#include "agent/cache_folder.h"

#include "base/arena.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

bool cache_folder_is_digest(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') && !(s.p[i] >= 'a' && s.p[i] <= 'f'))
			return false;
	return s.len == CACHE_DIGEST_LEN;
}

struct entry {
	char name[CACHE_DIGEST_LEN + 1];
	struct timespec used;
	int64_t size;
};

static int by_use(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->used.tv_sec != y->used.tv_sec)
		return x->used.tv_sec < y->used.tv_sec ? -1 : 1;
	if (x->used.tv_nsec != y->used.tv_nsec)
		return x->used.tv_nsec < y->used.tv_nsec ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* A second view of the folder: reading moves what is read. NULL when it cannot be read. */
static DIR *open_list(int dir)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;

	if (!d && fd >= 0)
		close(fd);
	return d;
}

static bool look_at(int dir, const char *name, struct stat *ret)
{
	return fstatat(dir, name, ret, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(ret->st_mode);
}

/* All files that have their name, those first that were not used for longest; free() them. */
static struct entry *list(int dir, size_t *ret_n)
{
	DIR *d = open_list(dir);
	struct entry *entries = NULL;
	size_t n = 0, room = 0;
	struct dirent *file;
	struct stat st;

	while (d && (file = readdir(d))) {
		if (!cache_folder_is_digest(str_z(file->d_name)) || !look_at(dir, file->d_name, &st))
			continue;
		if (n == room) {
			room = room ? 2 * room : 64;
			entries = mem_grow(entries, room * sizeof *entries);
		}
		entries[n] = (struct entry){ .used = st.st_mtim, .size = st.st_size };
		memcpy(entries[n++].name, file->d_name, CACHE_DIGEST_LEN + 1);
	}
	if (d)
		closedir(d);
	if (n > 0)
		qsort(entries, n, sizeof *entries, by_use);
	*ret_n = n;
	return entries;
}

bool cache_folder_means(int dir, const char *name, const struct stat *file)
{
	struct stat st;

	return look_at(dir, name, &st) && st.st_dev == file->st_dev && st.st_ino == file->st_ino;
}

/* Unless somebody uses it. True: it is gone. */
static bool remove_unused(int dir, const char *name)
{
	struct stat st;
	AUTO_FD fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &st) != 0)
		return false;
	return cache_folder_means(dir, name, &st) && unlinkat(dir, name, 0) == 0;
}

bool cache_folder_trim(int dir, int64_t max_bytes, void (*removed)(void *arg, struct str digest), void *arg)
{
	size_t n;
	struct entry *entries = list(dir, &n);
	int64_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += entries[i].size;
	for (size_t i = 0; i < n && bytes > max_bytes; i++) {
		if (!remove_unused(dir, entries[i].name))
			continue;
		bytes -= entries[i].size;
		removed(arg, str_z(entries[i].name));
	}
	free(entries);
	return bytes <= max_bytes;
}

void cache_folder_sweep(int dir, int64_t before)
{
	DIR *d = open_list(dir);
	struct dirent *file;
	struct stat st;

	while (d && (file = readdir(d))) {
		if (!str_starts(str_z(file->d_name), STR(CACHE_INCOMING)) || !look_at(dir, file->d_name, &st))
			continue;
		if ((int64_t)st.st_mtim.tv_sec * 1000 < before)
			remove_unused(dir, file->d_name);
	}
	if (d)
		closedir(d);
}
