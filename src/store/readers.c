/*
 * readers: a stack of idle connections, so that the one used last, whose pages are warm, is used next, and a
 * quiet server needs one only. They are opened on demand: one that cannot be opened is an error of whoever
 * asked, and the next one tries again.
 */
#include "store/readers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct readers {
	const struct db_driver *driver;
	struct db_options options;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	unsigned max, n_lent, n_idle;
	struct db *idle[];
};

struct readers *readers_new(const struct db_driver *driver, const struct db_options *options, unsigned max)
{
	struct readers *r = mem_alloc(sizeof *r + max * sizeof(struct db *));

	r->driver = driver;
	r->options = *options;
	r->max = max;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->changed, NULL);
	return r;
}

void readers_free(struct readers *r)
{
	if (!r)
		return;
	assert(r->n_lent == 0);
	for (unsigned i = 0; i < r->n_idle; i++)
		db_close(r->idle[i]);
	pthread_cond_destroy(&r->changed);
	pthread_mutex_destroy(&r->lock);
	free(r);
}

static void give_back(struct readers *r, struct db *db)
{
	pthread_mutex_lock(&r->lock);
	r->n_lent--;
	if (db)
		r->idle[r->n_idle++] = db;
	pthread_cond_signal(&r->changed);
	pthread_mutex_unlock(&r->lock);
}

enum err_code readers_get(struct readers *r, struct db **ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	pthread_mutex_lock(&r->lock);
	while (r->n_lent == r->max)
		pthread_cond_wait(&r->changed, &r->lock);
	r->n_lent++;
	if (r->n_idle > 0)
		db = r->idle[--r->n_idle];
	pthread_mutex_unlock(&r->lock);
	if (!db) {
		code = db_open(r->driver, &r->options, &db, e);
		if (code != ERR_OK) {
			give_back(r, NULL);
			return code;
		}
	}
	*ret = db;
	return ERR_OK;
}

void readers_put(struct readers *r, struct db *db)
{
	if (db)
		give_back(r, db);
}
