#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	int hour = argc > 1 ? atoi(argv[1]) % 12 : 1;
	for (int i = 0; i < hour; i++)
		printf(i > 0 ? " dong" : "dong");
	putchar('\n');
	return 0;
}
