#ifndef BASE_METRIC_H
#define BASE_METRIC_H
/*
 * metric: numbers about the process, for Prometheus. The list lives in metric.tbl; adding one is a row
 * there and a metric_add() where it happens. Counters only grow. Safe from any thread, never fails.
 * Text format: Prometheus exposition format 0.0.4.
 */
#include "base/buf.h"

enum metric {
#define METRIC(name, kind, text, help) METRIC_##name,
#include "base/metric.tbl"
#undef METRIC
	METRIC_N
};

void metric_add(enum metric m, int64_t n); /* gauges may take a negative n */
void metric_set(enum metric m, int64_t value);
int64_t metric_get(enum metric m);
void metric_write(struct buf *out);

#endif
