#include "inbox.h"

#include <stdlib.h>
#include <string.h>

static void grow(struct inbox *b)
{
	b->room = b->room == 0 ? 2 : b->room * 2;
	b->all = realloc(b->all, b->room * sizeof *b->all);
}

void inbox_add(struct inbox *b, const char *text, int priority)
{
	if (b->n == b->room)
		grow(b);
	struct message *m = &b->all[b->n++];
	m->len = strlen(text);
	m->text = malloc(m->len + 1);
	memcpy(m->text, text, m->len + 1);
	m->priority = priority;
}

int inbox_sum(const struct inbox *b)
{
	int sum = 0;
	for (size_t i = 0; i < b->n; i++)
		sum += b->all[i].priority;
	return sum;
}

void inbox_free(struct inbox *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->all[i].text);
	free(b->all[0].text);
	free(b->all);
}
