#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H
/*
 * listen: from "127.0.0.1:4500" or "[::1]:0" to a socket that listens. Addresses are numeric: a name could
 * mean another interface tomorrow.
 */
#include "base/err.h"
#include "base/str.h"
#include <sys/socket.h>

#define LISTEN_ADDRESS_LEN 64

/* ERR_CONFIG says how it is written. */
MUST_CHECK enum err_code listen_check(struct str listen, struct err *e);
/* ERR_CONFIG names the setting. ret_fd is the caller's to close; ret_address is what it really
 * listens on, port 0 resolved. */
MUST_CHECK enum err_code listen_open(const char *setting, const char *listen, int *ret_fd,
	char ret_address[LISTEN_ADDRESS_LEN], int *ret_port, struct err *e);
/*
 * The text of a peer's address without its port. An IPv4 address that came over an IPv6 socket is written as what it is.
 */
void peer_text(const struct sockaddr *sa, char out[LISTEN_ADDRESS_LEN]);
bool peer_is_loopback(const struct sockaddr *sa);

#endif
