/* metric: an atomic a row of the table, and the table written out. */
#include "base/metric.h"

#include <stdatomic.h>

static _Atomic int64_t values[METRIC_N];

static const struct {
	const char *kind, *text, *help;
} table[METRIC_N] = {
#define METRIC(name, kind, text, help) { #kind, text, help },
#include "base/metric.tbl"
#undef METRIC
};

void metric_add(enum metric m, int64_t n)
{
	atomic_fetch_add_explicit(&values[m], n, memory_order_relaxed);
}

void metric_set(enum metric m, int64_t value)
{
	atomic_store_explicit(&values[m], value, memory_order_relaxed);
}

int64_t metric_get(enum metric m)
{
	return atomic_load_explicit(&values[m], memory_order_relaxed);
}

void metric_write(struct buf *out)
{
	for (enum metric m = 0; m < METRIC_N; m++)
		buf_fmt(out, "# HELP %s %s\n# TYPE %s %s\n%s %lld\n", table[m].text, table[m].help,
			table[m].text, table[m].kind, table[m].text, (long long)metric_get(m));
}
