#ifndef SERVICE_AUDIT_H
#define SERVICE_AUDIT_H
/*
 * audit: who did what, written by the operation of the writer that does it: inside apply, with the connection that apply was given. Then there is no
 * deed without its row and no row without its deed. What can be audited is listed in model/audit.tbl; a new kind of deed is a line there.
 *
 *	static enum err_code apply_x(struct store_op *op, struct db *db, struct err *e)
 *	{
 *		TRY(xs_change(db, w->id, e));
 *		return audit_deed(db, w->by, &(struct deed_done){ DEED_X, w->id, w->name, STR("{}"), w->now }, e);
 *	}
 */
#include "service/access.h"
#include "store/access_nouns.h"
#include "store/store.h"

struct deed_done {
	enum deed deed;
	int64_t subject_id;
	struct str subject; /* its name */
	struct str detail;  /* a JSON object, or empty; no secret in it */
	int64_t at;
};

/* W. by: whose deed it is; of no kind, with its email as what to call it (empty: "server"), for what nobody asked for over HTTP. */
MUST_CHECK enum err_code audit_deed(
	struct db *db, const struct identity *by, const struct deed_done *x, struct err *e);

/* For admins (ERR_FORBIDDEN). */
MUST_CHECK enum err_code audit_read(struct store *s, const struct identity *by, const struct audit_query *q,
	struct arena *a, struct audit_entry **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

#endif
