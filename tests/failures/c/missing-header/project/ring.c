#include "ring.h"

void ring_push(struct ring *r, char c)
{
	r->bytes[(r->head + r->n) % sizeof r->bytes] = c;
	if (r->n < sizeof r->bytes)
		r->n++;
	else
		r->head = (r->head + 1) % sizeof r->bytes;
}

size_t ring_copy(const struct ring *r, char *to)
{
	for (size_t i = 0; i < r->n; i++)
		to[i] = r->bytes[(r->head + i) % sizeof r->bytes];
	return r->n;
}
