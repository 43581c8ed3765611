/* table: see the header. Width is counted in characters; those that are wide or have none of their own are
 * not looked at. */
#include "cli/table.h"

#include "cli/client.h"
#include "text/visible.h"

#include <assert.h>
#include <unistd.h>

#define CELL_MAX 300
#define PRINT_MAX (64 * 1024 * 1024)

struct table_row {
	struct table_row *next;
	struct str cells[TABLE_COLUMNS_MAX];
	size_t n;
};

void table_init(struct table *t, const char *const *headings, size_t n_columns)
{
	assert(n_columns > 0 && n_columns <= TABLE_COLUMNS_MAX);
	*t = (struct table){ .n_columns = n_columns };
	arena_init(&t->arena);
	for (size_t i = 0; i < n_columns; i++)
		table_put(t, str_z(headings[i]));
}

void table_done(struct table *t)
{
	arena_done(&t->arena);
}

void table_put(struct table *t, struct str cell)
{
	struct table_row *row = t->last;
	AUTO_BUF visible;

	if (!row || row->n == t->n_columns) {
		row = arena_alloc(&t->arena, sizeof *row);
		if (t->last)
			t->last->next = row;
		else
			t->first = row;
		t->last = row;
		t->n_rows++;
	}
	buf_init(&visible, 16 * cell.len + CELL_MAX); /* a byte is shown as at most ten */
	text_visible_name(cell, CELL_MAX, &visible);
	row->cells[row->n++] = arena_str(&t->arena, buf_view(&visible));
}

void table_put_int(struct table *t, int64_t value)
{
	table_put(t, arena_fmt(&t->arena, "%lld", (long long)value));
}

static size_t width_of(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.p[i] & 0xC0) != 0x80;
	return n;
}

static void put_row(const struct table *t, const struct table_row *row, const size_t *widths, struct buf *out)
{
	for (size_t i = 0; i < row->n; i++) {
		bool last = i + 1 == t->n_columns;

		buf_str(out, row->cells[i]);
		if (!last && !widths)
			buf_char(out, '\t');
		for (size_t n = width_of(row->cells[i]); !last && widths && n < widths[i] + 2; n++)
			buf_char(out, ' ');
	}
	buf_char(out, '\n');
}

static void put_headings(const struct table *t, const size_t *widths, struct buf *out)
{
	bool bold = command_colour(STDOUT_FILENO);

	buf_z(out, bold ? "\x1b[1m" : "");
	put_row(t, t->first, widths, out);
	buf_z(out, bold ? "\x1b[0m" : "");
}

enum err_code table_print(struct table *t, bool for_terminal, struct err *e)
{
	size_t widths[TABLE_COLUMNS_MAX] = { 0 };
	AUTO_BUF out;

	buf_init(&out, PRINT_MAX);
	for (struct table_row *row = t->first; row; row = row->next)
		for (size_t i = 0; i < row->n; i++) {
			size_t width = width_of(row->cells[i]);
			widths[i] = width > widths[i] ? width : widths[i];
		}
	if (for_terminal)
		put_headings(t, widths, &out);
	for (struct table_row *row = t->first->next; row; row = row->next)
		put_row(t, row, for_terminal ? widths : NULL, &out);
	TRY(buf_check(&out, "list", e));
	return print_all(buf_view(&out), e);
}
