#ifndef NET_PROXY_H
#define NET_PROXY_H
/*
 * proxy: whether a URL is to be asked for through a proxy, and which, as the environment says.
 *
 * http_proxy for http (not HTTP_PROXY: a request's header "Proxy:" becomes that in a CGI program), https_proxy
 * or HTTPS_PROXY for https, all_proxy or ALL_PROXY for both; no_proxy or NO_PROXY excepts: names that the
 * host's name ends with, addresses, networks as 10.0.0.0/8, or * for all. As curl reads them.
 */
#include "net/url.h"

struct proxy {
	bool is_used;
	struct url at; /* views of the environment */
};

/* ERR_NETWORK: the value is not http://[USER:PASSWORD@]HOST[:PORT], the only kind that is spoken here. It may
 * hold a password and is not quoted. */
MUST_CHECK enum err_code proxy_find(const struct url *u, struct proxy *ret, struct err *e);
/* "Basic ..." of a URL's user, for Authorization or Proxy-Authorization. */
void proxy_put_basic(struct str user, struct buf *out);

#endif
