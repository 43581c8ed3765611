#ifndef INBOX_H
#define INBOX_H
#include <stddef.h>
struct message {
	char *text;
	size_t len;
	int priority;
};
struct inbox {
	struct message *all;
	size_t n, room;
};
void inbox_add(struct inbox *b, const char *text, int priority);
int inbox_sum(const struct inbox *b);
void inbox_free(struct inbox *b);
#endif
