/*
 * follow: who reads what from where.
 *
 * A reader is `live` when it has all lines up to where the ring begins or beyond. It is not at first, nor when text was committed that the ring has not got
 * (nobody wanted it yet when it was made), nor when the ring has passed it: then it reads a page of the log, outside the lock, and so on until the log
 * has no more. What is told meanwhile is in the ring, so nothing falls between the two; what is in both is told once, because the reader knows its next
 * line.
 *
 * Lines that are rewritten while a page is being read were perhaps read as they were before: the reader goes back to them after it.
 */
#include "service/follow.h"

#include "base/metric.h"
#include "service/follow_ring.h"
#include "service/lines.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_LINES 200
#define BATCH_LINES 256 /* out of the ring at once, */
#define BATCH_BYTES (64 * 1024)

struct hub { /* a step that is followed */
	int64_t step_id;
	struct follow_ring ring;
	bool known;   /* the ring goes up to the end of what was committed */
	bool partial; /* the ring has the beginning of the line that has no end yet */
	bool ended;
	struct follow *readers;
	struct hub *next;
};

struct follow {
	struct follow_table *table;
	struct follow_options o;
	struct buf group; /* title of the group that the next line is in */
	/* table.lock guards these */
	struct hub *hub;
	struct follow *next_reader;
	int64_t next; /* the next line to tell */
	bool live, done, lost;
	bool reading, missed; /* a page is being read; and what was told meanwhile is not in the ring */
	int64_t back_to;      /* and lines from here on were rewritten meanwhile */
	int64_t passed_at;    /* steady ms when the ring passed it; 0: it has not */
	int64_t told_at;
};

struct follow_table {
	struct store *store;
	const struct clock *clock;
	pthread_mutex_t lock; /* guards the hubs, and what struct follow says */
	struct hub *hubs;
	int64_t n_readers;
};

struct follow_table *follow_table_new(struct store *s, const struct clock *clock)
{
	struct follow_table *t = mem_alloc(sizeof *t);

	t->store = s;
	t->clock = clock;
	pthread_mutex_init(&t->lock, NULL);
	return t;
}

void follow_table_free(struct follow_table *t)
{
	if (!t)
		return;
	assert(!t->hubs);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct hub **place_of(struct follow_table *t, int64_t step_id)
{
	struct hub **at = &t->hubs;

	while (*at && (*at)->step_id != step_id)
		at = &(*at)->next;
	return at;
}

/* ---- telling ---- */

bool follow_is_wanted(struct follow_table *t, int64_t step_id)
{
	bool wanted;

	pthread_mutex_lock(&t->lock);
	wanted = *place_of(t, step_id) != NULL;
	pthread_mutex_unlock(&t->lock);
	return wanted;
}

static void go_back(struct follow *f, int64_t line)
{
	int64_t *next = f->reading ? &f->back_to : &f->next;

	if (line < f->o.from)
		line = f->o.from;
	if (line < *next)
		*next = line;
}

static void miss(struct hub *h)
{
	h->known = h->partial = false;
	for (struct follow *f = h->readers; f; f = f->next_reader) {
		f->missed = true;
		f->live = false;
	}
}

/* Into the ring, which goes up to where the text begins. */
static void add_text(struct hub *h, const struct follow_change *c)
{
	struct str text = c->text;

	if (c->in_line &&
		!h->partial) { /* of that line the ring has no beginning: readers read it from the log */
		size_t len = str_find(text, '\n');

		miss(h);
		if (len == text.len)
			return;
		follow_ring_reset(&h->ring, c->line + 1);
		text = str_from(text, len + 1);
	}
	h->known = true;
	follow_ring_add(&h->ring, text, c->at_ms);
	if (text.len > 0)
		h->partial = text.p[text.len - 1] != '\n';
	if (c->ended && h->partial) {
		follow_ring_end(&h->ring, c->at_ms);
		h->partial = false;
	}
}

static void take_change(struct hub *h, const struct follow_change *c)
{
	int64_t end = h->ring.first + (int64_t)h->ring.n;
	bool back = c->rewrites || (h->known && c->line < end);

	h->ended = c->ended;
	for (struct follow *f = h->readers; back && f; f = f->next_reader)
		go_back(f, c->line);
	if (!c->has_text || (h->known && c->line > end))
		miss(h);
	if (!c->has_text)
		return;
	if (!h->known)
		follow_ring_reset(&h->ring, c->line);
	else if (back) {
		follow_ring_cut(&h->ring, c->line);
		h->partial = false;
	}
	add_text(h, c);
}

static void note_passed(struct follow *f, int64_t now)
{
	f->live = false;
	if (f->passed_at == 0)
		f->passed_at = now;
}

void follow_tell(struct follow_table *t, const struct follow_change *c)
{
	struct hub *h;

	pthread_mutex_lock(&t->lock);
	h = *place_of(t, c->step_id);
	if (h) {
		take_change(h, c);
		for (struct follow *f = h->readers; f; f = f->next_reader) {
			if (f->live && f->next < h->ring.first)
				note_passed(f, clock_steady_ms(t->clock));
			f->o.wake(f->o.arg);
		}
	}
	pthread_mutex_unlock(&t->lock);
}

static void tick_one(struct follow *f, int64_t now)
{
	if (f->passed_at > 0 && !f->live && !f->lost && now - f->passed_at > FOLLOW_SLOW_MS) {
		f->lost = true;
		metric_add(METRIC_TAILS_DROPPED, 1);
		f->o.dropped(f->o.arg);
	}
	if (now - f->told_at >= FOLLOW_QUIET_MS)
		f->o.wake(f->o.arg);
}

void follow_tick(struct follow_table *t)
{
	int64_t now = clock_steady_ms(t->clock);

	pthread_mutex_lock(&t->lock);
	for (struct hub *h = t->hubs; h; h = h->next)
		for (struct follow *f = h->readers; f; f = f->next_reader)
			tick_one(f, now);
	pthread_mutex_unlock(&t->lock);
}

/* ---- readers come and go ---- */

static enum err_code join(struct follow *f, struct err *e)
{
	struct follow_table *t = f->table;
	struct hub **at;
	bool full;

	pthread_mutex_lock(&t->lock);
	full = t->n_readers >= f->o.most;
	if (!full) {
		at = place_of(t, f->o.step_id);
		if (!*at) {
			*at = mem_alloc(sizeof **at);
			(*at)->step_id = f->o.step_id;
			follow_ring_init(&(*at)->ring);
		}
		f->hub = *at;
		f->next_reader = f->hub->readers;
		f->hub->readers = f;
		t->n_readers++;
		metric_add(METRIC_TAILS, 1);
	}
	pthread_mutex_unlock(&t->lock);
	if (full)
		return err_set(e, ERR_UNAVAILABLE, "%lld logs are being followed, the bound is limits.tails",
			(long long)f->o.most);
	return ERR_OK;
}

static void leave(struct follow *f)
{
	struct follow_table *t = f->table;
	struct hub *h = f->hub;

	if (!h)
		return;
	pthread_mutex_lock(&t->lock);
	for (struct follow **at = &h->readers; *at; at = &(*at)->next_reader) {
		if (*at == f) {
			*at = f->next_reader;
			break;
		}
	}
	t->n_readers--;
	metric_add(METRIC_TAILS, -1);
	if (!h->readers) {
		*place_of(t, h->step_id) = h->next;
		follow_ring_done(&h->ring);
		free(h);
	}
	pthread_mutex_unlock(&t->lock);
}

/* Where to begin. That the log can be read at all is found out here, while it can still be answered. */
static enum err_code find_first(struct follow *f, struct err *e)
{
	AUTO_ARENA a;
	AUTO_LOG_VIEW v = { 0 };

	arena_init(&a);
	TRY(log_view_open(f->table->store, f->o.step_id, false, &a, &v, e));
	if (f->o.from < 0)
		f->o.from = v.n_lines > FOLLOW_DEFAULT_LINES ? v.n_lines - FOLLOW_DEFAULT_LINES : 0;
	return ERR_OK;
}

enum err_code follow_new(
	struct follow_table *t, const struct follow_options *o, struct follow **ret, struct err *e)
{
	struct follow *f = mem_alloc(sizeof *f);
	enum err_code code;

	f->table = t;
	f->o = *o;
	f->next = INT64_MAX; /* not known, and nobody asks yet */
	f->told_at = clock_steady_ms(t->clock);
	buf_init(&f->group, LINE_GROUP_MAX);
	code = join(f, e);
	if (code == ERR_OK)
		code = find_first(f, e);
	if (code != ERR_OK) {
		follow_free(f);
		return code;
	}
	pthread_mutex_lock(&t->lock);
	f->next = f->o.from;
	pthread_mutex_unlock(&t->lock);
	*ret = f;
	return ERR_OK;
}

void follow_free(struct follow *f)
{
	if (!f)
		return;
	leave(f);
	buf_done(&f->group);
	free(f);
}

/* ---- reading ---- */

static void set_group(struct follow *f, struct str title)
{
	buf_reset(&f->group);
	buf_str(&f->group, title.len <= LINE_GROUP_MAX ? title : STR(""));
}

/* Lines out of the ring: what they say is found out here, outside the lock. */
static void look(struct follow *f, struct arena *a, struct log_line *lines, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct log_line *l = &lines[i];
		struct line said;

		line_look(l->text, &said);
		if (said.mark == LINE_GROUP)
			set_group(f, said.title);
		l->group = arena_str(a, buf_view(&f->group));
		if (said.mark == LINE_END_GROUP)
			buf_reset(&f->group);
		l->level = said.level;
		l->source = said.source;
		l->at_ms = said.at_ms ? said.at_ms : l->at_ms;
		l->text = line_cut(l->text, &l->truncated);
	}
}

static size_t take_from_ring(struct follow *f, struct arena *a, struct log_line **ret)
{
	const struct follow_ring *r = &f->hub->ring;
	struct log_line *lines = arena_array(a, BATCH_LINES, sizeof *lines);
	size_t n = 0, bytes = 0;

	for (size_t i = (size_t)(f->next - r->first); i < r->n && n < BATCH_LINES && bytes < BATCH_BYTES;
		i++) {
		struct log_line *l = &lines[n++];
		struct str text = follow_ring_get(r, i, &l->at_ms);

		l->number = f->next++;
		l->text = arena_str(a, text);
		bytes += text.len;
	}
	*ret = lines;
	return n;
}

struct page {
	struct log_line *lines;
	size_t n;
	int64_t next;
	bool last; /* there was no more in the log */
	bool open; /* more may come */
};

static enum err_code read_page(
	struct follow *f, int64_t from, struct arena *a, struct page *ret, struct err *e)
{
	struct lines_query q = { .step_id = f->o.step_id,
		.from = from,
		.to = INT64_MAX,
		.limit = PAGE_LINES,
		.cursor = -1,
		.scan_bytes = INT64_MAX,
		.scan_ms = INT64_MAX,
		.clock = f->table->clock };
	struct lines_page p;
	struct page page;
	struct line said;

	TRY(lines_read(f->table->store, &q, a, &p, e));
	page = (struct page){ .lines = p.lines, .n = p.n, .next = from, .open = p.state == LOG_OPEN };
	while (page.n > 0 && p.lines[page.n - 1].number >= p.n_whole) /* it has no end yet */
		page.n--;
	page.last = page.n < p.n || p.next < 0 || p.next >= p.n_whole;
	if (page.n > 0) {
		page.next = p.lines[page.n - 1].number + 1;
		set_group(f, p.lines[page.n - 1].group);
		line_look(p.lines[page.n - 1].text, &said);
		if (said.mark == LINE_END_GROUP)
			buf_reset(&f->group);
	}
	if (page.last && page.next < p.n_whole)
		page.next = p.n_whole;
	*ret = page;
	return ERR_OK;
}

/* Called with the lock held, and returns with it. */
static enum err_code catch_up(struct follow *f, struct arena *a, struct page *page, struct err *e)
{
	int64_t from = f->next;
	enum err_code code;

	f->reading = true;
	f->missed = false;
	f->back_to = INT64_MAX;
	pthread_mutex_unlock(&f->table->lock);
	code = read_page(f, from, a, page, e);
	pthread_mutex_lock(&f->table->lock);
	f->reading = false;
	TRY(code);
	f->next = page->next < f->back_to ? page->next : f->back_to;
	if (page->last && !f->missed && f->back_to == INT64_MAX) {
		f->live = page->open;
		f->done = !page->open;
		f->passed_at = 0;
	}
	return ERR_OK;
}

/* As follow_next(), with the lock held. from_ring: the lines have not been looked at. */
static enum follow_got next_of(struct follow *f, struct arena *a, struct log_line **ret, size_t *ret_n,
	bool *from_ring, struct err *e)
{
	const struct follow_ring *r = &f->hub->ring;
	struct page page;

	while (!f->live && !f->done && !f->lost) {
		if (catch_up(f, a, &page, e) != ERR_OK)
			return f->hub->ended ? FOLLOW_ENDED : FOLLOW_FAILED; /* its text was not to be kept */
		*ret = page.lines;
		*ret_n = page.n;
		if (page.n > 0)
			return FOLLOW_LINES;
	}
	if (f->lost)
		return FOLLOW_DROPPED;
	if (f->done)
		return FOLLOW_ENDED;
	if (f->hub->known && f->next >= r->first && f->next < r->first + (int64_t)r->n) {
		*from_ring = true;
		*ret_n = take_from_ring(f, a, ret);
		return FOLLOW_LINES;
	}
	return f->hub->ended ? FOLLOW_ENDED : FOLLOW_NOTHING;
}

enum follow_got follow_next(
	struct follow *f, struct arena *a, struct log_line **ret, size_t *ret_n, struct err *e)
{
	int64_t now = clock_steady_ms(f->table->clock);
	bool from_ring = false;
	enum follow_got got;

	pthread_mutex_lock(&f->table->lock);
	if (f->live && f->hub->known && f->next < f->hub->ring.first)
		note_passed(f, now);
	got = next_of(f, a, ret, ret_n, &from_ring, e);
	if (got == FOLLOW_NOTHING && now - f->told_at >= FOLLOW_QUIET_MS)
		got = FOLLOW_QUIET;
	if (got == FOLLOW_LINES || got == FOLLOW_QUIET)
		f->told_at = now;
	pthread_mutex_unlock(&f->table->lock);
	if (from_ring)
		look(f, a, *ret, *ret_n);
	return got;
}
