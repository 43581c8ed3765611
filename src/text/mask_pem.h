#ifndef TEXT_MASK_PEM_H
#define TEXT_MASK_PEM_H
/*
 * mask_pem: private keys in armour (RFC 7468, RFC 4880). Internal to mask_*.c.
 */
#include "text/mask_scan.h"
#include "text/mask_span.h"

/* "-----BEGIN " is at `at`. What of the text is the key, if it is a private one. */
bool pem_match(struct scan *s, size_t at, struct span *ret);
/* "-----END " is at `at`, and no key that began is open. */
bool pem_match_end(struct scan *s, size_t at, struct span *ret);

/*
 * For streams. Where, in a text that may go on, the BEGIN of a private key is whose END has not come: the first of them, or text.len. Only the
 * first max bytes from the start of the BEGIN's line are looked at for its END.
 */
size_t pem_open(struct str text, size_t max);

#endif
