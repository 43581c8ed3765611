#ifndef CLI_TABLE_H
#define CLI_TABLE_H
/*
 * table: rows of short texts, in columns on a terminal, with tabs between them elsewhere (cut(1) and awk(1)
 * like those).
 *
 * The text may be anybody's: control characters, line ends and tabs in it are shown, never sent to the
 * terminal.
 */
#include "base/arena.h"
#include "base/err.h"

#define TABLE_COLUMNS_MAX 8

struct table {
	struct arena arena;
	size_t n_columns, n_rows;
	struct table_row *first, *last;
};

/* headings: n_columns of them; shown on a terminal only. */
void table_init(struct table *t, const char *const *headings, size_t n_columns);
void table_done(struct table *t);
/* A row begins when the one before is full. Copies. */
void table_put(struct table *t, struct str cell);
void table_put_int(struct table *t, int64_t value);
MUST_CHECK enum err_code table_print(struct table *t, bool for_terminal, struct err *e);

#define AUTO_TABLE __attribute__((cleanup(table_done))) struct table

#endif
