#ifndef SERVICE_TOKEN_CACHE_H
#define SERVICE_TOKEN_CACHE_H
/*
 * token_cache: tokens that were good a moment ago, so that a request of a known one asks no database.
 *
 * What is kept was read under an epoch (store_access_epoch()) and counts only while that is the store's epoch still. A token that is revoked is so at
 * once on every thread: the epoch is another one before the revoker is told, and what was read before the commit is kept with the epoch of before,
 * whenever it is put here. Tokens that are not good are not kept: they are looked up each time, so that all of them take as long.
 */
#include "base/arena.h"
#include "model/token.h"

#define TOKEN_CACHE_MAX 1024 /* tokens */
#define TOKEN_TOUCH_MS 60000 /* the last use of a token is written down at most this often */

struct token_cache;

struct token_cache *token_cache_new(void);
void token_cache_free(struct token_cache *c); /* NULL is fine */
/* False: it is not here, or not of this epoch. Strings are copied into the arena. */
bool token_cache_get(struct token_cache *c, const struct sha256 *digest, uint64_t epoch, int64_t now,
	struct arena *a, struct token *ret);
/* epoch: the store's, asked before t was read. */
void token_cache_put(struct token_cache *c, const struct token *t, uint64_t epoch, int64_t now);
/* Is it time to write down that it was used? Says yes to one caller a minute; of a token that is not here, by t->last_used_at alone. */
bool token_cache_touch(struct token_cache *c, const struct token *t, int64_t now);

#endif
