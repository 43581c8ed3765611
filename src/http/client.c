/*
 * client: from where a request came.
 *
 * That is the address of the peer, unless the peer is one of our own proxies ([server] proxies). Each proxy writes down, at the end of
 * X-Forwarded-For, who spoke to it; what stands before that came from outside and can be anything. So the list is read from its end, over
 * all headers of that name, as long as it names proxies of ours: the first address that is none of them is the client's. What is no address ends
 * the walk too: then the last proxy that was named is all that is known.
 */
#include "http/edge.h"

#include "base/ip.h"

#define HOPS_MAX 32 /* more is made up, or a loop */

static bool is_ours(const struct config *cfg, const struct ip *ip)
{
	for (size_t i = 0; i < cfg->n_proxies; i++)
		if (ip_in(ip, &cfg->proxies[i]))
			return true;
	return false;
}

/* The last entry of a list, taken off it. */
static struct str take_last(struct str *list)
{
	struct str entry;
	size_t at = list->len;

	while (at > 0 && list->p[at - 1] != ',')
		at--;
	entry = str_trim(str_from(*list, at));
	list->len = at > 0 ? at - 1 : 0;
	return entry;
}

static bool header_from_end(const struct request_head *h, size_t i, struct str *ret)
{
	static const char name[] = "X-Forwarded-For";

	if (h->headers.from_end)
		return h->headers.from_end(h->headers.arg, name, i, ret);
	*ret = h->headers.get(h->headers.arg, name);
	return i == 0 && ret->len > 0;
}

/* Goes on to the next hop towards the client. False: there is none. */
static bool next_hop(const struct request_head *h, size_t *i, struct str *list, struct ip *ret)
{
	while (list->len == 0)
		if (!header_from_end(h, (*i)++, list))
			return false;
	return ip_parse(take_last(list), ret);
}

struct str client_address(struct call *c)
{
	const struct request_head *h = &edge_of(c)->head;
	char text[IP_TEXT_LEN];
	struct str list = STR("");
	struct ip ip, next;
	size_t i = 0;

	if (c->cfg->n_proxies == 0 || !ip_parse(h->peer, &ip))
		return h->peer;
	for (int hop = 0; hop < HOPS_MAX && is_ours(c->cfg, &ip); hop++) {
		if (!next_hop(h, &i, &list, &next))
			break;
		ip = next;
	}
	return arena_str(&c->arena, ip_text(&ip, text));
}

/* A name or an address, perhaps with a port: nothing that would end it in a URL. */
static bool is_host(struct str host)
{
	for (size_t i = 0; i < host.len; i++) {
		char x = host.p[i];
		bool word = (x >= 'a' && x <= 'z') || (x >= 'A' && x <= 'Z') || (x >= '0' && x <= '9');

		if (!word && (x == '\0' || !strchr(".-:[]", x)))
			return false;
	}
	return host.len > 0 && host.len <= 255;
}

struct str call_base_url(struct call *c)
{
	struct str host = call_header(c, "Host");

	if (c->cfg->public_url.len > 0)
		return c->cfg->public_url;
	return arena_fmt(&c->arena, "http://%.*s", STR_FMT(is_host(host) ? host : STR("localhost")));
}
