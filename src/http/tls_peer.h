#ifndef HTTP_TLS_PEER_H
#define HTTP_TLS_PEER_H
/*
 * tls_peer: who is at the other end of a connection with TLS, and the last words to them.
 *
 * A session is gnutls's gnutls_session_t, as libmicrohttpd gives it out. All but tls_peer_tell() on the thread that the connection belongs to.
 *
 * A certificate is good when it is in its time, was signed by a CA of fleet.client-ca (or one that such a CA signed), was made for clients
 * (its extended key usage has clientAuth, or it has none), and names a host. It names the one that its subject's common name (CN) says; without a CN
 * the one dNSName among its alternative names. Two of either, or a name that is none of a host (model/episode.h), are no name.
 * There are no revocation lists: certificates of hosts are to be short-lived, or their CA is replaced.
 */
#include "base/err.h"
#include "base/str.h"
#include "model/episode.h"

typedef void tls_refused(int fd, const struct err *why);

/* Who is told when a certificate is refused in a handshake, on the connection's thread. Once, before there is a connection. */
void tls_peer_tell(tls_refused *told);
/* Before the handshake: without a certificate that is good there will be no connection. */
void tls_peer_require(void *session);
/* After it: the host. ERR_UNAUTHORIZED says what is wrong with the certificate, or that there is none. */
MUST_CHECK enum err_code tls_peer_host(void *session, char ret[HOST_NAME_LEN_MAX + 1], struct err *e);
/* The last that is said on this session, and its end. False: the peer has no room for it, or is gone. */
bool tls_peer_end_with(void *session, struct str bytes);

#endif
