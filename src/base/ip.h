#ifndef BASE_IP_H
#define BASE_IP_H
/*
 * ip: addresses as limits and lists of proxies need them. An IPv4 address is held as the IPv6 one that stands for it (RFC 4291, 2.5.5.2), so that
 * both ways of writing it are one.
 */
#include "base/str.h"

struct ip {
	uint8_t b[16];
};

struct ip_net {
	struct ip ip;
	unsigned bits; /* of 128 */
};

#define IP_TEXT_LEN 64

/* An address, as it stands in X-Forwarded-For too: perhaps in brackets, perhaps with a port. False: it is none; ret untouched. */
bool ip_parse(struct str text, struct ip *ret);
/* ADDRESS or ADDRESS/BITS, without bits that are set beyond BITS. */
bool ip_net_parse(struct str text, struct ip_net *ret);
bool ip_in(const struct ip *ip, const struct ip_net *net);
/* As it is written (RFC 5952). */
struct str ip_text(const struct ip *ip, char out[IP_TEXT_LEN]);
/* What limits count by: the address, of IPv6 the first 64 bits of it, because a host has all the rest to itself. */
struct str ip_limit_key(const struct ip *ip, char out[IP_TEXT_LEN]);

#endif
