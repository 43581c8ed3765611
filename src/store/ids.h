#ifndef STORE_IDS_H
#define STORE_IDS_H
/*
 * ids: a list of ids as one parameter of a statement, whatever its length: numbers of one width in a text, which the database takes apart. Internal
 * to the files of nouns.
 */
#include "base/buf.h"

#include <inttypes.h>

#define ID_WIDTH 20 /* digits; as in WITH_IDS */

/* $2: the text, $3: how many, at least one. $1 is left to who asks. */
#define WITH_IDS                                                                                             \
	"WITH RECURSIVE places (place) AS (SELECT 0 UNION ALL SELECT place + 1 FROM places"                  \
	" WHERE place + 1 < $3), ids AS (SELECT place, CAST(substr($2, 20 * place + 1, 20) AS BIGINT) AS id" \
	" FROM places)"

static inline void write_ids(const int64_t *ids, size_t n, struct buf *out)
{
	for (size_t i = 0; i < n; i++)
		buf_fmt(out, "%0*" PRId64, ID_WIDTH, ids[i]);
}

#endif
