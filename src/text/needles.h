#ifndef TEXT_NEEDLES_H
#define TEXT_NEEDLES_H
/*
 * needles: find any of many literal strings in a text, in one pass.
 *
 * A table of 64 Ki bits says for each hash of three bytes whether a needle begins so; most positions are
 * passed by on one load and one test. At a hit the needles of that hash are compared (the idea of Wu and
 * Manber, 1994, with a shift of one: secrets are too short and too many for longer shifts to pay).
 * Bytes, not characters. Built once, then read by any number of threads.
 */
#include "base/err.h"
#include "base/str.h"

#define NEEDLE_MIN 3     /* shorter ones would match everywhere: refused */
#define NEEDLE_MAX 16384 /* bytes */
#define NEEDLES_MAX 65536

struct needles;

struct needles *needles_new(void);
struct needles *needles_copy(const struct needles *n);
void needles_free(struct needles *n); /* NULL is fine; overwrites the bytes, which are often secrets */
/* Copies. tag is given back with a hit. The same bytes twice is no error. ERR_INVALID outside the bounds
 * above. */
MUST_CHECK enum err_code needles_add(struct needles *n, struct str bytes, int tag, struct err *e);
/* All of from's, with this tag; one that is there already gets the tag's bits on top of its own. ERR_INVALID: not all have room. */
MUST_CHECK enum err_code needles_add_all(
	struct needles *n, const struct needles *from, int tag, struct err *e);
size_t needles_count(const struct needles *n);
size_t needles_longest(const struct needles *n); /* 0 when empty */

struct needle_hit {
	size_t at, len; /* of the longest needle that begins there */
	int tag;
	uint32_t index; /* for needles_shorter() */
};
/* The first hit at or after `from`. False: none. */
bool needles_next(const struct needles *n, struct str text, size_t from, struct needle_hit *ret_hit);
/* The next shorter needle at the same place. False: none, the hit is as it was. */
bool needles_shorter(const struct needles *n, struct str text, struct needle_hit *hit);

#endif
