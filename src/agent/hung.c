/* hung: see the header. One file: two servers that hang at once, for one user, would only be waited for. */
#include "agent/hung.h"

#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "server-hung"

static const char *path_of(struct spool *s)
{
	return arena_fmt(s->a, "%.*s/" NAME, STR_FMT(s->folder)).p;
}

void hung_note(struct spool *s, struct str url)
{
	if (s->folder.len == 0)
		return;
	/* Where this cannot be written the next step waits again. */
	if (dir_make(s->folder.p, 0700, NULL) == ERR_OK)
		(void)!file_write_atomic(path_of(s), url, 0600, NULL);
}

/* How long ago it was noted, in ms; -1: not, or for another server. */
static int64_t age(struct spool *s, struct str url)
{
	AUTO_FD fd = -1;
	AUTO_BUF text;
	struct stat st;

	buf_init(&text, 4096);
	if (s->folder.len == 0)
		return -1;
	fd = open(path_of(s), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		file_read(path_of(s), 4000, &text, NULL) != ERR_OK || !str_eq(buf_view(&text), url))
		return -1;
	return s->now - ((int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000);
}

bool hung_lately(struct spool *s, struct str url)
{
	int64_t ms = age(s, url);

	/* A stamp of the future is one of a clock that was set back. */
	return ms >= 0 && ms < HUNG_MS;
}

void hung_forget(struct spool *s, struct str url)
{
	if (s->folder.len > 0 && file_exists(path_of(s)) && age(s, url) >= 0)
		unlink(path_of(s));
}
