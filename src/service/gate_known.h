#ifndef SERVICE_GATE_KNOWN_H
#define SERVICE_GATE_KNOWN_H
/* gate_known: what the thread of the gates has found out, for gate_check.c. */
#include "service/gate.h"
#include "service/gate_window.h"

/* A reference (gate_window_put()); NULL: nothing is known of a gate of that name. g may be NULL. */
struct gate_window *gates_window(struct gates *g, struct str name);
/* What went wrong at the last question, in the arena; empty: nothing. */
struct str gates_trouble(struct gates *g, struct str name, struct arena *a);

#endif
