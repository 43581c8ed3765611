/* ring: see the header. Line ends are counted as bytes leave, so that each is looked at once. */
#include "agent/ring.h"

#include "base/arena.h"
#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

int64_t line_ends(struct str text)
{
	int64_t n = 0;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

void ring_init(struct ring *r, size_t keep)
{
	*r = (struct ring){ .p = mem_alloc(2 * keep), .keep = keep };
}

void ring_done(struct ring *r)
{
	if (r->p)
		secret_wipe(r->p, 2 * r->keep);
	free(r->p);
	*r = (struct ring){ 0 };
}

static void lose(struct ring *r, struct str bytes)
{
	r->gone_bytes += (int64_t)bytes.len;
	r->gone_lines += line_ends(bytes);
	r->last_gone = bytes.p[bytes.len - 1];
}

void ring_add(struct ring *r, struct str bytes)
{
	while (bytes.len > 0) {
		size_t room = 2 * r->keep - r->len, n = bytes.len < room ? bytes.len : room;

		memcpy(r->p + r->len, bytes.p, n);
		r->len += n;
		bytes = str_from(bytes, n);
		if (r->len == 2 * r->keep) {
			lose(r, (struct str){ r->p, r->keep });
			memcpy(r->p, r->p + r->keep, r->keep);
			r->len = r->keep;
		}
	}
}

struct ring_view ring_view(const struct ring *r)
{
	size_t extra = r->len > r->keep ? r->len - r->keep : 0;
	struct str all = { r->p, r->len }, in_front = { r->p, extra };
	char before = extra > 0 ? r->p[extra - 1] : r->gone_bytes > 0 ? r->last_gone : '\n';

	return (struct ring_view){
		.text = str_from(all, extra),
		.gone_bytes = r->gone_bytes + (int64_t)extra,
		.gone_lines = r->gone_lines + line_ends(in_front),
		.in_line = before != '\n',
	};
}
