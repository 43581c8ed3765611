/* token_cache: see token_cache.h. A token's strings have bounds, so that a place has room for them all. */
#include "service/token_cache.h"

#include "model/repo.h"
#include "model/user.h"
#include "service/slots.h"

#include <stdlib.h>
#include <string.h>

struct kept {
	struct slot slot;
	uint64_t epoch;
	int64_t seen_at, touched_at;
	struct token token; /* its strings are in text */
	char text[TOKEN_NAME_MAX + REPO_NAME_MAX + TOKEN_HOST_MAX + 4 * USER_EMAIL_MAX];
};

struct token_cache {
	struct slots *slots;
};

static int64_t worth(const struct slot *s, int64_t now)
{
	(void)now;
	return ((const struct kept *)(const void *)s)->seen_at;
}

struct token_cache *token_cache_new(void)
{
	static const struct slots_kind kind = { .size = sizeof(struct kept), .worth = worth };

	struct token_cache *c = mem_alloc(sizeof *c);

	c->slots = slots_new(&kind, TOKEN_CACHE_MAX);
	return c;
}

void token_cache_free(struct token_cache *c)
{
	if (!c)
		return;
	slots_free(c->slots);
	free(c);
}

static struct str key_of(const struct sha256 *digest)
{
	return (struct str){ (const char *)digest->b, SHA256_LEN };
}

bool token_cache_get(struct token_cache *c, const struct sha256 *digest, uint64_t epoch, int64_t now,
	struct arena *a, struct token *ret)
{
	struct kept *k = slots_find(c->slots, key_of(digest));
	struct token t;

	if (!k)
		return false;
	if (k->epoch != epoch) {
		slots_release(c->slots, k);
		return false;
	}
	k->seen_at = now;
	t = k->token;
	t.name = arena_str(a, t.name);
	t.repo = arena_str(a, t.repo);
	t.host = arena_str(a, t.host);
	t.email = arena_str(a, t.email);
	slots_release(c->slots, k);
	*ret = t;
	return true;
}

static struct str keep(struct kept *k, size_t *at, struct str s)
{
	char *p = k->text + *at;

	if (s.len > 0)
		memcpy(p, s.p, s.len);
	*at += s.len;
	return (struct str){ p, s.len };
}

void token_cache_put(struct token_cache *c, const struct token *t, uint64_t epoch, int64_t now)
{
	struct kept *k;
	size_t at = 0;

	if (t->name.len + t->repo.len + t->host.len + t->email.len > sizeof k->text)
		return;
	k = slots_take(c->slots, key_of(&t->digest), now);
	k->epoch = epoch;
	k->seen_at = now;
	if (k->touched_at < t->last_used_at)
		k->touched_at = t->last_used_at;
	k->token = *t;
	k->token.name = keep(k, &at, t->name);
	k->token.repo = keep(k, &at, t->repo);
	k->token.host = keep(k, &at, t->host);
	k->token.email = keep(k, &at, t->email);
	slots_release(c->slots, k);
}

bool token_cache_touch(struct token_cache *c, const struct token *t, int64_t now)
{
	struct kept *k = slots_find(c->slots, key_of(&t->digest));
	bool is_time;

	if (!k)
		return now - t->last_used_at >= TOKEN_TOUCH_MS;
	is_time = now - k->touched_at >= TOKEN_TOUCH_MS;
	if (is_time)
		k->touched_at = now;
	slots_release(c->slots, k);
	return is_time;
}
