/* health: asked by whoever watches the process, a few times a minute. */
#include "service/health.h"

#include "base/metric.h"
#include "store/errors.h"

#include <stdio.h>
#include <sys/statvfs.h>

#define ROOM_LOW ((uint64_t)256 << 20) /* bytes free: what comes in a busy minute */
#define ROOM_NONE ((uint64_t)8 << 20)
#define WAITING_MANY 1000 /* steps that wait to be explained: minutes of work */

enum err_code health_check(struct store *store, struct err *e)
{
	return store_ping(store, e);
}

void health_gauges(struct store *store)
{
	struct db *db = NULL;
	int64_t due = 0;
	struct err e;

	metric_set(METRIC_STORE_BYTES, store_bytes(store));
	if (store_reader_get(store, &db, &e) != ERR_OK)
		return;
	if (explaining_count(db, &due, &e) == ERR_OK)
		metric_set(METRIC_EXPLAIN_DUE, due);
	store_reader_put(store, db);
}

const char *health_name(enum health h)
{
	static const char *const names[] = { "ok", "degraded", "down" };

	return names[h];
}

static void look_at_database(struct store *store, struct dependency *d)
{
	struct err e;

	if (store_ping(store, &e) == ERR_OK)
		return;
	d->health = HEALTH_DOWN;
	snprintf(d->message, sizeof d->message, "it cannot be read");
}

static void look_at_disk(struct store *store, struct dependency *d)
{
	struct statvfs v;
	uint64_t room;

	if (statvfs(store_folder(store), &v) != 0) {
		d->health = HEALTH_DOWN;
		snprintf(d->message, sizeof d->message, "the data folder cannot be looked at");
		return;
	}
	room = (uint64_t)v.f_bavail * v.f_frsize;
	d->health = (v.f_flag & ST_RDONLY) || room < ROOM_NONE ? HEALTH_DOWN
		    : room < ROOM_LOW                          ? HEALTH_DEGRADED
							       : HEALTH_OK;
	if (v.f_flag & ST_RDONLY)
		snprintf(d->message, sizeof d->message, "it is read-only");
	else if (d->health != HEALTH_OK)
		snprintf(
			d->message, sizeof d->message, "%llu MiB are free", (unsigned long long)(room >> 20));
}

static void look_at_explainer(struct store *store, struct dependency *d)
{
	struct db *db = NULL;
	int64_t due = 0;
	struct err e;

	if (store_reader_get(store, &db, &e) != ERR_OK)
		return; /* the database's fault */
	if (explaining_count(db, &due, &e) == ERR_OK && (due < 0 || due > WAITING_MANY)) {
		d->health = HEALTH_DEGRADED;
		snprintf(d->message, sizeof d->message, "more than %d steps wait to be explained",
			WAITING_MANY);
	}
	store_reader_put(store, db);
}

size_t health_look(struct store *store, struct dependency ret[HEALTH_DEPENDENCIES_MAX], enum health *ret_all)
{
	static const struct {
		const char *name;
		void (*look)(struct store *store, struct dependency *d);
	} all[] = { { "database", look_at_database }, { "disk", look_at_disk },
		{ "explainer", look_at_explainer } };
	size_t n = sizeof all / sizeof all[0];
	enum health worst = HEALTH_OK;

	for (size_t i = 0; i < n; i++) {
		ret[i] = (struct dependency){ .name = all[i].name };
		all[i].look(store, &ret[i]);
		worst = ret[i].health > worst ? ret[i].health : worst;
	}
	*ret_all = worst;
	return n;
}
