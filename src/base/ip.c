/* ip: see ip.h. Reading and writing are inet_pton's and inet_ntop's. */
#include "base/ip.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

static bool is_v4(const struct ip *ip)
{
	return memcmp(ip->b, v4_prefix, sizeof v4_prefix) == 0;
}

/* Without the port and the brackets that may be around. */
static struct str bare(struct str s)
{
	size_t end = str_find(s, ']'), colon = str_find(s, ':');

	if (s.len > 0 && s.p[0] == '[' && end < s.len) {
		struct str rest = str_from(s, end + 1);

		return rest.len == 0 || rest.p[0] == ':' ? (struct str){ s.p + 1, end - 1 } : STR("");
	}
	if (colon < s.len &&
		str_find(str_from(s, colon + 1), ':') == s.len - colon - 1) /* one colon: a port */
		s.len = colon;
	return s;
}

static bool parse(struct str text, struct ip *ret, bool *ret_v4)
{
	char z[IP_TEXT_LEN];
	struct ip ip = { { 0 } };

	if (text.len == 0 || text.len >= sizeof z)
		return false;
	memcpy(z, text.p, text.len);
	z[text.len] = '\0';
	if (inet_pton(AF_INET, z, ip.b + 12) == 1) {
		memcpy(ip.b, v4_prefix, sizeof v4_prefix);
		*ret_v4 = true;
	} else if (inet_pton(AF_INET6, z, ip.b) == 1) {
		*ret_v4 = false;
	} else {
		return false;
	}
	*ret = ip;
	return true;
}

bool ip_parse(struct str text, struct ip *ret)
{
	bool v4;

	return parse(bare(str_trim(text)), ret, &v4);
}

/* Keeps the first bits of b. */
static void cut(uint8_t b[16], unsigned bits)
{
	for (unsigned i = 0; i < 16; i++) {
		if (bits >= 8 * (i + 1))
			continue;
		b[i] = bits <= 8 * i ? 0 : (uint8_t)(b[i] & (0xff << (8 * (i + 1) - bits)));
	}
}

bool ip_net_parse(struct str text, struct ip_net *ret)
{
	size_t slash;
	struct ip_net net;
	struct ip within;
	int64_t bits;
	bool v4;

	text = str_trim(text);
	slash = str_find(text, '/');
	if (!parse((struct str){ text.p, slash }, &net.ip, &v4))
		return false;
	bits = v4 ? 32 : 128;
	if (slash < text.len &&
		(!str_to_int(str_from(text, slash + 1), &bits) || bits < 0 || bits > (v4 ? 32 : 128)))
		return false;
	net.bits = (unsigned)bits + (v4 ? 96 : 0);
	within = net.ip;
	cut(within.b, net.bits);
	if (memcmp(within.b, net.ip.b, sizeof within.b) != 0)
		return false;
	*ret = net;
	return true;
}

bool ip_in(const struct ip *ip, const struct ip_net *net)
{
	struct ip within = *ip;

	cut(within.b, net->bits);
	return memcmp(within.b, net->ip.b, sizeof within.b) == 0;
}

struct str ip_text(const struct ip *ip, char out[IP_TEXT_LEN])
{
	if (is_v4(ip))
		inet_ntop(AF_INET, ip->b + 12, out, IP_TEXT_LEN);
	else
		inet_ntop(AF_INET6, ip->b, out, IP_TEXT_LEN);
	return str_z(out);
}

struct str ip_limit_key(const struct ip *ip, char out[IP_TEXT_LEN])
{
	struct ip net = *ip;
	size_t len;

	if (is_v4(ip))
		return ip_text(ip, out);
	cut(net.b, 64);
	len = ip_text(&net, out).len;
	snprintf(out + len, IP_TEXT_LEN - len, "/64");
	return str_z(out);
}
