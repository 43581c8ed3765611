#ifndef AGENT_LEFT_H
#define AGENT_LEFT_H
/*
 * left: logs that earlier calls could not send, one-shot posts (deliver.h) and streams (stream_file.h).
 *
 * For DELIVER_OLD_MS at most, oldest first, those for this server only. The first failure to send ends it, in
 * silence: that they wait was said when they were left. Not so what the server refuses; that is dropped, and said. But
 * a log of another repo that the server does not know is left to a call of that repo, whose token may be good for it.
 */
#include "agent/sending.h"

/* True: a thread still hangs in a request (stream.h). */
bool left_send(struct sending *to, int64_t limit);

#endif
