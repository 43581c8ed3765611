/*
 * tls_peer: see the header.
 *
 * libmicrohttpd asks for a certificate when it was given CAs, but goes on without one, and looks at none. So before the handshake the session is given what
 * judges, also who shows none: who is refused is refused by the handshake, before a request could be sent. (gnutls would insist on a certificate by itself,
 * GNUTLS_CERT_REQUIRE, but then says nothing to anybody.) In TLS 1.3 a client believes that the handshake is over before it has been judged: it hears of it
 * with what it reads next. Sessions are not resumed: each connection is judged.
 */
#include "http/tls_peer.h"

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

#define NAME_MAX_READ 4096 /* of a name that is then found to be none */

static tls_refused *refused;

static enum err_code refuse(const char *what, struct err *e)
{
	return err_set(e, ERR_UNAUTHORIZED, "%s", what);
}

static enum err_code check_status(unsigned status, struct err *e)
{
	static const struct {
		unsigned bit;
		const char *says;
	} words[] = {
		{ GNUTLS_CERT_SIGNER_NOT_FOUND, "the certificate was signed by no CA of fleet.client-ca" },
		{ GNUTLS_CERT_SIGNER_NOT_CA, "the certificate was signed by one that is no CA" },
		{ GNUTLS_CERT_EXPIRED, "the certificate has expired, or its CA's has" },
		{ GNUTLS_CERT_NOT_ACTIVATED, "the certificate is not good yet; look at the clocks" },
		{ GNUTLS_CERT_PURPOSE_MISMATCH,
			"the certificate was not made for clients (extended key usage clientAuth)" },
		{ GNUTLS_CERT_INSECURE_ALGORITHM,
			"the certificate was signed with an algorithm that is not secure any more" },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (status & words[i].bit)
			return refuse(words[i].says, e);
	return status == 0 ? ERR_OK : refuse("the certificate is not trusted", e);
}

static enum err_code check_signed(gnutls_session_t session, struct err *e)
{
	static unsigned char for_clients[] = GNUTLS_KP_TLS_WWW_CLIENT;
	gnutls_typed_vdata_st purpose = { .type = GNUTLS_DT_KEY_PURPOSE_OID, .data = for_clients };
	unsigned status = 0;
	int code = gnutls_certificate_verify_peers(session, &purpose, 1, &status);

	if (code == GNUTLS_E_NO_CERTIFICATE_FOUND)
		return refuse("it shows no certificate", e);
	if (code != GNUTLS_E_SUCCESS)
		return err_set(
			e, ERR_UNAUTHORIZED, "the certificate cannot be checked: %s", gnutls_strerror(code));
	return check_status(status, e);
}

struct name {
	char text[NAME_MAX_READ];
	size_t len;
};

static const char two_names[] =
	"the certificate has more than one name; of a host it has one CN, or one dNSName";
static const char no_name[] =
	"the certificate has no name that can be read; of a host it has one CN, or one dNSName";

/* The length that is told counts a NUL behind it or not, as the version has it. */
static void trim(struct name *n, size_t told)
{
	n->len = strnlen(n->text, told < sizeof n->text ? told : sizeof n->text);
	if (n->len + 1 < told) /* a NUL inside: a name that two readers read in two ways */
		n->len = 0;
}

/* ret->len stays 0: there is none. */
static enum err_code read_cn(gnutls_x509_crt_t crt, struct name *ret, struct err *e)
{
	size_t len = sizeof ret->text, other = 0;
	int code = gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, ret->text, &len);

	if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return ERR_OK;
	if (code < 0)
		return refuse(no_name, e);
	trim(ret, len);
	if (ret->len == 0)
		return refuse(no_name, e);
	if (gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 1, 0, NULL, &other) !=
		GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		return refuse(two_names, e);
	return ERR_OK;
}

static enum err_code read_dns(gnutls_x509_crt_t crt, struct name *ret, struct err *e)
{
	struct name one;

	for (unsigned i = 0;; i++) {
		size_t len = sizeof one.text;
		int code = gnutls_x509_crt_get_subject_alt_name(crt, i, one.text, &len, NULL);

		if (code == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
			return ret->len > 0 ? ERR_OK : refuse(no_name, e);
		if (code < 0)
			return refuse(no_name, e);
		if (code != GNUTLS_SAN_DNSNAME)
			continue;
		if (ret->len > 0)
			return refuse(two_names, e);
		trim(&one, len);
		if (one.len == 0)
			return refuse(no_name, e);
		memcpy(ret->text, one.text, one.len);
		ret->len = one.len;
	}
}

static enum err_code read_name(gnutls_x509_crt_t crt, char ret[HOST_NAME_LEN_MAX + 1], struct err *e)
{
	struct name name = { .len = 0 };
	struct err rule;

	TRY(read_cn(crt, &name, e));
	if (name.len == 0)
		TRY(read_dns(crt, &name, e));
	if (host_name_check((struct str){ name.text, name.len }, &rule) != ERR_OK)
		return err_set(e, ERR_UNAUTHORIZED, "the certificate is of \"%.*s\", which is no host: %s",
			(int)(name.len < 80 ? name.len : 80), name.text, rule.text);
	memcpy(ret, name.text, name.len);
	ret[name.len] = '\0';
	return ERR_OK;
}

enum err_code tls_peer_host(void *session, char ret[HOST_NAME_LEN_MAX + 1], struct err *e)
{
	const gnutls_datum_t *chain;
	gnutls_x509_crt_t crt = NULL;
	unsigned n = 0;
	enum err_code code;

	TRY(check_signed(session, e));
	chain = gnutls_certificate_get_peers(session, &n);
	if (!chain || n == 0 || gnutls_x509_crt_init(&crt) != GNUTLS_E_SUCCESS)
		return refuse("there is no certificate", e);
	if (gnutls_x509_crt_import(crt, &chain[0], GNUTLS_X509_FMT_DER) != GNUTLS_E_SUCCESS)
		code = refuse(no_name, e);
	else
		code = read_name(crt, ret, e);
	gnutls_x509_crt_deinit(crt);
	return code;
}

static int judge(gnutls_session_t session)
{
	char host[HOST_NAME_LEN_MAX + 1];
	struct err why;

	if (tls_peer_host(session, host, &why) == ERR_OK)
		return 0;
	if (refused)
		refused(gnutls_transport_get_int(session), &why);
	gnutls_alert_send(
		session, GNUTLS_AL_FATAL, GNUTLS_A_BAD_CERTIFICATE); /* the library would just close */
	return GNUTLS_E_CERTIFICATE_ERROR;
}

void tls_peer_tell(tls_refused *told)
{
	refused = told;
}

void tls_peer_require(void *session)
{
	gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
	gnutls_session_set_verify_function(session, judge);
}

bool tls_peer_end_with(void *session, struct str bytes)
{
	while (bytes.len > 0) {
		ssize_t n = gnutls_record_send(session, bytes.p, bytes.len);

		if (n == GNUTLS_E_INTERRUPTED)
			continue;
		if (n <= 0)
			return false;
		bytes = str_from(bytes, (size_t)n);
	}
	return gnutls_bye(session, GNUTLS_SHUT_WR) == GNUTLS_E_SUCCESS;
}
