#ifndef TEXT_MASK_ENCODE_H
#define TEXT_MASK_ENCODE_H
/*
 * mask_encode: in which spellings a secret may turn up in a log. Internal to mask_*.c.
 */
#include "base/buf.h"

extern const char base64_std[65], base64_url[65];

/*
 * The characters of base64 that are wholly determined by value, when value stands `shift` bytes (0-2) behind
 * a multiple of three in what was encoded. The first and last characters that share bits with a neighbour are
 * left out, and so is padding. Appended to out.
 */
void encode_base64_inside(struct str value, unsigned shift, const char alphabet[65], struct buf *out);
/* How many characters lie between the start of the group of four and the first determined one. */
unsigned base64_first_char(unsigned shift);

/* Kinds of spellings, those first that are met most. */
enum spelling {
	SPELLING_PLAIN, /* value itself, CR LF for LF and the other way round, and the lines of a value of several */
	SPELLING_BASE64,  /* at three shifts in both alphabets */
	SPELLING_ESCAPED, /* for a URL, JSON, a shell's single quotes */
	SPELLING_N
};

/* Calls back with each spelling of that kind, the same one perhaps several times. Passes on the first error. */
MUST_CHECK enum err_code spellings_each(struct str value, enum spelling kind,
	enum err_code (*each)(void *arg, struct str spelling, struct err *e), void *arg, struct err *e);

#endif
