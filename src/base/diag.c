/*
 * diag: one message, one line, one write(2): lines of several threads never mix.
 *
 * A message longer than the text below is cut: the errors that go in are bounded themselves.
 */
#include "base/diag.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/utf8.h"

#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static _Atomic int max_level = DIAG_INFO;
static _Atomic int out_fd = 2;

void diag_set_level(enum diag_level max)
{
	atomic_store(&max_level, (int)max);
}

void diag_set_fd(int fd)
{
	atomic_store(&out_fd, fd);
}

static const char *level_name(enum diag_level level)
{
	switch (level) {
	case DIAG_ERROR:
		return "error";
	case DIAG_WARNING:
		return "warning";
	case DIAG_INFO:
		return "info";
	case DIAG_DEBUG:
		return "debug";
	}
	return "?";
}

/* Controls are those of ASCII and of U+0080-9F, which terminals obey too; invalid bytes are as bad. */
static void add_visible(struct buf *line, struct str text)
{
	while (text.len > 0) {
		uint32_t code = 0;
		size_t n = utf8_decode(text.p, text.len, &code), shown = n ? n : 1;

		if (n > 0 && code >= 0x20 && (code < 0x7F || code > 0x9F))
			buf_add(line, text.p, n);
		else
			for (size_t i = 0; i < shown; i++)
				buf_fmt(line, "\\x%02x", (unsigned char)text.p[i]);
		text = str_from(text, shown);
	}
}

void diag(enum diag_level level, const char *fmt, ...)
{
	char text[1024], time[CLOCK_RFC3339_LEN];
	int old_errno = errno;
	va_list ap;
	AUTO_BUF line;

	buf_init(&line, 4 * sizeof text + 100);
	if ((int)level > atomic_load(&max_level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		buf_fmt(&line, "<%d>", (int)level);
	else
		buf_fmt(&line, "%s %s: ", clock_rfc3339(clock_wall_ms(&clock_system), time),
			level_name(level));
	add_visible(&line, str_z(text));
	buf_char(&line, '\n');
	/* There is nobody to tell when this fails. */
	while (write(atomic_load(&out_fd), line.p, line.len) < 0 && errno == EINTR)
		;
	errno = old_errno;
}
