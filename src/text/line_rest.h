#ifndef TEXT_LINE_REST_H
#define TEXT_LINE_REST_H
/*
 * line_rest: what a line says of itself when its head did not: behind a place in a file ("a.c:1:2: error:
 * x") or a program ("ld: error: x"), in a field of logfmt or JSON, at its end ("... FAILED"), or by its
 * form (the access logs of web servers).
 */
#include "text/line_head.h"

/* h: behind its head, not settled, something is left. */
void line_rest_look(struct line_head *h);

#endif
