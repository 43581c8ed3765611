#ifndef SERVICE_INTAKE_H
#define SERVICE_INTAKE_H
/*
 * intake: an episode on its way in. Whoever receives it writes; two threads follow what was written and read it back from the file, so that nothing of it is held in memory and the receiver
 * waits for neither: one hashes, the other looks whether it is an archive that may be kept (pack/tarball_check.h). What that finds ends the intake at once, in the middle of an upload.
 *
 *	intake_begin(), intake_add() .., intake_join(); then what came is known; intake_end() in any case
 */
#include "base/digest.h"
#include "pack/tarball_check.h"
#include "service/gate_config.h"
#include "store/episode_file.h"

struct intake;

/* fleet: of a snapshot that lives as long as the intake. ERR_UNAVAILABLE: no thread is to be had. Else errors of store/episode_file.h. */
MUST_CHECK enum err_code intake_begin(struct store *s, const struct fleet_config *fleet, struct str host,
	struct str id, struct intake **ret, struct err *e);
/* For one thread. ERR_UNPROCESSABLE, ERR_TOO_LARGE: what came so far is no archive that is kept. */
MUST_CHECK enum err_code intake_add(struct intake *x, struct str bytes, struct err *e);
/* All of it came: waits for those that follow. Errors as above; once. */
MUST_CHECK enum err_code intake_join(struct intake *x, struct err *e);
void intake_end(struct intake *x); /* what is not left (episode_file_leave) is gone. NULL is fine */

/* After intake_join(). */
const struct sha256 *intake_digest(const struct intake *x);
/* NULL: it was not looked into. Lives as long as x. */
const struct tarball_found *intake_found(const struct intake *x);
struct episode_file *intake_file(struct intake *x);

#endif
