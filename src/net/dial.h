#ifndef NET_DIAL_H
#define NET_DIAL_H
/*
 * dial: a TCP connection to a host and port, within a time that holds for the name's look-up too.
 *
 * A host may have addresses of IPv4 and of IPv6, and some of them may lead nowhere. They are tried in turns,
 * a new one when the last has failed or has not answered for a quarter of a second; the first that answers is
 * taken (RFC 8305).
 */
#include "base/err.h"
#include "base/str.h"

/* until: steady ms. ERR_NETWORK says what failed, without the host's name. The descriptor does not block. */
MUST_CHECK enum err_code dial(struct str host, int port, int64_t until, int *ret_fd, struct err *e);

#endif
