#ifndef BASE_SEAL_H
#define BASE_SEAL_H
/*
 * seal: bytes that may lie in the database, and be read only with a key that does not (AES-256-GCM, NIST SP 800-38D). Each is sealed with a
 * random nonce of its own; so one key is good for 2^32 of them.
 */
#include "base/buf.h"

#define SEAL_KEY_LEN 32

struct seal_key {
	uint8_t b[SEAL_KEY_LEN];
};

/* The key in the file, made there (0600) at the first call. ERR_STORAGE: it cannot be read or made, or is no key. */
MUST_CHECK enum err_code seal_key_load(const char *path, struct seal_key *ret, struct err *e);
/* nonce, bytes, tag: appended to out. */
void seal_close(const struct seal_key *key, struct str bytes, struct buf *out);
/* What was sealed, appended. ERR_STORAGE: not with this key, or changed since. */
MUST_CHECK enum err_code seal_open(
	const struct seal_key *key, struct str sealed, struct buf *out, struct err *e);

#endif
