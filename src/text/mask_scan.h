#ifndef TEXT_MASK_SCAN_H
#define TEXT_MASK_SCAN_H
/*
 * mask_scan: runs of characters of a class, each measured once. Internal to mask_*.c.
 */
#include "base/str.h"

enum class { ALNUM, WORD, TOKEN, DOTTED, UPPER, HEX, BASE64, PATH, CREDENTIAL, N_CLASSES };

struct run {
	size_t from, to;
};
#define SCAN_RUNS 6

/*
 * A text, and what was measured in it: the last few runs of each class, and up to where no key ends. So a
 * text that is all beginnings costs no more than another. Only .text is given, the rest is zero.
 */
struct scan {
	struct str text;
	struct run runs[N_CLASSES][SCAN_RUNS];
	unsigned n_runs[N_CLASSES]; /* measured, not kept */
	size_t no_pem_end_before;   /* mask_pem.c's */
	size_t pem_done;
};

void scan_init(void); /* once, before all others */
bool scan_is(enum class class, char c);
/* The end of the run of characters of this class that begins at `at`, or `at`. */
size_t scan_run_end(struct scan *s, enum class class, size_t at);

#endif
