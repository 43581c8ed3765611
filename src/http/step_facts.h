#ifndef HTTP_STEP_FACTS_H
#define HTTP_STEP_FACTS_H
/* step_facts: see the source. What is made lives in the call's arena. */
#include "http/call.h"

struct step_facts step_facts_of(struct call *c);
/* An integer of the body; absent when it is not there. */
int64_t body_int(const struct call *c, const char *name, int64_t absent);

#endif
