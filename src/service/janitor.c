/*
 * janitor: retention, in small transactions.
 *
 * A chore is a function of (store, config, dry, now) that fills a report; the list of them is janitor.tbl, what
 * they are is in chore_*.c. A pass runs each once, whatever the number of repos.
 */
#include "service/janitor.h"

#include "base/diag.h"
#include "base/metric.h"
#include "base/wake.h"
#include "service/chore.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ACTIONS_KEPT 1000

static const struct {
	const char *name, *prose;
	enum err_code (*run)(const struct chore_call *c, struct chore_report *r, struct err *e);
} chores[CHORE_N] = {
#define CHORE(name, text, fn, prose) { text, prose, fn },
#include "service/janitor.tbl"
#undef CHORE
};

const char *chore_name(enum chore c)
{
	return chores[c].name;
}

const char *chore_prose(enum chore c)
{
	return chores[c].prose;
}

bool chore_find(struct str name, enum chore *ret_chore)
{
	for (enum chore c = 0; c < CHORE_N; c++)
		if (str_eq(name, str_z(chores[c].name))) {
			*ret_chore = c;
			return true;
		}
	return false;
}

bool chore_stopped(const struct chore_call *c)
{
	return c->stop && __atomic_load_n(c->stop, __ATOMIC_RELAXED);
}

struct report_op {
	struct store_op op;
	struct action actions[CHORE_N];
	size_t n;
};

static enum err_code apply_report(struct store_op *op, struct db *db, struct err *e)
{
	struct report_op *w = (struct report_op *)(void *)op;

	for (size_t i = 0; i < w->n; i++)
		TRY(actions_add(db, &w->actions[i], ACTIONS_KEPT, e));
	return ERR_OK;
}

static enum err_code keep_reports(
	struct store *s, const struct chore_report *reports, size_t n, bool dry, int64_t now, struct err *e)
{
	struct report_op w = { .op = { .apply = apply_report, .bytes = sizeof w }, .n = n };

	for (size_t i = 0; i < n; i++)
		w.actions[i] = (struct action){
			.at = now,
			.rows = reports[i].rows,
			.bytes = reports[i].bytes,
			.chore = str_z(chores[reports[i].chore].name),
			.mode = dry ? STR("dry-run") : STR("heal"),
			.message = str_z(reports[i].message),
		};
	return n == 0 ? ERR_OK : store_write(s, &w.op, e);
}

static void count_report(const struct chore_report *r)
{
	if (r->failed != ERR_OK)
		metric_add(METRIC_JANITOR_FAILED, 1);
	if (r->dry)
		return;
	metric_add(METRIC_JANITOR_ROWS, r->rows);
	metric_add(METRIC_JANITOR_BYTES, r->bytes);
}

static enum err_code pass(const struct chore_call *c, struct chore_report *ret, size_t *ret_n, struct err *e)
{
	size_t n = 0;

	for (enum chore k = 0; k < CHORE_N; k++) {
		struct chore_report *r = &ret[n];
		struct err why;

		if (c->cfg->chores_off & (1u << k))
			continue;
		*r = (struct chore_report){ .chore = k, .dry = c->dry };
		r->failed = chores[k].run(c, r, &why);
		if (r->failed != ERR_OK)
			snprintf(r->message, sizeof r->message, "failed: %.280s", why.text);
		count_report(r);
		n++;
	}
	metric_add(METRIC_JANITOR_PASSES, 1);
	*ret_n = n;
	return keep_reports(c->store, ret, n, c->dry, c->now, e);
}

enum err_code janitor_pass(struct store *store, const struct config *cfg, bool dry, int64_t now,
	struct chore_report *ret, size_t *ret_n, struct err *e)
{
	struct chore_call c = { .store = store, .cfg = cfg, .dry = dry, .now = now };

	return pass(&c, ret, ret_n, e);
}

enum err_code janitor_actions(struct store *store, int64_t limit, int64_t offset, struct arena *a,
	struct action **ret, size_t *ret_n, int64_t *ret_total, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(store, &db, e));
	code = actions_list(db, a, limit, offset, ret, ret_n, ret_total, e);
	store_reader_put(store, db);
	return code;
}

/* ---- the thread ---- */

struct janitor {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	pthread_t thread;
	struct wake wake;
	bool stop; /* any thread */
};

static void tell(const struct chore_report *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (r[i].rows > 0 || r[i].failed != ERR_OK)
			diag(r[i].failed != ERR_OK ? DIAG_ERROR : DIAG_INFO, "janitor: %s: %s",
				chores[r[i].chore].name, r[i].message);
}

static void one_pass(struct janitor *j, const struct config *cfg)
{
	struct chore_report reports[CHORE_N];
	size_t n = 0;
	struct err e;
	struct chore_call c = {
		.store = j->store,
		.cfg = cfg,
		.dry = cfg->janitor_mode == JANITOR_DRY_RUN,
		.now = clock_wall_ms(j->clock),
		.stop = &j->stop,
	};

	if (cfg->janitor_mode == JANITOR_OFF)
		return;
	if (pass(&c, reports, &n, &e) != ERR_OK)
		diag(DIAG_ERROR, "janitor: the reports of this pass could not be kept: %s", e.text);
	tell(reports, n);
}

static void *main_of_thread(void *arg)
{
	struct janitor *j = arg;

	while (!__atomic_load_n(&j->stop, __ATOMIC_RELAXED)) {
		const struct config *cfg = config_get(j->box);
		int64_t interval = cfg->janitor_interval_ms;

		one_pass(j, cfg);
		config_put(j->box, cfg);
		wake_wait(&j->wake, interval);
	}
	return NULL;
}

struct janitor *janitor_start(struct store *store, struct config_box *box, const struct clock *clock)
{
	struct janitor *j = mem_alloc(sizeof *j);

	*j = (struct janitor){ .store = store, .box = box, .clock = clock };
	wake_init(&j->wake);
	if (pthread_create(&j->thread, NULL, main_of_thread, j) != 0)
		abort();
	return j;
}

void janitor_wake(struct janitor *j)
{
	wake_up(&j->wake);
}

void janitor_stop(struct janitor *j)
{
	if (!j)
		return;
	__atomic_store_n(&j->stop, true, __ATOMIC_RELAXED);
	wake_up(&j->wake);
	pthread_join(j->thread, NULL);
	wake_done(&j->wake);
	free(j);
}
