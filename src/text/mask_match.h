#ifndef TEXT_MASK_MATCH_H
#define TEXT_MASK_MATCH_H
/*
 * mask_match: does a token stand here? A prefix of mask_shapes.tbl was found; the rest is looked at by kind.
 * Internal to mask_*.c.
 */
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

enum class { ALNUM, WORD, TOKEN, DOTTED, UPPER, HEX, BASE64, PATH, CREDENTIAL, N_CLASSES };

struct shape {
	const char *prefix;
	enum kind kind;
	enum class class;
	size_t min, max;
};

struct run {
	size_t from, to;
};
#define MATCH_RUNS 6

/*
 * A text, and what was measured in it: the last few runs of each class, and up to where no key ends. So a
 * text that is all beginnings costs no more than another. Only .text is given, the rest is zero.
 */
struct scan {
	struct str text;
	struct run runs[N_CLASSES][MATCH_RUNS];
	unsigned n_runs[N_CLASSES]; /* measured, not kept */
	size_t no_pem_end_before;   /* mask_pem.c's */
	size_t pem_done;
};

void match_init(void); /* once, before all others */
bool match_is(enum class class, char c);
/* The end of the run of characters of this class that begins at `at`, or `at`. */
size_t match_run_end(struct scan *s, enum class class, size_t at);
/* x's prefix stands at `at` in s->text. What of the text is secret, if it is a token. */
bool match_shape(struct scan *s, const struct shape *x, size_t at, struct span *ret);

#endif
