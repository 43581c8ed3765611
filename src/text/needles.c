/*
 * needles: two tables in front, chains of needles behind.
 *
 * needles_next() spends nearly all of its time in skip(), which does one unaligned load, one multiplication
 * and one load from a table for every second byte of text: that is enough, because the table says for three bytes
 * whether they are the first three of a needle or the three behind its first. (Where a needle has only three, the last of the
 * latter may be any.) Measured on logs, with the 400 needles of mask_shape.c: 0.2 ns a byte, against 0.6 for a test at each
 * byte; it says yes for one place of 37. There the second table, 8 KiB of bits, says whether a needle begins, which is true for one of
 * a hundred. Only then are needles looked at, and of those first their first eight bytes as one word.
 *
 * A chain holds longer needles before shorter ones, so that the first that fits is the longest. The number
 * of chains doubles with the number of needles. Many needles that share their first bytes share a chain as
 * well: whoever lets strangers add needles has to bound how many (mask.c does).
 */
#include "text/needles.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

#define N_BITS 65536u
#define N_NEAR 65536u
#define BLOCK 8u                         /* starts that are passed by at once, */
#define BLOCK_READS (BLOCK + NEEDLE_MIN) /* and how many bytes are read for that */
#define NONE UINT32_MAX
#define CHAINS_MIN 256u
#define HEAD_LEN sizeof(uint64_t)

struct needle {
	uint64_t head, mask; /* the first bytes, and which bytes of head there are */
	uint32_t at, len;    /* in the pool */
	uint32_t next;       /* in the chain, or NONE */
	int tag;
};

struct needles {
	uint64_t bits[N_BITS / 64]; /* does a needle begin so? */
	uint8_t near[N_NEAR];       /* does one begin so, or so behind its first byte? */
	uint32_t *chains;           /* n_chains, a power of two; index of the first needle, or NONE */
	size_t n_chains;
	struct needle *all;
	size_t n, cap;
	char *pool;
	size_t pool_len, pool_cap;
	size_t longest;
};

/* 16 bits of three bytes. The multiplier is 2^32 over the golden ratio (Knuth's multiplicative hash). */
static inline uint32_t hash_of(uint32_t three)
{
	return (three * 0x9e3779b1u) >> 16;
}

static inline uint32_t three_at(const char *p)
{
	uint8_t b[3];

	memcpy(b, p, sizeof b);
	return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16;
}

/* The same from four readable bytes: one load where bytes are little-endian. */
static inline uint32_t three_of_four_at(const char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint32_t w;

	memcpy(&w, p, sizeof w);
	return w & 0xffffffu;
#else
	return three_at(p);
#endif
}

/*
 * 16 bits of three bytes, by another multiplier (of xxHash); four are readable. Of those that were tried this one lets what logs are full of
 * ("INF", "tes") meet the fewest needles: yes to one place of 37, with the other it was 21, and 78 if no two met at all.
 */
static inline uint32_t near_at(const char *p)
{
	return (three_of_four_at(p) * 0x165667b1u) << 8 >> 16;
}

static inline bool bit_get(const struct needles *n, uint32_t h)
{
	return n->bits[h / 64] >> (h % 64) & 1;
}

struct needles *needles_new(void)
{
	struct needles *n = mem_alloc(sizeof *n);

	n->n_chains = CHAINS_MIN;
	n->chains = mem_alloc(n->n_chains * sizeof *n->chains);
	memset(n->chains, 0xff, n->n_chains * sizeof *n->chains);
	return n;
}

struct needles *needles_copy(const struct needles *n)
{
	struct needles *c = mem_alloc(sizeof *c);

	*c = *n;
	c->cap = n->n;
	c->pool_cap = n->pool_len;
	c->chains = mem_alloc(n->n_chains * sizeof *c->chains);
	memcpy(c->chains, n->chains, n->n_chains * sizeof *c->chains);
	c->all = mem_alloc(n->n * sizeof *c->all + 1);
	c->pool = mem_alloc(n->pool_len + 1);
	if (n->n > 0) {
		memcpy(c->all, n->all, n->n * sizeof *c->all);
		memcpy(c->pool, n->pool, n->pool_len);
	}
	return c;
}

void needles_free(struct needles *n)
{
	if (!n)
		return;
	if (n->n > 0) {
		explicit_bzero(n->pool, n->pool_len);
		explicit_bzero(n->all, n->n * sizeof *n->all);
	}
	free(n->pool);
	free(n->all);
	free(n->chains);
	free(n);
}

/* Where the link to bytes is in their chain, or where it belongs: before the first shorter one. */
static uint32_t *link_of(const struct needles *n, struct str bytes, bool *ret_there)
{
	uint32_t *link = &n->chains[hash_of(three_at(bytes.p)) & (n->n_chains - 1)];

	*ret_there = false;
	for (; *link != NONE; link = &n->all[*link].next) {
		const struct needle *x = &n->all[*link];

		if (x->len < bytes.len)
			break;
		*ret_there = x->len == bytes.len && memcmp(n->pool + x->at, bytes.p, bytes.len) == 0;
		if (*ret_there)
			break;
	}
	return link;
}

static struct str bytes_of(const struct needles *n, const struct needle *x)
{
	return (struct str){ n->pool + x->at, x->len };
}

/* Into its chain. False: it is there already. */
static bool chain_insert(struct needles *n, uint32_t index)
{
	struct needle *x = &n->all[index];
	bool there;
	uint32_t *link = link_of(n, bytes_of(n, x), &there);

	if (there)
		return false;
	x->next = *link;
	*link = index;
	return true;
}

static void chains_double(struct needles *n)
{
	n->n_chains *= 2;
	n->chains = mem_grow(n->chains, n->n_chains * sizeof *n->chains);
	memset(n->chains, 0xff, n->n_chains * sizeof *n->chains);
	for (uint32_t i = 0; i < n->n; i++)
		chain_insert(n, i);
}

/* Not realloc: that would leave a copy of secrets behind in freed memory. */
static void *move_wiped(void *old, size_t old_len, size_t new_cap)
{
	void *p = mem_alloc(new_cap);

	if (old_len > 0) {
		memcpy(p, old, old_len);
		explicit_bzero(old, old_len);
	}
	free(old);
	return p;
}

static void make_room(struct needles *n, size_t len)
{
	if (n->n == n->cap) {
		n->cap = n->cap ? 2 * n->cap : 16;
		n->all = move_wiped(n->all, n->n * sizeof *n->all, n->cap * sizeof *n->all);
	}
	if (n->pool_cap - n->pool_len < len) {
		n->pool_cap = 2 * (n->pool_cap + len);
		n->pool = move_wiped(n->pool, n->pool_len, n->pool_cap);
	}
}

static void set_near(struct needles *n, char a, char b, char c)
{
	const char four[4] = { a, b, c };

	n->near[near_at(four)] = 1;
}

static void add_near(struct needles *n, struct str bytes)
{
	set_near(n, bytes.p[0], bytes.p[1], bytes.p[2]);
	if (bytes.len > NEEDLE_MIN)
		set_near(n, bytes.p[1], bytes.p[2], bytes.p[3]);
	else
		for (int any = 0; any < 256; any++)
			set_near(n, bytes.p[1], bytes.p[2], (char)any);
}

enum err_code needles_add(struct needles *n, struct str bytes, int tag, struct err *e)
{
	if (bytes.len < NEEDLE_MIN || bytes.len > NEEDLE_MAX)
		return err_set(e, ERR_INVALID, "a text to look for has %zu bytes; %d to %d are possible",
			bytes.len, NEEDLE_MIN, NEEDLE_MAX);
	if (n->n >= NEEDLES_MAX)
		return err_set(e, ERR_INVALID, "more than %d texts to look for", NEEDLES_MAX);

	make_room(n, bytes.len);

	struct needle x = {
		.at = (uint32_t)n->pool_len, .len = (uint32_t)bytes.len, .next = NONE, .tag = tag
	};
	size_t head_len = bytes.len < HEAD_LEN ? bytes.len : HEAD_LEN;
	memcpy(&x.head, bytes.p, head_len);
	memset(&x.mask, 0xff, head_len);

	memcpy(n->pool + n->pool_len, bytes.p, bytes.len);
	n->all[n->n] = x;
	if (!chain_insert(n, (uint32_t)n->n))
		return ERR_OK;

	uint32_t h = hash_of(three_at(bytes.p));
	n->bits[h / 64] |= (uint64_t)1 << (h % 64);
	add_near(n, bytes);
	n->pool_len += bytes.len;
	n->n++;
	if (bytes.len > n->longest)
		n->longest = bytes.len;
	if (n->n > 2 * n->n_chains)
		chains_double(n);
	return ERR_OK;
}

enum err_code needles_add_all(struct needles *n, const struct needles *from, int tag, struct err *e)
{
	for (size_t i = 0; i < from->n; i++) {
		struct str bytes = bytes_of(from, &from->all[i]);
		bool there;
		const uint32_t *link = link_of(n, bytes, &there);

		if (there)
			n->all[*link].tag |= tag;
		else
			TRY(needles_add(n, bytes, tag, e));
	}
	return ERR_OK;
}

size_t needles_count(const struct needles *n)
{
	return n->n;
}

size_t needles_longest(const struct needles *n)
{
	return n->longest;
}

/* Could a needle begin at one of the BLOCK bytes from p on? BLOCK_READS are readable. By hand: gcc would loop. */
static inline bool may_begin(const struct needles *n, const char *p)
{
	return n->near[near_at(p + 1)] | n->near[near_at(p + 3)] | n->near[near_at(p + 5)] |
	       n->near[near_at(p + 7)];
}

/* The first offset at or after i, and before end, whose bit is set; else end. Needs text.p[end + 2] readable. */
static size_t skip(const struct needles *n, struct str text, size_t i, size_t end)
{
	for (; i + BLOCK_READS <= text.len; i += BLOCK)
		if (may_begin(n, text.p + i))
			for (size_t k = i; k < i + BLOCK; k++)
				if (bit_get(n, hash_of(three_of_four_at(text.p + k))))
					return k;
	for (; i < end; i++)
		if (bit_get(n, hash_of(three_at(text.p + i))))
			return i;
	return end;
}

/* The first of a chain from index on that is at `at`: what follows it there is shorter. NONE: none is. */
static uint32_t first_at(const struct needles *n, uint32_t index, struct str text, size_t at)
{
	size_t left = text.len - at;
	uint64_t head = 0;

	memcpy(&head, text.p + at, left < HEAD_LEN ? left : HEAD_LEN);
	while (index != NONE) {
		const struct needle *x = &n->all[index];

		if ((head & x->mask) == x->head && x->len <= left &&
			memcmp(text.p + at, n->pool + x->at, x->len) == 0)
			break;
		index = x->next;
	}
	return index;
}

static bool tell(const struct needles *n, uint32_t index, size_t at, struct needle_hit *ret_hit)
{
	const struct needle *x;

	if (index == NONE)
		return false;
	x = &n->all[index];
	*ret_hit = (struct needle_hit){ .at = at, .len = x->len, .tag = x->tag, .index = index };
	return true;
}

bool needles_next(const struct needles *n, struct str text, size_t from, struct needle_hit *ret_hit)
{
	if (n->n == 0 || text.len < NEEDLE_MIN)
		return false;

	size_t end = text.len - (NEEDLE_MIN - 1);
	for (size_t i = skip(n, text, from, end); i < end; i = skip(n, text, i + 1, end)) {
		uint32_t chain = n->chains[hash_of(three_at(text.p + i)) & (n->n_chains - 1)];

		if (tell(n, first_at(n, chain, text, i), i, ret_hit))
			return true;
	}
	return false;
}

bool needles_shorter(const struct needles *n, struct str text, struct needle_hit *hit)
{
	return tell(n, first_at(n, n->all[hit->index].next, text, hit->at), hit->at, hit);
}
