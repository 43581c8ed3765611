#ifndef NET_TLS_H
#define NET_TLS_H
/*
 * tls: TLS 1.2 and 1.3 as a client. The only file that knows libssl.
 *
 * The server must show a certificate for the host that was asked for, signed by an authority that is known:
 * those of the file SSL_CERT_FILE and the folder SSL_CERT_DIR name, else of the first file there is among
 * those where Linux distributions keep them. There is no way to switch that off.
 */
#include "net/url.h"
#include "net/wire.h"

struct tls_context; /* the authorities; for any number of connections of one thread */
/* ERR_NETWORK: there are no authorities to be found, or the file has none. */
MUST_CHECK enum err_code tls_context_new(struct tls_context **ret, struct err *e);
void tls_context_free(struct tls_context *c);

/*
 * The handshake over w->fd with that host, until then: w->tls is set, and w reads and writes through it.
 * ERR_NETWORK says what is wrong, with the certificate too.
 */
MUST_CHECK enum err_code tls_begin(
	struct tls_context *c, struct wire *w, const struct url *u, int64_t until, struct err *e);
void tls_free(struct tls *t); /* says goodbye if it can do so at once */
enum wire_state tls_read(struct tls *t, void *p, size_t n, size_t *ret_n);
enum wire_state tls_write(struct tls *t, const void *p, size_t n, size_t *ret_n);

#endif
