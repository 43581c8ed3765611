/*
 * explainer: look which step waits, explain it, write what came out; sleep when none waits.
 *
 * Explaining is the one thing here that takes long: it is done between the statements, on no connection and under no lock. So a step may change
 * meanwhile; the writer sees that (errors_replace), and the step goes on waiting.
 */
#include "service/explainer.h"

#include "base/diag.h"
#include "base/metric.h"
#include "explain/rule.h"
#include "service/explain_step.h"
#include "store/errors.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define LOOK_STEPS                                                                                           \
	16 /* of those that wait, beyond those that are to be explained: the log of some may move just now */
#define AGAIN_STEPS 200     /* marked in one transaction when the rules have changed */
#define KEEP_RULES_MS 60000 /* they are some MiB */
#define AGAIN_MS 2000       /* after a failure of the machine */
#define NICENESS 10         /* below whoever answers requests */
#define FAILED_MAX 300      /* bytes of why */

struct explainer {
	struct store *store;
	struct config_box *box;
	const struct clock *clock;
	pthread_t thread;

	/* The thread's own. */
	struct rules *rules; /* NULL: not loaded */
	const struct config
		*rules_of; /* that they were loaded for; held, so that no other can have its address */
	int64_t used_at;   /* steady ms, when they were last needed */
	bool checked;      /* what was explained with other rules has been marked */

	pthread_mutex_t lock; /* guards below */
	pthread_cond_t changed;
	bool woken, stop;
	struct rule_list *list; /* NULL: no rules have been loaded yet */
};

/* ---- rules ---- */

static enum err_code load(
	struct store *s, const struct config *cfg, bool folders, struct rules *r, struct err *e)
{
	AUTO_BUF cache;

	buf_init(&cache, 4096);
	buf_fmt(&cache, "%s/rules", store_folder(s));
	TRY(rules_add_default(r, e));
	for (size_t i = 0; folders && i < cfg->n_rule_folders; i++)
		TRY(rules_add_folder(r, cfg->rule_folders[i], e));
	return rules_compile(r, buf_cstr(&cache), e);
}

static enum err_code load_new(
	struct store *s, const struct config *cfg, bool folders, struct rules **ret, struct err *e)
{
	struct rules *r = rules_new();
	enum err_code code = load(s, cfg, folders, r, e);

	if (code == ERR_OK)
		*ret = r;
	else
		rules_free(r);
	return code;
}

enum err_code explainer_rules(struct store *s, const struct config *cfg, struct rules **ret, struct err *e)
{
	return load_new(s, cfg, true, ret, e);
}

/* What is wrong may name paths, which are nothing for who may read logs. */
static void publish(struct explainer *x, bool refused)
{
	const char *problem =
		refused ? "rules of the folders are wrong and not in force; the server's diag says "
			  "what is wrong"
			: NULL;
	struct rule_list *list = rule_list_new(x->rules, problem), *before;

	pthread_mutex_lock(&x->lock);
	before = x->list;
	x->list = list;
	pthread_mutex_unlock(&x->lock);
	rule_list_unref(before);
}

enum err_code explainer_rule_list(struct explainer *x, struct rule_list **ret, struct err *e)
{
	struct rule_list *list = NULL;

	if (x) {
		pthread_mutex_lock(&x->lock);
		list = x->list ? rule_list_ref(x->list) : NULL;
		pthread_mutex_unlock(&x->lock);
	}
	if (!list)
		return err_set(e, ERR_UNAVAILABLE, "the rules have not been loaded yet");
	*ret = list;
	return ERR_OK;
}

/* The rules for this configuration are there; if they are wrong, those that were there before, or those in the program alone. */
static enum err_code have_rules(struct explainer *x, const struct config *cfg, struct err *e)
{
	struct rules *r = NULL;
	enum err_code code;
	struct err why;

	if (x->rules && x->rules_of == cfg)
		return ERR_OK;
	if (x->rules_of)
		config_put(x->box, x->rules_of);
	x->rules_of = config_get(x->box);
	x->checked = false;
	cfg = x->rules_of;
	code = load_new(x->store, cfg, true, &r, &why);
	if (code != ERR_OK) {
		diag(DIAG_ERROR, "the rules of [explain] rules are not taken: %s", why.text);
		metric_add(METRIC_EXPLAIN_FAILED, 1);
		if (!x->rules)
			TRY(load_new(x->store, cfg, false, &r, e));
	}
	if (r) {
		rules_free(x->rules);
		x->rules = r;
	}
	publish(x, code != ERR_OK);
	return ERR_OK;
}

static void let_rules_go(struct explainer *x)
{
	if (!x->rules || clock_steady_ms(x->clock) - x->used_at < KEEP_RULES_MS)
		return;
	rules_free(x->rules);
	x->rules = NULL;
	malloc_trim(0);
}

/* ---- what was explained with other rules ---- */

struct again_op {
	struct store_op op; /* first */
	int64_t after, last;
	struct str digest; /* not empty: these are the rules from now on */
};

static enum err_code apply_again(struct store_op *op, struct db *db, struct err *e)
{
	struct again_op *w = (struct again_op *)(void *)op;

	if (w->digest.len > 0)
		return explaining_set_rules(db, w->digest, e);
	return explaining_again(db, w->after, AGAIN_STEPS, &w->last, e);
}

/* In small transactions. When it is cut off it begins again, and a step is marked twice: that is one time. */
static enum err_code mark_all(struct store *s, struct str digest, struct err *e)
{
	struct again_op w = { .op = { .apply = apply_again, .bytes = sizeof w } };

	do {
		w.after = w.last;
		TRY(store_write(s, &w.op, e));
	} while (w.last > 0);
	w = (struct again_op){ .op = { .apply = apply_again, .bytes = sizeof w }, .digest = digest };
	return store_write(s, &w.op, e);
}

static enum err_code known_rules(struct store *s, struct arena *a, struct str *ret, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = explaining_rules(db, a, ret, e);
	store_reader_put(s, db);
	return code;
}

static enum err_code check_rules(struct store *s, const struct rules *rules, struct err *e)
{
	struct str known = { 0 }, digest;
	AUTO_ARENA a;

	arena_init(&a);
	digest = arena_fmt(&a, "%s:%s", EXPLAIN_VERSION, rules->version.z);
	TRY(known_rules(s, &a, &known, e));
	return str_eq(known, digest) ? ERR_OK : mark_all(s, digest, e);
}

/* ---- steps ---- */

static enum err_code find_due(
	struct store *s, struct arena *a, int64_t most, struct due_step **ret, size_t *ret_n, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = explaining_due(db, a, most, ret, ret_n, e);
	store_reader_put(s, db);
	return code;
}

struct put_op {
	struct store_op op; /* first */
	struct explained x;
};

static enum err_code apply_put(struct store_op *op, struct db *db, struct err *e)
{
	return errors_replace(db, &((struct put_op *)(void *)op)->x, e);
}

/* Not the step's fault: it is as good later as it is now. A log that is damaged is no such thing (explain_step.c). */
static bool is_passing(enum err_code code)
{
	return code == ERR_CONFLICT || code == ERR_STORAGE || code == ERR_UNAVAILABLE || code == ERR_FULL;
}

static size_t bytes_of(const struct explanation *x)
{
	size_t n = x->n * (sizeof *x->errors + sizeof *x->templates);

	for (size_t i = 0; i < x->n; i++) {
		const struct error *f = &x->errors[i];

		n += f->rule.len + f->tool.len + f->file.len + f->code.len + f->test.len + f->message.len +
		     f->advice.len + f->why.len + f->fingerprint.len + x->templates[i].len;
	}
	return n;
}

static enum err_code explain_and_put(struct store *s, struct rules *rules, const struct config *cfg,
	const struct due_step *step, int64_t now, struct err *e)
{
	const struct explain_limits limits = { .log_bytes = cfg->explain_bytes, .errors = cfg->errors };
	struct put_op w = { .op = { .apply = apply_put } };
	AUTO_EXPLANATION found = { 0 };
	struct err why = { .code = ERR_OK };
	enum err_code code = explain_step(s, rules, &limits, step->step_id, &found, &why);

	if (code == ERR_NOT_FOUND) /* its repo has gone meanwhile */
		return ERR_OK;
	if (code != ERR_OK && is_passing(code)) {
		*e = why;
		return code;
	}
	if (code != ERR_OK) {
		diag(DIAG_ERROR, "step %lld cannot be explained: %s", (long long)step->step_id, why.text);
		metric_add(METRIC_EXPLAIN_FAILED, 1);
	}
	w.x = (struct explained){ .step = *step,
		.now = now,
		.failed = code == ERR_OK ? STR("") : str_z(why.text),
		.text_gone = found.text_gone,
		.errors = found.errors,
		.templates = found.templates,
		.n = found.n };
	w.op.bytes = sizeof w + bytes_of(&found);
	TRY(store_write(s, &w.op, e));
	metric_add(METRIC_EXPLAINED, 1);
	return ERR_OK;
}

enum err_code explainer_pass(struct store *s, struct rules *rules, const struct config *cfg, int64_t now,
	int64_t most, size_t *ret_n, struct err *e)
{
	enum err_code code = ERR_OK;
	struct due_step *due = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	*ret_n = 0;
	TRY(find_due(s, &a, most + LOOK_STEPS, &due, &n, e));
	for (size_t i = 0; i < n && (int64_t)*ret_n < most; i++) {
		code = explain_and_put(s, rules, cfg, &due[i], now, e);
		if (code != ERR_OK && code != ERR_CONFLICT)
			return code;
		*ret_n += code == ERR_OK;
	}
	return *ret_n > 0 ? ERR_OK : code;
}

/* One look at what waits. *ret_more: look again at once. */
static enum err_code work(struct explainer *x, const struct config *cfg, bool *ret_more, struct err *e)
{
	struct due_step *due = NULL;
	size_t n = 0;
	AUTO_ARENA a;

	arena_init(&a);
	*ret_more = false;
	if (x->rules_of != cfg || !x->checked) /* they may have been let go before they could be checked */
		TRY(have_rules(x, cfg, e));
	if (!x->checked) {
		TRY(check_rules(x->store, x->rules, e));
		x->checked = true;
	}
	TRY(find_due(x->store, &a, 1, &due, &n, e));
	if (n == 0)
		return ERR_OK;
	TRY(have_rules(x, cfg, e));
	x->used_at = clock_steady_ms(x->clock);
	TRY(explainer_pass(x->store, x->rules, cfg, clock_wall_ms(x->clock), 1, &n, e));
	*ret_more = n > 0;
	return ERR_OK;
}

/* ---- the thread ---- */

static void deadline(int64_t ms, struct timespec *ret)
{
	int64_t until = clock_steady_ms(&clock_system) + ms;

	*ret = (struct timespec){ .tv_sec = (time_t)(until / 1000),
		.tv_nsec = (long)(until % 1000) * 1000000 };
}

/* Until it is woken, or ms have passed. False: it is to stop. */
static bool wait_for_work(struct explainer *x, int64_t ms)
{
	struct timespec until;
	bool stop;

	deadline(ms, &until);
	pthread_mutex_lock(&x->lock);
	while (!x->woken && !x->stop && pthread_cond_timedwait(&x->changed, &x->lock, &until) == 0)
		;
	x->woken = false;
	stop = x->stop;
	pthread_mutex_unlock(&x->lock);
	return !stop;
}

static bool is_told_to_stop(struct explainer *x)
{
	bool stop;

	pthread_mutex_lock(&x->lock);
	stop = x->stop;
	pthread_mutex_unlock(&x->lock);
	return stop;
}

/* All that waits. False: it is to be tried again. */
static bool work_off(struct explainer *x)
{
	bool more = true;

	while (more && !is_told_to_stop(x)) {
		const struct config *cfg = config_get(x->box);
		struct err e;
		enum err_code code = work(x, cfg, &more, &e);

		config_put(x->box, cfg);
		if (code != ERR_OK) {
			diag(DIAG_ERROR, "steps wait to be explained: %s", e.text);
			metric_add(METRIC_EXPLAIN_FAILED, 1);
			return false;
		}
	}
	return true;
}

static void *main_of_thread(void *arg)
{
	struct explainer *x = arg;
	int64_t wait_ms = 0;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), NICENESS);
	while (wait_for_work(x, wait_ms)) {
		wait_ms = work_off(x) ? KEEP_RULES_MS : AGAIN_MS;
		let_rules_go(x);
	}
	return NULL;
}

enum err_code explainer_start(struct store *s, struct config_box *box, const struct clock *clock,
	struct explainer **ret, struct err *e)
{
	struct explainer *x = mem_alloc(sizeof *x);
	pthread_condattr_t attr;

	*x = (struct explainer){ .store = s, .box = box, .clock = clock, .used_at = -KEEP_RULES_MS };
	pthread_mutex_init(&x->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&x->changed, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&x->thread, NULL, main_of_thread, x) != 0) {
		pthread_cond_destroy(&x->changed);
		pthread_mutex_destroy(&x->lock);
		free(x);
		return err_set(e, ERR_UNAVAILABLE, "the thread that explains steps cannot be started");
	}
	*ret = x;
	return ERR_OK;
}

void explainer_wake(struct explainer *x)
{
	if (!x)
		return;
	pthread_mutex_lock(&x->lock);
	x->woken = true;
	pthread_cond_signal(&x->changed);
	pthread_mutex_unlock(&x->lock);
}

void explainer_stop(struct explainer *x)
{
	if (!x)
		return;
	pthread_mutex_lock(&x->lock);
	x->stop = true;
	pthread_cond_signal(&x->changed);
	pthread_mutex_unlock(&x->lock);
	pthread_join(x->thread, NULL);
	rules_free(x->rules);
	rule_list_unref(x->list);
	if (x->rules_of)
		config_put(x->box, x->rules_of);
	pthread_cond_destroy(&x->changed);
	pthread_mutex_destroy(&x->lock);
	free(x);
}
