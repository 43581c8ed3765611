/*
 * gate: one thread asks for all gates, one after another, that first whose turn came first. A forge that is slow takes its fifteen seconds and no more, so another gate waits for
 * those of the others at most; then it is its turn.
 *
 * What was heard is a gate_window, which nobody changes. The lock is held while one is put in the place of another, or a reference taken, and never while somebody is asked, a window is made, or diag is told.
 */
#include "service/gate.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/gate_ask.h"
#include "service/gate_known.h"

#include <pthread.h>
#include <stdlib.h>

#define ERROR_LEN 400
#define IDLE_MS 60000 /* with no gate at all; whoever adds one wakes it */

struct gate_state {
	char *name, *key; /* key: what its sources are; with another nothing of it may stay */
	uint64_t number;  /* of this state, in the life of the process */
	struct gate_window *window;
	enum gate_source source, told; /* told: in diag */
	bool told_failed;
	char *from;
	int64_t heard_at, changed_at, error_at;
	char error[ERROR_LEN];
	int64_t due;   /* steady ms */
	size_t wanted; /* how many may send: of more, more must be asked for */
};

struct gates {
	struct config_box *box;
	const struct clock *clock;
	struct http_client *http; /* the thread's */
	atomic_bool stop;
	bool started;
	pthread_t thread;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	struct gate_state *states; /* in the order of the configuration that was read last */
	size_t n;
	uint64_t last_number;
};

const char *gate_source_name(enum gate_source s)
{
	static const char *const names[] = { [GATE_SOURCE_NONE] = "none",
		[GATE_SOURCE_FORGE] = "forge",
		[GATE_SOURCE_GIT] = "git",
		[GATE_SOURCE_GIT_FALLBACK] = "git-fallback" };

	return names[s];
}

/* ---- which gates there are ---- */

static char *key_of(const struct gate_config *c)
{
	struct buf out;

	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "%d\n%.*s\n%.*s\n%.*s\n%.*s\n%s", (int)c->forge.kind, STR_FMT(c->forge.url),
		STR_FMT(c->forge.owner), STR_FMT(c->forge.repo), STR_FMT(c->forge.branch),
		c->path ? c->path : "");
	for (size_t i = 0; i < c->n_fallbacks; i++)
		buf_fmt(&out, "\n%s", c->fallbacks[i]);
	return buf_take(&out);
}

static void state_free(struct gate_state *s)
{
	free(s->name);
	free(s->key);
	free(s->from);
	gate_window_put(s->window);
}

static struct gate_state *find(const struct gates *g, struct str name)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_eq_nocase(str_z(g->states[i].name), name))
			return &g->states[i];
	return NULL;
}

/* Its state, taken from among the old ones, or a new one, which is asked for at once. */
static struct gate_state state_of(struct gates *g, const struct gate_config *c, int64_t now)
{
	struct gate_state *old = find(g, c->name), taken;
	char *key = key_of(c);

	if (old && old->key && str_eq(str_z(old->key), str_z(key))) {
		taken = *old;
		*old = (struct gate_state){ .name = mem_dup(STR("")) };
		free(key);
	} else {
		taken = (struct gate_state){ .name = mem_dup(c->name),
			.key = key,
			.number = ++g->last_number,
			.from = mem_dup(STR("")),
			.due = now };
	}
	if (c->window > taken.wanted)
		taken.due = now;
	taken.wanted = c->window;
	return taken;
}

static void set_gauge(const struct gates *g)
{
	int64_t n = 0;

	for (size_t i = 0; i < g->n; i++)
		n += g->states[i].source == GATE_SOURCE_GIT_FALLBACK;
	metric_set(METRIC_GATE_FALLBACK, n);
}

/* Under the lock. The snapshot is taken under it too, so that an older one never takes the place of a newer one. */
static const struct config *adopt(struct gates *g, bool ask_now)
{
	const struct config *cfg = config_get(g->box);
	int64_t now = clock_steady_ms(g->clock);
	struct gate_state *states = mem_alloc((cfg->n_gates + 1) * sizeof *states);

	for (size_t i = 0; i < cfg->n_gates; i++)
		states[i] = state_of(g, &cfg->gates[i], now);
	for (size_t i = 0; i < g->n; i++)
		state_free(&g->states[i]);
	free(g->states);
	g->states = states;
	g->n = cfg->n_gates;
	for (size_t i = 0; ask_now && i < g->n; i++)
		g->states[i].due = now;
	set_gauge(g);
	return cfg;
}

/* ---- asking ---- */

/* What a question needs of a state while the lock is not held. */
struct turn {
	uint64_t number;
	const struct gate_config *c;
	struct gate_window *window; /* a reference */
};

static struct gate_state *still_there(struct gates *g, const struct turn *t)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->states[i].number == t->number)
			return &g->states[i];
	return NULL;
}

static void tell_heard(const struct gate_config *c, const struct gate_heard *h)
{
	if (h->source == GATE_SOURCE_GIT_FALLBACK)
		diag(DIAG_WARNING, "gate %.*s: source=git-fallback: goes by %.*s, for %.*s", STR_FMT(c->name),
			STR_FMT(h->from), STR_FMT(h->trouble));
	else
		diag(DIAG_INFO, "gate %.*s: source=%s: goes by %.*s, branch %.*s", STR_FMT(c->name),
			gate_source_name(h->source), STR_FMT(h->from), STR_FMT(c->forge.branch));
}

static void tell_failed(const struct turn *t, const struct err *why)
{
	diag(DIAG_WARNING, "gate %.*s: no source answers: %s; %s", STR_FMT(t->c->name), why->text,
		t->window ? "what was heard last stays in force" : "nothing is let in until one does");
}

static void note_error(struct gate_state *s, struct str text, int64_t now)
{
	size_t n = text.len < sizeof s->error - 1 ? text.len : sizeof s->error - 1;

	memcpy(s->error, text.p, n);
	s->error[n] = '\0';
	s->error_at = n > 0 ? now : 0;
}

static bool is_other(const struct gate_window *a, const struct gate_window *b)
{
	return !a || !str_eq(gate_window_head(a), gate_window_head(b)) ||
	       gate_window_len(a) != gate_window_len(b);
}

/* Under the lock, as take_failed() is. w: NULL: the one that there is stays; else its reference is taken. True: it has to be told. */
static bool take_heard(struct gate_state *s, const struct gate_heard *h, struct gate_window *w, int64_t now)
{
	bool news = s->told != h->source || s->told_failed;

	if (w) {
		if (is_other(s->window, w))
			s->changed_at = now;
		gate_window_put(s->window); /* frees nothing: the turn has a reference too */
		s->window = w;
	}
	free(s->from);
	s->from = mem_dup(h->from);
	s->source = h->source;
	s->heard_at = now;
	note_error(s, h->trouble, now);
	s->told = h->source;
	s->told_failed = false;
	return news;
}

static bool take_failed(struct gate_state *s, const struct err *why, int64_t now)
{
	bool news = !s->told_failed;

	note_error(s, str_z(why->text), now);
	s->told_failed = true;
	return news;
}

/* What is long is done without the lock: a window is sorted before, and diag, whose reader may be slow, is told after. */
static void heard_of(struct gates *g, const struct turn *t, const struct gate_heard *h)
{
	struct gate_window *w = h->same ? NULL : gate_window_new(&h->list, h->asked, t->window);
	int64_t now = clock_wall_ms(g->clock);
	struct gate_state *s;
	bool news = false;

	pthread_mutex_lock(&g->lock);
	s = still_there(g, t);
	if (s)
		news = take_heard(s, h, w, now);
	set_gauge(g);
	pthread_mutex_unlock(&g->lock);
	if (!s)
		gate_window_put(w);
	if (news)
		tell_heard(t->c, h);
}

static void failed(struct gates *g, const struct turn *t, const struct err *why)
{
	int64_t now = clock_wall_ms(g->clock);
	struct gate_state *s;
	bool news;

	pthread_mutex_lock(&g->lock);
	s = still_there(g, t);
	news = s && take_failed(s, why, now);
	pthread_mutex_unlock(&g->lock);
	if (news)
		tell_failed(t, why);
	metric_add(METRIC_GATE_REFRESH_FAILED, 1);
}

/* Without the lock: the forge may take its time. */
static void ask(struct gates *g, const struct turn *t)
{
	struct gate_asking q = { .http = g->http, .clock = g->clock, .stop = &g->stop, .now = t->window };
	struct gate_heard heard = { 0 };
	struct err why = { 0 };
	enum err_code code;
	AUTO_ARENA a;

	arena_init(&a);
	code = gate_ask(&q, t->c, &a, &heard, &why);
	if (atomic_load(&g->stop))
		return;
	if (code == ERR_OK)
		heard_of(g, t, &heard);
	else
		failed(g, t, &why);
	metric_add(METRIC_GATE_REFRESHES, 1); /* last: who sees it sees what was heard */
}

/* Under the lock: the one whose turn it is, of those that are enabled. NULL: none; *ret_due is when. */
static struct gate_state *next(
	struct gates *g, const struct config *cfg, int64_t now, size_t *ret_i, int64_t *ret_due)
{
	struct gate_state *first = NULL;

	for (size_t i = 0; i < g->n; i++) {
		if (!cfg->gates[i].enabled || (first && first->due <= g->states[i].due))
			continue;
		first = &g->states[i];
		*ret_i = i;
	}
	*ret_due = first ? first->due : now + IDLE_MS;
	return first && first->due <= now ? first : NULL;
}

/* The steady clock of the system: a wait is not a moment to be tested. */
static void wait_ms(struct gates *g, int64_t ms)
{
	int64_t until = clock_steady_ms(&clock_system) + (ms < IDLE_MS ? ms : IDLE_MS);
	struct timespec ts = { .tv_sec = (time_t)(until / 1000), .tv_nsec = (long)(until % 1000) * 1000000 };

	pthread_cond_timedwait(&g->changed, &g->lock, &ts);
}

/* Under the lock, which is not held while somebody is asked. */
static void one_turn(struct gates *g)
{
	const struct config *cfg = adopt(g, false);
	int64_t now = clock_steady_ms(g->clock), due = 0;
	struct gate_state *s;
	struct turn t;
	size_t i = 0;

	s = next(g, cfg, now, &i, &due);
	if (!s) {
		config_put(g->box, cfg);
		wait_ms(g, due - now);
		return;
	}
	s->due = now + cfg->gates[i].refresh_ms;
	t = (struct turn){ s->number, &cfg->gates[i], gate_window_get(s->window) };
	pthread_mutex_unlock(&g->lock);
	ask(g, &t);
	gate_window_put(t.window);
	config_put(g->box, cfg);
	pthread_mutex_lock(&g->lock);
}

static void *main_of_thread(void *arg)
{
	struct gates *g = arg;

	pthread_mutex_lock(&g->lock);
	while (!atomic_load(&g->stop))
		one_turn(g);
	pthread_mutex_unlock(&g->lock);
	return NULL;
}

/* ---- life ---- */

enum err_code gates_start(
	struct config_box *box, const struct clock *clock, struct gates **ret, struct err *e)
{
	struct gates *g = mem_alloc(sizeof *g);
	pthread_condattr_t attr;
	int errnum;

	g->box = box;
	g->clock = clock;
	g->http = http_client_new();
	http_client_watch(g->http, &g->stop);
	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &attr);
	pthread_condattr_destroy(&attr);
	errnum = pthread_create(&g->thread, NULL, main_of_thread, g);
	g->started = errnum == 0;
	if (errnum != 0) {
		gates_free(g);
		return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread for the gates");
	}
	*ret = g;
	return ERR_OK;
}

void gates_stop(struct gates *g)
{
	if (!g || !g->started)
		return;
	pthread_mutex_lock(&g->lock);
	atomic_store(&g->stop, true);
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
	pthread_join(g->thread, NULL);
	g->started = false;
}

void gates_free(struct gates *g)
{
	if (!g)
		return;
	gates_stop(g);
	for (size_t i = 0; i < g->n; i++)
		state_free(&g->states[i]);
	free(g->states);
	http_client_free(g->http);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
	free(g);
}

static bool is_of(const struct gate_config *c, struct str repo)
{
	size_t slash = str_find(repo, '/');

	return str_eq_nocase((struct str){ repo.p, slash }, c->forge.owner) &&
	       str_eq_nocase(str_from(repo, slash + 1), c->forge.repo);
}

void gates_wake(struct gates *g, struct str repo)
{
	const struct config *cfg;

	if (!g)
		return;
	pthread_mutex_lock(&g->lock);
	cfg = adopt(g, repo.len == 0);
	for (size_t i = 0; repo.len > 0 && i < g->n; i++)
		if (is_of(&cfg->gates[i], repo))
			g->states[i].due = clock_steady_ms(g->clock);
	config_put(g->box, cfg);
	pthread_cond_signal(&g->changed);
	pthread_mutex_unlock(&g->lock);
}

/* ---- what is known ---- */

struct gate_window *gates_window(struct gates *g, struct str name)
{
	struct gate_window *w = NULL;
	struct gate_state *s;

	if (!g)
		return NULL;
	pthread_mutex_lock(&g->lock);
	s = find(g, name);
	if (s)
		w = gate_window_get(s->window);
	pthread_mutex_unlock(&g->lock);
	return w;
}

struct str gates_trouble(struct gates *g, struct str name, struct arena *a)
{
	struct str text = STR("");
	struct gate_state *s;

	if (!g)
		return text;
	pthread_mutex_lock(&g->lock);
	s = find(g, name);
	if (s)
		text = arena_str(a, str_z(s->error));
	pthread_mutex_unlock(&g->lock);
	return text;
}

static struct str repo_of(const struct gate_config *c, struct arena *a)
{
	return c->forge.repo.len > 0
		       ? arena_fmt(a, "%.*s/%.*s", STR_FMT(c->forge.owner), STR_FMT(c->forge.repo))
		       : STR("");
}

static void fill(const struct gate_state *s, struct arena *a, struct gate_status *ret)
{
	ret->source = s->source;
	ret->from = arena_str(a, str_z(s->from));
	ret->heard_at = s->heard_at;
	ret->changed_at = s->changed_at;
	ret->error = arena_str(a, str_z(s->error));
	ret->error_at = s->error_at;
	if (!s->window)
		return;
	ret->head = arena_str(a, gate_window_head(s->window));
	ret->n_commits = (int64_t)gate_window_heard(s->window);
	ret->n_commits = ret->n_commits < ret->window ? ret->n_commits : ret->window;
}

void gates_status(
	struct gates *g, const struct config *cfg, struct arena *a, struct gate_status **ret, size_t *ret_n)
{
	struct gate_status *all = arena_array(a, cfg->n_gates + 1, sizeof *all);

	for (size_t i = 0; i < cfg->n_gates; i++) {
		const struct gate_config *c = &cfg->gates[i];
		const struct gate_state *s;

		all[i] = (struct gate_status){ .name = arena_str(a, c->name),
			.branch = arena_str(a, c->forge.branch),
			.repo = repo_of(c, a),
			.enabled = c->enabled,
			.guards_episodes = c->guards_episodes,
			.guards_steps = c->guards_steps,
			.window = (int64_t)c->window };
		if (!g)
			continue;
		pthread_mutex_lock(&g->lock);
		s = find(g, c->name);
		if (s)
			fill(s, a, &all[i]);
		pthread_mutex_unlock(&g->lock);
	}
	*ret = all;
	*ret_n = cfg->n_gates;
}
