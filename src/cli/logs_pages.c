/*
 * logs_pages: the lines that are asked for, a page after the other until there is none.
 *
 * A page may be short, or empty, and not be the last: the server gives each request so much to look through and no more, and
 * says where to go on. The last lines are asked for from the end on, kept, and printed the other way round.
 */
#include "cli/logs_reader.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#define PAGE 500
#define LINE_CEILING (1024 * 1024) /* of one as it is printed; the server cuts them at 4,000 characters */
#define MIB (1024 * 1024)

struct kept { /* a line to be printed later */
	int64_t number;
	struct str shown;
};

struct paging {
	struct logs_reader *r;
	bool backwards;
	int64_t cursor; /* -1: from the beginning */
	int64_t number; /* of the line that came last; 0: none did */
	int64_t n_scanned;
	struct buf shown;
	struct arena arena; /* of what is kept */
	struct kept *kept;
	int64_t n_kept;
};

static void write_path(const struct paging *p, struct buf *out)
{
	const struct logs_want *w = p->r->want;
	int64_t limit = p->backwards && w->last - p->n_kept < PAGE ? w->last - p->n_kept : PAGE;

	buf_fmt(out, "/api/v1/steps/%lld/lines", (long long)p->r->step->id);
	query_add_int(out, "limit", limit);
	query_add(out, "regex", w->grep);
	query_add(out, "contains", w->contains);
	query_add(out, "min_level", w->level);
	if (w->from > 0)
		query_add_int(out, "from", w->from);
	if (w->context > 0) {
		query_add_int(out, "before", w->context);
		query_add_int(out, "after", w->context);
	}
	if (p->backwards)
		query_add(out, "order", "desc");
	if (p->cursor >= 0)
		query_add_int(out, "cursor", p->cursor);
}

/* What stands between two lines that do not follow one another, when each has its context. */
static bool is_gap(const struct paging *p, int64_t number, int64_t next)
{
	return p->r->want->style.marks_matches && !p->r->want->style.json && number > 0 && next != number + 1;
}

static enum err_code print(struct paging *p, int64_t number, int64_t before, struct str shown, struct err *e)
{
	if (is_gap(p, before, number))
		TRY(reader_put(p->r, STR("--\n"), e));
	return reader_put(p->r, shown, e);
}

static enum err_code take_line(struct paging *p, struct json *node, struct err *e)
{
	struct logs_line line;
	int64_t before = p->number;

	TRY(logs_line_read(node, &line, e));
	/* Context of two matches may be the same lines. */
	if (before > 0 && (p->backwards ? line.number >= before : line.number <= before))
		return ERR_OK;
	buf_reset(&p->shown);
	logs_line_print(&line, p->r->step->id, &p->r->want->style, &p->shown);
	TRY(buf_check(&p->shown, "line", e));
	p->number = line.number;
	if (!p->backwards)
		return print(p, line.number, before, buf_view(&p->shown), e);
	if (p->n_kept < p->r->want->last)
		p->kept[p->n_kept++] =
			(struct kept){ line.number, arena_str(&p->arena, buf_view(&p->shown)) };
	return ERR_OK;
}

static void tell_progress(struct paging *p)
{
	int64_t scanned = 0;
	char hint[100];

	json_int(json_get(client_root(p->r->client), "scanned_bytes"), &scanned);
	p->n_scanned += scanned;
	snprintf(hint, sizeof hint, "step %lld: %lld MiB searched", (long long)p->r->step->id,
		(long long)p->n_scanned / MIB);
	reader_hint(p->r, hint);
}

/* Where to go on: never where we were, or this would not end. */
static enum err_code take_cursor(struct paging *p, bool *ret_more, struct err *e)
{
	struct json *node = json_get(json_get(client_root(p->r->client), "pagination"), "next_cursor");
	int64_t next;

	*ret_more = json_int(node, &next);
	if (!*ret_more)
		return ERR_OK;
	if (p->cursor >= 0 && (p->backwards ? next >= p->cursor : next <= p->cursor))
		return err_set(e, ERR_NETWORK, "the pages of the log do not end; is it a Sluice server?");
	p->cursor = next;
	return ERR_OK;
}

static enum err_code read_page(struct paging *p, bool *ret_more, struct err *e)
{
	struct json *data;
	AUTO_BUF path;

	buf_init(&path, 16 * 1024);
	write_path(p, &path);
	TRY(buf_check(&path, "request", e));
	TRY(reader_call(p->r, buf_cstr(&path), e));
	data = json_get(client_root(p->r->client), "data");
	for (size_t i = 0; i < json_len(data); i++)
		TRY(take_line(p, json_at(data, i), e));
	TRY(take_cursor(p, ret_more, e));
	if (p->backwards && p->n_kept == p->r->want->last)
		*ret_more = false;
	if (*ret_more)
		tell_progress(p);
	return pager_flush(&p->r->out, e);
}

static enum err_code print_kept(struct paging *p, struct err *e)
{
	for (int64_t i = p->n_kept; i-- > 0;)
		TRY(print(p, p->kept[i].number, i + 1 < p->n_kept ? p->kept[i + 1].number : 0,
			p->kept[i].shown, e));
	return ERR_OK;
}

static enum err_code read_pages(struct paging *p, struct err *e)
{
	bool more = true;

	while (more && !pager_is_left(&p->r->out))
		TRY(read_page(p, &more, e));
	reader_hint(p->r, "");
	return print_kept(p, e);
}

enum err_code logs_pages_read(struct logs_reader *r, struct err *e)
{
	struct paging p = { .r = r, .backwards = r->want->last > 0, .cursor = -1 };
	enum err_code code;

	assert(r->want->last <= LOGS_LAST_MAX);
	buf_init(&p.shown, LINE_CEILING);
	arena_init(&p.arena);
	if (p.backwards)
		p.kept = mem_alloc((size_t)r->want->last * sizeof *p.kept);
	code = read_pages(&p, e);
	free(p.kept);
	arena_done(&p.arena);
	buf_done(&p.shown);
	return code;
}
