/*
 * log_make: see the header.
 *
 * A chunk of an ordinary stream is a line or a few: then its entry is most of what it costs. A stream in a hurry sends chunks that are
 * frames already: those are compressed once, here, and later copied.
 */
#include "service/log_make.h"

#include "base/utf8.h"
#include "text/line.h"

#include <string.h>

#define GRAMS_FROM (128 * 1024) /* a chunk of so much text is kept as the frame that it is */

/* How much of text is the next chunk: to a line end, if there is one within a frame's size. */
static size_t chunk_len(struct str text, size_t max)
{
	const char *lf;

	if (text.len <= max)
		return text.len;
	lf = memrchr(text.p, '\n', max);
	return lf ? (size_t)(lf - text.p) + 1 : utf8_floor(text, max);
}

/* What the lines of text say. A line that was begun by an earlier chunk is looked at as if it began here. */
static void look_at_lines(struct log_end *end, struct str text, struct frame *f)
{
	int64_t number = end->n_line_ends;
	struct line line;

	while (text.len > 0) {
		struct str l = { text.p, str_find(text, '\n') };

		line_look(l, &line);
		f->levels |= (uint8_t)(1u << line.level);
		f->sources |= (uint8_t)(1u << line.source);
		if (line.mark == LINE_GROUP)
			end->group_line = number;
		else if (line.mark == LINE_END_GROUP)
			end->group_line = -1;
		number++;
		text = str_from(text, l.len + 1);
	}
}

static enum err_code make_one(
	struct log_end *end, struct str text, int64_t now, struct arena *a, struct chunk *ret, struct err *e)
{
	struct frame f;
	int64_t last_line = 0, last_ms = 0;
	AUTO_BUF zstd, entry, times;

	buf_init(&zstd, SIZE_MAX);
	buf_init(&entry, SIZE_MAX);
	buf_init(&times, 100);
	TRY(frame_make(text, a, &f, &zstd, e));
	f.text_at = end->text_bytes;
	f.line_at = end->n_line_ends;
	f.in_line = end->in_line;
	f.group_line = end->group_line;
	look_at_lines(end, text, &f);
	frame_times_add(&times, 0, now, &last_line, &last_ms);
	f.times = buf_view(&times);
	if (text.len < GRAMS_FROM)
		f.grams = STR("");
	TRY(frame_index_encode(&f, 1, &entry, e));
	*ret = (struct chunk){ .number = end->n_chunks++,
		.entry = arena_str(a, buf_view(&entry)),
		.zstd = arena_str(a, buf_view(&zstd)) };
	end->text_bytes += (int64_t)text.len;
	end->n_line_ends += f.n_line_ends;
	end->in_line = text.p[text.len - 1] != '\n';
	return ERR_OK;
}

enum err_code log_make_chunks(struct log_end *end, struct str text, size_t max, int64_t now, struct arena *a,
	struct chunk **ret, size_t *ret_n, struct err *e)
{
	struct chunk *chunks = NULL;
	size_t n = 0, cap = 0;

	while (text.len > 0) {
		size_t len = chunk_len(text, max);

		if (n == cap) {
			struct chunk *larger = arena_array(a, cap = cap ? 2 * cap : 8, sizeof *larger);

			if (n > 0)
				memcpy(larger, chunks, n * sizeof *larger);
			chunks = larger;
		}
		TRY(make_one(end, (struct str){ text.p, len }, now, a, &chunks[n], e));
		n++;
		text = str_from(text, len);
	}
	*ret = chunks;
	*ret_n = n;
	return ERR_OK;
}

static void add_times(const struct frame *part, uint32_t lines_before, struct buf *times, int64_t *last_line,
	int64_t *last_ms)
{
	int64_t told = 0;

	/* A chunk arrived at one time; of one that was merged before, every line may have another. */
	for (uint32_t line = 0; line == 0 || line < part->n_line_ends; line++) {
		int64_t at = frame_time_of(part, line);

		if (at != told)
			frame_times_add(times, lines_before + line, at, last_line, last_ms);
		told = at;
	}
}

enum err_code log_make_merged(const struct frame *parts, size_t n, struct str text, struct arena *a,
	struct frame *ret, struct buf *zstd, struct err *e)
{
	int64_t last_line = 0, last_ms = 0;
	uint32_t n_lines = 0;
	struct frame f;
	AUTO_BUF times;

	buf_init(&times, SIZE_MAX);
	TRY(frame_make(text, a, &f, zstd, e));
	f.text_at = parts[0].text_at;
	f.line_at = parts[0].line_at;
	f.in_line = parts[0].in_line;
	f.group_line = parts[0].group_line;
	for (size_t i = 0; i < n; i++) {
		f.levels |= parts[i].levels;
		f.sources |= parts[i].sources;
		add_times(&parts[i], n_lines, &times, &last_line, &last_ms);
		n_lines += parts[i].n_line_ends;
	}
	f.times = arena_str(a, buf_view(&times));
	*ret = f;
	return ERR_OK;
}

void log_make_gap_line(int64_t bytes, int64_t lines, struct buf *out)
{
	buf_fmt(out,
		"[sluice: %lld bytes in %lld lines were dropped here: a log is kept to limits.step-bytes]\n",
		(long long)bytes, (long long)lines);
}
