/* settle: the same whether it comes at once, cut into pieces, or with a new one that goes on at each cut; what comes
 * out has nothing in it but text and sequences of two kinds, and is left alone when it is settled again. */
#include "base/utf8.h"
#include "text/escape.h"
#include "text/settle.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The last n lines of all that was put out are void. */
static void undo(struct buf *all, size_t n)
{
	for (; n > 0; n--) {
		assert(all->len > 0 && all->p[all->len - 1] == '\n');
		const char *lf = all->len > 1 ? memrchr(all->p, '\n', all->len - 1) : NULL;
		buf_cut(all, lf ? (size_t)(lf - all->p) + 1 : 0);
	}
}

static void settle(struct str text, size_t step, bool resume, struct buf *all)
{
	struct settle *s = settle_new();
	AUTO_BUF out;
	AUTO_BUF saved;

	buf_init(&out, SIZE_MAX);
	buf_init(&saved, 1 << 20);
	for (size_t at = 0, to; at < text.len; at = to) {
		to = step < text.len - at ? utf8_ceil(text, at + step) : text.len;
		buf_reset(&out);
		undo(all, settle_add(s, (struct str){ text.p + at, to - at }, &out));
		buf_str(all, buf_view(&out));
		if (!resume)
			continue;
		buf_reset(&saved);
		settle_save(s, &saved);
		assert(!saved.full && str_find(buf_view(&saved), '\n') == saved.len);
		settle_free(s);
		s = settle_resume(buf_view(all), buf_view(&saved));
	}
	buf_reset(&out);
	undo(all, settle_end(s, &out));
	buf_str(all, buf_view(&out));
	settle_free(s);
}

static void assert_clean(struct str text)
{
	assert(utf8_valid(text) == text.len);
	for (size_t i = 0; i < text.len; i++) {
		size_t end = escape_end(text, i);

		if (end > i)
			assert(text.p[end - 1] == 'm' || (text.p[i + 1] == ']' && text.p[end - 1] == '\\'));
		else
			assert((uint8_t)text.p[i] >= 0x20 || text.p[i] == '\n' || text.p[i] == '\t');
		i = end > i ? end - 1 : i;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t step = size > 0 ? data[0] % 16 + 1U : 1;
	AUTO_BUF text;
	AUTO_BUF whole;
	AUTO_BUF other;

	buf_init(&text, SIZE_MAX);
	buf_init(&whole, SIZE_MAX);
	buf_init(&other, SIZE_MAX);
	utf8_clean((struct str){ (const char *)data, size }, &text);
	settle(buf_view(&text), SIZE_MAX, false, &whole);
	assert_clean(buf_view(&whole));
	for (int resume = 0; resume <= 1; resume++) {
		buf_reset(&other);
		settle(buf_view(&text), step, resume, &other);
		assert(str_eq(buf_view(&other), buf_view(&whole)));
	}
	buf_reset(&other);
	settle(buf_view(&whole), step, false, &other);
	assert(str_eq(buf_view(&other), buf_view(&whole)));
	return 0;
}
