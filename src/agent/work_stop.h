#ifndef AGENT_WORK_STOP_H
#define AGENT_WORK_STOP_H
/*
 * work_stop: what makes a worker stop what it does: a signal (SIGTERM, SIGINT, SIGHUP), after which it ends; or that its run was taken away, after which it asks for
 * another. Both are descriptors, because a command that runs, a wait and a transfer have all to notice.
 *
 * A second signal ends the process at once; its commands die with it (confined.h).
 *
 * One at a time in a process, for it owns the handlers of these signals. All but init and done may be called from any thread.
 */
#include "base/err.h"

#include <stdint.h>

struct work_stop {
	int signal, lost, either; /* eventfds, and an epoll of them */
};

MUST_CHECK enum err_code work_stop_init(struct work_stop *s, struct err *e);
void work_stop_done(struct work_stop *s);

int work_stop_fd(const struct work_stop *s); /* readable when either is so; not to be read */
bool work_stop_is_ending(const struct work_stop *s);
bool work_stop_is_lost(const struct work_stop *s);
bool work_stop_is_set(const struct work_stop *s); /* either */
void work_stop_lose(const struct work_stop *s);   /* the run is not ours any more */
void work_stop_forget(const struct work_stop *s); /* .. and is not worked at any more */
/* For so long, or until either is so: true. */
bool work_stop_wait(const struct work_stop *s, int64_t ms);

#endif
