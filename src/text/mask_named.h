#ifndef TEXT_MASK_NAMED_H
#define TEXT_MASK_NAMED_H
/*
 * mask_named: the values that a text names in commands of its own, found in that text. Internal to mask_*.c.
 */
#include "text/mask_span.h"

void mask_find_named(struct str text, struct spans *ret_spans);

#endif
