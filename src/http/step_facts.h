#ifndef HTTP_STEP_FACTS_H
#define HTTP_STEP_FACTS_H
/* step_facts: see the source. What is made lives in the call's arena. */
#include "http/call.h"

struct step_facts step_facts_of(struct call *c);
/* May the commit of a step send, by the gate of its repo? Else as gate_refuse(). Asked when something begins; what was begun may be finished. */
MUST_CHECK enum err_code step_facts_admit(struct call *c, const struct step_facts *f, struct err *e);
/* An integer of the body; absent when it is not there. */
int64_t body_int(const struct call *c, const char *name, int64_t absent);

#endif
