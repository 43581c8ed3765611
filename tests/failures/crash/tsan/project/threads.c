#include "inbox.h"

#include <pthread.h>
#include <stdio.h>

static struct inbox box;


static void *post(void *text)
{
	inbox_add(&box, text, 1);
	return NULL;
}

int main(void)
{
	pthread_t a, b;
	pthread_create(&a, NULL, post, "one");
	pthread_create(&b, NULL, post, "two");
	pthread_join(a, NULL);
	pthread_join(b, NULL);
	printf("%zu messages\n", box.n);
	inbox_free(&box);
	return 0;
}
