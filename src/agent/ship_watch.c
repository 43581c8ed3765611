/*
 * ship_watch: see the header.
 *
 * A watch of an episode goes when the event of its done.marker is read. When that was lost with the rest of a full queue the watch stays behind; so the whole is begun anew
 * then, and the next scan watches again what is to be watched.
 */
#include "agent/ship_watch.h"

#include "agent/ship_folder.h"
#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

struct ship_watch {
	int fd, top;
	char *path;
};

static enum err_code begin(struct ship_watch *w, struct err *e)
{
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	w->top = w->fd < 0 ? -1 : inotify_add_watch(w->fd, w->path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR);
	if (w->top < 0)
		return err_errno(e, ERR_UNAVAILABLE, errno,
			"%s cannot be watched (fs.inotify.max_user_watches, max_user_instances)", w->path);
	return ERR_OK;
}

enum err_code ship_watch_open(const char *path, struct ship_watch **ret, struct err *e)
{
	struct ship_watch *w = mem_alloc(sizeof *w);
	enum err_code code;

	w->path = mem_dup(str_z(path));
	code = begin(w, e);
	if (code != ERR_OK) {
		ship_watch_free(w);
		return code;
	}
	*ret = w;
	return ERR_OK;
}

void ship_watch_free(struct ship_watch *w)
{
	if (!w)
		return;
	fd_close(&w->fd);
	free(w->path);
	free(w);
}

int ship_watch_fd(const struct ship_watch *w)
{
	return w ? w->fd : -1;
}

void ship_watch_episode(struct ship_watch *w, const char *name)
{
	char path[4096];
	int n = snprintf(path, sizeof path, "%s/%s", w->path, name);

	/* Of one that cannot be watched the slow scan takes care. */
	if (n > 0 && (size_t)n < sizeof path)
		(void)!inotify_add_watch(w->fd, path, IN_CREATE | IN_MOVED_TO | IN_ONLYDIR | IN_DONT_FOLLOW);
}

/* True: a scan would see it. */
static bool take(struct ship_watch *w, const struct inotify_event *event, bool *ret_lost)
{
	if (event->mask & IN_Q_OVERFLOW) {
		*ret_lost = true;
		return true;
	}
	if (event->mask & IN_IGNORED)
		return false;
	if (event->wd == w->top)
		return true;
	if (event->len == 0 || strcmp(event->name, SHIP_DONE) != 0)
		return false;
	inotify_rm_watch(w->fd, event->wd);
	return true;
}

bool ship_watch_read(struct ship_watch *w)
{
	alignas(struct inotify_event) char room[16384];
	bool seen = false, lost = false;
	ssize_t n;

	while ((n = read(w->fd, room, sizeof room)) > 0) {
		const char *at = room;

		while (at < room + n) {
			const struct inotify_event *event = (const struct inotify_event *)(const void *)at;

			seen = take(w, event, &lost) || seen;
			at += sizeof *event + event->len;
		}
	}
	if (lost) {
		struct err e;

		fd_close(&w->fd);
		if (begin(w, &e) != ERR_OK)
			fd_close(&w->fd);
	}
	return seen;
}
