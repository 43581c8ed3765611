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
	printf("sum of priorities %d\n", inbox_sum(&b));
	inbox_free(&b);
	return 0;
}
