#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H
/*
 * health: whether requests can be served, and the gauges that nobody counts along the way.
 */
#include "store/store.h"

/* Can the database be read? */
MUST_CHECK enum err_code health_check(struct store *store, struct err *e);
/* Brings METRIC_STORE_BYTES up to date. */
void health_gauges(struct store *store);

#endif
