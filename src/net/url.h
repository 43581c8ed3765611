#ifndef NET_URL_H
#define NET_URL_H
/*
 * url: an http or https URL taken apart (RFC 3986), and values put into one.
 */
#include "base/buf.h"

struct url { /* views of the text that was split */
	bool is_tls;
	struct str user; /* "name:password" as it stands there, percent-encoded; empty: none */
	struct str host; /* a name or an address; of IPv6 without its brackets */
	bool is_v6;
	int port;          /* that of the scheme when none is said */
	struct str target; /* path and query, no fragment; may be empty or begin with '?' */
};

/* ERR_INVALID: no such URL. The message does not quote it, for it may hold a password. */
MUST_CHECK enum err_code url_split(struct str text, struct url *ret, struct err *e);
/* What stands behind "http://" in a URL or alone in http_proxy: "user@host:port". False: it cannot be one. */
bool url_split_authority(struct str text, int default_port, struct url *ret);
/* "host:port", IPv6 in brackets: what may be said of a URL. */
void url_put_host(const struct url *u, struct buf *out);
/* value percent-encoded for a query (RFC 3986 unreserved stay). */
void url_encode(struct str value, struct buf *out);
/* Percent-encoding taken off; a % that begins none stays. */
void url_decode(struct str text, struct buf *out);

#endif
