/* ship_scan: see the header. */
#include "agent/ship_scan.h"

#include "agent/work_folder.h"
#include "base/file.h"
#include "model/episode.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

typedef void entry_fn(void *arg, const char *name);

static enum err_code each_entry(int dir, const char *what, entry_fn *each, void *arg, struct err *e)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int no;

	if (!d) {
		no = errno;
		fd_close(&fd);
		return err_errno(e, ERR_STORAGE, no, "%s", what);
	}
	while (errno = 0, entry = readdir(d))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			each(arg, entry->d_name);
	no = errno;
	closedir(d);
	return no == 0 ? ERR_OK : err_errno(e, ERR_STORAGE, no, "%s", what);
}

/* ---- the sweep ---- */

struct sweep {
	const struct ship_folder *folder;
	const struct ship_seen *seen;
	int n;
};

/* The id in front of an ending, if it is one. */
static bool id_before(const char *name, struct str ending, char ret[static SHIP_NAME_MAX])
{
	struct str s = str_z(name);

	if (!str_ends(s, ending))
		return false;
	s.len -= ending.len;
	if (episode_id_check(s, NULL) != ERR_OK)
		return false;
	snprintf(ret, SHIP_NAME_MAX, "%.*s", STR_FMT(s));
	return true;
}

static void remove_file(struct sweep *s, int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0)
		s->n++;
}

/* Whatever is written gets its name when it is whole, so a partial file of nobody who works now is of one who died. */
static void sweep_partial(struct sweep *s, const char *name)
{
	const struct str endings[] = { STR(SHIP_ARCHIVE SHIP_PARTIAL), STR(".shipped" SHIP_PARTIAL),
		STR(".answer" SHIP_PARTIAL) };
	char id[SHIP_NAME_MAX];

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
		if (id_before(name, endings[i], id) && s->seen->is_live(s->seen->arg, id))
			return;
	remove_file(s, s->folder->outbox, name);
}

static bool is_wanted(const struct sweep *s, const char *id)
{
	char marker[SHIP_NAME_MAX + sizeof "/" SHIP_SHIPPED];

	snprintf(marker, sizeof marker, "%s/%s", id, SHIP_SHIPPED);
	return ship_is_folder(s->folder->episodes, id) && !ship_is_there(s->folder->episodes, marker);
}

static void sweep_outbox(void *arg, const char *name)
{
	struct sweep *s = arg;
	char id[SHIP_NAME_MAX];

	if (str_ends(str_z(name), STR(SHIP_PARTIAL))) {
		sweep_partial(s, name);
	} else if (id_before(name, STR(SHIP_REMOVING), id)) {
		if (!s->seen->is_live(s->seen->arg, id) && work_tree_remove(s->folder->outbox, name))
			s->n++;
	} else if (id_before(name, STR(SHIP_ARCHIVE), id)) {
		if (!s->seen->is_live(s->seen->arg, id) && !is_wanted(s, id))
			remove_file(s, s->folder->outbox, name);
	}
}

static void sweep_quarantine(void *arg, const char *name)
{
	struct sweep *s = arg;
	char id[SHIP_NAME_MAX];

	if (id_before(name, STR(SHIP_ANSWER), id) && !s->seen->is_live(s->seen->arg, id) &&
		!ship_is_there(s->folder->quarantine, id))
		remove_file(s, s->folder->quarantine, name);
}

enum err_code ship_sweep(const struct ship_folder *f, const struct ship_seen *seen, int *ret_n, struct err *e)
{
	struct sweep s = { .folder = f, .seen = seen };

	TRY(each_entry(f->outbox, "outbox", sweep_outbox, &s, e));
	TRY(each_entry(f->quarantine, "quarantine", sweep_quarantine, &s, e));
	*ret_n = s.n;
	return ERR_OK;
}

/* ---- the scan ---- */

struct scan {
	const struct ship_folder *folder;
	const struct ship_seen *seen;
};

static bool marker_of(const struct scan *s, const char *name, const char *marker, struct stat *ret)
{
	char path[NAME_MAX + sizeof "/" SHIP_SHIPPED];

	snprintf(path, sizeof path, "%s/%s", name, marker);
	return fstatat(s->folder->episodes, path, ret, AT_SYMLINK_NOFOLLOW) == 0;
}

static void scan_one(void *arg, const char *name)
{
	const struct scan *s = arg;
	struct stat done, shipped;
	bool is_done;

	if (!ship_is_folder(s->folder->episodes, name))
		return;
	is_done = marker_of(s, name, SHIP_DONE, &done);
	if (!is_done && s->seen->unfinished) {
		s->seen->unfinished(s->seen->arg, name);
		is_done = marker_of(s, name, SHIP_DONE, &done);
	}
	if (marker_of(s, name, SHIP_SHIPPED, &shipped)) {
		if (s->seen->shipped && episode_id_check(str_z(name), NULL) == ERR_OK)
			s->seen->shipped(s->seen->arg, name);
	} else if (is_done) {
		s->seen->ready(s->seen->arg, name,
			done.st_mtim.tv_sec * INT64_C(1000) + done.st_mtim.tv_nsec / 1000000);
	}
}

enum err_code ship_scan(const struct ship_folder *f, const struct ship_seen *seen, struct err *e)
{
	struct scan s = { f, seen };

	return each_entry(f->episodes, "episodes", scan_one, &s, e);
}
