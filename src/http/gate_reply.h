#ifndef HTTP_GATE_REPLY_H
#define HTTP_GATE_REPLY_H
/* gate_reply: how a gate turns away, and how its verdict is told. */
#include "http/call.h"

/*
 * Of a verdict that does not admit: notes the details (gate, your_commit, head_commit, behind, window as far as they are known, and remediation), and returns the error for the handler
 * to return: ERR_PRECONDITION (412), ERR_INVALID (400) or ERR_UNAVAILABLE (503, told with why). Once a call.
 */
MUST_CHECK enum err_code gate_refuse(struct call *c, const struct gate_verdict *v, struct err *e);

/* A GateVerdict, admitted or not. */
void gate_put(struct json_out *j, const char *key, const struct gate_verdict *v);

#endif
