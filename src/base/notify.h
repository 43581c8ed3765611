#ifndef BASE_NOTIFY_H
#define BASE_NOTIFY_H
/*
 * notify: what a daemon tells the service manager that started it: sd_notify(3), without its library.
 */
#include <stdint.h>

/*
 * "READY=1", "STOPPING=1", "RELOADING=1", "STATUS=..", "WATCHDOG=1"; several of them with line feeds between. Nothing happens when
 * $NOTIFY_SOCKET is unset; a failure is of no consequence to us and is not told.
 */
void notify(const char *state);
/* Within so many milliseconds "WATCHDOG=1" has to be said again (sd_watchdog_enabled(3)); 0: nobody waits for it. */
int64_t notify_watchdog_ms(void);

#endif
