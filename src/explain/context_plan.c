/*
 * context_plan: see the header.
 *
 * Which lines of a tail are told above is known when the lines of causes have been given their room, and only then is it known what the tail needs. So
 * needs of tails are looked at once more before they are served.
 */
#include "explain/context_plan.h"

#include "explain/context_part.h"

#include "base/arena.h"
#include "text/tail.h"

#include <assert.h>
#include <stdlib.h>

static bool is_lines(enum piece_kind kind)
{
	return kind == PIECE_CAUSE_LINES || kind == PIECE_OTHER_LINES;
}

static bool is_text(enum piece_kind kind)
{
	return kind == PIECE_TAIL || is_lines(kind);
}

/* Of the error with this rank in its step; NULL: it has not so many. Its lines are the piece behind it. */
static struct piece *error_piece(const struct plan *p, size_t step, size_t rank)
{
	size_t i = p->start[step] + 2 * rank;

	return i + 1 < p->start[step + 1] ? &p->pieces[i] : NULL;
}

static struct piece *tail_piece(const struct plan *p, size_t step)
{
	return &p->pieces[p->start[step + 1] - 1];
}

static void add_pieces(struct plan *p, size_t step, const struct context_found *found)
{
	size_t at = p->start[step], n = found ? found->n : 0;

	assert(n <= CONTEXT_ERRORS_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct context_error *x = &found->errors[i];
		bool cause = x->error->role == ERROR_CAUSE;

		p->pieces[at++] =
			(struct piece){ .kind = cause ? PIECE_CAUSE : PIECE_OTHER, .step = step, .error = x };
		p->pieces[at++] = (struct piece){
			.kind = cause ? PIECE_CAUSE_LINES : PIECE_OTHER_LINES, .step = step, .error = x
		};
	}
	p->pieces[at++] = (struct piece){ .kind = PIECE_TAIL, .step = step };
	p->start[step + 1] = at;
}

void plan_init(struct plan *p, const struct context_input *in, const struct plan_format *format)
{
	size_t n = 0;

	*p = (struct plan){ .in = in, .format = format };
	for (size_t i = 0; i < in->n_steps; i++)
		n += 1 + (in->found ? 2 * in->found[i].n : 0);
	p->heading = mem_alloc((in->n_steps + 1) * sizeof *p->heading);
	p->start = mem_alloc((in->n_steps + 1) * sizeof *p->start);
	p->pieces = mem_alloc((n + 1) * sizeof *p->pieces);
	for (size_t i = 0; i < in->n_steps; i++)
		add_pieces(p, i, plan_found(p, i));
	buf_init(&p->scratch, context_text_ceiling(in));
}

void plan_done(struct plan *p)
{
	buf_done(&p->scratch);
	free(p->pieces);
	free(p->start);
	free(p->heading);
}

/* ---- texts ---- */

static size_t cost(const struct plan *p, const struct piece *x, struct str text)
{
	return text.len > 0 ? p->format->text(p, x, text) : 0;
}

/* The tail of a step without the lines that are told above it. */
static void make_tail(struct plan *p, size_t step, struct context_text *ret)
{
	const struct context_found *found = plan_found(p, step);
	struct context_range ranges[CONTEXT_RANGES_MAX];
	size_t n = 0;

	for (size_t i = 0; p->format->marks && found && i < found->n; i++) {
		const struct piece *lines = error_piece(p, step, i) + 1;

		if (lines->kind == PIECE_CAUSE_LINES && lines->need > 0 && lines->given == lines->need &&
			!lines->error->cut)
			n = context_block_ranges(lines->error, ranges, n);
	}
	context_tail(&p->in->steps[step], found ? found->first_line : -1, ranges, n, &p->scratch, ret);
}

static struct str tail_within(struct str text, size_t max)
{
	return text_tail(text, INT64_MAX, max).text;
}

/* The longest end of text that costs at most room. */
static struct str end_that_costs(const struct plan *p, const struct piece *x, struct str text, size_t room)
{
	size_t low = 0, high = room + 1, fixed = p->format->text(p, x, STR("x")) - 1;

	if (cost(p, x, text) <= room)
		return text;
	/* low fits, high does not. Nearly always the first guess is right. */
	if (room > fixed) {
		struct str guess = tail_within(text, room - fixed);

		if (cost(p, x, guess) <= room)
			return guess;
		high = room - fixed;
	}
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (cost(p, x, tail_within(text, middle)) <= room)
			low = middle;
		else
			high = middle;
	}
	return low > 0 ? tail_within(text, low) : (struct str){ 0 };
}

static void show_tail(struct plan *p, const struct piece *x, size_t room, struct plan_shown *ret)
{
	const struct step *s = &p->in->steps[x->step];
	struct context_text t;
	struct str shown;
	size_t at;

	make_tail(p, x->step, &t);
	shown = end_that_costs(p, x, t.text, room);
	at = t.text.len - shown.len;
	*ret = (struct plan_shown){ .text = shown, .all = at == 0, .took = cost(p, x, shown) };
	if (ret->all) {
		ret->n_lines = s->size.n_lines;
		return;
	}
	ret->in_line = shown.len > 0 && shown.p[-1] != '\n';
	ret->n_lines = shown.len > 0 ? context_lines_from(&t, at) : 0;
	if (ret->n_lines > s->size.n_lines)
		ret->n_lines = s->size.n_lines;
	/* Lines that a mark in the part that is cut off stands for are told all the same. */
	ret->n_cut = s->size.n_lines - ret->n_lines + ret->in_line -
		     (context_marked_from(&t, 0) - context_marked_from(&t, at));
}

/* How many lines of an error cost at most room. */
static int64_t lines_that_cost(struct plan *p, const struct piece *x, size_t room)
{
	int64_t low = 0, high = context_block_lines(x->error) + 1;

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		context_block(x->error, middle, &p->scratch);
		if (cost(p, x, buf_view(&p->scratch)) <= room)
			low = middle;
		else
			high = middle;
	}
	return low;
}

static void show_lines(struct plan *p, const struct piece *x, size_t room, struct plan_shown *ret)
{
	int64_t n = context_block_lines(x->error);

	context_block(x->error, n, &p->scratch);
	if (cost(p, x, buf_view(&p->scratch)) > room) {
		n = lines_that_cost(p, x, room);
		context_block(x->error, n, &p->scratch);
	}
	*ret = (struct plan_shown){ .text = buf_view(&p->scratch),
		.n_lines = n,
		.all = n == context_block_lines(x->error) && context_block_is_whole(x->error) };
	ret->took = cost(p, x, ret->text);
}

/* Lines of what is no cause that stand in the end of the log, where they may be read. */
static bool is_in_tail(const struct plan *p, const struct piece *x)
{
	const struct context_found *found = plan_found(p, x->step);

	return p->format->marks && x->kind == PIECE_OTHER_LINES && p->in->steps[x->step].has_text &&
	       found->first_line >= 0 && x->error->error->from_line >= found->first_line;
}

void plan_text(struct plan *p, const struct piece *x, size_t room, struct plan_shown *ret)
{
	assert(is_text(x->kind));
	if (x->kind == PIECE_TAIL)
		show_tail(p, x, room, ret);
	else if (x->same || is_in_tail(p, x))
		*ret = (struct plan_shown){ .all = true };
	else
		show_lines(p, x, room, ret);
}

/* ---- what is told elsewhere ---- */

static int64_t group_of(const struct piece *x)
{
	return x->error && x->error->group && x->kind == PIECE_CAUSE ? x->error->group->id : 0;
}

static int by_group(const void *va, const void *vb)
{
	const struct piece *a = *(struct piece *const *)va, *b = *(struct piece *const *)vb;
	int64_t ga = group_of(a), gb = group_of(b);

	return ga != gb ? (ga > gb) - (ga < gb) : (a > b) - (a < b);
}

/* Of the causes of one group, the first of those that have a place is told in full, the others refer to it. */
static void refer(struct plan *p)
{
	size_t n = 0, end = p->start[p->in->n_steps];
	struct piece **causes = mem_alloc((end + 1) * sizeof(struct piece *));

	for (size_t i = p->start[p->first]; i < end; i++)
		if (group_of(&p->pieces[i]) > 0)
			causes[n++] = &p->pieces[i];
	qsort(causes, n, sizeof(struct piece *), by_group);
	for (size_t i = 0; i < n; i++) {
		bool more = i > 0 && group_of(causes[i]) == group_of(causes[i - 1]);
		struct piece *before = more ? causes[i - 1] : NULL;

		causes[i]->same = before && before->same ? before->same : before;
		causes[i][1].same = causes[i]->same;
	}
	free(causes);
}

/* ---- sharing ---- */

static size_t need_of(struct plan *p, const struct piece *x)
{
	struct plan_shown whole;

	if (!is_text(x->kind))
		return p->format->error(p, x);
	plan_text(p, x, SIZE_MAX / 2, &whole);
	return whole.took;
}

/* Each is given what it needs. Tails last of their step: what they need hangs on the lines in front. */
static size_t measure(struct plan *p)
{
	size_t total = 0;

	refer(p);
	for (size_t i = p->start[p->first]; i < p->start[p->in->n_steps]; i++) {
		p->pieces[i].given = p->pieces[i].need = need_of(p, &p->pieces[i]);
		total += p->pieces[i].need;
	}
	return total;
}

size_t plan_need(struct plan *p)
{
	size_t total = measure(p);

	for (size_t i = 0; i < p->in->n_steps; i++) {
		total += p->format->heading(p, i, true, i == 0);
		p->heading[i] = p->format->heading(p, i, false, i == 0);
	}
	return total;
}

/* Room that headings of others may not take from what is behind the last one: its best error, and some text. */
static size_t kept_for_last(const struct plan *p)
{
	size_t last = p->in->n_steps - 1, total = 0;
	const struct piece *best = error_piece(p, last, 0);
	size_t least = PLAN_TEXT_LEAST + (best ? best->need : 0);

	for (size_t i = p->start[last]; i < p->start[last + 1]; i++)
		total += p->pieces[i].need;
	return total < least ? total : least;
}

/* Which steps have a place in room, the newest before all others. Returns what their headings leave. */
static size_t place_steps(struct plan *p, size_t room)
{
	size_t n = p->in->n_steps, used = 0, alone = 0, kept = n > 0 ? kept_for_last(p) : 0;

	for (p->first = n; p->first > 0; p->first--) {
		/* Whoever comes first names its run, although a step of the same run may be in front of it. */
		size_t most = p->format->heading(p, p->first - 1, false, true);

		if (used + most + (p->first < n ? kept : 0) > room)
			break;
		alone = most;
		used += p->heading[p->first - 1];
	}
	if (p->first < n) {
		used += alone - p->heading[p->first];
		p->heading[p->first] = alone;
	}
	return room - used;
}

static size_t give(struct piece *x, size_t room)
{
	if (x->given > 0 || x->need > room)
		return room;
	x->given = x->need;
	return room - x->need;
}

/* What errors are: the best of each step first, and of these the newest. */
static size_t give_whole(struct plan *p, enum piece_kind kind, size_t room)
{
	for (size_t rank = 0; rank < CONTEXT_ERRORS_MAX; rank++)
		for (size_t i = p->in->n_steps; i-- > p->first;) {
			struct piece *x = error_piece(p, i, rank);

			if (!x || x->kind != kind)
				continue;
			if (x->same)
				room = give(x->same, room);
			room = give(x, room);
		}
	return room;
}

/* Texts of a kind that are to be shown, those that matter most last. */
static size_t collect(struct plan *p, enum piece_kind kind, struct piece **ret)
{
	size_t n = 0;

	for (size_t rank = CONTEXT_ERRORS_MAX; is_lines(kind) && rank-- > 0;)
		for (size_t i = p->first; i < p->in->n_steps; i++) {
			struct piece *x = error_piece(p, i, rank);

			if (x && x->given > 0 && x[1].kind == kind)
				ret[n++] = &x[1];
		}
	for (size_t i = p->first; kind == PIECE_TAIL && i < p->in->n_steps; i++) {
		struct piece *x = tail_piece(p, i);

		x->need = need_of(p, x);
		ret[n++] = x;
	}
	return n;
}

static size_t give_parts(struct plan *p, enum piece_kind kind, size_t room)
{
	size_t max = p->start[p->in->n_steps] + 1, n;
	struct piece **pieces = mem_alloc(max * sizeof(struct piece *));
	size_t *share = mem_alloc(max * sizeof *share);

	n = collect(p, kind, pieces);
	for (size_t i = 0; i < n; i++)
		share[i] = pieces[i]->need;
	part_share(share, n, room, PLAN_TEXT_LEAST, share);
	for (size_t i = 0; i < n; i++) {
		pieces[i]->given = share[i];
		room -= share[i];
	}
	free(share);
	free(pieces);
	return room;
}

void plan_share(struct plan *p, size_t room)
{
	room = place_steps(p, room);
	if (p->first > 0)
		measure(p); /* what referred to a step that has no place is told itself */
	for (size_t i = p->start[p->first]; i < p->start[p->in->n_steps]; i++)
		p->pieces[i].given = 0;
	for (enum piece_kind kind = 0; kind < PIECE_N_KINDS; kind++)
		room = is_text(kind) ? give_parts(p, kind, room) : give_whole(p, kind, room);
}

int64_t plan_omitted_errors(const struct plan *p)
{
	int64_t n = 0;

	for (size_t i = 0; i < p->in->n_steps && p->in->found; i++) {
		n += p->in->found[i].total;
		for (size_t rank = 0; i >= p->first && error_piece(p, i, rank); rank++)
			n -= error_piece(p, i, rank)->given > 0;
	}
	return n > 0 ? n : 0;
}
