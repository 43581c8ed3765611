#ifndef BASE_ARENA_H
#define BASE_ARENA_H
/*
 * arena: memory that is freed all at once. What a request reads and builds lives in its arena and dies
 * with it; nobody frees a row. Small things only: out of memory aborts.
 */
#include "base/str.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used; /* bytes handed out since init */
};

void arena_init(struct arena *a);
void arena_done(struct arena *a);                    /* frees all; may be called twice */
void *arena_alloc(struct arena *a, size_t n);        /* zeroed, aligned for any type; n may be 0 */
struct str arena_str(struct arena *a, struct str s); /* a copy, with a NUL behind that is not counted */
/* The same as a C string, cut at the first NUL by its readers. */
char *arena_cstr(struct arena *a, struct str s);
struct str arena_fmt(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3), nonnull(2)));
/* n * size zeroed bytes; aborts when the product overflows. */
void *arena_array(struct arena *a, size_t n, size_t size);

#define AUTO_ARENA __attribute__((cleanup(arena_done))) struct arena

/* For the few things that live on the heap: abort in one place when memory is out. */
void *mem_alloc(size_t n); /* zeroed; free() it */
void *mem_must(void *p);   /* p; aborts when it is NULL: for what a library allocated */
void *mem_grow(void *p, size_t n);
char *mem_dup(struct str s); /* NUL-terminated copy; free() it */

#endif
