#include "ring.h"
#include <assert.h>
#include <stdio.h>

int main(void)
{
	struct ring r = { .n = 0 };
	puts("ring: empty");
	assert(r.n == 0);
	for (int i = 0; i < 64; i++)
		ring_push(&r, 'a');
	puts("ring: full");
	assert(r.n == 64);
	ring_push(&r, 'b');
	puts("ring: over full");
	assert(r.n == sizeof r.bytes);
	puts("ring: ok");
	return 0;
}
