#ifndef AGENT_SHIP_SETTLE_H
#define AGENT_SHIP_SETTLE_H
/*
 * ship_settle: what becomes of an episode on the disk when the receiver has answered. Each is a row of steps in such an order that a crash between any two leaves what
 * the next scan mends: an episode that is shipped once more, and then answered 200, or one that is done but for what is swept.
 *
 *	shipped		shipped.marker (synced) -> its archive goes -> with --keep remove its folder goes to outbox/ID.removing, and then all of it
 *	refused		quarantine/ID.answer.json -> its folder goes to quarantine/ID -> its archive goes
 *	requeued	quarantine/ID goes to episodes/ID -> the answer goes
 */
#include "agent/ship_folder.h"
#include "base/digest.h"

struct ship_shipped {
	const struct sha256 *digest;
	int64_t bytes, at_ms; /* wall */
	int status;
	bool remove; /* the folder */
};
/* ERR_NOT_FOUND: somebody took the episode away meanwhile; its archive is gone then too. */
MUST_CHECK enum err_code ship_settle_shipped(
	const struct ship_folder *f, const char *id, const struct ship_shipped *s, struct err *e);

struct ship_refused {
	const struct sha256 *digest;
	const char *host, *commit, *content_type;
	int64_t bytes, at_ms, retry_after_s;
	int status;
	struct str body; /* as it came */
};
/* ERR_CONFLICT: quarantine has one of that id already; nothing was moved. ERR_NOT_FOUND as above. */
MUST_CHECK enum err_code ship_settle_refused(
	const struct ship_folder *f, const char *id, const struct ship_refused *r, struct err *e);

/* Out of quarantine, to be shipped again. ERR_INVALID, ERR_NOT_FOUND: there is none; ERR_CONFLICT: there is another in episodes/. */
MUST_CHECK enum err_code ship_settle_requeue(const struct ship_folder *f, const char *id, struct err *e);
/* All of it that was put there before that time (wall); `gone` is told of each. */
MUST_CHECK enum err_code ship_settle_expire(const struct ship_folder *f, int64_t before_ms,
	void (*gone)(void *arg, const char *id), void *arg, struct err *e);
/* Calls back for each id that is in quarantine, in no order, until it returns false. */
MUST_CHECK enum err_code ship_quarantined_each(
	const struct ship_folder *f, bool (*each)(void *arg, const char *id), void *arg, struct err *e);

/* The folder of an episode, at once out of sight. Also of one that was shipped by an earlier run. */
MUST_CHECK enum err_code ship_settle_remove(const struct ship_folder *f, const char *id, struct err *e);

#endif
