/*
 * merge: lines out of pieces.
 *
 * Lines that are whole in what came are handed on as they lie, many at once. What is held back of a line is copied.
 */
#include "agent/merge.h"

#include "base/arena.h"
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

void merge_init(struct merge *m, const struct mask *mask, merge_fn *take, void *arg)
{
	*m = (struct merge){ .mask = mask, .take = take, .arg = arg, .open = -1 };
	for (int i = 0; i < 2; i++)
		m->lines[i].p = mem_alloc(MERGE_LINE_MAX);
}

void merge_done(struct merge *m)
{
	for (int i = 0; i < 2 && m->lines[i].p; i++) {
		secret_wipe(m->lines[i].p, MERGE_LINE_MAX);
		free(m->lines[i].p);
	}
	*m = (struct merge){ 0 };
}

static void take(struct merge *m, int stream, struct str lines)
{
	if (lines.len == 0)
		return;
	if (m->open >= 0 && m->open != stream)
		m->take(m->arg, STR("\n"));
	m->take(m->arg, lines);
	m->open = lines.p[lines.len - 1] == '\n' ? -1 : stream;
}

static void take_line(struct merge *m, int stream)
{
	struct merge_line *l = &m->lines[stream];

	take(m, stream, (struct str){ l->p, l->len });
	l->len = 0;
}

/* What the other stream puts between this piece and the next would hide a secret that lies across. */
static void take_piece(struct merge *m, int stream)
{
	struct merge_line *l = &m->lines[stream];
	size_t n = mask_flow_ready(m->mask, NULL, (struct str){ l->p, l->len }, false);

	take(m, stream, (struct str){ l->p, n });
	memmove(l->p, l->p + n, l->len - n);
	l->len -= n;
}

static void keep_line(struct merge *m, int stream, struct str bytes)
{
	struct merge_line *l = &m->lines[stream];

	while (bytes.len > 0) {
		size_t room = MERGE_LINE_MAX - l->len, n = bytes.len < room ? bytes.len : room;

		memcpy(l->p + l->len, bytes.p, n);
		l->len += n;
		bytes = str_from(bytes, n);
		if (l->len == MERGE_LINE_MAX)
			take_piece(m, stream);
	}
}

/* bytes: fewer than MERGE_LINE_MAX, so that no line in the middle of them is too long. */
static void add_some(struct merge *m, int stream, struct str bytes)
{
	struct merge_line *l = &m->lines[stream];
	const char *last = bytes.len > 0 ? memrchr(bytes.p, '\n', bytes.len) : NULL;
	size_t whole = last ? (size_t)(last - bytes.p) + 1 : 0;

	if (whole > 0 && l->len > 0) {
		size_t first = str_find(bytes, '\n') + 1;

		keep_line(m, stream, (struct str){ bytes.p, first });
		take_line(m, stream);
		bytes = str_from(bytes, first);
		whole -= first;
	}
	take(m, stream, (struct str){ bytes.p, whole });
	keep_line(m, stream, str_from(bytes, whole));
}

void merge_add(struct merge *m, int stream, struct str bytes)
{
	while (bytes.len > 0) {
		size_t n = bytes.len < MERGE_LINE_MAX ? bytes.len : MERGE_LINE_MAX - 1;

		add_some(m, stream, (struct str){ bytes.p, n });
		bytes = str_from(bytes, n);
	}
}

void merge_end(struct merge *m)
{
	for (int i = 0; i < 2; i++)
		take_line(m, i);
}
