/* tls_files: read, looked at one by one, then the certificate and the key together. */
#include "http/tls_files.h"

#include "base/digest.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <sys/stat.h>

static enum err_code open_file(const char *path, int *ret_fd, size_t *ret_len, struct err *e)
{
	struct stat st;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, &st) != 0)
		return err_errno(e, ERR_CONFIG, errno, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "%s is no regular file", path);
	if (st.st_size > TLS_FILE_MAX)
		return err_set(e, ERR_CONFIG, "%s is larger than %d bytes", path, TLS_FILE_MAX);
	*ret_fd = fd;
	*ret_len = (size_t)st.st_size;
	fd = -1;
	return ERR_OK;
}

/* Straight into its place: a buffer that grows, or a block on the stack, would leave copies of the key behind. */
static enum err_code read_file(const char *setting, const char *path, struct buf *out, struct err *e)
{
	AUTO_FD fd = -1;
	size_t len = 0;

	buf_init(out, TLS_FILE_MAX);
	if (open_file(path, &fd, &len, e) == ERR_OK && fd_read_at(fd, 0, len, out, e) == ERR_OK)
		return ERR_OK;
	err_in(e, "%s", setting);
	return e->code = ERR_CONFIG;
}

static gnutls_datum_t datum(const struct buf *b)
{
	return (gnutls_datum_t){ .data = (unsigned char *)b->p, .size = (unsigned)b->len };
}

static enum err_code wrong(const char *setting, const char *path, const char *what, int code, struct err *e)
{
	return err_set(e, ERR_CONFIG, "%s = %s: %s (%s)", setting, path, what, gnutls_strerror(code));
}

static enum err_code check_certificates(
	const char *setting, const char *path, const struct buf *text, struct err *e)
{
	gnutls_datum_t pem = datum(text);
	gnutls_x509_crt_t *list = NULL;
	unsigned n = 0;
	int code = gnutls_x509_crt_list_import2(&list, &n, &pem, GNUTLS_X509_FMT_PEM, 0);

	if (code < 0)
		return wrong(
			setting, path, "there is no certificate in it that can be read, in PEM", code, e);
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return ERR_OK;
}

static enum err_code check_key(const char *path, const struct buf *text, struct err *e)
{
	gnutls_datum_t pem = datum(text);
	gnutls_x509_privkey_t key = NULL;
	int code = gnutls_x509_privkey_init(&key);

	if (code == GNUTLS_E_SUCCESS)
		code = gnutls_x509_privkey_import2(key, &pem, GNUTLS_X509_FMT_PEM, NULL, 0);
	gnutls_x509_privkey_deinit(key);
	return code == GNUTLS_E_SUCCESS
		       ? ERR_OK
		       : wrong("fleet.key", path,
				 "there is no key in it that can be read, in PEM and without a "
				 "passphrase",
				 code, e);
}

static enum err_code check_pair(const struct server_tls *t, const struct tls_files *f, struct err *e)
{
	gnutls_datum_t certificate = datum(&f->certificate), key = datum(&f->key);
	gnutls_certificate_credentials_t both = NULL;
	int code = gnutls_certificate_allocate_credentials(&both);

	if (code == GNUTLS_E_SUCCESS)
		code = gnutls_certificate_set_x509_key_mem2(
			both, &certificate, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (both)
		gnutls_certificate_free_credentials(both);
	if (code >= 0)
		return ERR_OK;
	err_set(e, ERR_CONFIG,
		"fleet.key = %s is not the key of the first certificate in fleet.certificate = %s (%s)",
		t->key, t->certificate, gnutls_strerror(code));
	return e->code;
}

enum err_code tls_files_read(const struct server_tls *t, struct tls_files *ret, struct err *e)
{
	TRY(read_file("fleet.certificate", t->certificate, &ret->certificate, e));
	TRY(read_file("fleet.key", t->key, &ret->key, e));
	TRY(read_file("fleet.client-ca", t->client_ca, &ret->client_ca, e));
	TRY(check_certificates("fleet.certificate", t->certificate, &ret->certificate, e));
	TRY(check_certificates("fleet.client-ca", t->client_ca, &ret->client_ca, e));
	TRY(check_key(t->key, &ret->key, e));
	return check_pair(t, ret, e);
}

void tls_files_done(struct tls_files *f)
{
	if (f->key.p)
		secret_wipe(f->key.p, f->key.cap);
	buf_done(&f->certificate);
	buf_done(&f->key);
	buf_done(&f->client_ca);
}

enum err_code tls_file_dates(
	const char *setting, const char *path, int64_t *ret_from, int64_t *ret_until, struct err *e)
{
	gnutls_x509_crt_t *list = NULL;
	gnutls_datum_t pem;
	unsigned n = 0;
	int code;
	AUTO_BUF text;

	buf_init(&text, TLS_FILE_MAX);
	TRY(read_file(setting, path, &text, e));
	pem = datum(&text);
	code = gnutls_x509_crt_list_import2(&list, &n, &pem, GNUTLS_X509_FMT_PEM, 0);
	if (code < 0 || n == 0)
		return wrong(setting, path, "there is no certificate in it that can be read", code, e);
	*ret_from = (int64_t)gnutls_x509_crt_get_activation_time(list[0]) * 1000;
	*ret_until = (int64_t)gnutls_x509_crt_get_expiration_time(list[0]) * 1000;
	for (unsigned i = 0; i < n; i++)
		gnutls_x509_crt_deinit(list[i]);
	gnutls_free(list);
	return ERR_OK;
}
