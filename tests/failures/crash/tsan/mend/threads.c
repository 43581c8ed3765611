#include "inbox.h"

#include <pthread.h>
#include <stdio.h>

static struct inbox box;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *post(void *text)
{
	pthread_mutex_lock(&lock);
	inbox_add(&box, text, 1);
	pthread_mutex_unlock(&lock);
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
