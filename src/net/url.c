/*
 * url: only what a client of one server needs. No relative references, no schemes but http and https, no
 * letters beyond ASCII: a host in other letters is to be given in its xn-- form.
 */
#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

#define HOST_MAX 253 /* of a name in DNS, RFC 1035 */

static bool is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_name(struct str host)
{
	for (size_t i = 0; i < host.len; i++)
		if (!is_letter_or_digit(host.p[i]) && !(host.p[i] && strchr("-._~", host.p[i])))
			return false;
	return host.len > 0 && host.len <= HOST_MAX;
}

static bool is_v6(struct str host)
{
	struct in6_addr address;
	char z[INET6_ADDRSTRLEN];

	if (host.len >= sizeof z)
		return false;
	memcpy(z, host.p, host.len);
	z[host.len] = '\0';
	return inet_pton(AF_INET6, z, &address) == 1;
}

static bool set_port(struct str text, int *ret)
{
	int64_t port;

	if (text.len == 0) /* "host:" is the same as "host" */
		return true;
	if (!str_to_int(text, &port) || port < 1 || port > 65535)
		return false;
	*ret = (int)port;
	return true;
}

bool url_split_authority(struct str text, int default_port, struct url *ret)
{
	size_t at = text.len;

	/* A password may hold an @: the last one ends it. */
	while (at > 0 && text.p[at - 1] != '@')
		at--;
	ret->user = (struct str){ text.p, at > 0 ? at - 1 : 0 };
	text = str_from(text, at);
	ret->port = default_port;
	ret->is_v6 = str_starts(text, STR("["));
	if (ret->is_v6) {
		size_t end = str_find(text, ']');
		struct str behind = str_from(text, end + 1);

		ret->host = (struct str){ text.p + 1, end - 1 };
		return end < text.len && is_v6(ret->host) && (behind.len == 0 || behind.p[0] == ':') &&
		       set_port(str_from(behind, 1), &ret->port);
	}
	ret->host = (struct str){ text.p, str_find(text, ':') };
	return is_name(ret->host) && set_port(str_from(text, ret->host.len + 1), &ret->port);
}

static bool is_visible_ascii(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return true;
}

static struct str without_scheme(struct str text, bool *ret_is_tls)
{
	const struct str plain = STR("http://"), tls = STR("https://");
	struct str begin = { text.p, text.len < plain.len ? text.len : plain.len };

	*ret_is_tls = false;
	if (str_eq_nocase(begin, plain))
		return str_from(text, plain.len);
	*ret_is_tls = true;
	begin.len = text.len < tls.len ? text.len : tls.len;
	return str_eq_nocase(begin, tls) ? str_from(text, tls.len) : STR("");
}

enum err_code url_split(struct str text, struct url *ret, struct err *e)
{
	struct url u = { 0 };
	struct str rest = without_scheme(text, &u.is_tls);
	size_t end = 0;

	while (end < rest.len && !strchr("/?#", rest.p[end]))
		end++;
	if (!is_visible_ascii(text) ||
		!url_split_authority((struct str){ rest.p, end }, u.is_tls ? 443 : 80, &u))
		return err_set(e, ERR_INVALID, "not a URL of a server; it begins with http:// or https://");
	u.target = str_from(rest, end);
	u.target.len = str_find(u.target, '#');
	*ret = u;
	return ERR_OK;
}

void url_put_host(const struct url *u, struct buf *out)
{
	buf_fmt(out, u->is_v6 ? "[%.*s]:%d" : "%.*s:%d", STR_FMT(u->host), u->port);
}

void url_encode(struct str value, struct buf *out)
{
	for (size_t i = 0; i < value.len; i++) {
		char c = value.p[i];

		if (is_letter_or_digit(c) || (c != '\0' && strchr("-._~", c)))
			buf_char(out, c);
		else
			buf_fmt(out, "%%%02X", (unsigned char)c);
	}
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

void url_decode(struct str text, struct buf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		int high = i + 2 < text.len && text.p[i] == '%' ? hex_of(text.p[i + 1]) : -1;
		int low = high >= 0 ? hex_of(text.p[i + 2]) : -1;

		buf_char(out, low >= 0 ? (char)(high * 16 + low) : text.p[i]);
		i += low >= 0 ? 2 : 0;
	}
}
