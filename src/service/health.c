/* health: asked by whoever watches the process, a few times a minute. */
#include "service/health.h"

#include "base/metric.h"

enum err_code health_check(struct store *store, struct err *e)
{
	return store_ping(store, e);
}

void health_gauges(struct store *store)
{
	metric_set(METRIC_STORE_BYTES, store_bytes(store));
}
