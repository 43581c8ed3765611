/* buf: growth by doubling, never past the ceiling; what does not fit is refused whole and remembered. */
#include "base/buf.h"

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b, size_t ceiling)
{
	/* Half of the address space is never reached, and below it no sum here wraps. */
	*b = (struct buf){ .ceiling = ceiling < SIZE_MAX / 2 ? ceiling : SIZE_MAX / 2 };
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .ceiling = b->ceiling };
}

void buf_reset(struct buf *b)
{
	b->len = 0;
	b->full = false;
	if (b->p)
		b->p[0] = '\0';
}

/* Room for n more and the NUL. False: over the ceiling. */
static bool grow(struct buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;

	if (b->full || n > b->ceiling - b->len) {
		b->full = true;
		return false;
	}
	if (b->len + n < b->cap)
		return true;
	while (cap <= b->len + n)
		cap *= 2;
	if (cap > b->ceiling + 1)
		cap = b->ceiling + 1;
	b->p = mem_grow(b->p, cap);
	b->cap = cap;
	return true;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0 || !grow(b, n))
		return;
	memcpy(b->p + b->len, p, n);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_str(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.len);
}

void buf_z(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void buf_vfmt(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	assert(n >= 0);
	if (n > 0 && grow(b, (size_t)n)) {
		vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vfmt(b, fmt, ap);
	va_end(ap);
}

char *buf_room(struct buf *b, size_t n)
{
	return grow(b, n) ? b->p + b->len : NULL;
}

void buf_wrote(struct buf *b, size_t n)
{
	assert(b->len + n < b->cap);
	b->len += n;
	b->p[b->len] = '\0';
}

void buf_cut(struct buf *b, size_t len)
{
	assert(len <= b->len);
	b->len = len;
	if (b->p)
		b->p[len] = '\0';
}

void buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->len);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->len - n);
	buf_cut(b, b->len - n);
}

struct str buf_view(const struct buf *b)
{
	return (struct str){ b->p ? b->p : "", b->len };
}

const char *buf_cstr(const struct buf *b)
{
	return b->p ? b->p : "";
}

char *buf_take(struct buf *b)
{
	char *p = b->p ? b->p : mem_alloc(1);

	*b = (struct buf){ .ceiling = b->ceiling };
	return p;
}

enum err_code buf_check(const struct buf *b, const char *what, struct err *e)
{
	if (b->full)
		return err_set(e, ERR_TOO_LARGE, "%s is over its limit of %zu bytes", what, b->ceiling);
	return ERR_OK;
}
