/*
 * slowsync: a disk whose flush takes 2 ms, for LD_PRELOAD. The disks of this bench's machines may answer a
 * flush in 50 us, which those of others do not: what is only fast on such a disk shows here. SLOWSYNC_US sets
 * another time.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static void wait_a_flush(void)
{
	const char *set = getenv("SLOWSYNC_US");
	long us = set ? strtol(set, NULL, 10) : 2000;
	struct timespec ts = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	while (nanosleep(&ts, &ts) != 0)
		;
}

/* dlsym gives void *, which ISO C does not turn into a function pointer; POSIX wants this way. */
static int call_next(const char *name, int fd)
{
	int (*next)(int);

	*(void **)&next = dlsym(RTLD_NEXT, name);
	wait_a_flush();
	return next(fd);
}

int fdatasync(int fd)
{
	return call_next("fdatasync", fd);
}

int fsync(int fd)
{
	return call_next("fsync", fd);
}
