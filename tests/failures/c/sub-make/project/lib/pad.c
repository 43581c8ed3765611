#include <string.h>
void pad(char *to, int width);
void pad(char *to, int width)
{
	int n = (int)strlen(to);
	while (n < width)
		to[n++] = ' ';
}
