/*
 * proxy: four variables and a list of exceptions. What a proxy is told is http_small.c's.
 */
#include "net/proxy.h"

#include "base/digest.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 1080 /* curl's, of old */

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static const char *first_of(const char *const *names)
{
	for (; *names; names++)
		if (env(*names))
			return *names;
	return NULL;
}

struct address {
	unsigned char bytes[sizeof(struct in6_addr)];
	size_t len; /* 4 or 16; 0: it is a name */
};

static struct address address_of(struct str text)
{
	struct address a = { .len = 0 };
	char z[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof z)
		return a;
	memcpy(z, text.p, text.len);
	z[text.len] = '\0';
	if (inet_pton(AF_INET, z, a.bytes) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, z, a.bytes) == 1)
		a.len = 16;
	return a;
}

static bool same_bits(const struct address *a, const struct address *b, size_t n_bits)
{
	size_t whole = n_bits / 8;
	unsigned char mask = (unsigned char)(0xff00u >> n_bits % 8);

	return memcmp(a->bytes, b->bytes, whole) == 0 &&
	       (n_bits % 8 == 0 || ((a->bytes[whole] ^ b->bytes[whole]) & mask) == 0);
}

/* "10.0.0.0/8", "10.1.2.3", "[::1]" */
static bool is_address_in(const struct address *host, struct str entry)
{
	size_t slash = str_find(entry, '/');
	struct str text = { entry.p, slash };
	struct address net;
	int64_t bits;

	if (str_starts(text, STR("[")) && str_ends(text, STR("]")))
		text = (struct str){ text.p + 1, text.len - 2 };
	net = address_of(text);
	bits = (int64_t)net.len * 8;
	if (slash < entry.len &&
		(!str_to_int(str_from(entry, slash + 1), &bits) || bits < 0 || bits > (int64_t)net.len * 8))
		return false;
	return net.len > 0 && net.len == host->len && same_bits(host, &net, (size_t)bits);
}

static bool is_name_under(struct str host, struct str entry)
{
	struct str end;

	if (str_starts(entry, STR(".")))
		entry = str_from(entry, 1);
	if (str_ends(host, STR(".")))
		host.len--;
	if (entry.len == 0 || host.len < entry.len)
		return false;
	end = str_from(host, host.len - entry.len);
	return str_eq_nocase(end, entry) && (end.len == host.len || end.p[-1] == '.');
}

static bool is_excepted(struct str host)
{
	static const char *const names[] = { "no_proxy", "NO_PROXY", NULL };
	const char *name = first_of(names);
	struct str list = str_z(name ? env(name) : NULL);
	struct address address = address_of(host);

	while (list.len > 0) {
		struct str entry = { list.p, 0 };

		while (entry.len < list.len && list.p[entry.len] != ',' && list.p[entry.len] != ' ')
			entry.len++;
		if (str_eq(entry, STR("*")) ||
			(address.len ? is_address_in(&address, entry) : is_name_under(host, entry)))
			return true;
		list = str_from(list, entry.len + 1);
	}
	return false;
}

enum err_code proxy_find(const struct url *u, struct proxy *ret, struct err *e)
{
	static const char *const plain[] = { "http_proxy", "all_proxy", "ALL_PROXY", NULL };
	static const char *const tls[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL };
	const char *name = first_of(u->is_tls ? tls : plain);
	struct proxy p = { .is_used = false };
	struct str value, scheme;

	*ret = p;
	if (!name || is_excepted(u->host))
		return ERR_OK;
	value = str_trim(str_z(env(name)));
	scheme = (struct str){ value.p, str_find_str(value, STR("://")) };
	if (scheme.len < value.len)
		value = str_from(value, scheme.len + 3);
	else
		scheme = STR("http");
	while (str_ends(value, STR("/")))
		value.len--;
	if (!str_eq_nocase(scheme, STR("http")) || !url_split_authority(value, DEFAULT_PORT, &p.at))
		return err_set(e, ERR_NETWORK,
			"%s names no proxy that is spoken to here; it is http://HOST:PORT, with "
			"USER:PASSWORD@ "
			"in front of the host if need be",
			name);
	p.is_used = true;
	*ret = p;
	return ERR_OK;
}

void proxy_put_basic(struct str user, struct buf *out)
{
	AUTO_BUF plain;

	buf_init(&plain, 4096);
	url_decode(user, &plain);
	if (str_find(buf_view(&plain), ':') == plain.len)
		buf_char(&plain, ':');
	buf_z(out, "Basic ");
	base64_encode(buf_view(&plain), out);
	if (plain.p)
		secret_wipe(plain.p, plain.len);
}
