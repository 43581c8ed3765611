#ifndef BASE_BUF_H
#define BASE_BUF_H
/*
 * buf: bytes that grow, up to a ceiling (the idea of curl's dynbuf).
 *
 * Every buffer is given its ceiling at birth. What would go beyond it is not added, in whole, and the
 * buffer remembers that it is full: later additions are refused too, so that a text never has a hole.
 * The writer of a long text therefore adds without looking and asks once at the end, buf_check().
 * Out of memory below the ceiling aborts: the ceilings are chosen so that it does not happen.
 *
 * Life cycle: buf_init, use, buf_done. The bytes are always followed by a NUL that is not counted.
 */
#include "base/err.h"
#include "base/str.h"

struct buf {
	char *p; /* NULL until something was added */
	size_t len, cap, ceiling;
	bool full;
};

void buf_init(struct buf *b, size_t ceiling); /* SIZE_MAX is as good as none */
void buf_done(struct buf *b);                 /* frees; may be called twice */
void buf_reset(struct buf *b);                /* empty again, memory kept, not full */
void buf_add(struct buf *b, const void *p, size_t n);
void buf_str(struct buf *b, struct str s);
void buf_z(struct buf *b, const char *z);
void buf_char(struct buf *b, char c);
void buf_fmt(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vfmt(struct buf *b, const char *fmt, __builtin_va_list ap) __attribute__((format(printf, 2, 0)));
/* For a library that writes where it is told to: room for n bytes behind those that are there, NULL over the
 * ceiling; then buf_wrote() says how many of them it used, also when that is none. */
char *buf_room(struct buf *b, size_t n);
void buf_wrote(struct buf *b, size_t n);
void buf_cut(struct buf *b, size_t len);   /* shorten to len, which is at most b->len */
void buf_drop(struct buf *b, size_t n);    /* take n bytes off the front, n at most b->len */
struct str buf_view(const struct buf *b);  /* valid until the next addition */
const char *buf_cstr(const struct buf *b); /* NUL-terminated, never NULL */
/* The malloc'd bytes become the caller's (free()), never NULL; the buffer is empty again. */
char *buf_take(struct buf *b);
/* ERR_TOO_LARGE naming `what` and the ceiling if anything was refused. */
MUST_CHECK enum err_code buf_check(const struct buf *b, const char *what, struct err *e);

#define AUTO_BUF __attribute__((cleanup(buf_done))) struct buf

#endif
