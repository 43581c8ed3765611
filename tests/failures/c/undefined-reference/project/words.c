#include "words.h"
#include <ctype.h>

int words_next(FILE *in, char *word, int size)
{
	int c, n = 0;
	while ((c = getc(in)) != EOF && !isalpha(c))
		;
	for (; c != EOF && isalpha(c) && n < size - 1; c = getc(in))
		word[n++] = (char)c;
	word[n] = '\0';
	return n;
}
