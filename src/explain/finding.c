/* finding: the list. */
#include "explain/finding.h"

#include "base/utf8.h"

#include <stdlib.h>

void findings_init(struct findings *f)
{
	*f = (struct findings){ 0 };
	arena_init(&f->arena);
}

void findings_done(struct findings *f)
{
	free(f->v);
	arena_done(&f->arena);
	*f = (struct findings){ 0 };
}

struct finding *findings_add(struct findings *f)
{
	if (f->n == FINDINGS_MAX) {
		f->full = true;
		return NULL;
	}
	if (f->n == f->cap) {
		f->cap = f->cap > 0 ? 2 * f->cap : 64;
		f->v = mem_grow(f->v, f->cap * sizeof *f->v);
	}
	f->v[f->n] = (struct finding){ 0 };
	return &f->v[f->n++];
}

struct str findings_keep(struct findings *f, struct str s)
{
	return s.len > 0 ? arena_str(&f->arena, s) : STR("");
}

struct str findings_keep_message(struct findings *f, struct str s)
{
	AUTO_BUF clean;

	if (s.len > FINDING_MESSAGE_MAX)
		s.len = FINDING_MESSAGE_MAX;
	buf_init(&clean, SIZE_MAX);
	utf8_clean(s, &clean);
	struct str kept = buf_view(&clean);
	if (kept.len > FINDING_MESSAGE_MAX)
		kept.len = utf8_floor(kept, FINDING_MESSAGE_MAX);
	return findings_keep(f, kept);
}
