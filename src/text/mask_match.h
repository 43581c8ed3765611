#ifndef TEXT_MASK_MATCH_H
#define TEXT_MASK_MATCH_H
/*
 * mask_match: does a token stand here? A prefix of mask_shapes.tbl was found; the rest is looked at by kind.
 * Internal to mask_*.c.
 */
#include "text/mask_scan.h"
#include "text/mask_span.h"

enum kind {
	PLAIN,   /* prefix and run */
	BEHIND,  /* the same, but the prefix is no secret */
	KEYED,   /* prefix, separators, run; the run is the secret */
	TWO,     /* prefix, run, a dot and another run */
	JWT,     /* runs with dots in between */
	PEM,     /* mask_pem.c: a private key to its END line */
	PEM_END, /* one whose beginning is gone */
	URL,     /* the password between ':' and '@' */
	HEADER,  /* mask_header.c */
	COMMAND, /* perhaps an add-mask command, which mask_literal.c reads */
};

struct shape {
	const char *prefix;
	enum kind kind;
	enum class class;
	size_t min, max;
};

/* x's prefix stands at `at` in s->text. What of the text is secret, if it is a token. */
bool match_shape(struct scan *s, const struct shape *x, size_t at, struct span *ret);

#endif
