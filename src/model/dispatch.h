#ifndef MODEL_DISPATCH_H
#define MODEL_DISPATCH_H
/*
 * dispatch: one handing-over of a failure to a fixer, with its guard's verdict (0012-dispatch.sql). dispatch.tbl has its words.
 */
#include "base/str.h"

#define DISPATCH_STATE(name, ...) DISPATCH_##name,
#define DISPATCH_OUTCOME(name, ...) OUTCOME_##name,
enum dispatch_state {
#define STATE DISPATCH_STATE
#include "model/dispatch.tbl"
	DISPATCH_N_STATES
};
enum dispatch_outcome {
	OUTCOME_NONE, /* not known yet; '' */
#define OUTCOME DISPATCH_OUTCOME
#include "model/dispatch.tbl"
	DISPATCH_N_OUTCOMES
};
#undef DISPATCH_STATE
#undef DISPATCH_OUTCOME

const char *dispatch_state_name(enum dispatch_state s);
bool dispatch_state_find(struct str name, enum dispatch_state *ret);
bool dispatch_state_is_open(enum dispatch_state s); /* nothing else is dispatched for the same failure */
const char *dispatch_outcome_name(enum dispatch_outcome o);
bool dispatch_outcome_find(struct str name, enum dispatch_outcome *ret); /* of '' too */

#endif
