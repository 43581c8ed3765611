#ifndef TESTS_FUZZ_SOUND_H
#define TESTS_FUZZ_SOUND_H
/*
 * sound: what holds for the findings of any input, whatever it was.
 */
#include "base/utf8.h"
#include "explain/input.h"

#include <assert.h>

static inline void assert_sound(const struct findings *f, size_t n_lines, size_t n_bytes)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *x = &f->v[i];
		const struct str texts[] = { x->file, x->tool, x->code, x->test, x->message, x->rule };

		assert(x->from <= x->to && x->to <= n_lines && x->start_byte <= x->end_byte);
		assert(x->end_byte <= n_bytes &&
			(x->from == x->to || (x->head >= x->from && x->head < x->to)));
		assert(x->line >= 0 && x->col >= 0 && x->reruns >= 0 && x->by == FOUND_BY_INPUT);
		assert(x->rule.len > 0 && x->severity < ERROR_N_SEVERITIES && x->class < ERROR_N_CLASSES);
		for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
			assert(utf8_valid(texts[k]) == texts[k].len && texts[k].len <= FINDING_MESSAGE_MAX);
	}
}

#endif
