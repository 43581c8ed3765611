/*
 * lock: a file with the owner's process id, and flock(2) on it.
 *
 * The lock is what counts, the number is for the message only. The kernel drops the lock with the process, so
 * that a crash leaves nothing to be cleaned up; therefore the file is never deleted, which would let two
 * processes lock two files.
 */
#include "store/lock.h"

#include "base/arena.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

static enum err_code owned_by_another(int fd, const char *data, struct err *e)
{
	char text[24] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	int64_t pid;

	if (n <= 0 || !str_to_int(str_trim((struct str){ text, (size_t)n }), &pid))
		return err_set(e, ERR_UNAVAILABLE, "%s is in use by another process: stop it first", data);
	return err_set(e, ERR_UNAVAILABLE,
		"%s is in use by process %lld: stop it first, or ask it over HTTP instead", data,
		(long long)pid);
}

static enum err_code write_pid(int fd, const char *path, struct err *e)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld\n", (long long)getpid());

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)n, 0) != n)
		return err_errno(e, ERR_STORAGE, errno, "%s", path);
	return ERR_OK;
}

enum err_code lock_take(const char *data, int *ret_fd, struct err *e)
{
	const char *path;
	AUTO_ARENA a;
	AUTO_FD fd = -1;

	arena_init(&a);
	path = arena_fmt(&a, "%s/sluice.lock", data).p;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return err_errno(e, ERR_STORAGE, errno, "%s", path);
	if (flock(fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? owned_by_another(fd, data, e)
					    : err_errno(e, ERR_STORAGE, errno, "lock %s", path);
	TRY(write_pid(fd, path, e));
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}
