#include "table.h"
#include <ctype.h>

void table_add(struct table *t, const char *word)
{
	t->count[tolower((unsigned char)word[0]) - 'a']++;
}

int table_sum(const struct table *t)
{
	int sum = 0;
	for (int i = 0; i < 26; i++)
		sum += t->count[i];
	return sum;
}
