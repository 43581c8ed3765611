/* tries: see tries.h. */
#include "service/tries.h"

#include "base/arena.h"
#include "service/slots.h"

#include <stdlib.h>

struct tried {
	struct slot slot;
	int64_t n, last, until;
};

struct tries {
	struct slots *users, *addresses;
};

static bool is_forgotten(const struct tried *x, int64_t now)
{
	return now - x->last >= TRIES_FORGET_MS;
}

/* The more tries, the more it is worth to remember; of equal ones the newer. */
static int64_t worth(const struct slot *s, int64_t now)
{
	const struct tried *x = (const struct tried *)(const void *)s;

	if (is_forgotten(x, now))
		return -1;
	return ((x->n < 1000 ? x->n : 1000) << 48) + x->last;
}

struct tries *tries_new(void)
{
	static const struct slots_kind kind = { .size = sizeof(struct tried), .worth = worth };
	struct tries *t = mem_alloc(sizeof *t);

	t->users = slots_new(&kind, TRIES_KEYS_MAX);
	t->addresses = slots_new(&kind, TRIES_KEYS_MAX);
	return t;
}

void tries_free(struct tries *t)
{
	if (!t)
		return;
	slots_free(t->users);
	slots_free(t->addresses);
	free(t);
}

static int64_t delay(int64_t n, int64_t most)
{
	int64_t ms = 1000;

	if (n <= TRIES_FREE)
		return 0;
	for (int64_t i = TRIES_FREE + 1; i < n && ms < most; i++)
		ms *= 2;
	return ms < most ? ms : most;
}

/* False: it is not time yet; nothing is counted then. */
static bool begin(struct slots *of, struct str key, int64_t most, int64_t now)
{
	struct tried *x = slots_take(of, key, now);
	bool is_time;

	if (is_forgotten(x, now))
		x->n = x->until = 0;
	is_time = now >= x->until;
	if (is_time) {
		x->n++;
		x->last = now;
		x->until = now + delay(x->n, most);
	}
	slots_release(of, x);
	return is_time;
}

/* The try that was just counted did not happen. */
static void take_back(struct slots *of, struct str key)
{
	struct tried *x = slots_find(of, key);

	if (!x)
		return;
	if (x->n > 0)
		x->n--;
	x->until = 0;
	slots_release(of, x);
}

bool tries_begin(struct tries *t, struct str user, struct str address, int64_t steady_ms)
{
	if (!begin(t->users, user, TRIES_USER_MAX_MS, steady_ms))
		return false;
	if (begin(t->addresses, address, TRIES_ADDRESS_MAX_MS, steady_ms))
		return true;
	take_back(t->users, user);
	return false;
}

void tries_right(struct tries *t, struct str user, struct str address)
{
	struct tried *x = slots_find(t->users, user);

	if (x)
		slots_forget(t->users, x);
	take_back(t->addresses, address);
}
