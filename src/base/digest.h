#ifndef BASE_DIGEST_H
#define BASE_DIGEST_H
/*
 * digest: hashes, random bytes and their spellings. The only file that knows libcrypto.
 */
#include "base/buf.h"

#define SHA256_LEN 32
struct sha256 {
	uint8_t b[SHA256_LEN];
};

struct sha256 sha256_of(struct str bytes);
/* The same of bytes that come in pieces; sha256_end() frees the state. */
struct sha256_state;
struct sha256_state *sha256_begin(void);
void sha256_add(struct sha256_state *s, struct str bytes);
struct sha256 sha256_end(struct sha256_state *s);
void sha256_free(struct sha256_state *s); /* of one that is not ended. NULL is fine */
/* HMAC-SHA256 (RFC 2104) of bytes under a key of any length. */
struct sha256 hmac_sha256(struct str key, struct str bytes);
/* Constant time; both are of equal length by type, so no length can be told from the time. */
bool sha256_equal(const struct sha256 *a, const struct sha256 *b);
/* From the kernel; aborts when there is no entropy to be had. */
void random_bytes(void *p, size_t n);

void hex_encode(const void *p, size_t n, struct buf *out); /* lower case */
/* Of 2 n hex digits of either case, n bytes. False: it is no such text; what is at p may have changed then. */
bool hex_decode(struct str text, void *p, size_t n);
bool is_hex(struct str s);                             /* only hex digits, of either case, and at least one */
void base64_encode(struct str bytes, struct buf *out); /* RFC 4648 section 4, padded */
void base64url_encode(struct str bytes, struct buf *out); /* section 5, not padded */
/* Appended. False: it is no such text (padding, white space and left-over bits are none); out may have got some of it then. */
bool base64url_decode(struct str text, struct buf *out);
/* Overwrite in a way the compiler keeps. */
void secret_wipe(void *p, size_t n);

#endif
