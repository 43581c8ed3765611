/* health: asked by whoever watches the process, a few times a minute. */
#include "service/health.h"

#include "base/metric.h"
#include "store/errors.h"

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
