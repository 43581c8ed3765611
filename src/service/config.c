/*
 * config: snapshots by reference count. The box holds one reference; each reader one of its own. The counts
 * are changed under the box's lock: a snapshot is taken once a request, which is too seldom for anything
 * cleverer.
 */
#include "service/config.h"

#include "forge/forge_api.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

struct config_box {
	pthread_mutex_t lock; /* guards current and every n_refs */
	struct config *current;
};

struct config *config_new(void)
{
	struct config *c = mem_alloc(sizeof *c);

	arena_init(&c->arena);
	c->n_refs = 1;
	return c;
}

void config_free(struct config *c)
{
	if (!c)
		return;
	mask_free(c->mask);
	for (size_t i = 0; i < c->n_forges; i++)
		forge_known_free(c->forges[i].known);
	arena_done(&c->arena);
	free(c);
}

struct config_box *config_box_new(struct config *first)
{
	struct config_box *b = mem_alloc(sizeof *b);

	pthread_mutex_init(&b->lock, NULL);
	b->current = first;
	return b;
}

static void drop(struct config_box *b, struct config *c)
{
	bool last;

	pthread_mutex_lock(&b->lock);
	last = --c->n_refs == 0;
	pthread_mutex_unlock(&b->lock);
	if (last)
		config_free(c);
}

void config_box_free(struct config_box *b)
{
	if (!b)
		return;
	assert(b->current->n_refs == 1);
	config_free(b->current);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

const struct config *config_get(struct config_box *b)
{
	struct config *c;

	pthread_mutex_lock(&b->lock);
	c = b->current;
	c->n_refs++;
	pthread_mutex_unlock(&b->lock);
	return c;
}

void config_put(struct config_box *b, const struct config *c)
{
	if (c)
		drop(b, (struct config *)(uintptr_t)c);
}

void config_swap(struct config_box *b, struct config *next)
{
	struct config *old;

	pthread_mutex_lock(&b->lock);
	old = b->current;
	b->current = next;
	pthread_mutex_unlock(&b->lock);
	drop(b, old);
}

enum err_code config_forge(const struct config *c, struct str name, struct str *ret, struct err *e)
{
	for (size_t i = 0; i < c->n_forges; i++) {
		if (name.len == 0 || str_eq_nocase(c->forges[i].name, name)) {
			*ret = c->forges[i].name;
			return ERR_OK;
		}
	}
	return err_field(e, "forge",
		"no forge of that name is configured; add [forge \"%.*s\"] to sluice.conf, or leave it out "
		"for the "
		"default one",
		STR_FMT(name));
}

const struct oauth_config *config_oauth(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n_oauths; i++)
		if (str_eq_nocase(c->oauths[i].provider.name, name))
			return &c->oauths[i];
	return NULL;
}

const struct dispatch_config *config_dispatch(const struct config *c, struct str repo)
{
	for (size_t i = 0; i < c->n_dispatches; i++)
		if (str_eq_nocase(c->dispatches[i].repo, repo))
			return &c->dispatches[i];
	return NULL;
}

const struct forge_config *config_forge_of(const struct config *c, struct str name)
{
	for (size_t i = 0; i < c->n_forges; i++)
		if (str_eq_nocase(c->forges[i].name, name))
			return &c->forges[i];
	return NULL;
}
