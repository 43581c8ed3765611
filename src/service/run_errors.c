/*
 * run_errors: see the header.
 *
 * The database knows classes and severities as they were found. What the results API calls them is turned into sets of these before it is asked, so that
 * filters, pages and totals are its own. A page that begins in one source goes on in the next: two counts and two pages, whatever the length.
 */
#include "service/run_errors.h"

#include "store/rows.h"

#include <stdlib.h>

/* ---- what is asked ---- */

static bool is_listed(const struct run_errors_query *q, enum error_class class)
{
	enum error_type type = error_type_of(class);

	if (!(q->types >> type & 1))
		return false;
	if (!q->infrastructure)
		return error_type_in_errors(type);
	/* What somebody stopped is no fault of the machinery. */
	return error_type_in_infrastructure(type) && class != CLASS_CANCELLED;
}

static unsigned classes_of(const struct run_errors_query *q)
{
	unsigned set = 0;

	for (unsigned i = 0; i < ERROR_N_CLASSES; i++)
		if (is_listed(q, (enum error_class)i))
			set |= 1u << i;
	return set;
}

static bool is_fatal(enum error_class class)
{
	return error_type_of(class) == TYPE_STORAGE;
}

static unsigned fatal_classes(void)
{
	unsigned set = 0;

	for (unsigned i = 0; i < ERROR_N_CLASSES; i++)
		if (is_fatal((enum error_class)i))
			set |= 1u << i;
	return set;
}

enum error_severity run_error_severity(enum error_type type)
{
	return type == TYPE_DIFF_MISMATCH ? SEVERITY_WARNING : SEVERITY_ERROR;
}

static bool wants(const struct run_errors_query *q, enum error_severity severity)
{
	return q->severities == 0 || q->severities >> severity & 1;
}

/* Of results. */
static unsigned types_of(const struct run_errors_query *q)
{
	static const enum error_type told[] = { TYPE_EXIT_CODE_MISMATCH, TYPE_MISSING_OUTPUT,
		TYPE_DIFF_MISMATCH, TYPE_TEST_FAILURE };
	unsigned set = 0;

	for (size_t i = 0; i < sizeof told / sizeof *told; i++)
		if (!q->infrastructure && q->types >> told[i] & 1 && wants(q, run_error_severity(told[i])))
			set |= 1u << told[i];
	return set;
}

/* ---- the list ---- */

struct listing {
	const struct run_errors_query *q;
	struct arena *a;
	struct run_errors x;
	int64_t limit,
		offset; /* what of the page is left to be found, and where in the next source it begins */
};

/* n of it are on the page, of total that it has (-1: more than are counted, then the page cannot end behind it). */
static void go_on(struct listing *l, size_t n, int64_t total)
{
	l->limit -= (int64_t)n;
	l->offset = total >= 0 && l->offset > total ? l->offset - total : 0;
	if (total < 0 && n == 0) /* nobody looks for what is beyond what is counted */
		l->limit = 0;
	l->x.total = total < 0 || l->x.total < 0 ? -1 : l->x.total + total;
}

static enum err_code list_results(struct db *db, struct listing *l, struct err *e)
{
	const struct result_error_query q = { .run_id = l->q->run_id,
		.sample_id = l->q->sample_id,
		.types = types_of(l->q),
		.limit = l->limit,
		.offset = l->offset };
	struct result_error *found = NULL;
	int64_t total = 0;
	size_t n = 0;

	if (q.types != 0)
		TRY(result_errors_list(db, l->a, &q, &found, &n, &total, e));
	for (size_t i = 0; i < n; i++)
		l->x.errors[l->x.n++].result = &found[i];
	go_on(l, n, total);
	return ERR_OK;
}

static enum err_code list_events(struct db *db, struct listing *l, struct err *e)
{
	struct progress *found = NULL;
	int64_t total = 0;
	size_t n = 0;

	TRY(progress_errors(db, l->a, l->q->run_id, l->q->types, l->q->severities, l->limit, l->offset,
		&found, &n, &total, e));
	for (size_t i = 0; i < n; i++)
		l->x.errors[l->x.n++].event = &found[i];
	go_on(l, n, total);
	return ERR_OK;
}

static enum err_code list_logs(struct db *db, struct listing *l, struct err *e)
{
	struct error_query q = { .run_id = l->q->run_id,
		.classes = classes_of(l->q),
		.severities = l->q->severities,
		.sample_id = l->q->sample_id,
		.fatal = fatal_classes(),
		.limit = l->limit,
		.offset = l->offset };
	struct error *found = NULL;
	int64_t total = 0;
	size_t n = 0;

	TRY(errors_due(db, q.run_id, &l->x.n_due, e));
	if (q.classes != 0) /* none, where the database would take it for all */
		TRY(errors_list(db, l->a, &q, &found, &n, &total, e));
	for (size_t i = 0; i < n; i++) {
		if (is_fatal(found[i].class))
			found[i].severity = SEVERITY_FATAL;
		l->x.errors[l->x.n++].log = &found[i];
	}
	go_on(l, n, total);
	return ERR_OK;
}

enum err_code run_errors_list(struct store *s, const struct identity *id, const struct run_errors_query *q,
	struct arena *a, struct run_errors *ret, struct err *e)
{
	struct listing l = { .q = q, .a = a, .limit = q->limit, .offset = q->offset };
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	l.x.errors = arena_array(a, (size_t)q->limit + 1, sizeof *l.x.errors);
	TRY(facts_run(s, id, q->run_id, q->now, a, &run, e));
	TRY(store_reader_get(s, &db, e));
	code = q->infrastructure ? list_events(db, &l, e) : list_results(db, &l, e);
	if (code == ERR_OK)
		code = list_logs(db, &l, e);
	store_reader_put(s, db);
	TRY(code);
	if (l.x.total > ROWS_TOTAL_MAX)
		l.x.total = -1;
	*ret = l.x;
	return ERR_OK;
}

/* ---- the summary ---- */

/* So many of one kind: what both sources are brought to. */
struct portion {
	int64_t key, sample_id;
	enum error_severity severity;
	int64_t n, first_at, last_at;
};

struct summing {
	const struct run_errors_query *q;
	enum errors_by by;
	struct portion *portions;
	size_t n;
};

static void add(struct summing *x, enum error_type type, int64_t test_id, const struct portion *of)
{
	struct portion p = *of;

	if (!wants(x->q, p.severity))
		return;
	switch (x->by) {
	case ERRORS_BY_TYPE:
		p.key = type;
		break;
	case ERRORS_BY_SEVERITY:
		p.key = p.severity;
		break;
	case ERRORS_BY_SAMPLE:
		p.key = p.sample_id;
		break;
	case ERRORS_BY_TEST:
		p.key = test_id;
		break;
	}
	if (p.key > 0 || x->by == ERRORS_BY_TYPE || x->by == ERRORS_BY_SEVERITY)
		x->portions[x->n++] = p;
}

static void add_all(struct summing *x, const struct result_error_count *results, size_t n_results,
	const struct error_count *logs, size_t n_logs)
{
	for (size_t i = 0; i < n_results; i++)
		add(x, results[i].type, results[i].test_id,
			&(struct portion){ .sample_id = results[i].sample_id,
				.severity = run_error_severity(results[i].type),
				.n = results[i].n,
				.first_at = results[i].first_at,
				.last_at = results[i].last_at });
	for (size_t i = 0; i < n_logs; i++)
		if (is_listed(x->q, logs[i].class))
			add(x, error_type_of(logs[i].class), logs[i].test_id,
				&(struct portion){ .sample_id = logs[i].sample_id,
					.severity =
						is_fatal(logs[i].class) ? SEVERITY_FATAL : logs[i].severity,
					.n = logs[i].n,
					.first_at = logs[i].first_at,
					.last_at = logs[i].last_at });
}

static int by_key(const void *x, const void *y)
{
	const struct portion *a = x, *b = y;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->sample_id == b->sample_id ? 0 : a->sample_id < b->sample_id ? -1 : 1;
}

static int by_count(const void *x, const void *y)
{
	const struct error_bucket *a = x, *b = y;

	if (a->n != b->n)
		return a->n > b->n ? -1 : 1;
	return a->key == b->key ? 0 : a->key < b->key ? -1 : 1;
}

/* In the order of samples. */
static void put_into(struct error_bucket *b, const struct portion *p)
{
	bool known = p->sample_id == 0 || (b->n_samples > 0 && b->samples[b->n_samples - 1] == p->sample_id);

	b->severity = p->severity > b->severity ? p->severity : b->severity;
	b->first_at = b->n == 0 || p->first_at < b->first_at ? p->first_at : b->first_at;
	b->last_at = p->last_at > b->last_at ? p->last_at : b->last_at;
	b->n += p->n;
	if (!known && b->n_samples < ERRORS_SAMPLES)
		b->samples[b->n_samples++] = p->sample_id;
}

static void fold(const struct summing *x, struct arena *a, struct error_summary *ret)
{
	/* One list for all: a bucket's begins where the one before it ended. */
	int64_t *samples = arena_array(a, x->n + 1, sizeof *samples);

	ret->buckets = arena_array(a, x->n + 1, sizeof *ret->buckets);
	ret->n = 0;
	for (size_t i = 0; i < x->n; i++) {
		struct error_bucket *b = ret->n > 0 ? &ret->buckets[ret->n - 1] : NULL;

		if (!b || b->key != x->portions[i].key) {
			samples += b ? b->n_samples : 0;
			b = &ret->buckets[ret->n++];
			*b = (struct error_bucket){ .key = x->portions[i].key, .samples = samples };
		}
		put_into(b, &x->portions[i]);
	}
	ret->total = ret->n > ROWS_TOTAL_MAX ? -1 : (int64_t)ret->n;
	qsort(ret->buckets, ret->n, sizeof *ret->buckets, by_count);
}

static enum err_code read_counts(struct db *db, int64_t run_id, struct arena *a,
	struct result_error_count **ret_results, size_t *ret_n_results, struct error_count **ret_logs,
	size_t *ret_n_logs, struct err *e)
{
	TRY(result_errors_count(db, a, run_id, ret_results, ret_n_results, e));
	return errors_count(db, a, run_id, ret_logs, ret_n_logs, e);
}

enum err_code run_errors_summary(struct store *s, const struct identity *id, const struct run_errors_query *q,
	enum errors_by by, struct arena *a, struct error_summary *ret, struct err *e)
{
	struct summing x = { .q = q, .by = by };
	struct result_error_count *results = NULL;
	struct error_count *logs = NULL;
	size_t n_results = 0, n_logs = 0;
	struct db *db = NULL;
	enum err_code code;
	struct run run;

	TRY(facts_run(s, id, q->run_id, q->now, a, &run, e));
	TRY(store_reader_get(s, &db, e));
	code = read_counts(db, q->run_id, a, &results, &n_results, &logs, &n_logs, e);
	store_reader_put(s, db);
	TRY(code);
	x.portions = arena_array(a, n_results + n_logs + 1, sizeof *x.portions);
	add_all(&x, results, n_results, logs, n_logs);
	if (x.n > 0)
		qsort(x.portions, x.n, sizeof *x.portions, by_key);
	fold(&x, a, ret);
	return ERR_OK;
}
