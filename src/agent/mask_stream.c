/*
 * mask_stream: lines are held until they may go (text/mask_flow.h knows when), and masked part by part.
 *
 * A line that names a secret is preceded by all that may go without it; so where the larger set begins follows from the
 * text as well.
 */
#include "agent/mask_stream.h"

#include "base/digest.h"

#include <string.h>

#define PIECE_MAX (64 * 1024)
#define HELD_MAX (1024 * 1024) /* far above what is held back together with what came in one go */

static void take(void *arg, struct str lines);

void mask_stream_init(struct mask_stream *s, struct mask *mask)
{
	*s = (struct mask_stream){ .mask = mask };
	merge_init(&s->merge, mask, take, s);
	buf_init(&s->held, HELD_MAX);
}

void mask_stream_done(struct mask_stream *s)
{
	merge_done(&s->merge);
	if (s->held.p)
		secret_wipe(s->held.p, s->held.cap);
	buf_done(&s->held);
	mask_free(s->mask);
	*s = (struct mask_stream){ 0 };
}

struct mask *mask_stream_take_mask(struct mask_stream *s)
{
	struct mask *mask = s->mask;

	s->mask = NULL;
	return mask;
}

/* All that is held is looked through: so not before something has come to it, a line nearly always. */
static void let_go(struct mask_stream *s, bool last)
{
	struct str held = buf_view(&s->held);
	size_t n, gone = 0;

	if (held.len == s->n_looked && !last)
		return;
	while ((n = mask_flow_ready(s->mask, NULL, str_from(held, gone), last)) > 0) {
		mask_flow_write(s->mask, NULL, (struct str){ held.p + gone, n }, s->out);
		gone += n;
	}
	buf_drop(&s->held, gone);
	s->n_looked = s->held.len;
}

static void take_command(struct mask_stream *s, struct str line)
{
	let_go(s, false);
	if (s->learned)
		s->learned(s->arg, line);
	mask_add_commands(s->mask, line);
	buf_str(&s->held, line);
}

static void take(void *arg, struct str lines)
{
	struct mask_stream *s = arg;

	if (!text_has_mask_command(lines)) {
		buf_str(&s->held, lines);
		return;
	}
	while (lines.len > 0) {
		size_t end = str_find(lines, '\n'), n = end < lines.len ? end + 1 : end;
		struct str line = { lines.p, n };

		if (text_has_mask_command(line))
			take_command(s, line);
		else
			buf_str(&s->held, line);
		lines = str_from(lines, n);
	}
}

void mask_stream_add(struct mask_stream *s, int stream, struct str bytes, struct buf *out)
{
	s->out = out;
	while (bytes.len > 0) {
		size_t n = bytes.len < PIECE_MAX ? bytes.len : PIECE_MAX;

		merge_add(&s->merge, stream, (struct str){ bytes.p, n });
		let_go(s, false);
		bytes = str_from(bytes, n);
	}
	s->out = NULL;
}

void mask_stream_end(struct mask_stream *s, struct buf *out)
{
	s->out = out;
	merge_end(&s->merge);
	let_go(s, true);
	s->out = NULL;
}
