#include "ring.h"
#include "table.h"
#include "words.h"

int main(void)
{
	struct table t = { "words", { 0 } };
	char word[64];
	while (words_next(stdin, word, sizeof word) > 0)
		table_add(&t, word);
	printf("%s: %d\n", t.name, table_sum(&t));
	return 0;
}
