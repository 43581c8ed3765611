/*
 * work_folder: see the header.
 *
 * A tree is taken down from the top: files go, and folders below the first level move up to it. So no path grows, no recursion, and no depth is too deep.
 */
#include "agent/work_folder.h"

#include "agent/work_command.h"
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX "sluice-work-"
#define MARK ".sluice-work" /* a file in it */

struct work_folder {
	char *path; /* of the process */
	int parent, fd;
	atomic_uint n; /* tests so far */
};

/* ---- taking down ---- */

static int open_dir(int dir, const char *name)
{
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* A folder that its owner may not read or change is made one that they may. */
static int open_to_remove(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(st.st_mode))
		return -1;
	if ((st.st_mode & 0700) != 0700 && fchmodat(dir, name, 0700, 0) != 0)
		return -1;
	return open_dir(dir, name);
}

static bool is_dots(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Calls back for each name but those that are of the folder itself. False: one of the calls said so, or it cannot be read. */
static bool each_name(int dir, bool (*each)(void *arg, int dir, const char *name), void *arg)
{
	int fd = open_dir(dir, ".");
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *file;
	bool fine = d != NULL;

	if (!d)
		fd_close(&fd);
	while (d && (file = readdir(d)))
		if (!is_dots(file->d_name) && !each(arg, dir, file->d_name))
			fine = false;
	if (d)
		closedir(d);
	return fine;
}

struct taking {
	int top;
	unsigned long n; /* names that were given */
	bool again;      /* something was moved up: it is to be taken down too */
};

/* Of a folder on the first level. */
static bool take_below(void *arg, int dir, const char *name)
{
	struct taking *t = arg;
	char moved[32];

	if (unlinkat(dir, name, 0) == 0)
		return true;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return true;
	(void)!fchmodat(dir, name, 0700, 0); /* to be moved it has to be writable itself */
	do
		snprintf(moved, sizeof moved, ".%lu", t->n++);
	while (faccessat(t->top, moved, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
	t->again = true;
	return renameat(dir, name, t->top, moved) == 0;
}

static bool take_first_level(void *arg, int dir, const char *name)
{
	struct taking *t = arg;
	AUTO_FD below = -1;

	if (unlinkat(dir, name, 0) == 0)
		return true;
	below = open_to_remove(dir, name);
	return below >= 0 && each_name(below, take_below, t) && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

bool work_tree_remove(int dir, const char *name)
{
	struct taking t = { .again = true };
	AUTO_FD top = open_to_remove(dir, name);
	bool fine = top >= 0;

	t.top = top;
	while (fine && t.again) {
		t.again = false;
		fine = each_name(top, take_first_level, &t);
	}
	return fine && unlinkat(dir, name, AT_REMOVEDIR) == 0;
}

/* ---- of the process ---- */

static bool has_mark(int fd)
{
	return faccessat(fd, MARK, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* One of ours that nobody holds. Its name alone says nothing: somebody may have called a folder of theirs so. */
static bool sweep_one(void *arg, int dir, const char *name)
{
	struct stat st;
	AUTO_FD fd = -1;

	(void)arg;
	if (!str_starts(str_z(name), STR(PREFIX)))
		return true;
	fd = open_dir(dir, name);
	if (fd >= 0 && has_mark(fd) && fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
		flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)!work_tree_remove(dir, name);
	return true;
}

/* Locked, and only then marked: so nobody sweeps it in between. */
static bool hold(struct work_folder *f, const char *name)
{
	AUTO_FD mark = -1;

	f->fd = open_dir(f->parent, name);
	if (f->fd < 0 || flock(f->fd, LOCK_EX | LOCK_NB) != 0)
		return false;
	mark = openat(f->fd, MARK, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return mark >= 0;
}

/* The parent's path is resolved, so that a command that goes elsewhere finds it. */
static enum err_code make_own(struct work_folder *f, const char *parent, struct err *e)
{
	size_t at = strlen(parent) + 1, size = at + sizeof PREFIX "XXXXXX";

	f->path = mem_alloc(size);
	snprintf(f->path, size, "%s/" PREFIX "XXXXXX", parent);
	if (!mkdtemp(f->path) || !hold(f, f->path + at))
		return err_errno(e, ERR_STORAGE, errno, "no folder to work in below %s", parent);
	return ERR_OK;
}

static enum err_code open_parent(struct work_folder *f, const char *parent, struct err *e)
{
	char real[PATH_MAX];

	TRY(dir_make(parent, 0700, e));
	if (!realpath(parent, real))
		return err_errno(e, ERR_STORAGE, errno, "%s", parent);
	if (!work_is_harmless(str_z(real)))
		return err_set(e, ERR_INVALID,
			"the folder to work in, %s, stands in the commands of shells: give one of letters, "
			"digits and . _ - + @ alone",
			real);
	f->parent = open(real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->parent < 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", real);
	each_name(f->parent, sweep_one, NULL);
	return make_own(f, real, e);
}

enum err_code work_folder_open(const char *parent, struct work_folder **ret, struct err *e)
{
	struct work_folder *f = mem_alloc(sizeof *f);
	enum err_code code;

	f->parent = f->fd = -1;
	code = open_parent(f, parent, e);
	if (code == ERR_OK)
		*ret = f;
	else
		work_folder_close(f);
	return code;
}

void work_folder_close(struct work_folder *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		(void)!work_tree_remove(f->parent, strrchr(f->path, '/') + 1);
	fd_close(&f->fd);
	fd_close(&f->parent);
	free(f->path);
	free(f);
}

/* ---- of a test ---- */

enum err_code work_folder_make(struct work_folder *f, struct arena *a, struct work_place *ret, struct err *e)
{
	struct work_place p;

	p.name = arena_fmt(a, "%u", atomic_fetch_add(&f->n, 1) + 1).p;
	p.path = arena_fmt(a, "%s/%s", f->path, p.name).p;
	p.in = arena_fmt(a, "%s/in", p.path).p;
	p.out = arena_fmt(a, "%s/out", p.path).p;
	p.home = arena_fmt(a, "%s/home", p.path).p;
	if (mkdir(p.path, 0700) != 0 || mkdir(p.in, 0700) != 0 || mkdir(p.out, 0700) != 0 ||
		mkdir(p.home, 0700) != 0)
		return err_errno(e, ERR_STORAGE, errno, "no folder %s", p.path);
	*ret = p;
	return ERR_OK;
}

void work_folder_remove(struct work_folder *f, const struct work_place *p)
{
	(void)!work_tree_remove(f->fd, p->name);
}
