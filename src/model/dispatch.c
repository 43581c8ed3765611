/* dispatch: the words of dispatch.tbl. */
#include "model/dispatch.h"

static const struct {
	const char *name;
	bool open;
} states[] = {
#define STATE(name, slug, open, text) { slug, open },
#include "model/dispatch.tbl"
};
static const char *const outcomes[] = {
	"",
#define OUTCOME(name, slug, text) slug,
#include "model/dispatch.tbl"
};

const char *dispatch_state_name(enum dispatch_state s)
{
	return states[s].name;
}

bool dispatch_state_find(struct str name, enum dispatch_state *ret)
{
	for (enum dispatch_state s = 0; s < DISPATCH_N_STATES; s++)
		if (str_eq(name, str_z(states[s].name))) {
			*ret = s;
			return true;
		}
	return false;
}

bool dispatch_state_is_open(enum dispatch_state s)
{
	return states[s].open;
}

const char *dispatch_outcome_name(enum dispatch_outcome o)
{
	return outcomes[o];
}

bool dispatch_outcome_find(struct str name, enum dispatch_outcome *ret)
{
	for (enum dispatch_outcome o = 0; o < DISPATCH_N_OUTCOMES; o++)
		if (str_eq(name, str_z(outcomes[o]))) {
			*ret = o;
			return true;
		}
	return false;
}
