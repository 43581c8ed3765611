/*
 * rows: see rows.h. Arrays grow by doubling; what they outgrow stays in the arena until the request ends,
 * which is at most as much again.
 */
#include "store/rows.h"

#include <assert.h>
#include <string.h>

void *rows_add(struct rows *r)
{
	if (r->n == r->cap) {
		size_t cap = r->cap ? 2 * r->cap : 8;
		void *grown = arena_array(r->a, cap, r->size);

		if (r->n > 0)
			memcpy(grown, r->first, r->n * r->size);
		r->first = grown;
		r->cap = cap;
	}
	return (char *)r->first + r->n++ * r->size;
}

int64_t row_int(const struct db_row *row, size_t i)
{
	assert(i < row->n && (row->v[i].kind == DB_INT || row->v[i].kind == DB_NULL));
	return row->v[i].i;
}

struct str row_str(const struct db_row *row, size_t i, struct arena *a)
{
	assert(i < row->n && row->v[i].kind != DB_INT);
	return arena_str(a, row->v[i].s);
}

enum err_code rows_total(struct db *db, const char *sql, const struct db_value *args, size_t n_args,
	int64_t *ret_total, struct err *e)
{
	int64_t n = 0;

	TRY(db_int(db, sql, args, n_args, &n, e));
	*ret_total = n > ROWS_TOTAL_MAX ? -1 : n;
	return ERR_OK;
}
