#ifndef TESTS_SERVICE_AN_EPISODE_H
#define TESTS_SERVICE_AN_EPISODE_H
/* an_episode: a small archive as a host would send it, made here byte by byte; and its digest. */
#include "base/arena.h"
#include "base/str.h"

/* ID/meta.json with that text, and ID/data with n_bytes bytes. In the arena. */
struct str an_episode(struct arena *a, const char *id, const char *meta, size_t n_bytes);
struct str hex_digest(struct arena *a, struct str bytes);

#endif
