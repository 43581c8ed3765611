#include "inbox.h"

#include <stdio.h>

int main(void)
{
	struct inbox b = { NULL, 0, 0 };
	inbox_add(&b, "rent is due", 3);
	inbox_add(&b, "hello", 1);
	inbox_add(&b, "the roof leaks", 9);
	printf("%zu messages\n", b.n);
	fflush(stdout);
	if (inbox_sum(&b) > 10)
		puts("urgent");
	inbox_free(&b);
	return 0;
}
