/*
 * log_make: see the header.
 *
 * A chunk of an ordinary stream is a line or a few: then its entry is most of what it costs. A stream in a hurry sends chunks that are
 * frames already: those are compressed once, here, and later copied.
 */
#include "service/log_make.h"

#include "base/utf8.h"
#include "text/escape.h"
#include "text/line.h"

#include <assert.h>
#include <string.h>

/* A chunk on its way: what needs only its text is done for several at once, then what follows from those before it, then the entries. */
struct making {
	struct str text;
	struct frame f;
	struct arena a; /* of f */
	struct buf zstd, entry, times;
	bool marked;   /* a group begins or ends in it: */
	int64_t group; /* line in it that opened the last one; -1: that has ended */
	struct err e;
};

/* How much of text is the next chunk: to a line end, if there is one within its size. */
static size_t chunk_len(struct str text, size_t max)
{
	size_t n = (text.len + max + max / 8 - 1) / (max + max / 8), len = n > 0 ? text.len / n + 1 : 0;
	const char *lf;

	if (n <= 1)
		return text.len;
	lf = memrchr(text.p, '\n', len);
	return lf ? (size_t)(lf - text.p) + 1 : utf8_floor(text, len);
}

/* What the lines of the chunk say. A line that was begun by an earlier chunk is looked at as if it began here. */
static void look_at_lines(struct making *m)
{
	int64_t n_lines = (int64_t)m->f.n_line_ends + m->f.unended;
	struct str text = m->text;
	struct line line;
	AUTO_BUF plain;

	buf_init(&plain, text.len);
	if (m->f.has_escapes) { /* none reaches over a line end */
		escape_take_out(text, &plain);
		text = buf_view(&plain);
	}
	for (int64_t number = 0; number < n_lines; number++) {
		struct str l = { text.p, str_find(text, '\n') };

		line_look_plain(l, &line);
		m->f.levels |= (uint8_t)(1u << line.level);
		m->f.sources |= (uint8_t)(1u << line.source);
		if (line.mark == LINE_GROUP || line.mark == LINE_END_GROUP) {
			m->marked = true;
			m->group = line.mark == LINE_GROUP ? number : -1;
		}
		text = str_from(text, l.len + 1);
	}
}

static void make_part(void *arg, size_t i)
{
	struct making *m = (struct making *)arg + i;

	m->e.code = frame_make(m->text, &m->a, &m->f, &m->zstd, &m->e);
	if (m->e.code == ERR_OK)
		look_at_lines(m);
}

/* Behind *end, which moves on. */
static void put_behind(struct making *m, struct log_end *end)
{
	m->f.text_at = end->text_bytes;
	m->f.line_at = end->n_line_ends;
	m->f.in_line = end->in_line;
	m->f.group_line = end->group_line;
	if (m->marked)
		end->group_line = m->group < 0 ? -1 : end->n_line_ends + m->group;
	end->text_bytes += (int64_t)m->text.len;
	end->n_line_ends += m->f.n_line_ends;
	end->in_line = m->text.p[m->text.len - 1] != '\n';
}

static void place(struct making *m, struct log_end *end, int64_t now)
{
	int64_t last_line = 0, last_ms = 0;

	put_behind(m, end);
	frame_times_add(&m->times, 0, now, &last_line, &last_ms);
	m->f.times = buf_view(&m->times);
	if (m->text.len < LOG_MAKE_GRAMS_FROM)
		m->f.grams = STR("");
}

void log_make_look(struct log_end *end, struct str text, struct arena *a, struct frame *ret)
{
	struct making m = { .text = text };

	frame_look(text, a, &m.f);
	look_at_lines(&m);
	put_behind(&m, end);
	*ret = m.f;
}

static void encode_part(void *arg, size_t i)
{
	struct making *m = (struct making *)arg + i;

	m->e.code = frame_index_encode(&m->f, 1, &m->entry, &m->e);
}

static enum err_code first_error(const struct making *m, size_t n, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (m[i].e.code == ERR_OK)
			continue;
		if (e)
			*e = m[i].e;
		return m[i].e.code;
	}
	return ERR_OK;
}

static enum err_code make_all(struct log_end *end, struct crew *crew, struct making *m, size_t n, int64_t now,
	struct arena *a, struct chunk *ret, struct err *e)
{
	crew_each(crew, n, make_part, m);
	TRY(first_error(m, n, e));
	for (size_t i = 0; i < n; i++)
		place(&m[i], end, now);
	crew_each(crew, n, encode_part, m);
	TRY(first_error(m, n, e));
	for (size_t i = 0; i < n; i++)
		ret[i] = (struct chunk){ .number = end->n_chunks++,
			.entry = arena_str(a, buf_view(&m[i].entry)),
			.zstd = arena_str(a, buf_view(&m[i].zstd)) };
	return ERR_OK;
}

static void making_init(struct making *m, struct str text)
{
	*m = (struct making){ .text = text };
	arena_init(&m->a);
	buf_init(&m->zstd, SIZE_MAX);
	buf_init(&m->entry, SIZE_MAX);
	buf_init(&m->times, 100);
}

static void making_done(struct making *m)
{
	arena_done(&m->a);
	buf_done(&m->zstd);
	buf_done(&m->entry);
	buf_done(&m->times);
}

enum err_code log_make_chunks(struct log_end *end, struct crew *crew, struct str text, size_t max,
	int64_t now, struct arena *a, struct chunk **ret, size_t *ret_n, struct err *e)
{
	/* Two in a row are at least half of max: a line end that is early leaves more to the next. */
	size_t n_max = text.len / (max / 8 + 1) + 4, n = 0;
	struct making *making = arena_array(a, n_max, sizeof *making);
	enum err_code code;

	while (text.len > 0) {
		size_t len = chunk_len(text, max);

		assert(n < n_max && len > 0);
		making_init(&making[n++], (struct str){ text.p, len });
		text = str_from(text, len);
	}
	*ret = arena_array(a, n, sizeof **ret);
	*ret_n = n;
	code = make_all(end, crew, making, n, now, a, *ret, e);
	for (size_t i = 0; i < n; i++)
		making_done(&making[i]);
	return code;
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
