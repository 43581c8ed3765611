#ifndef HTTP_TLS_FILES_H
#define HTTP_TLS_FILES_H
/*
 * tls_files: what the listener of hosts needs of TLS, from the files that [fleet] names.
 *
 * PEM all three: the server's certificate, with those between it and its CA behind it; its key, without a passphrase; the certificates of the CAs that sign hosts.
 * They are read and looked at here, so that what is wrong with one of them can be said: the library says of all alike that it cannot start.
 */
#include "base/buf.h"

#define TLS_FILE_MAX (1024 * 1024)
/* gnutls's words: what of TLS is spoken. No key exchange whose record can be read later by who gets hold of the key. */
#define TLS_PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-RSA:%SERVER_PRECEDENCE"

struct server_tls {         /* files */
	const char *listen; /* as in server_options */
	const char *certificate, *key, *client_ca;
};

struct tls_files {
	struct buf certificate, key, client_ca;
};

/* ERR_CONFIG names the setting and the file. ret is tls_files_done()'s whatever happens. */
MUST_CHECK enum err_code tls_files_read(const struct server_tls *t, struct tls_files *ret, struct err *e);
/* Of the first certificate in a file, wall ms: when it becomes good, and until when it is. ERR_CONFIG. */
MUST_CHECK enum err_code tls_file_dates(
	const char *setting, const char *path, int64_t *ret_from, int64_t *ret_until, struct err *e);
void tls_files_done(struct tls_files
		*f); /* wipes the key (gnutls goes on having what it needs of it); also of a zeroed one */
#define AUTO_TLS_FILES __attribute__((cleanup(tls_files_done))) struct tls_files

#endif
