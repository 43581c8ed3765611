#ifndef RING_H
#define RING_H
#include <stddef.h>
struct ring {
	char bytes[64];
	size_t head, n;
};
void ring_push(struct ring *r, char c);
size_t ring_copy(const struct ring *r, char *to);
#endif
