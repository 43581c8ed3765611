/* excerpt: see the header. */
#include "service/excerpt.h"

#include "base/utf8.h"

#define PART_MAX ((CONTEXT_BLOCK_HEAD + CONTEXT_BLOCK_END) * (EXCERPT_LINE_MAX + 1))

struct part { /* of the lines of an error, being collected */
	int64_t from, to;
	int64_t n; /* lines that are there: they follow on each other from `from` on */
	bool cut;
	struct buf text;
};

static void put_line(struct part *p, struct str line, bool has_more)
{
	size_t len = line.len <= EXCERPT_LINE_MAX ? line.len : utf8_floor(line, EXCERPT_LINE_MAX);

	if (p->n > 0)
		buf_char(&p->text, '\n');
	buf_add(&p->text, line.p, len);
	p->cut = p->cut || has_more || len < line.len;
	p->n++;
}

/* Takes what it wants of a text whose first line has the number `first`. goes_on: there is more of its last line. */
static void look(struct part *p, struct str text, int64_t first, bool goes_on)
{
	for (int64_t number = first; text.len > 0 && number < p->to; number++) {
		struct str line = line_take(&text);

		if (number == p->from + p->n)
			put_line(p, line, goes_on && text.len == 0);
	}
}

static void init(struct part parts[2], const struct error *f)
{
	bool is_long = f->to_line - f->from_line > CONTEXT_BLOCK_HEAD + CONTEXT_BLOCK_END;

	parts[0] = (struct part){ .from = f->from_line,
		.to = is_long ? f->from_line + CONTEXT_BLOCK_HEAD : f->to_line };
	parts[1] = (struct part){ .from = is_long ? f->to_line - CONTEXT_BLOCK_END : f->to_line,
		.to = f->to_line };
	for (size_t i = 0; i < 2; i++)
		buf_init(&parts[i].text, PART_MAX);
}

static void done(struct part parts[2], struct context_error *x, struct arena *a)
{
	bool whole_end = parts[1].n == parts[1].to - parts[1].from;

	x->head = arena_str(a, buf_view(&parts[0].text));
	x->n_head = parts[0].n;
	x->end = whole_end ? arena_str(a, buf_view(&parts[1].text)) : STR("");
	x->n_end = whole_end ? parts[1].n : 0;
	x->cut = parts[0].cut || parts[1].cut;
	for (size_t i = 0; i < 2; i++)
		buf_done(&parts[i].text);
}

void excerpt_from_text(struct str text, int64_t first_line, struct context_error *x, struct arena *a)
{
	struct part parts[2];

	init(parts, x->error);
	for (size_t i = 0; i < 2; i++)
		look(&parts[i], text, first_line, false);
	done(parts, x, a);
}

static enum err_code read_part(struct line_reader *r, struct part *p, struct err *e)
{
	const struct log_view *v = &r->view;

	for (size_t i = frame_of_line(v->frames, v->n, p->from); i < v->n && p->from + p->n < p->to; i++) {
		struct line_unit u;

		if (v->frames[i].line_at > p->from + p->n)
			break; /* the numbers jump: the line was dropped */
		TRY(line_reader_unit(r, i, &u, e));
		look(p, u.text, u.first, u.goes_on);
	}
	return ERR_OK;
}

enum err_code excerpt_from_log(struct line_reader *r, struct context_error *x, struct arena *a, struct err *e)
{
	enum err_code code = ERR_OK;
	struct part parts[2];

	init(parts, x->error);
	for (size_t i = 0; i < 2 && code == ERR_OK; i++)
		code = read_part(r, &parts[i], e);
	done(parts, x, a);
	return code;
}
