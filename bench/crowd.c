/*
 * crowd: connections that do no work: half of them say nothing, half send a header one byte a second
 * (slowloris). The ones that the server cuts come again, so that there are always as many. Runs until its
 * standard input ends.
 *
 *	crowd --port P [--connections 1000]
 *
 * Prints "ready" when all are connected, and at the end how many were cut.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char head[] = "POST /internal/ci-log HTTP/1.1\r\nHost: x\r\nX-Drip: ";

static int connect_one(int port, bool drips)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) {
		fprintf(stderr, "crowd: connect: %s\n", strerror(errno));
		exit(1);
	}
	fcntl(fd, F_SETFL, O_NONBLOCK);
	if (drips && send(fd, head, sizeof head - 1, MSG_NOSIGNAL) < 0)
		fprintf(stderr, "crowd: send: %s\n", strerror(errno));
	return fd;
}

static bool was_cut(int fd)
{
	char answer[1024];
	ssize_t n = recv(fd, answer, sizeof answer, 0);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

int main(int argc, char **argv)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	int port = 0, n = 1000, *fds, n_cut = 0;

	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--port") == 0)
			port = (int)strtol(argv[i + 1], NULL, 10);
		else if (strcmp(argv[i], "--connections") == 0)
			n = (int)strtol(argv[i + 1], NULL, 10);
	}
	fds = calloc((size_t)n, sizeof *fds);
	if (!port || n <= 0 || !fds) {
		fprintf(stderr, "usage: crowd --port P [--connections N]\n");
		return 2;
	}
	for (int i = 0; i < n; i++)
		fds[i] = connect_one(port, i % 2);
	printf("ready\n");
	fflush(stdout);
	/* A tenth of them every tenth of a second. */
	for (int turn = 0; poll(&in, 1, 100) == 0; turn = (turn + 1) % 10) {
		for (int i = turn; i < n; i += 10) {
			if (was_cut(fds[i])) {
				close(fds[i]);
				fds[i] = connect_one(port, i % 2);
				n_cut++;
			} else if (i % 2) {
				(void)!send(fds[i], "x", 1, MSG_NOSIGNAL);
			}
		}
	}
	printf("cut=%d\n", n_cut);
	free(fds);
	return 0;
}
