/* notify: sd_notify(3) in a page: one datagram to a unix socket; an "@" in front means the abstract
 * namespace. */
#include "base/notify.h"

#include "base/file.h"
#include "base/str.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void notify(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = path ? strlen(path) : 0;
	AUTO_FD fd = -1;

	if (len == 0 || len >= sizeof to.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(to.sun_path, path, len);
	if (path[0] == '@')
		to.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		(void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&to,
			(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len));
}

int64_t notify_watchdog_ms(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	int64_t value = 0, whose = 0;

	if (!usec || !str_to_int(str_z(usec), &value) || value <= 0)
		return 0;
	if (pid && (!str_to_int(str_z(pid), &whose) || whose != (int64_t)getpid()))
		return 0;
	return value / 1000;
}
