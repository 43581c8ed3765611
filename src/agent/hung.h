#ifndef AGENT_HUNG_H
#define AGENT_HUNG_H
/*
 * hung: a server that takes connections and answers nothing, remembered for a minute.
 *
 * Each step of a job is a call of its own. Without this every one of them would wait for such a server to the end of
 * its patience. The stamp is a file in the spool with the server's URL in it; its age is that of the file.
 */
#include "agent/spool.h"

#define HUNG_MS 60000

void hung_note(struct spool *s, struct str url);
bool hung_lately(struct spool *s, struct str url);
void hung_forget(struct spool *s, struct str url); /* it has answered */

#endif
