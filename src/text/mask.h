#ifndef TEXT_MASK_H
#define TEXT_MASK_H
/*
 * mask: secrets out of text. What is found is replaced by MASK_TEXT; what touches or overlaps is one.
 *
 * Two halves. mask_literal.c knows values: what the user named, the secret-looking part of an environment,
 * `::add-mask::` lines; and of each value its encodings (base64 at three shifts in both alphabets, URL, JSON,
 * and each line of a value of several). It is all that the runner links. mask_shape.c knows the shapes of
 * tokens (ghp_..., AKIA..., JWTs, private keys, user:password@ in URLs, Authorization headers), and the
 * base64 of those with a fixed prefix; the server runs both.
 *
 * Masking comes before cutting: a secret cut in two is found by nobody.
 */
#include "base/buf.h"

#define MASK_TEXT "***"
#define MASK_VALUE_MIN 3
#define MASK_VALUE_MAX 4096
#define MASK_ENV_MIN 8 /* an environment value shorter than this is no secret */
#define MASK_ROUNDS                                                                                          \
	4 /* a text is looked at again as long as that finds more, since what stood beside a secret may be one */

struct mask; /* a set of values; built, then read by any number of threads */

struct mask *mask_new(void);
struct mask *mask_copy(const struct mask *m); /* to add to what is shared */
void mask_free(struct mask *m);
/* ERR_INVALID outside MASK_VALUE_MIN..MAX or beyond the number of needles. White space at both ends is not
 * part of a value. */
MUST_CHECK enum err_code mask_add(struct mask *m, struct str value, struct err *e);
/* Every value of MASK_ENV_MIN bytes or more whose name has TOKEN, SECRET, PASS, KEY, AUTH or CREDENTIAL in it
 * (any case). Too long ones: their first MASK_VALUE_MAX bytes. */
void mask_add_environ(struct mask *m, char *const *environ);
/* The values of `::add-mask::VALUE` and `##[add-mask]VALUE` lines in text (%25 %0D %0A decoded). Returns how
 * many were added. */
size_t mask_add_commands(struct mask *m, struct str text);
bool text_has_mask_command(struct str text); /* cheap: is there anything for mask_add_commands */
size_t mask_longest(const struct mask *m);   /* of any encoding; 0 when empty */

/*
 * text with its secrets replaced, appended to out. Returns how many were replaced.
 * skip: bytes at the start of text that are looked at, but not put out (nor is a secret that begins in them):
 * for the end of a longer text whose beginning is gone, pass mask_longest().
 */
size_t mask_literals(const struct mask *m, struct str text, size_t skip, struct buf *out);
/* The same for shapes. */
size_t mask_shapes(struct str text, struct buf *out);
/* Values, those of ::add-mask:: in the text itself, and shapes; what the server does to every text. m may be
 * NULL. */
size_t mask_all(const struct mask *m, struct str text, struct buf *out);

#endif
