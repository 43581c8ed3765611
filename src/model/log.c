/* log: the words of its states. */
#include "model/log.h"

#include <assert.h>

static const char *const names[] = {
	[LOG_NONE] = "none",
	[LOG_OPEN] = "open",
	[LOG_ENDED] = "ended",
	[LOG_SEALED] = "sealed",
};

const char *log_state_name(enum log_state s)
{
	assert((unsigned)s < sizeof names / sizeof names[0]);
	return names[s];
}

bool log_state_find(struct str name, enum log_state *ret)
{
	for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (str_eq(name, str_z(names[i]))) {
			*ret = (enum log_state)i;
			return true;
		}
	}
	return false;
}
