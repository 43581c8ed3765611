/* job_masks: a file that is itself a text with commands in it, so that reading it is what is done with any text. */
#include "agent/job_masks.h"

#include "agent/env.h"
#include "base/digest.h"
#include "base/file.h"
#include "text/mask_command.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME "sluice-masks"
#define LINE_MAX (4 * MASK_VALUE_MAX)

/* Opened if it is ours alone, else -1. */
static int open_ours(char *const *env, int flags)
{
	struct str folder = env_get(env, "RUNNER_TEMP");
	AUTO_BUF path;
	struct stat st;
	int fd;

	buf_init(&path, 8192);
	if (folder.len == 0)
		return -1;
	buf_fmt(&path, "%.*s/" NAME, STR_FMT(folder));
	if (path.full)
		return -1;
	fd = open(buf_cstr(&path), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
	if (fd >= 0 && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
			       (st.st_mode & 077) != 0 || st.st_size > JOB_MASKS_MAX))
		fd_close(&fd);
	return fd;
}

/* All of it, from the start; to be wiped. */
static void read_all(int fd, struct buf *out)
{
	char piece[4096];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, piece, sizeof piece, at)) > 0) {
		buf_add(out, piece, (size_t)n);
		at += n;
	}
	secret_wipe(piece, sizeof piece);
}

void job_masks_read(char *const *env, struct mask *mask)
{
	AUTO_FD fd = open_ours(env, O_RDONLY);
	AUTO_BUF text;

	buf_init(&text, JOB_MASKS_MAX);
	if (fd < 0)
		return;
	read_all(fd, &text);
	mask_add_commands(mask, buf_view(&text));
	if (text.p)
		secret_wipe(text.p, text.len);
}

static void put_line(struct buf *out, struct str value)
{
	buf_z(out, "::add-mask::");
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (c == '%' || c == '\r' || c == '\n')
			buf_fmt(out, "%%%02X", (unsigned)c);
		else
			buf_char(out, c);
	}
	buf_char(out, '\n');
}

struct adding {
	int fd;
	struct buf known;
};

static bool add_value(void *arg, struct str value, struct str written)
{
	struct adding *a = arg;
	AUTO_BUF line;
	(void)written;

	buf_init(&line, LINE_MAX);
	put_line(&line, value);
	if (!line.full && str_find_str(buf_view(&a->known), buf_view(&line)) == a->known.len &&
		a->known.len + line.len <= JOB_MASKS_MAX) {
		/* One write, appended: steps that run side by side do not mix their lines. */
		if (write(a->fd, line.p, line.len) == (ssize_t)line.len)
			buf_str(&a->known, buf_view(&line));
	}
	if (line.p)
		secret_wipe(line.p, line.len);
	return true;
}

void job_masks_add(char *const *env, struct str line)
{
	struct adding a = { .fd = open_ours(env, O_RDWR | O_CREAT | O_APPEND) };

	buf_init(&a.known, JOB_MASKS_MAX);
	if (a.fd < 0)
		return;
	read_all(a.fd, &a.known);
	mask_commands_each(line, add_value, &a);
	if (a.known.p)
		secret_wipe(a.known.p, a.known.len);
	buf_done(&a.known);
	fd_close(&a.fd);
}
