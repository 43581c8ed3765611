/*
 * novelty: patience. Lines that either log has exactly once are anchors; the longest row of them that
 * is in order in both logs is aligned, then what is equal right above and below each anchor. What is left are
 * gaps: small ones are aligned exactly (longest common subsequence), as far as the budget goes.
 *
 * Logs of parallel builds are in another order each time; exact alignment of them means nothing, and costs
 * the square of their length. Hence the bounds.
 */
#include "explain/novelty.h"

#include "base/arena.h"
#include "explain/template.h"

#include <assert.h>
#include <stdlib.h>

#define GAP_CELLS_MAX 400000  /* of one gap: lines times lines */
#define CELLS_BUDGET 20000000 /* of all gaps */
#define NO_LINE UINT32_MAX

uint64_t *novelty_digests(const struct lines *l)
{
	uint64_t *v = mem_alloc(l->n * sizeof *v);

	for (size_t i = 0; i < l->n; i++)
		v[i] = template_digest(lines_text(l, i));
	return v;
}

void census_init(struct census *t, const uint64_t *v, size_t n)
{
	size_t size = 16;

	while (size < 2 * n)
		size *= 2;
	*t = (struct census){ .rows = mem_alloc(size * sizeof *t->rows), .mask = size - 1 };
	for (size_t i = 0; i < n; i++) {
		size_t k = v[i] & t->mask;

		if (v[i] == 0)
			continue;
		while (t->rows[k].digest != 0 && t->rows[k].digest != v[i])
			k = (k + 1) & t->mask;
		t->rows[k].digest = v[i];
		t->rows[k].n++;
		t->rows[k].at = (uint32_t)i;
	}
}

void census_done(struct census *t)
{
	free(t->rows);
	*t = (struct census){ 0 };
}

const struct census_row *census_find(const struct census *t, uint64_t digest)
{
	for (size_t k = digest & t->mask; digest != 0 && t->rows[k].digest != 0; k = (k + 1) & t->mask)
		if (t->rows[k].digest == digest)
			return &t->rows[k];
	return NULL;
}

/* The two logs, and which line of the baseline each line of the log is. */
struct match {
	const uint64_t *a, *b;
	size_t n_a, n_b;
	uint32_t *mate; /* of each line of a; NO_LINE: none */
	size_t budget;
};

/*
 * The longest ascending row of mates: `tail[k]` is the line of a that ends the best row of k + 1, `before` the
 * one in front of it.
 */
static void keep_longest_row(struct match *m)
{
	uint32_t *tail = mem_alloc(m->n_a * sizeof *tail), *before = mem_alloc(m->n_a * sizeof *before);
	size_t n = 0;

	for (size_t i = 0; i < m->n_a; i++) {
		size_t low = 0, high = n;

		if (m->mate[i] == NO_LINE)
			continue;
		while (low < high) {
			size_t middle = (low + high) / 2;

			if (m->mate[tail[middle]] < m->mate[i])
				low = middle + 1;
			else
				high = middle;
		}
		before[i] = low > 0 ? tail[low - 1] : NO_LINE;
		tail[low] = (uint32_t)i;
		n += low == n;
	}
	uint32_t next = n > 0 ? tail[n - 1] : NO_LINE;
	for (size_t i = m->n_a; i-- > 0;) {
		if (i == next)
			next = before[i];
		else
			m->mate[i] = NO_LINE;
	}
	free(tail);
	free(before);
}

static void find_anchors(struct match *m, const struct census *of_a, const struct census *of_b)
{
	for (size_t i = 0; i < m->n_a; i++) {
		const struct census_row *a = census_find(of_a, m->a[i]), *b = census_find(of_b, m->a[i]);

		m->mate[i] = a && b && a->n == 1 && b->n == 1 ? b->at : NO_LINE;
	}
	keep_longest_row(m);
}

/* Longest common subsequence of a[i0..i1) and b[j0..j1), by the table. */
static void align_exactly(struct match *m, size_t i0, size_t i1, size_t j0, size_t j1)
{
	size_t rows = i1 - i0, cols = j1 - j0, width = cols + 1;
	uint16_t *table = mem_alloc((rows + 1) * width * sizeof *table);

	for (size_t i = rows; i-- > 0;)
		for (size_t j = cols; j-- > 0;) {
			uint16_t down = table[(i + 1) * width + j], right = table[i * width + j + 1];

			table[i * width + j] = m->a[i0 + i] == m->b[j0 + j]
						       ? (uint16_t)(table[(i + 1) * width + j + 1] + 1)
					       : down > right ? down
							      : right;
		}
	for (size_t i = 0, j = 0; i < rows && j < cols;) {
		if (m->a[i0 + i] == m->b[j0 + j])
			m->mate[i0 + i++] = (uint32_t)(j0 + j++);
		else if (table[(i + 1) * width + j] >= table[i * width + j + 1])
			i++;
		else
			j++;
	}
	free(table);
}

/* Lines of a between two that are aligned, or the ends. */
static void align_gap(struct match *m, size_t i0, size_t i1, size_t j0, size_t j1)
{
	while (i0 < i1 && j0 < j1 && m->a[i0] == m->b[j0])
		m->mate[i0++] = (uint32_t)j0++;
	while (i0 < i1 && j0 < j1 && m->a[i1 - 1] == m->b[j1 - 1])
		m->mate[--i1] = (uint32_t)--j1;

	size_t rows = i1 - i0, cols = j1 - j0;
	if (rows == 0 || cols == 0 || rows > GAP_CELLS_MAX / cols || rows * cols > m->budget)
		return;
	m->budget -= rows * cols;
	align_exactly(m, i0, i1, j0, j1);
}

static void align_gaps(struct match *m)
{
	size_t i0 = 0, j0 = 0;

	for (size_t i = 0; i <= m->n_a; i++) {
		if (i < m->n_a && m->mate[i] == NO_LINE)
			continue;
		size_t j = i < m->n_a ? m->mate[i] : m->n_b;
		align_gap(m, i0, i, j0, j);
		i0 = i + 1;
		j0 = j + 1;
	}
}

void novelty_mark(
	const uint64_t *log, size_t n_log, const uint64_t *baseline, size_t n_baseline, uint8_t *ret)
{
	struct match m = { log, baseline, n_log, n_baseline, mem_alloc(n_log * sizeof *m.mate),
		CELLS_BUDGET };
	struct census of_a, of_b;

	assert(n_log < NO_LINE && n_baseline < NO_LINE);
	census_init(&of_a, log, n_log);
	census_init(&of_b, baseline, n_baseline);
	find_anchors(&m, &of_a, &of_b);
	align_gaps(&m);
	for (size_t i = 0; i < n_log; i++) {
		const struct census_row *a = census_find(&of_a, log[i]), *b = census_find(&of_b, log[i]);

		if (log[i] == 0 || m.mate[i] != NO_LINE)
			ret[i] = NOVELTY_KNOWN;
		else if (!b)
			ret[i] = NOVELTY_NEW;
		else
			ret[i] = a->n > b->n ? NOVELTY_MORE : NOVELTY_MOVED;
	}
	census_done(&of_a);
	census_done(&of_b);
	free(m.mate);
}
