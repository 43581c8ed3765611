/* log_diff: novelty's marks, and who stands near one. */
#include "explain/log_diff.h"

#include "base/arena.h"

#include <stdlib.h>

const char *novelty_name(enum novelty n)
{
	static const char *const names[] = { "known", "moved", "more", "new" };

	return names[n];
}

static enum err_code mark(struct str baseline, struct log_diff *d, struct err *e)
{
	AUTO_LINES other = { 0 };
	uint64_t *of_log, *of_baseline;

	TRY(lines_init(&other, baseline, e));
	of_log = novelty_digests(&d->lines);
	of_baseline = novelty_digests(&other);
	d->kinds = mem_alloc(d->lines.n + 1);
	novelty_mark(of_log, d->lines.n, of_baseline, other.n, d->kinds);
	free(of_log);
	free(of_baseline);
	return ERR_OK;
}

enum err_code log_diff_make(struct str log, struct str baseline, struct log_diff *ret, struct err *e)
{
	struct log_diff d = { 0 };
	enum err_code code = lines_init(&d.lines, log, e);

	if (code == ERR_OK)
		code = mark(baseline, &d, e);
	if (code == ERR_OK)
		*ret = d;
	else
		log_diff_done(&d);
	return code;
}

void log_diff_done(struct log_diff *d)
{
	lines_done(&d->lines);
	free(d->kinds);
	*d = (struct log_diff){ 0 };
}

size_t log_diff_next(const struct log_diff *d, size_t from, size_t context)
{
	size_t n = d->lines.n, i = from > context ? from - context : 0;

	while (i < n && d->kinds[i] == NOVELTY_KNOWN)
		i++;
	if (i == n)
		return n;
	return i <= from + context ? from : i - context;
}
