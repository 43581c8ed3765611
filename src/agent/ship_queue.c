/*
 * ship_queue: see the header. An array that is sorted by id, for a scan that finds most of what is in it again; what is next is looked for from one end to the other, which is
 * nothing beside shipping it.
 */
#include "agent/ship_queue.h"

#include "base/arena.h"

#include <stdlib.h>

/* With each so many failures in a row one more archive may be made: for when it is those that were made whose fault it is. */
#define FAILURES_FOR_ONE_MORE 8

void ship_queue_init(
	struct ship_queue *q, int64_t first_ms, int64_t most_ms, size_t n_uploads, unsigned n_tries)
{
	*q = (struct ship_queue){
		.first_ms = first_ms, .most_ms = most_ms, .n_uploads = n_uploads, .n_tries = n_tries
	};
	backoff_init(&q->backoff, first_ms, most_ms);
}

static void item_free(struct ship_item *item)
{
	free(item->held);
	free(item->id);
	free(item);
}

void ship_queue_done(struct ship_queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		item_free(q->items[i]);
	free(q->items);
	*q = (struct ship_queue){ 0 };
}

/* Where it is, or belongs. */
static size_t place_of(const struct ship_queue *q, const char *id)
{
	size_t least = 0, most = q->n;

	while (least < most) {
		size_t middle = least + (most - least) / 2;

		if (strcmp(q->items[middle]->id, id) < 0)
			least = middle + 1;
		else
			most = middle;
	}
	return least;
}

struct ship_item *ship_queue_find(const struct ship_queue *q, const char *id)
{
	size_t i = place_of(q, id);

	return i < q->n && strcmp(q->items[i]->id, id) == 0 ? q->items[i] : NULL;
}

void ship_queue_remove(struct ship_queue *q, struct ship_item *item)
{
	size_t i = place_of(q, item->id);

	memmove(q->items + i, q->items + i + 1, (q->n - i - 1) * sizeof *q->items);
	q->n--;
	item_free(item);
}

/* ---- a scan ---- */

void ship_queue_scan_begin(struct ship_queue *q)
{
	q->n_beyond = 0;
	for (size_t i = 0; i < q->n; i++)
		q->items[i]->seen = false;
}

struct ship_item *ship_queue_add(struct ship_queue *q, const char *id, int64_t done_ms, bool *ret_new)
{
	size_t i = place_of(q, id);
	struct ship_item *item = i < q->n && strcmp(q->items[i]->id, id) == 0 ? q->items[i] : NULL;

	*ret_new = !item || (item->done_ms != done_ms && !item->under_way);
	if (!item && q->n == SHIP_QUEUE_MAX) {
		q->n_beyond++;
		return NULL;
	}
	if (!item) {
		if (!q->items)
			q->items = mem_alloc(SHIP_QUEUE_MAX * sizeof *q->items);
		item = mem_alloc(sizeof *item);
		item->id = mem_dup(str_z(id));
		backoff_init(&item->backoff, q->first_ms, q->most_ms);
		memmove(q->items + i + 1, q->items + i, (q->n - i) * sizeof *q->items);
		q->items[i] = item;
		q->n++;
	}
	item->seen = true;
	item->done_ms = done_ms;
	return item;
}

void ship_queue_scan_end(struct ship_queue *q)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		if (q->items[i]->seen || q->items[i]->under_way)
			q->items[n++] = q->items[i];
		else
			item_free(q->items[i]);
	}
	q->n = n;
}

/* ---- what is next ---- */

static bool is_given_up(const struct ship_queue *q, const struct backoff *b)
{
	return q->n_tries > 0 && b->n_failures >= q->n_tries;
}

static bool may_pack(const struct ship_queue *q)
{
	size_t n = 0;

	if (q->backoff.n_failures == 0)
		return true;
	for (size_t i = 0; i < q->n; i++)
		n += q->items[i]->packed || q->items[i]->under_way;
	return n < q->n_uploads + q->backoff.n_failures / FAILURES_FOR_ONE_MORE;
}

/*
 * The oldest first. But after a failure whoever has failed least: else one that fails for ever would be the next again as soon as all may go on. Of one time: by id, as
 * they stand.
 */
static bool goes_before(const struct ship_queue *q, const struct ship_item *a, const struct ship_item *b)
{
	if (!b)
		return true;
	if (q->backoff.n_failures > 0 && a->backoff.n_failures != b->backoff.n_failures)
		return a->backoff.n_failures < b->backoff.n_failures;
	return a->done_ms < b->done_ms;
}

struct ship_item *ship_queue_next(const struct ship_queue *q, int64_t now, int64_t *ret_at)
{
	struct ship_item *best = NULL;
	bool pack = may_pack(q);

	*ret_at = INT64_MAX;
	if (is_given_up(q, &q->backoff))
		return NULL;
	for (size_t i = 0; i < q->n; i++) {
		struct ship_item *item = q->items[i];
		int64_t at = item->not_before > q->not_before ? item->not_before : q->not_before;

		if (item->under_way || item->barred || is_given_up(q, &item->backoff) ||
			!(item->packed || pack))
			continue;
		if (at < *ret_at)
			*ret_at = at;
		if (at <= now && goes_before(q, item, best))
			best = item;
	}
	return best;
}

bool ship_queue_is_idle(const struct ship_queue *q)
{
	int64_t at;

	for (size_t i = 0; i < q->n; i++)
		if (q->items[i]->under_way)
			return false;
	return !ship_queue_next(q, INT64_MIN, &at) && at == INT64_MAX;
}

bool ship_item_hold(struct ship_item *item, const char *why)
{
	bool is_new = why && !(item->held && strcmp(item->held, why) == 0);

	if (is_new || !why) {
		free(item->held);
		item->held = why ? mem_dup(str_z(why)) : NULL;
	}
	return is_new;
}

void ship_queue_failed(struct ship_queue *q, struct ship_item *item, bool of_all, uint32_t random,
	int64_t retry_after_ms, int64_t now)
{
	item->not_before = now + backoff_next(&item->backoff, random, retry_after_ms);
	if (of_all)
		q->not_before = now + backoff_next(&q->backoff, random, retry_after_ms);
}

void ship_queue_answered(struct ship_queue *q)
{
	backoff_reset(&q->backoff);
	q->not_before = 0;
}
