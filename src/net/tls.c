/*
 * tls: OpenSSL over a descriptor of ours.
 *
 * OpenSSL's own BIO for sockets writes with write(2), which raises SIGPIPE in whatever program we are part of;
 * so it gets a BIO of ours, over wire_fd_read and wire_fd_write. Its configuration file is not read: it can
 * name modules to be loaded, which a static program cannot do, and it belongs to another OpenSSL than ours.
 *
 * Reads and writes are never inside each other: one thread, one call at a time, so one SSL object is enough.
 */
#include "net/tls.h"

#include "base/arena.h"
#include "base/file.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

/* Debian, Ubuntu, Alpine, Arch; Fedora, RHEL; Alpine, OpenBSD's; SUSE. As Go and curl look for them. */
static const char *const usual_files[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/cert.pem",
	"/etc/ssl/ca-bundle.pem",
};

struct tls_context {
	SSL_CTX *ctx;
	BIO_METHOD *method;
	char *from; /* where the authorities are from, for messages */
};

struct tls {
	SSL *ssl;
};

/* --- OpenSSL's way to our descriptor */

static int bio_answer(BIO *bio, enum wire_state state, size_t n)
{
	BIO_clear_retry_flags(bio);
	switch (state) {
	case WIRE_OK:
		return (int)n;
	case WIRE_WANTS_READ:
		BIO_set_retry_read(bio);
		return -1;
	case WIRE_WANTS_WRITE:
		BIO_set_retry_write(bio);
		return -1;
	case WIRE_END:
		return 0;
	case WIRE_BROKEN:
		break;
	}
	return -1;
}

static int *fd_of(BIO *bio)
{
	return BIO_get_data(bio);
}

static int bio_read(BIO *bio, char *p, int n)
{
	size_t got = 0;
	enum wire_state state = wire_fd_read(*fd_of(bio), p, (size_t)n, &got);

	return bio_answer(bio, state, got);
}

static int bio_write(BIO *bio, const char *p, int n)
{
	size_t put = 0;
	enum wire_state state = wire_fd_write(*fd_of(bio), p, (size_t)n, &put);

	return bio_answer(bio, state, put);
}

static long bio_ctrl(BIO *bio, int what, long n, void *p)
{
	(void)bio;
	(void)n;
	(void)p;
	return what == BIO_CTRL_FLUSH;
}

static int bio_destroy(BIO *bio)
{
	free(fd_of(bio));
	return 1;
}

static BIO *bio_of(struct tls_context *c, int fd)
{
	BIO *bio = mem_must(BIO_new(c->method));
	int *own = mem_alloc(sizeof *own);

	*own = fd;
	BIO_set_data(bio, own);
	BIO_set_init(bio, 1);
	return bio;
}

/* --- authorities */

static const char *usual_file(void)
{
	for (size_t i = 0; i < sizeof usual_files / sizeof *usual_files; i++)
		if (file_exists(usual_files[i]))
			return usual_files[i];
	return NULL;
}

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static enum err_code load_authorities(struct tls_context *c, struct err *e)
{
	const char *file = env("SSL_CERT_FILE"), *folder = env("SSL_CERT_DIR");

	if (!file && !folder)
		file = usual_file();
	if (!file && !folder)
		return err_set(e, ERR_NETWORK,
			"no certificates of authorities were found on this machine: install ca-certificates, "
			"or "
			"name a file of them in SSL_CERT_FILE");
	c->from = mem_dup(str_z(file ? file : folder));
	if ((file && SSL_CTX_load_verify_file(c->ctx, file) != 1) ||
		(folder && SSL_CTX_load_verify_dir(c->ctx, folder) != 1))
		return err_set(e, ERR_NETWORK,
			"%.200s holds no certificates that can be read; SSL_CERT_FILE names a file of them "
			"in PEM",
			c->from);
	return ERR_OK;
}

enum err_code tls_context_new(struct tls_context **ret, struct err *e)
{
	struct tls_context *c = mem_alloc(sizeof *c);
	enum err_code code;

	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	c->ctx = mem_must(SSL_CTX_new(TLS_client_method()));
	c->method = mem_must(BIO_meth_new(BIO_TYPE_SOURCE_SINK | BIO_get_new_index(), "wire"));
	BIO_meth_set_read(c->method, bio_read);
	BIO_meth_set_write(c->method, bio_write);
	BIO_meth_set_ctrl(c->method, bio_ctrl);
	BIO_meth_set_destroy(c->method, bio_destroy);
	SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(c->ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(c->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
	code = load_authorities(c, e);
	ERR_clear_error();
	if (code != ERR_OK)
		tls_context_free(c);
	else
		*ret = c;
	return code;
}

void tls_context_free(struct tls_context *c)
{
	if (!c)
		return;
	SSL_CTX_free(c->ctx);
	BIO_meth_free(c->method);
	free(c->from);
	free(c);
}

/* --- a connection */

static enum wire_state state_of(SSL *ssl, int result)
{
	switch (SSL_get_error(ssl, result)) {
	case SSL_ERROR_NONE:
		return WIRE_OK;
	case SSL_ERROR_WANT_READ:
		return WIRE_WANTS_READ;
	case SSL_ERROR_WANT_WRITE:
		return WIRE_WANTS_WRITE;
	case SSL_ERROR_ZERO_RETURN:
		return WIRE_END;
	default:
		return WIRE_BROKEN; /* an end that TLS did not announce is one too: somebody may have cut it */
	}
}

enum wire_state tls_read(struct tls *t, void *p, size_t n, size_t *ret_n)
{
	ERR_clear_error();
	return state_of(t->ssl, SSL_read_ex(t->ssl, p, n, ret_n));
}

enum wire_state tls_write(struct tls *t, const void *p, size_t n, size_t *ret_n)
{
	ERR_clear_error();
	return state_of(t->ssl, SSL_write_ex(t->ssl, p, n, ret_n));
}

/* The host that the certificate must be for; and its name, which tells a server of many which one to show. */
static void expect_host(SSL *ssl, const struct url *u)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	char *host = mem_dup(u->host);
	bool ok;

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1)
		ok = true;
	else
		ok = X509_VERIFY_PARAM_set1_host(param, host, u->host.len) == 1 &&
		     SSL_set_tlsext_host_name(ssl, host) == 1;
	free(host);
	mem_must(ok ? ssl : NULL); /* nothing but memory can be missing */
}

static enum err_code refused(struct tls_context *c, SSL *ssl, struct err *e)
{
	long verdict = SSL_get_verify_result(ssl);
	unsigned long code = ERR_peek_error();
	const char *why = code ? ERR_reason_error_string(code) : NULL;

	if (verdict == X509_V_ERR_HOSTNAME_MISMATCH || verdict == X509_V_ERR_IP_ADDRESS_MISMATCH)
		return err_set(e, ERR_NETWORK,
			"the server's certificate is not for this host (%s): is the URL right?",
			X509_verify_cert_error_string(verdict));
	if (verdict != X509_V_OK)
		return err_set(e, ERR_NETWORK,
			"the server's certificate is not good: %s; the authorities are those of %.100s, "
			"SSL_CERT_FILE names others",
			X509_verify_cert_error_string(verdict), c->from);
	return err_set(e, ERR_NETWORK, "the TLS handshake failed: %s", why ? why : "the connection was cut");
}

enum err_code tls_begin(
	struct tls_context *c, struct wire *w, const struct url *u, int64_t until, struct err *e)
{
	struct tls *t = mem_alloc(sizeof *t);
	BIO *bio = bio_of(c, w->fd);
	enum wire_state state;

	t->ssl = mem_must(SSL_new(c->ctx));
	SSL_set_bio(t->ssl, bio, bio);
	expect_host(t->ssl, u);
	w->tls = t;
	for (;;) {
		ERR_clear_error();
		state = state_of(t->ssl, SSL_connect(t->ssl));
		if (state == WIRE_OK)
			return ERR_OK;
		if (state != WIRE_WANTS_READ && state != WIRE_WANTS_WRITE)
			return refused(c, t->ssl, e);
		if (!wire_wait(w, state, false, until))
			return err_set(e, ERR_NETWORK, "timed out in the TLS handshake");
	}
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	ERR_clear_error();
	if (SSL_is_init_finished(t->ssl))
		SSL_shutdown(t->ssl);
	ERR_clear_error();
	SSL_free(t->ssl);
	free(t);
}
