/* slots: see slots.h. The hash is SHA-256 over the secret and the key, cut to 128 bits: it is the key from then on. */
#include "service/slots.h"

#include "base/arena.h"
#include "base/digest.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define N_LOCKS 64

struct slots {
	struct slots_kind kind;
	char secret[16];
	size_t n_sets;
	char *places;
	_Atomic size_t n_used;
	pthread_mutex_t locks[N_LOCKS]; /* of set i: i % N_LOCKS */
};

struct slots *slots_new(const struct slots_kind *kind, size_t n)
{
	struct slots *t = mem_alloc(sizeof *t);

	assert(n >= SLOT_WAYS && (n & (n - 1)) == 0);
	t->kind = *kind;
	t->n_sets = n / SLOT_WAYS;
	t->places = mem_alloc(n * kind->size);
	random_bytes(t->secret, sizeof t->secret);
	for (size_t i = 0; i < N_LOCKS; i++)
		pthread_mutex_init(&t->locks[i], NULL);
	return t;
}

static struct slot *place_at(const struct slots *t, size_t i)
{
	return (struct slot *)(void *)(t->places + i * t->kind.size);
}

static void empty(struct slots *t, struct slot *s)
{
	if (t->kind.drop)
		t->kind.drop(s);
	memset(s, 0, t->kind.size);
}

void slots_free(struct slots *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n_sets * SLOT_WAYS; i++)
		if (place_at(t, i)->used)
			empty(t, place_at(t, i));
	for (size_t i = 0; i < N_LOCKS; i++)
		pthread_mutex_destroy(&t->locks[i]);
	free(t->places);
	free(t);
}

static void hash(const struct slots *t, struct str key, uint8_t ret[16])
{
	char bytes[16 + 128];
	struct sha256 digest;

	memcpy(bytes, t->secret, 16);
	if (key.len > 128) {
		digest = sha256_of(key);
		key = (struct str){ (const char *)digest.b, SHA256_LEN };
	}
	memcpy(bytes + 16, key.p, key.len);
	digest = sha256_of((struct str){ bytes, 16 + key.len });
	memcpy(ret, digest.b, 16);
}

static size_t set_of(const struct slots *t, const uint8_t key[16])
{
	uint64_t h;

	memcpy(&h, key, sizeof h);
	return (size_t)(h & (t->n_sets - 1));
}

static pthread_mutex_t *lock_of(struct slots *t, const uint8_t key[16])
{
	return &t->locks[set_of(t, key) % N_LOCKS];
}

static struct slot *look(const struct slots *t, const uint8_t key[16])
{
	size_t first = set_of(t, key) * SLOT_WAYS;

	for (size_t i = 0; i < SLOT_WAYS; i++) {
		struct slot *s = place_at(t, first + i);

		if (s->used && memcmp(s->key, key, 16) == 0)
			return s;
	}
	return NULL;
}

/* A free place of the set, or the one that is worth least. */
static struct slot *cheapest(const struct slots *t, const uint8_t key[16], int64_t now)
{
	size_t first = set_of(t, key) * SLOT_WAYS;
	struct slot *best = NULL;
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < SLOT_WAYS; i++) {
		struct slot *s = place_at(t, first + i);
		int64_t worth = s->used ? t->kind.worth(s, now) : INT64_MIN;

		if (!best || worth < least) {
			best = s;
			least = worth;
		}
	}
	return best;
}

void *slots_take(struct slots *t, struct str key, int64_t now)
{
	uint8_t h[16];
	struct slot *s;

	hash(t, key, h);
	pthread_mutex_lock(lock_of(t, h));
	s = look(t, h);
	if (s)
		return s;
	s = cheapest(t, h, now);
	if (s->used)
		empty(t, s);
	else
		atomic_fetch_add(&t->n_used, 1);
	memcpy(s->key, h, sizeof s->key);
	s->used = true;
	return s;
}

void *slots_find(struct slots *t, struct str key)
{
	uint8_t h[16];
	struct slot *s;

	hash(t, key, h);
	pthread_mutex_lock(lock_of(t, h));
	s = look(t, h);
	if (!s)
		pthread_mutex_unlock(lock_of(t, h));
	return s;
}

void slots_release(struct slots *t, void *place)
{
	pthread_mutex_unlock(lock_of(t, ((struct slot *)place)->key));
}

void slots_forget(struct slots *t, void *place)
{
	struct slot *s = place;
	pthread_mutex_t *lock = lock_of(t, s->key);

	empty(t, s);
	atomic_fetch_sub(&t->n_used, 1);
	pthread_mutex_unlock(lock);
}

size_t slots_n_used(const struct slots *t)
{
	return atomic_load(&t->n_used);
}
