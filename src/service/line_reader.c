/*
 * line_reader: see the header.
 *
 * Which group a line is in is known of the first line of each frame; from there on the marks in the frame count. Most frames have none: words that
 * every mark has one of are searched for, which costs nothing, and only lines that have one are taken apart.
 */
#include "service/line_reader.h"

#include "base/diag.h"
#include "base/utf8.h"
#include "text/search.h"

#include <pthread.h>

#include <string.h>

#define BEGINNING (4 * LINE_TEXT_MAX + 1) /* bytes that surely have more than is shown */
#define LONG_MAX (64 * 1024 * 1024)       /* ceiling of a buffer for pieces; they are smaller */

struct mark {
	size_t at; /* where its line begins */
	bool opens;
	size_t title_len; /* the title is in `text` of the mark, cut */
	char title[LINE_GROUP_MAX];
};

enum err_code line_reader_open(struct line_reader *r, struct store *s, int64_t step_id, struct err *e)
{
	*r = (struct line_reader){
		.store = s, .step_id = step_id, .loaded = SIZE_MAX, .marked = SIZE_MAX, .opener = -1
	};
	arena_init(&r->arena);
	buf_init(&r->text, FRAME_TEXT_MAX);
	buf_init(&r->joined, LONG_MAX);
	buf_init(&r->marks, SIZE_MAX);
	buf_init(&r->opener_title, LINE_GROUP_MAX);
	return log_view_open(s, step_id, false, &r->arena, &r->view, e);
}

void line_reader_close(struct line_reader *r)
{
	if (!r->store)
		return;
	log_view_close(&r->view);
	arena_done(&r->arena);
	buf_done(&r->text);
	buf_done(&r->joined);
	buf_done(&r->marks);
	buf_done(&r->opener_title);
}

enum err_code line_reader_open_again(struct line_reader *r, struct err *e)
{
	log_view_close(&r->view);
	r->view = (struct log_view){ 0 };
	arena_done(&r->arena);
	arena_init(&r->arena);
	r->loaded = r->marked = SIZE_MAX;
	r->opener = -1;
	return log_view_open(r->store, r->step_id, false, &r->arena, &r->view, e);
}

static enum err_code load(struct line_reader *r, size_t i, struct err *e)
{
	if (r->loaded == i)
		return ERR_OK;
	r->loaded = SIZE_MAX;
	buf_reset(&r->text);
	TRY(log_view_text(&r->view, i, &r->text, e));
	r->loaded = i;
	r->read_bytes += (int64_t)r->text.len;
	return ERR_OK;
}

struct str line_take(struct str *text)
{
	struct str line = { text->p, str_find(*text, '\n') };

	*text = str_from(*text, line.len + 1);
	return line;
}

/* ---- units ---- */

int64_t line_reader_begin(const struct line_reader *r, size_t i, int64_t *ret_first)
{
	const struct frame *f = &r->view.frames[i];

	*ret_first = f->line_at + f->in_line;
	return (int64_t)f->n_line_ends + f->unended - f->in_line;
}

bool line_reader_goes_on(const struct line_reader *r, size_t i)
{
	return r->view.frames[i].unended && i + 1 < r->view.n && r->view.frames[i + 1].in_line;
}

enum err_code line_reader_unit(struct line_reader *r, size_t i, struct line_unit *ret, struct err *e)
{
	const struct frame *f = &r->view.frames[i];
	struct line_unit u = {
		.frame = i, .has_escapes = f->has_escapes, .goes_on = line_reader_goes_on(r, i)
	};

	TRY(load(r, i, e));
	u.n = line_reader_begin(r, i, &u.first);
	u.text = buf_view(&r->text);
	if (f->in_line) /* that line is another unit's */
		line_take(&u.text);
	u.at = r->text.len - u.text.len;
	*ret = u;
	return ERR_OK;
}

/* Of the line that frame `from` ends in: what frame i has of it, for i >= from. */
static enum err_code read_part(
	struct line_reader *r, size_t from, size_t i, struct str *ret, bool *ret_last, struct err *e)
{
	struct str text;
	const char *lf;

	TRY(load(r, i, e));
	text = buf_view(&r->text);
	if (i > from) {
		*ret = line_take(&text);
		*ret_last = r->view.frames[i].n_line_ends > 0 || !line_reader_goes_on(r, i);
		return ERR_OK;
	}
	lf = memrchr(text.p, '\n', text.len);
	*ret = lf ? str_from(text, (size_t)(lf - text.p) + 1) : text;
	*ret_last = !line_reader_goes_on(r, i);
	return ERR_OK;
}

enum err_code line_reader_rest(struct line_reader *r, size_t from, size_t piece, size_t overlap,
	line_piece_fn *each, void *arg, struct err *e)
{
	bool last = false, more = true;

	buf_reset(&r->joined);
	for (size_t i = from; !last && more; i++) {
		struct str part;

		TRY(read_part(r, from, i, &part, &last, e));
		buf_str(&r->joined, part);
		TRY(buf_check(&r->joined, "a line", e));
		if (r->joined.len < piece && !last)
			continue;
		more = each(arg, buf_view(&r->joined));
		if (r->joined.len > overlap)
			buf_drop(&r->joined, utf8_floor(buf_view(&r->joined), r->joined.len - overlap));
	}
	return ERR_OK;
}

/* ---- groups ---- */

static void keep_title(struct mark *m, struct str title)
{
	if (title.len > LINE_GROUP_MAX)
		title.len = utf8_floor(title, LINE_GROUP_MAX);
	m->title_len = title.len;
	memcpy(m->title, title.p ? title.p : "", title.len);
}

static void add_mark(struct line_reader *r, size_t at, struct str line)
{
	struct mark m = { .at = at };
	struct line l;

	line_look(line, &l);
	if (l.mark != LINE_GROUP && l.mark != LINE_END_GROUP)
		return;
	m.opens = l.mark == LINE_GROUP;
	keep_title(&m, l.title);
	buf_add(&r->marks, &m, sizeof m);
}

/* Lines that may be marks of groups, text/line_mark.c has all of those; line_look() tells. For all readers, made once. */
#define MARKS "(?i)(::|##\\[)(end)?group|section_(start|end):"
static struct search *marks;
static pthread_once_t marks_once = PTHREAD_ONCE_INIT;

static void make_marks(void)
{
	struct err e;

	if (search_new(STR(""), STR(MARKS), &marks, &e) != ERR_OK)
		diag(DIAG_ERROR, "groups of lines cannot be told: %s", e.text);
}

static bool note_mark(void *arg, size_t line, struct str text)
{
	struct line_reader *r = arg;
	(void)line;

	add_mark(r, (size_t)(text.p - r->text.p), text);
	return true;
}

/* The marks in the loaded frame i, in lines that begin at or before `at`. */
static enum err_code find_marks(struct line_reader *r, size_t i, size_t at, struct err *e)
{
	struct str text = buf_view(&r->text);
	size_t end = at + str_find(str_from(text, at), '\n'), from;

	pthread_once(&marks_once, make_marks);
	if (r->marked != i) {
		buf_reset(&r->marks);
		r->marked = i;
		r->marked_to = 0;
	}
	if (!marks || r->marked_to >= end)
		return ERR_OK;
	from = r->marked_to;
	r->marked_to = end;
	return search_lines(marks, (struct str){ text.p + from, end - from }, false, note_mark, r, e);
}

/* The title that the line with this number opens a group with, which is in frames before the loaded one. */
static enum err_code read_opener(struct line_reader *r, int64_t number, struct err *e)
{
	size_t i = frame_of_line(r->view.frames, r->view.n, number);
	struct str rest, line;
	struct mark m = { 0 };
	struct line l;
	AUTO_BUF text;

	buf_init(&text, FRAME_TEXT_MAX);
	buf_reset(&r->opener_title);
	r->opener = number;
	if (i == r->view.n || r->view.frames[i].line_at > number) /* it fell into the gap */
		return ERR_OK;
	TRY(log_view_text(&r->view, i, &text, e));
	rest = buf_view(&text);
	line = line_take(&rest);
	for (int64_t n = r->view.frames[i].line_at; n < number; n++)
		line = line_take(&rest);
	line_look(line, &l);
	if (l.mark == LINE_GROUP)
		keep_title(&m, l.title);
	buf_add(&r->opener_title, m.title, m.title_len);
	return ERR_OK;
}

/* Of the line that begins at `at` in the loaded frame i. An end of a group is in it still. */
static enum err_code group_of(
	struct line_reader *r, size_t i, size_t at, struct arena *a, struct str *ret, struct err *e)
{
	int64_t opener = r->view.frames[i].group_line;
	const struct mark *list, *last = NULL;

	TRY(find_marks(r, i, at, e));
	list = (const struct mark *)(const void *)r->marks.p;
	for (size_t k = 0; k < r->marks.len / sizeof *list; k++)
		if (list[k].at < at || (list[k].at == at && list[k].opens))
			last = &list[k];
	*ret = STR("");
	if (last) {
		if (last->opens)
			*ret = arena_str(a, (struct str){ last->title, last->title_len });
		return ERR_OK;
	}
	if (opener < 0)
		return ERR_OK;
	if (r->opener != opener)
		TRY(read_opener(r, opener, e));
	*ret = arena_str(a, buf_view(&r->opener_title));
	return ERR_OK;
}

/* ---- showing ---- */

struct str line_cut(struct str text, bool *ret_truncated)
{
	size_t at = 0;

	for (int n = 0; at < text.len; n++) {
		if (n == LINE_TEXT_MAX) {
			*ret_truncated = true;
			return (struct str){ text.p, at };
		}
		at++;
		while (at < text.len && ((unsigned char)text.p[at] & 0xc0) == 0x80)
			at++;
	}
	return text;
}

static bool keep_beginning(void *arg, struct str piece)
{
	*(struct str *)arg = piece;
	return false;
}

enum err_code line_reader_show(struct line_reader *r, size_t i, int64_t number, size_t at, struct arena *a,
	struct log_line *ret, struct err *e)
{
	const struct frame *f = &r->view.frames[i];
	struct log_line l = { .number = number };
	struct str text;
	struct line look;

	TRY(load(r, i, e));
	TRY(group_of(r, i, at, a, &l.group, e));
	text = str_from(buf_view(&r->text), at);
	if (number == frame_line_end(f) - 1 && line_reader_goes_on(r, i) && text.len < BEGINNING)
		TRY(line_reader_rest(r, i, BEGINNING, 0, keep_beginning, &text, e));
	text = line_take(&text);
	line_look(text, &look);
	l.level = look.level;
	l.source = look.source;
	l.at_ms = look.at_ms ? look.at_ms : frame_time_of(f, (uint32_t)(number - f->line_at));
	l.text = arena_str(a, line_cut(text, &l.truncated));
	*ret = l;
	return ERR_OK;
}
