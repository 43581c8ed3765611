/*
 * mend_pieces: see the header.
 *
 * Where the entries are left, they say how many lines a lost piece had. Where they are not, the lines of what is left are counted, and what is
 * missing at the end, by the row of the log, was in what is lost; of several lost pieces nobody knows which had how many.
 */
#include "service/mend_pieces.h"

#include "base/zst.h"
#include "text/frame_salvage.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void add(struct pieces *ps, const struct piece *p)
{
	struct piece *last = ps->n > 0 ? &ps->p[ps->n - 1] : NULL;

	ps->n_sound += !p->lost;
	if (!p->lost || !last || !last->lost) {
		ps->p[ps->n++] = *p;
		return;
	}
	/* Two lost ones are one. */
	last->lost_lines = last->lost_lines < 0 || p->lost_lines < 0 ? -1 : last->lost_lines + p->lost_lines;
	last->text_before =
		last->text_before < 0 || p->text_before < 0 ? -1 : last->text_before + p->text_before;
	last->f.n_line_ends += p->f.n_line_ends;
	last->f.unended = p->f.unended;
}

/* What its entry says of a lost one. */
static struct piece lost_of(const struct frame *f, int64_t number)
{
	return (struct piece){ .f = *f,
		.lost = true,
		.changed = true,
		.lost_lines = f->n_line_ends > 0 ? f->n_line_ends + f->unended : 0,
		.number = number,
		.text_before = f->text_len };
}

/* A sound one is what its text says, should its entry say something else. */
static struct piece sound_of(const struct frame *f, struct str text, int64_t number)
{
	struct piece p = { .f = *f, .number = number, .text_before = f->text_len };
	struct frame made;
	AUTO_ARENA a;

	arena_init(&a);
	frame_look(text, &a, &made);
	p.changed = made.n_line_ends != f->n_line_ends || made.unended != f->unended ||
		    made.has_escapes != f->has_escapes;
	p.f.n_line_ends = made.n_line_ends;
	p.f.unended = made.unended;
	p.f.has_escapes = made.has_escapes;
	return p;
}

static void add_by_entry(struct pieces *ps, int fd, const struct frame *f)
{
	struct piece p = lost_of(f, -1);
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	if (fd >= 0 && frame_read_text(fd, f, &text))
		p = sound_of(f, buf_view(&text), -1);
	add(ps, &p);
}

/* ---- without entries ---- */

static bool is_gap_line(const struct log *l, struct str text)
{
	AUTO_BUF line;

	buf_init(&line, LOG_GAP_LINE);
	log_make_gap_line(l->gap_bytes, l->gap_line_ends, &line);
	return l->gap_at >= 0 && str_eq(text, buf_view(&line));
}

static struct piece lost_at(const struct log_end *end, int64_t file_at)
{
	return (struct piece){ .f = { .file_at = file_at,
				       .text_at = end->text_bytes,
				       .line_at = end->n_line_ends,
				       .in_line = end->in_line,
				       .group_line = end->group_line },
		.lost = true,
		.changed = true,
		.lost_lines = -1,
		.number = -1,
		.text_before = -1 };
}

static void add_by_text(struct pieces *ps, int fd, const struct log *l, const struct frame *f,
	struct log_end *end, struct arena *a)
{
	struct piece p = { .changed = true, .number = -1 };
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	if (!frame_read_text(fd, f, &text)) { /* it could be read a moment ago */
		p = lost_at(end, f->file_at);
		end->in_line = false;
		add(ps, &p);
		return;
	}
	log_make_look(end, buf_view(&text), a, &p.f);
	p.f.grams = (struct str){ 0 };
	p.f.file_at = f->file_at;
	p.f.zstd_len = f->zstd_len;
	p.text_before = p.f.text_len;
	if (is_gap_line(l, buf_view(&text)))
		end->n_line_ends += l->gap_line_ends - 1;
	add(ps, &p);
}

/* The last lost one had all the lines that are missing, as far as anybody can tell. */
static void place_missing(struct pieces *ps, int64_t missing)
{
	size_t n_lost = 0, last = 0;

	for (size_t i = 0; i < ps->n; i++) {
		n_lost += ps->p[i].lost;
		last = ps->p[i].lost ? i : last;
	}
	if (n_lost == 0 || missing <= 0)
		return;
	ps->p[last].f.n_line_ends = missing < UINT32_MAX ? (uint32_t)missing : UINT32_MAX;
	if (n_lost == 1)
		ps->p[last].lost_lines = missing;
	for (size_t i = last + 1; i < ps->n; i++) {
		if (ps->p[i].f.group_line >= ps->p[last].f.line_at)
			ps->p[i].f.group_line += missing;
		ps->p[i].f.line_at += missing;
	}
}

/* lines: the number behind the last line that these are to have. */
static void add_anew(struct pieces *ps, int fd, const struct log *l, const struct frame_left *left, size_t n,
	int64_t lines, struct arena *a)
{
	struct log_end end = { .group_line = -1 };
	bool any_lost = false;

	for (size_t i = 0; i < n; i++) {
		struct piece p = lost_at(&end, left[i].f.file_at);

		any_lost |= left[i].lost;
		if (!left[i].lost) {
			add_by_text(ps, fd, l, &left[i].f, &end, a);
			continue;
		}
		end.in_line = false;
		add(ps, &p);
	}
	if (!any_lost && end.n_line_ends < lines) { /* cut off between two frames */
		struct piece p = lost_at(&end, 0);

		add(ps, &p);
	}
	place_missing(ps, lines - end.n_line_ends);
}

static enum err_code add_file(struct pieces *ps, int fd, int64_t bytes, const struct log *l, int64_t lines,
	struct arena *a, struct err *e)
{
	struct frame_left *left = NULL;
	bool has_index = false;
	size_t n = 0;

	TRY(frame_salvage(fd, bytes, a, &left, &n, &has_index, e));
	ps->p = arena_array(a, n + 2, sizeof *ps->p);
	if (!has_index) {
		add_anew(ps, fd, l, left, n, lines, a);
		return ERR_OK;
	}
	for (size_t i = 0; i < n; i++)
		add_by_entry(ps, fd, &left[i].f);
	return ERR_OK;
}

static enum err_code file_size(int fd, int64_t *ret, struct err *e)
{
	off_t end = lseek(fd, 0, SEEK_END);

	if (end < 0)
		return err_errno(e, ERR_STORAGE, errno, "the file of a log");
	*ret = (int64_t)end;
	return ERR_OK;
}

enum err_code pieces_of_sealed(
	int fd, const struct log *l, struct arena *a, struct pieces *ret, struct err *e)
{
	int64_t bytes = 0;

	TRY(file_size(fd, &bytes, e));
	return add_file(ret, fd, bytes, l, l->n_line_ends, a, e);
}

/* ---- chunks ---- */

static struct log_end end_of(const struct pieces *ps)
{
	const struct frame *f = ps->n > 0 ? &ps->p[ps->n - 1].f : NULL;

	if (!f)
		return (struct log_end){ .group_line = -1 };
	return (struct log_end){ .text_bytes = f->text_at + f->text_len,
		.n_line_ends = f->line_at + f->n_line_ends,
		.group_line = f->group_line,
		.in_line = f->unended };
}

static enum err_code add_chunk(struct pieces *ps, struct store *s, const struct log *l, const struct chunk *k,
	struct arena *a, struct err *e)
{
	struct frame *entry = NULL;
	struct piece p = { .number = k->number };
	struct str zstd = STR("");
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;
	bool has_entry;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	TRY(store_reader_get(s, &db, e));
	code = logs_chunk(db, a, l->step_id, k->number, &zstd, e);
	store_reader_put(s, db);
	TRY(code);
	has_entry = frame_index_decode(k->entry, a, &entry, &n, NULL) == ERR_OK && n == 1;
	if (has_entry && frame_text(entry, zstd, &text, NULL) == ERR_OK) {
		p = sound_of(entry, buf_view(&text), k->number);
	} else if (zst_decompress(zstd, FRAME_TEXT_MAX, &text, NULL) == ERR_OK && text.len > 0) {
		struct log_end end = end_of(ps);

		log_make_look(&end, buf_view(&text), a, &p.f);
		p.f.grams = (struct str){ 0 };
		p.f.zstd_len = (uint32_t)zstd.len;
		p.text_before = p.f.text_len;
		p.changed = true;
	} else if (has_entry) {
		p = lost_of(entry, k->number);
	} else {
		ps->hopeless = true;
		return ERR_OK;
	}
	p.zstd = zstd;
	add(ps, &p);
	return ERR_OK;
}

/* The number of the first line that is in a chunk: behind the last of the file. */
static int64_t first_line_of_chunks(
	const struct log *l, const struct chunk *chunks, size_t n, struct arena *a)
{
	struct frame *entry = NULL;
	size_t n_entries = 0;

	if (n > 0 && frame_index_decode(chunks[0].entry, a, &entry, &n_entries, NULL) == ERR_OK &&
		n_entries == 1)
		return entry->line_at;
	return l->n_line_ends;
}

static enum err_code add_part(struct pieces *ps, int fd, const struct log *l, struct str parts,
	const struct chunk *chunks, size_t n_chunks, struct arena *a, struct err *e)
{
	struct frame *frames = NULL;
	int64_t bytes = 0;
	size_t n = 0;

	if (l->file_bytes == 0 && parts.len == 0)
		return ERR_OK;
	if (parts.len > 0 && frame_index_decode(parts, a, &frames, &n, NULL) == ERR_OK) {
		ps->p = arena_array(a, n + 2, sizeof *ps->p);
		for (size_t i = 0; i < n; i++)
			add_by_entry(ps, fd, &frames[i]);
		return ERR_OK;
	}
	if (fd < 0) {
		ps->hopeless = true;
		return ERR_OK;
	}
	TRY(file_size(fd, &bytes, e));
	return add_file(ps, fd, bytes < l->file_bytes ? bytes : l->file_bytes, l,
		first_line_of_chunks(l, chunks, n_chunks, a), a, e);
}

/* Behind the gap, places are counted with what fell into it in the rows, and without it in the file. */
static bool gap_is_in_file(const struct pieces *ps, const struct log *l)
{
	const struct piece *last = ps->n > 0 ? &ps->p[ps->n - 1] : NULL;

	return l->gap_at >= 0 && last && last->f.text_at + last->f.text_len > l->gap_at;
}

enum err_code pieces_of_unsealed(
	struct store *s, int fd, const struct log *l, struct arena *a, struct pieces *ret, struct err *e)
{
	struct str parts = STR("");
	struct chunk *chunks = NULL;
	struct piece *room;
	struct db *db = NULL;
	enum err_code code;
	size_t n = 0;

	TRY(store_reader_get(s, &db, e));
	code = logs_index(db, a, l->step_id, &parts, &chunks, &n, e);
	store_reader_put(s, db);
	TRY(code);
	TRY(add_part(ret, fd, l, parts, chunks, n, a, e));
	if (gap_is_in_file(ret, l))
		ret->hopeless = true;
	room = arena_array(a, ret->n + n + 1, sizeof *room);
	if (ret->n > 0)
		memcpy(room, ret->p, ret->n * sizeof *room);
	ret->p = room;
	for (size_t i = 0; i < n; i++)
		TRY(add_chunk(ret, s, l, &chunks[i], a, e));
	return ERR_OK;
}

void piece_lost_line(const struct piece *p, struct buf *out)
{
	if (p->lost_lines == 0)
		buf_z(out, "[sluice: a part of this line was lost here: the stored frame was damaged]");
	else if (p->lost_lines < 0)
		buf_z(out, "[sluice: lines were lost here: the stored frame was damaged]\n");
	else
		buf_fmt(out, "[sluice: %lld lines were lost here: the stored frame was damaged]\n",
			(long long)p->lost_lines);
}
