#ifndef AGENT_SHIP_WATCH_H
#define AGENT_SHIP_WATCH_H
/*
 * ship_watch: inotify(7) on episodes/ and on what in it is not finished, so that an episode is found when it is finished and not at the next scan. It may miss things (the
 * kernel's queue is full, there are no more watches, a file system of another machine): what it does not tell, the slow scan finds.
 */
#include "base/err.h"

struct ship_watch;
/* path: of episodes/. ERR_UNAVAILABLE: the kernel gives none; the scan does without. */
MUST_CHECK enum err_code ship_watch_open(const char *path, struct ship_watch **ret, struct err *e);
void ship_watch_free(struct ship_watch *w);    /* NULL is fine */
int ship_watch_fd(const struct ship_watch *w); /* readable: something happened. -1 of NULL */
/* An episode that is not finished. It is forgotten when it is, or is gone. */
void ship_watch_episode(struct ship_watch *w, const char *name);
/* All that happened. True: something that a scan would see. */
bool ship_watch_read(struct ship_watch *w);

#endif
