#ifndef SERVICE_HEALTH_H
#define SERVICE_HEALTH_H
/*
 * health: whether requests can be served, and the gauges that nobody counts along the way.
 */
#include "store/store.h"

/* Can the database be read? */
MUST_CHECK enum err_code health_check(struct store *store, struct err *e);
enum health { HEALTH_OK, HEALTH_DEGRADED, HEALTH_DOWN };
const char *health_name(enum health h); /* as the results API says it */

/* Something that answers depend upon. message: for anybody, so it names no path; empty: there is nothing to say. */
struct dependency {
	const char *name;
	enum health health;
	char message[200];
};
#define HEALTH_DEPENDENCIES_MAX 4
/* Asks each. Returns how many; *ret_all: the worst of them. */
size_t health_look(struct store *store, struct dependency ret[HEALTH_DEPENDENCIES_MAX], enum health *ret_all);
/* Brings METRIC_STORE_BYTES up to date. */
void health_gauges(struct store *store);

#endif
