/*
 * arena: blocks in a list, handed out from the front one. A block is 4 KiB or what was asked for, whichever
 * is more: most requests need one. Also the one place where the program ends when memory is out.
 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE 4096

struct arena_block {
	struct arena_block *next;
	size_t size, used; /* of data */
	alignas(max_align_t) char data[];
};

static _Noreturn void out_of_memory(void)
{
	static const char text[] = "out of memory\n";

	fputs(text, stderr);
	abort();
}

void *mem_must(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *mem_alloc(size_t n)
{
	return mem_must(calloc(1, n ? n : 1));
}

void *mem_grow(void *p, size_t n)
{
	return mem_must(realloc(p, n ? n : 1));
}

char *mem_dup(struct str s)
{
	char *p = mem_alloc(s.len + 1);

	if (s.len)
		memcpy(p, s.p, s.len);
	return p;
}

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

void arena_done(struct arena *a)
{
	for (struct arena_block *b = a->head, *next; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct arena){ 0 };
}

void *arena_alloc(struct arena *a, size_t n)
{
	size_t align = alignof(max_align_t);
	struct arena_block *b = a->head;
	size_t room;
	void *p;

	if (n > SIZE_MAX - sizeof *b - align)
		out_of_memory();
	n = (n + align - 1) / align * align;
	if (!b || b->size - b->used < n) {
		room = n > BLOCK_SIZE - sizeof *b ? n : BLOCK_SIZE - sizeof *b;
		b = mem_must(malloc(sizeof *b + room));
		b->size = room;
		b->used = 0;
		b->next = a->head;
		a->head = b;
	}
	p = b->data + b->used;
	b->used += n;
	a->used += n;
	return memset(p, 0, n);
}

void *arena_array(struct arena *a, size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		out_of_memory();
	return arena_alloc(a, bytes);
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(p, s.p, s.len);
	return p;
}

struct str arena_str(struct arena *a, struct str s)
{
	return (struct str){ arena_cstr(a, s), s.len };
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
	va_list ap, again;
	char *p;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0)
		out_of_memory();
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return (struct str){ p, (size_t)n };
}
