/*
 * lines: a scan over frames that finds matches, and the list of lines that follows from them.
 *
 * Both orders are one algorithm: x is the number of a line when the order is ascending, and its negative when it is descending. So a scan goes up in x
 * always, from s->at to s->end, and the list is written in the order of x.
 *
 * What a match says of the list: the `lead` lines in front of it (in x) and the `trail` lines behind are in it. So a scan for lines from a cursor on
 * begins `trail` lines in front of the cursor, and of a scan that ends early the last `lead` lines are not known yet: the next one begins with them.
 */
#include "service/lines.h"

#include "text/search.h"

#include <string.h>

#define TRIES 5 /* to open a log again that moves on */

struct entry { /* a line of the list */
	int64_t x;
	bool match, shown;
	struct log_line line; /* if shown */
};

struct found { /* a match in a unit */
	int64_t number;
	size_t at; /* in the text of its frame */
};

struct scan {
	const struct lines_query *q;
	struct line_reader r;
	struct search *search; /* NULL: every line matches */
	bool *may;             /* a frame: can it have a match? NULL: all can */
	struct arena *a;       /* of the page */
	struct arena of_view;  /* holds may */
	int64_t begin, end;    /* x of the first line that counts, and behind the last one */
	int64_t at;            /* x of the next line to look at */
	int64_t next;          /* x of the next line of the list */
	int64_t lead, trail;
	int64_t trail_end; /* x behind the lines that the last match took with it */
	struct entry *entries;
	size_t n; /* limit + 1: there is another page */
	struct buf found;
	int64_t began_ms;
	bool full, over; /* enough; out of budget */
	int tries;
};

static int64_t x_of(const struct scan *s, int64_t number)
{
	return s->q->descending ? -number : number;
}

static int64_t number_of(const struct scan *s, int64_t x)
{
	return x_of(s, x);
}

/* ---- opening, also again when the log has moved on ---- */

/* Damaged bitmaps are no reason not to read the frames. */
static void look_ahead(struct scan *s)
{
	const struct log_view *v = &s->r.view;
	struct str literal = s->search ? search_literal(s->search) : STR("");

	s->may = NULL;
	arena_done(&s->of_view);
	arena_init(&s->of_view);
	if (literal.len == 0 || v->n == 0)
		return;
	if (v->log.state == LOG_SEALED) {
		if (frame_file_may_contain(&v->file, literal, &s->of_view, &s->may, NULL) != ERR_OK)
			s->may = NULL;
		return;
	}
	s->may = arena_array(&s->of_view, v->n, sizeof *s->may);
	for (size_t i = 0; i < v->n; i++)
		s->may[i] = frame_may_contain(&v->frames[i], literal);
}

/* Which lines count, as many as there are now. */
static void set_bounds(struct scan *s)
{
	const struct lines_query *q = s->q;
	int64_t last = q->to < s->r.view.n_lines - 1 ? q->to : s->r.view.n_lines - 1;

	s->begin = q->descending ? -last : q->from;
	s->end = q->descending ? -q->from + 1 : last + 1;
	if (s->at < s->begin)
		s->at = s->begin;
}

static enum err_code open_log(struct scan *s, struct store *store, struct err *e)
{
	TRY(line_reader_open(&s->r, store, s->q->step_id, e));
	look_ahead(s);
	s->at = INT64_MIN;
	set_bounds(s);
	s->next = s->begin;
	if (s->q->cursor >= 0 && x_of(s, s->q->cursor) > s->begin)
		s->next = x_of(s, s->q->cursor);
	s->trail_end = s->next;
	if (s->next - s->trail > s->at)
		s->at = s->next - s->trail;
	return ERR_OK;
}

/* After an ERR_CONFLICT. */
static enum err_code open_again(struct scan *s, struct err *e)
{
	if (s->tries++ == TRIES) {
		if (e)
			e->code = ERR_UNAVAILABLE;
		return ERR_UNAVAILABLE;
	}
	TRY(line_reader_open_again(&s->r, e));
	look_ahead(s);
	set_bounds(s);
	return ERR_OK;
}

/* ---- the list ---- */

static void add(struct scan *s, int64_t x, bool match)
{
	if (x < s->next || s->full)
		return;
	s->entries[s->n++] = (struct entry){ .x = x, .match = match };
	s->next = x + 1;
	s->full = s->n == s->q->limit + 1;
}

/* Lines in front of x that are no matches: those that the last match took with it, and `lead` of those in front of one at x. */
static void add_around(struct scan *s, int64_t x, int64_t lead)
{
	int64_t end = s->trail_end < x ? s->trail_end : x, y = x - lead;

	if (end > s->end)
		end = s->end;
	while (s->next < end && !s->full)
		add(s, s->next, false);
	if (y < s->begin)
		y = s->begin;
	for (; y < x && !s->full; y++)
		add(s, y, false);
}

static enum err_code add_match(struct scan *s, size_t frame, const struct found *f, struct err *e)
{
	int64_t x = x_of(s, f->number);
	struct entry *entry;

	add_around(s, x, s->lead);
	s->trail_end = x + 1 + s->trail;
	if (x < s->next || s->full)
		return ERR_OK;
	entry = &s->entries[s->n];
	add(s, x, true);
	if (s->full)
		return ERR_OK;
	entry->shown = true;
	return line_reader_show(&s->r, frame, f->number, f->at, s->a, &entry->line, e);
}

/* ---- one unit ---- */

struct collector {
	struct scan *s;
	const struct line_unit *u;
	size_t most; /* of matches that are wanted */
};

static bool is_wanted(const struct scan *s, int64_t number, struct str text)
{
	const struct lines_query *q = s->q;
	struct line look;

	if (x_of(s, number) < s->at || x_of(s, number) >= s->end)
		return false;
	if (q->levels == 0 && q->sources == 0)
		return true;
	line_look(text, &look);
	return (q->levels == 0 || q->levels & (1u << look.level)) &&
	       (q->sources == 0 || q->sources & (1u << look.source));
}

static bool collect(void *arg, size_t line, struct str text)
{
	struct collector *c = arg;
	struct found f = { .number = c->u->first + (int64_t)line,
		.at = c->u->at + (size_t)(text.p - c->u->text.p) };

	if (!is_wanted(c->s, f.number, text))
		return !(x_of(c->s, f.number) >= c->s->end && !c->s->q->descending);
	buf_add(&c->s->found, &f, sizeof f);
	return c->s->found.len / sizeof f < c->most;
}

static void collect_all(struct collector *c, struct str text)
{
	for (size_t line = 0; text.len > 0; line++)
		if (!collect(c, line, line_take(&text)))
			return;
}

struct piece_search {
	const struct search *search;
	bool has_escapes, found;
	enum err_code code;
	struct err *e;
};

static bool found_one(void *arg, size_t line, struct str text)
{
	(void)line;
	(void)text;
	*(bool *)arg = true;
	return false;
}

static bool search_piece(void *arg, struct str piece)
{
	struct piece_search *p = arg;

	p->code = search_lines(p->search, piece, p->has_escapes, found_one, &p->found, p->e);
	return p->code == ERR_OK && !p->found;
}

/* The last line of a unit, which goes on in other frames. */
static enum err_code collect_long(struct scan *s, const struct line_unit *u, struct str text, struct err *e)
{
	struct found f = { .number = u->first + u->n - 1, .at = u->at + u->text.len - text.len };
	struct piece_search p = { .search = s->search, .has_escapes = true, .found = !s->search, .e = e };

	if (!is_wanted(s, f.number, text))
		return ERR_OK;
	if (s->search) {
		TRY(line_reader_rest(&s->r, u->frame, LINES_PIECE, LINES_OVERLAP, search_piece, &p, e));
		TRY(p.code);
	}
	if (p.found)
		buf_add(&s->found, &f, sizeof f);
	return ERR_OK;
}

static enum err_code collect_unit(struct scan *s, const struct line_unit *u, struct err *e)
{
	struct collector c = { .s = s, .u = u, .most = SIZE_MAX };
	struct str whole = u->text;

	buf_reset(&s->found);
	if (!s->q->descending) /* some may be in front of the page */
		c.most = s->q->limit + 1 + (size_t)s->trail;
	if (u->goes_on) {
		const char *lf = memrchr(whole.p, '\n', whole.len);

		whole.len = lf ? (size_t)(lf - whole.p) + 1 : 0;
	}
	if (s->search)
		TRY(search_lines(s->search, whole, u->has_escapes, collect, &c, e));
	else
		collect_all(&c, whole);
	if (u->goes_on && s->found.len / sizeof(struct found) < c.most)
		TRY(collect_long(s, u, str_from(u->text, whole.len), e));
	return ERR_OK;
}

static enum err_code add_found(struct scan *s, size_t frame, struct err *e)
{
	const struct found *f = (const struct found *)(const void *)s->found.p;
	size_t n = s->found.len / sizeof *f;

	for (size_t k = 0; k < n && !s->full; k++)
		TRY(add_match(s, frame, &f[s->q->descending ? n - 1 - k : k], e));
	return ERR_OK;
}

/* ---- the scan ---- */

static bool passes_by(const struct scan *s, size_t i)
{
	const struct frame *f = &s->r.view.frames[i];
	const struct lines_query *q = s->q;

	if ((q->levels && !(q->levels & f->levels)) || (q->sources && !(q->sources & f->sources)))
		return true;
	/* What lies over the end of a frame is in no frame's index. */
	return s->may && !s->may[i] && !line_reader_goes_on(&s->r, i);
}

/* The frame in which line s->at begins, or the next one in the order of x. n: there is none. */
static size_t frame_at(const struct scan *s)
{
	const struct log_view *v = &s->r.view;
	int64_t number = number_of(s, s->at);
	size_t i = frame_of_line(v->frames, v->n, number);

	if (!s->q->descending)
		return i;
	if (i == v->n || v->frames[i].line_at > number) /* in the gap */
		return i > 0 ? i - 1 : v->n;
	return i;
}

static enum err_code scan_unit(struct scan *s, size_t i, struct err *e)
{
	struct line_unit u;

	TRY(line_reader_unit(&s->r, i, &u, e));
	TRY(collect_unit(s, &u, e));
	return add_found(s, i, e);
}

/* Has it read enough? Not before there is something to go on from. */
static bool is_over(const struct scan *s, int64_t first)
{
	if (s->at - s->lead <= first || s->at >= s->end)
		return false;
	return s->r.read_bytes >= s->q->scan_bytes ||
	       clock_steady_ms(s->q->clock) - s->began_ms >= s->q->scan_ms;
}

static enum err_code scan(struct scan *s, struct err *e)
{
	int64_t first_x = s->next;

	while (!s->full && s->at < s->end && !s->over) {
		size_t i = frame_at(s);
		enum err_code code = ERR_OK;
		int64_t first, n;

		if (i == s->r.view.n)
			break;
		n = line_reader_begin(&s->r, i, &first);
		if (n > 0 && !passes_by(s, i))
			code = scan_unit(s, i, e);
		if (code == ERR_CONFLICT) {
			TRY(open_again(s, e));
			continue;
		}
		TRY(code);
		s->at = s->q->descending ? -first + 1 : first + n;
		s->over = !s->full && is_over(s, first_x);
	}
	return ERR_OK;
}

/* What of the list is certain becomes the page. */
static void end_list(struct scan *s, struct lines_page *p)
{
	int64_t certain = s->over ? s->at - s->lead : INT64_MAX;

	add_around(s, s->over ? s->at : s->end, 0);
	while (s->n > 0 && s->entries[s->n - 1].x >= certain)
		s->n--;
	p->complete = !s->over || s->n > s->q->limit;
	p->next = s->over ? number_of(s, certain) : -1;
	if (s->n > s->q->limit) {
		s->n = s->q->limit;
		p->next = number_of(s, s->entries[s->n].x);
	}
}

/* ---- showing the lines around matches ---- */

/* Where the line with this number begins in its frame. False: there is none such. */
static enum err_code find_line(
	struct scan *s, int64_t number, size_t *ret_frame, size_t *ret_at, bool *ret_found, struct err *e)
{
	const struct log_view *v = &s->r.view;
	size_t i = frame_of_line(v->frames, v->n, number);
	struct line_unit u;
	struct str rest;

	*ret_found = false;
	if (i == v->n || v->frames[i].line_at > number)
		return ERR_OK;
	TRY(line_reader_unit(&s->r, i, &u, e));
	rest = u.text;
	for (int64_t n = u.first; n < number && rest.len > 0; n++)
		line_take(&rest);
	*ret_frame = i;
	*ret_at = u.at + u.text.len - rest.len;
	*ret_found = number >= u.first && rest.len > 0;
	return ERR_OK;
}

static enum err_code show(struct scan *s, struct entry *entry, struct err *e)
{
	int64_t number = number_of(s, entry->x);
	size_t frame = 0, at = 0;
	bool found = false;

	TRY(find_line(s, number, &frame, &at, &found, e));
	if (!found)
		return ERR_OK;
	TRY(line_reader_show(&s->r, frame, number, at, s->a, &entry->line, e));
	entry->shown = true;
	return ERR_OK;
}

/* In the order of their numbers, so that each frame is read once. */
static enum err_code show_rest(struct scan *s, struct err *e)
{
	for (size_t k = 0; k < s->n;) {
		struct entry *entry = &s->entries[s->q->descending ? s->n - 1 - k : k];
		enum err_code code = entry->shown ? ERR_OK : show(s, entry, e);

		if (code == ERR_CONFLICT) {
			TRY(open_again(s, e));
			continue;
		}
		TRY(code);
		k++;
	}
	return ERR_OK;
}

/* The page has a bound in bytes: what does not fit is the next one's. */
static void fill_page(struct scan *s, struct lines_page *p)
{
	size_t bytes = 0;

	p->lines = arena_array(s->a, s->n, sizeof *p->lines);
	for (size_t k = 0; k < s->n; k++) {
		const struct entry *entry = &s->entries[k];

		if (!entry->shown) /* it was there when it was counted, and the log has moved on */
			continue;
		bytes += entry->line.text.len + entry->line.group.len;
		if (bytes > LINES_PAGE_BYTES && p->n > 0) {
			p->next = number_of(s, entry->x);
			p->complete = true;
			return;
		}
		p->lines[p->n] = entry->line;
		p->lines[p->n++].match = entry->match;
	}
}

static enum err_code read_page(struct scan *s, struct store *store, struct lines_page *p, struct err *e)
{
	const struct lines_query *q = s->q;

	TRY(open_log(s, store, e));
	TRY(scan(s, e));
	end_list(s, p);
	TRY(show_rest(s, e));
	fill_page(s, p);
	p->scanned_bytes = s->r.read_bytes;
	p->state = s->r.view.log.state;
	p->n_whole = p->state == LOG_OPEN ? s->r.view.log.n_line_ends : s->r.view.n_lines;
	if (p->next < 0 && p->n > 0 && p->state == LOG_OPEN && !q->descending && q->to >= s->r.view.n_lines)
		p->next = s->r.view.n_lines;
	return ERR_OK;
}

enum err_code lines_read(
	struct store *s, const struct lines_query *q, struct arena *a, struct lines_page *ret, struct err *e)
{
	struct scan k = { .q = q,
		.a = a,
		.lead = q->descending ? q->after : q->before,
		.trail = q->descending ? q->before : q->after,
		.began_ms = clock_steady_ms(q->clock) };
	struct lines_page page = { 0 };
	enum err_code code = ERR_OK;

	if (q->contains.len > 0 || q->regex.len > 0)
		TRY(search_new(q->contains, q->regex, &k.search, e));
	arena_init(&k.of_view);
	buf_init(&k.found, SIZE_MAX);
	k.entries = arena_array(a, q->limit + 1, sizeof *k.entries);
	code = read_page(&k, s, &page, e);
	line_reader_close(&k.r);
	search_free(k.search);
	arena_done(&k.of_view);
	buf_done(&k.found);
	if (code == ERR_OK)
		*ret = page;
	return code;
}
