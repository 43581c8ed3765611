#ifndef SERVICE_ARRIVAL_H
#define SERVICE_ARRIVAL_H
/*
 * arrival: an episode that a host offers: one request.
 *
 * What is decided before its body is read: is it here already (then that is the answer, whatever the gate says now, and what a crash left is mended); are other bytes here
 * under its name; does the gate let it in; is there room. Then its bytes are taken (intake.h), and when all of them are what was announced, and an archive that may be kept, it becomes one that is here
 * (episodes_complete()), which is synced before it is acknowledged.
 *
 *	arrival_begin(), arrival_add() .., arrival_finish(); arrival_end() in any case
 */
#include "service/episodes.h"
#include "service/gate.h"

struct arrival;

struct episode_offer { /* its strings live as long as the arrival */
	struct str host, id;
	struct str sha256;         /* 64 hex digits in lower case */
	struct str commit;         /* as it was told; may be empty */
	struct str schema_version; /* may be empty */
	int64_t n_bytes;           /* -1: not told */
};

/*
 * ERR_CONFLICT: other bytes are here. ERR_FULL: no room. ERR_UNAVAILABLE: too many come in, or this one does. What a gate does not admit: ERR_PRECONDITION, and *ret_verdict says
 * how that is told; else *ret_verdict has the answer GATE_ADMITTED. cfg: lives as long as the arrival. gates: NULL: nothing is let in where a gate is configured.
 */
MUST_CHECK enum err_code arrival_begin(struct episodes *x, struct gates *gates, const struct config *cfg,
	const struct episode_offer *offer, struct arena *a, struct gate_verdict *ret_verdict,
	struct arrival **ret, struct err *e);
/* It is here and nothing is to be mended: the body need not be sent. */
bool arrival_is_here(const struct arrival *v);
int64_t arrival_bytes(const struct arrival *v); /* of what is here, or came so far */
/* A piece of the body; of what is here already nothing is done with it. Errors of intake_add(). */
MUST_CHECK enum err_code arrival_add(struct arrival *v, struct str bytes, struct err *e);
/* All of the body came. Waits for disks. *ret_new: it was not here before. ERR_UNPROCESSABLE: it is not what was announced, or no archive. */
MUST_CHECK enum err_code arrival_finish(struct arrival *v, int64_t now, bool *ret_new, struct err *e);
void arrival_end(struct arrival *v); /* NULL is fine */

#endif
