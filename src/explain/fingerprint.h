#ifndef EXPLAIN_FINGERPRINT_H
#define EXPLAIN_FINGERPRINT_H
/*
 * fingerprint: the same for the same thing over runs, branches and machines, so that errors can be
 * counted as one.
 *
 * Made of: tool, code, test, the file's name without folders, the message as a template (template.h).
 * Not of line numbers, which move with every change, and not of what class a rule gives it, which may
 * become better. The version in front changes whenever the making does: groups of different versions are
 * never compared.
 */
#include "explain/finding.h"

#define FINGERPRINT_VERSION "v1"

/* Sets f->fingerprint, kept in the list. */
void fingerprint_set(struct findings *list, struct finding *f);

#endif
