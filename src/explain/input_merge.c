/*
 * input_merge: by lines. A finding of context belongs to the one in front of it, and stays behind it.
 */
#include "explain/input_merge.h"

#include "explain/fingerprint.h"

#include <string.h>

static bool share_lines(const struct finding *a, const struct finding *b)
{
	return a->from < b->to && b->from < a->to;
}

static void fill(struct findings *list, struct str *own, struct str known)
{
	if (own->len == 0)
		*own = findings_keep(list, known);
}

/* What x knows and f does not. The line and column of another file say nothing. */
void input_enrich(struct findings *list, struct finding *f, const struct finding *x)
{
	if (f->file.len == 0 && x->file.len > 0)
		f->file = findings_keep(list, x->file);
	if (f->line == 0 && str_eq(f->file, x->file)) {
		f->line = x->line;
		f->col = x->col;
	}
	fill(list, &f->tool, x->tool);
	fill(list, &f->code, x->code);
	fill(list, &f->test, x->test);
	if (f->class == CLASS_UNKNOWN)
		f->class = x->class;
	f->flaky = f->flaky || x->flaky;
	f->reruns = f->reruns > x->reruns ? f->reruns : x->reruns;
	fingerprint_set(list, f);
}

/* True: x shares lines with what is there, so it is known. The first that it shares them with is enriched. */
static bool is_known(struct findings *ranked, size_t n, const struct finding *x)
{
	for (size_t i = 0; i < n; i++) {
		if (!share_lines(&ranked->v[i], x))
			continue;
		if (ranked->v[i].role != ERROR_CONTEXT)
			input_enrich(ranked, &ranked->v[i], x);
		return true;
	}
	return false;
}

/* Behind all that are at least as good, and the context of these. */
static size_t place_of(const struct findings *ranked, int score)
{
	size_t i = 0;

	while (i < ranked->n && (ranked->v[i].score >= score || ranked->v[i].role == ERROR_CONTEXT))
		i++;
	return i;
}

static bool put_in(struct findings *ranked, size_t at, const struct finding *x, int score)
{
	struct finding *last = findings_add(ranked), *f;

	if (!last)
		return false;
	memmove(&ranked->v[at + 1], &ranked->v[at], (ranked->n - 1 - at) * sizeof *ranked->v);
	f = &ranked->v[at];
	*f = *x;
	f->rule = findings_keep(ranked, x->rule);
	f->tool = findings_keep(ranked, x->tool);
	f->file = findings_keep(ranked, x->file);
	f->code = findings_keep(ranked, x->code);
	f->test = findings_keep(ranked, x->test);
	f->message = findings_keep(ranked, x->message);
	f->score = score;
	f->why = score == INPUT_MERGE_SCORE ? STR("said so in a form that is meant for machines")
					    : STR("names a file and a line");
	fingerprint_set(ranked, f);
	return true;
}

/* Two inputs that say the same of a line: a matcher, and the ##[error] that a runner made by the same one. */
static bool is_among(const struct finding *const *v, size_t n, const struct finding *x)
{
	for (size_t i = 0; i < n; i++)
		if (v[i]->from == x->from && v[i]->line == x->line && x->to > x->from && x->file.len > 0 &&
			str_eq(v[i]->file, x->file))
			return true;
	return false;
}

void input_put_in(struct findings *ranked, const struct finding *const *v, size_t n)
{
	size_t at = place_of(ranked, INPUT_MERGE_SCORE);

	for (size_t i = 0; i < n && put_in(ranked, at + i, v[i], INPUT_MERGE_SCORE); i++)
		;
}

void input_merge(const struct findings *inputs, struct findings *ranked)
{
	size_t n_rules = ranked->n, n = 0;
	const struct finding *unknown[INPUT_MERGE_MAX];

	for (size_t i = 0; i < inputs->n; i++) {
		const struct finding *x = &inputs->v[i];

		if (!is_known(ranked, n_rules, x) && x->role == ERROR_CAUSE && n < INPUT_MERGE_MAX &&
			!is_among(unknown, n, x))
			unknown[n++] = x;
	}
	input_put_in(ranked, unknown, n);
}

/* Does one of the first n have it already, or does it get it now? */
static bool is_placed(struct findings *ranked, size_t n, const struct finding *x)
{
	for (size_t i = 0; i < n; i++) {
		struct finding *f = &ranked->v[i];

		if (!share_lines(f, x) || f->role == ERROR_CONTEXT)
			continue;
		/* Without its place a message is the same wherever it is said. */
		if (f->from + 1 == f->to && str_find_str(f->message, x->message) < f->message.len)
			f->message = findings_keep(ranked, x->message);
		if (f->file.len == 0 || f->from + 1 == f->to)
			input_enrich(ranked, f, x);
		if (f->line == x->line && str_eq(f->file, x->file))
			return true;
	}
	return false;
}

static bool has_cause(const struct findings *ranked)
{
	for (size_t i = 0; i < ranked->n; i++)
		if (ranked->v[i].role == ERROR_CAUSE)
			return true;
	return false;
}

static bool has_error(const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->v[i].severity >= SEVERITY_ERROR)
			return true;
	return false;
}

void input_append(const struct findings *diagnostics, struct findings *ranked)
{
	bool need_cause = !has_cause(ranked), need_error = has_error(diagnostics);
	size_t n_ranked = ranked->n, n_causes = 0;

	for (size_t i = 0; i < diagnostics->n; i++) {
		const struct finding *x = &diagnostics->v[i];
		bool is_cause = need_cause && n_causes < INPUT_MERGE_MAX &&
				(!need_error || x->severity >= SEVERITY_ERROR);

		if (is_placed(ranked, n_ranked, x))
			continue;
		if (!put_in(ranked, ranked->n, x, is_cause ? INPUT_MERGE_SCORE / 2 : 0))
			return;
		ranked->v[ranked->n - 1].role = is_cause ? ERROR_CAUSE : ERROR_CONTEXT;
		n_causes += is_cause;
	}
}
