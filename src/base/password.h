#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H
/*
 * password: passwords as argon2id strings (RFC 9106), and the check of one. The only file that knows libargon2.
 *
 * A hash or a check takes PASSWORD_MEMORY_KIB of memory and some tens of milliseconds on purpose: whoever calls sees to it that few run at once,
 * and none on a thread that others wait for (service/errands.h). The parameters are those that OWASP's password storage cheat sheet
 * names first; a string tells its own, so that they can be raised here while what was stored stays good.
 */
#include "base/buf.h"

#define PASSWORD_MEMORY_KIB 19456
#define PASSWORD_PASSES 2
#define PASSWORD_LANES 1

/* The PHC string of a password, with a salt of its own, appended to out. ERR_UNAVAILABLE: no memory. */
MUST_CHECK enum err_code password_hash(struct str password, struct buf *out, struct err *e);
/*
 * Is it the password? An empty or damaged string is no password's; it takes as long as any other all the same, so that it cannot be told from outside who
 * has a password. ERR_UNAVAILABLE: no memory.
 */
MUST_CHECK enum err_code password_check(struct str phc, struct str password, bool *ret_right, struct err *e);

#endif
