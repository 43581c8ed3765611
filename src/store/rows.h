#ifndef STORE_ROWS_H
#define STORE_ROWS_H
/*
 * rows: what the files of nouns share: an array that grows in an arena, and columns copied out of a row.
 */
#include "store/db.h"

struct rows {
	struct arena *a;
	size_t size; /* of one element */
	void *first;
	size_t n, cap;
};

/* Room for one element more, zeroed. Those before may move. */
void *rows_add(struct rows *r);

/* Column i of a row; asserts its kind. NULL reads as 0. */
int64_t row_int(const struct db_row *row, size_t i);
/* Text or bytes, copied into the arena. NULL reads as empty. */
struct str row_str(const struct db_row *row, size_t i, struct arena *a);

/*
 * The length of a list that is paged: exact up to 10,000, -1 beyond, so that asking for it has a bound. sql
 * counts with "SELECT count(*) FROM (SELECT 1 FROM .. LIMIT 10001) AS x".
 */
#define ROWS_TOTAL_MAX 10000
MUST_CHECK enum err_code rows_total(struct db *db, const char *sql, const struct db_value *args,
	size_t n_args, int64_t *ret_total, struct err *e);

#endif
