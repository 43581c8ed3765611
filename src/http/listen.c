/* listen: the socket is made here and not by the HTTP library, so that what is wrong with an address can be
 * said. */
#include "http/listen.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define BACKLOG 1024 /* held to net.core.somaxconn by the kernel */

struct endpoint {
	struct sockaddr_storage sa;
	socklen_t len;
};

static bool parse(struct str listen, struct endpoint *ret)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)(void *)&ret->sa;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)(void *)&ret->sa;
	const char *colon = listen.len > 0 ? memrchr(listen.p, ':', listen.len) : NULL;
	char host[LISTEN_ADDRESS_LEN];
	size_t len = colon ? (size_t)(colon - listen.p) : 0;
	int64_t port;

	if (len == 0 || len >= sizeof host || !str_to_int(str_from(listen, len + 1), &port) || port < 0 ||
		port > 65535)
		return false;
	memcpy(host, listen.p, len);
	host[len] = '\0';
	memset(ret, 0, sizeof *ret);
	if (host[0] == '[' && host[len - 1] == ']') {
		host[len - 1] = '\0';
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons((uint16_t)port);
		ret->len = sizeof *v6;
		return inet_pton(AF_INET6, host + 1, &v6->sin6_addr) == 1;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons((uint16_t)port);
	ret->len = sizeof *v4;
	return inet_pton(AF_INET, host, &v4->sin_addr) == 1;
}

enum err_code listen_check(struct str listen, struct err *e)
{
	struct endpoint at;

	if (parse(listen, &at))
		return ERR_OK;
	return err_set(e, ERR_CONFIG,
		"\"%.*s\" is no address and port; write ADDRESS:PORT or [IPV6]:PORT, as "
		"127.0.0.1:4500, with a port up to 65535",
		(int)(listen.len < 80 ? listen.len : 80), listen.p);
}

static enum err_code bind_error(const char *setting, const char *listen, int errnum, struct err *e)
{
	switch (errnum) {
	case EADDRINUSE:
		return err_set(e, ERR_CONFIG,
			"%s = %s: another program listens there; choose another port or stop it", setting,
			listen);
	case EACCES:
		return err_set(e, ERR_CONFIG,
			"%s = %s: not allowed; ports below 1024 need CAP_NET_BIND_SERVICE", setting, listen);
	case EADDRNOTAVAIL:
		return err_set(e, ERR_CONFIG, "%s = %s: this machine has no such address", setting, listen);
	default:
		return err_errno(e, ERR_CONFIG, errnum, "%s = %s", setting, listen);
	}
}

static int port_of(const struct sockaddr_storage *sa)
{
	if (sa->ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)sa)->sin6_port);
	return ntohs(((const struct sockaddr_in *)(const void *)sa)->sin_port);
}

enum err_code listen_open(const char *setting, const char *listen_on, int *ret_fd,
	char ret_address[LISTEN_ADDRESS_LEN], int *ret_port, struct err *e)
{
	struct endpoint at;
	AUTO_FD fd = -1;
	char host[INET6_ADDRSTRLEN];
	int on = 1;

	if (listen_check(str_z(listen_on), e) != ERR_OK)
		return err_in(e, "%s", setting);
	parse(str_z(listen_on), &at);
	fd = socket(at.sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return bind_error(setting, listen_on, errno, e);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&at.sa, at.len) != 0 || listen(fd, BACKLOG) != 0 ||
		getsockname(fd, (struct sockaddr *)&at.sa, &at.len) != 0)
		return bind_error(setting, listen_on, errno, e);
	*ret_port = port_of(&at.sa);
	if (at.sa.ss_family == AF_INET6) {
		inet_ntop(AF_INET6, &((struct sockaddr_in6 *)(void *)&at.sa)->sin6_addr, host, sizeof host);
		snprintf(ret_address, LISTEN_ADDRESS_LEN, "[%s]:%d", host, *ret_port);
	} else {
		inet_ntop(AF_INET, &((struct sockaddr_in *)(void *)&at.sa)->sin_addr, host, sizeof host);
		snprintf(ret_address, LISTEN_ADDRESS_LEN, "%s:%d", host, *ret_port);
	}
	*ret_fd = fd;
	fd = -1;
	return ERR_OK;
}

static const struct in6_addr *v6_of(const struct sockaddr *sa)
{
	return &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
}

void peer_text(const struct sockaddr *sa, char out[LISTEN_ADDRESS_LEN])
{
	out[0] = '\0';
	if (sa->sa_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)sa)->sin_addr, out,
			LISTEN_ADDRESS_LEN);
	else if (sa->sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(v6_of(sa)))
		inet_ntop(AF_INET, v6_of(sa)->s6_addr + 12, out, LISTEN_ADDRESS_LEN);
	else if (sa->sa_family == AF_INET6)
		inet_ntop(AF_INET6, v6_of(sa), out, LISTEN_ADDRESS_LEN);
}

bool peer_is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_INET)
		return ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr) >> 24 == 127;
	if (sa->sa_family != AF_INET6)
		return false;
	if (IN6_IS_ADDR_V4MAPPED(v6_of(sa)))
		return v6_of(sa)->s6_addr[12] == 127;
	return IN6_IS_ADDR_LOOPBACK(v6_of(sa));
}
