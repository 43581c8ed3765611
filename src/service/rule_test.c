/*
 * rule_test: examples, then texts with half of what may be spent, then green steps with the rest.
 *
 * A step may lose its text while the others are read: one that was named is an error, of the others it is passed by.
 */
#include "service/rule_test.h"

#include "base/utf8.h"
#include "explain/finding.h"
#include "service/facts.h"
#include "service/log_window.h"
#include "store/errors.h"

#include <string.h>

#define CAPTURE_MAX 500 /* bytes kept of it */
#define TOLD_MAX 2000   /* the same, and of a problem */
#define WINDOW_MIN                                                                                           \
	(512 * 1024) /* a log is looked at in frames of about half of that: less would be nothing of a long one */

struct testing {
	struct store *store;
	const struct rule_test_query *q;
	struct arena *a;
	struct rule_test *t;
	int64_t began_ms, ms, bytes; /* may be spent, since the beginning */
	int64_t spent_bytes;
	/* The text that is tried. */
	int64_t step_id;
	const struct log_window *w; /* NULL: it is no log's */
	bool *in_green;             /* of each rule: it hits this one */
};

static bool may_go_on(void *arg)
{
	const struct testing *r = arg;

	return clock_steady_ms(r->q->clock) - r->began_ms < r->ms && r->spent_bytes < r->bytes;
}

int64_t rule_test_percent(int64_t n, int64_t all)
{
	return all > 0 ? (100 * n + all - 1) / all : 0;
}

/* ---- hits ---- */

static struct str keep(struct testing *r, struct str s, size_t most)
{
	struct str ret;
	AUTO_BUF clean;

	buf_init(&clean, SIZE_MAX);
	utf8_clean(s, &clean);
	ret = buf_view(&clean);
	if (ret.len > most)
		ret.len = utf8_floor(ret, most);
	return arena_str(r->a, ret);
}

/* Of a text that was sent the lines are counted as those of a log are: by LF. */
static int64_t line_of(const struct testing *r, const struct lines *l, size_t line)
{
	int64_t n = 0;

	if (r->w)
		return log_window_line(r->w, l->v[line].start);
	for (size_t i = 0; i < l->v[line].start; i++)
		n += l->log.p[i] == '\n';
	return n;
}

static bool take_hit(void *arg, const struct lines *l, const struct block *b)
{
	struct testing *r = arg;
	struct rule_test *t = r->t;
	struct rule_test_hit *hit;

	t->v[b->rule - t->rules->v].n_hits++;
	if (t->n_hits == RULE_TEST_HITS_MAX)
		return true;
	hit = &t->hits[t->n_hits++];
	*hit = (struct rule_test_hit){ .step_id = r->step_id,
		.from_line = line_of(r, l, b->from),
		.to_line = line_of(r, l, b->to - 1) + 1,
		.head_line = line_of(r, l, b->head),
		.rule = b->rule };
	for (size_t i = 0; i < RULE_N_CAPTURES; i++)
		hit->captures[i] = keep(r, b->captures[i], CAPTURE_MAX);
	hit->message = b->captures[RULE_MESSAGE].len > 0 ? b->captures[RULE_MESSAGE] : lines_text(l, b->head);
	hit->message = keep(r, hit->message, TOLD_MAX);
	return true;
}

static bool take_green(void *arg, const struct lines *l, const struct block *b)
{
	struct testing *r = arg;

	(void)l;
	r->in_green[b->rule - r->t->rules->v] = true;
	for (size_t i = 0; i < r->t->rules->n; i++)
		if (!r->in_green[i])
			return true;
	return false;
}

static enum err_code try_text(
	struct testing *r, struct str text, bool green, struct rule_test_look *look, struct err *e)
{
	const struct rule_trial trial = {
		.heads_only = green, .may_go_on = may_go_on, .each = green ? take_green : take_hit, .arg = r
	};
	bool complete = true;

	TRY(rule_trial_run(r->t->rules, text, &trial, &complete, e));
	r->spent_bytes += (int64_t)text.len;
	look->bytes += (int64_t)text.len;
	look->complete = look->complete && complete;
	return ERR_OK;
}

/* ---- steps ---- */

static enum err_code try_step(
	struct testing *r, int64_t step_id, bool green, struct rule_test_look *look, struct err *e)
{
	int64_t left = r->bytes - r->spent_bytes, most = green ? RULE_TEST_GREEN_BYTES : RULE_TEST_STEP_BYTES;
	AUTO_LOG_WINDOW w = { 0 };
	enum err_code code;

	if (left < WINDOW_MIN)
		left = WINDOW_MIN;
	TRY(log_window_read(r->store, step_id, most < left ? most : left, r->a, &w, e));
	if (w.text.len == 0 && w.skipped_bytes > 0)
		return err_set(e, ERR_CONFLICT, "nothing of it fits");
	r->step_id = step_id;
	r->w = &w;
	code = try_text(r, buf_view(&w.text), green, look, e);
	r->w = NULL;
	look->n_steps++;
	look->complete = look->complete && w.skipped_bytes == 0;
	return code;
}

/* Its text has gone, or moves just now. */
static bool is_passed_by(enum err_code code)
{
	return code == ERR_GONE || code == ERR_NOT_FOUND || code == ERR_CONFLICT;
}

static void count_green(struct testing *r, int64_t step_id)
{
	struct rule_test *t = r->t;
	bool any = false;

	for (size_t i = 0; i < t->rules->n; i++) {
		if (r->in_green[i])
			t->v[i].green_ids[t->v[i].n_green++] = step_id;
		any = any || r->in_green[i];
	}
	if (any)
		t->green_ids[t->n_green_hit++] = step_id;
}

static enum err_code try_green(struct testing *r, const int64_t *ids, size_t n, struct err *e)
{
	r->in_green = arena_array(r->a, r->t->rules->n, sizeof *r->in_green);
	for (size_t i = 0; i < n; i++) {
		enum err_code code;

		if (!may_go_on(r)) {
			r->t->green.complete = false;
			return ERR_OK;
		}
		memset(r->in_green, 0, r->t->rules->n * sizeof *r->in_green);
		code = try_step(r, ids[i], true, &r->t->green, e);
		if (is_passed_by(code)) {
			r->t->green.complete = false;
			continue;
		}
		TRY(code);
		count_green(r, ids[i]);
	}
	return ERR_OK;
}

/* named: each has to have its text. */
static enum err_code try_steps(struct testing *r, const int64_t *ids, size_t n, bool named, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		enum err_code code;

		if (!may_go_on(r)) {
			r->t->looked.complete = false;
			return ERR_OK;
		}
		code = try_step(r, ids[i], false, &r->t->looked, e);
		if (is_passed_by(code) && (!named || code == ERR_CONFLICT)) {
			r->t->looked.complete = false;
			continue;
		}
		TRY(code);
	}
	return ERR_OK;
}

/* ---- which ---- */

struct choice {
	int64_t *failed, *green;
	size_t n_failed, n_green;
};

static enum err_code choose(struct testing *r, const struct identity *id, struct choice *ret, struct err *e)
{
	int64_t repo_id = r->q->repo_id ? r->q->repo_id : id->token.repo_id;
	struct db *db = NULL;
	enum err_code code = ERR_OK;

	TRY(store_reader_get(r->store, &db, e));
	if (r->q->repo_id)
		code = explaining_newest(db, r->a, repo_id, access_viewer(id), true, RULE_TEST_STEPS_MAX,
			&ret->failed, &ret->n_failed, e);
	if (code == ERR_OK)
		code = explaining_newest(db, r->a, repo_id, access_viewer(id), false, RULE_TEST_GREEN_MAX,
			&ret->green, &ret->n_green, e);
	store_reader_put(r->store, db);
	return code;
}

static enum err_code check_named(struct testing *r, const struct identity *id, struct err *e)
{
	for (size_t i = 0; i < r->q->n_step_ids; i++) {
		struct step_view v;

		TRY(facts_step(r->store, id, r->q->step_ids[i], r->a, &v, e));
		TRY(facts_text(&v, e));
	}
	return ERR_OK;
}

/* ---- all of it ---- */

static void check_examples(struct testing *r)
{
	struct rule_test *t = r->t;
	struct str story;
	struct err e;
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	t->problems = arena_array(r->a, RULE_TEST_PROBLEMS_MAX, sizeof *t->problems);
	if (rules_check(t->rules, &text, &t->n_examples, &e) == ERR_OK)
		return;
	for (story = buf_view(&text); story.len > 0 && t->n_problems < RULE_TEST_PROBLEMS_MAX;) {
		size_t end = str_find(story, '\n');

		t->problems[t->n_problems++] = keep(r, (struct str){ story.p, end }, TOLD_MAX);
		story = str_from(story, end + 1);
	}
}

static void refuse(struct rule_test *t)
{
	for (size_t i = 0; i < t->rules->n && !t->refused; i++)
		if (100 * t->v[i].n_green > RULE_TEST_GREEN_PERCENT * t->green.n_steps)
			t->refused = &t->v[i];
}

static enum err_code run(struct testing *r, const struct identity *id, struct err *e)
{
	const struct rule_test_query *q = r->q;
	struct rule_test *t = r->t;
	struct choice choice = { 0 };

	TRY(check_named(r, id, e));
	TRY(choose(r, id, &choice, e));
	TRY(rule_trial_load(q->rule, &t->rules, e));
	t->v = arena_array(r->a, t->rules->n, sizeof *t->v);
	for (size_t i = 0; i < t->rules->n; i++)
		t->v[i].rule = &t->rules->v[i];
	t->hits = arena_array(r->a, RULE_TEST_HITS_MAX, sizeof *t->hits);
	check_examples(r);
	r->began_ms = clock_steady_ms(q->clock);
	r->ms = q->scan_ms / 2;
	r->bytes = q->scan_bytes / 2;
	if (q->has_text)
		TRY(try_text(r, q->text, false, &t->looked, e));
	TRY(try_steps(r, q->step_ids, q->n_step_ids, true, e));
	TRY(try_steps(r, choice.failed, choice.n_failed, false, e));
	r->ms = q->scan_ms;
	r->bytes = q->scan_bytes;
	TRY(try_green(r, choice.green, choice.n_green, e));
	refuse(t);
	return ERR_OK;
}

enum err_code rule_test_run(struct store *s, const struct identity *id, const struct rule_test_query *q,
	struct arena *a, struct rule_test *ret, struct err *e)
{
	struct rule_test t = { .looked.complete = true, .green.complete = true };
	struct testing r = { .store = s, .q = q, .a = a, .t = &t };
	enum err_code code = run(&r, id, e);

	if (code == ERR_OK)
		*ret = t;
	else
		rule_test_done(&t);
	return code;
}

void rule_test_done(struct rule_test *t)
{
	rules_free(t->rules);
	t->rules = NULL;
}
