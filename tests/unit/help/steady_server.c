/* steady_server: one thread; libssl on the server's side, and libcrypto to make what it shows. */
#include "tests/test.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "tests/unit/help/steady_server.h"

#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADS_MAX 64
#define HEAD_MAX (64 * 1024)

struct steady_server {
	struct steady_options o;
	int fd, port;
	SSL_CTX *ctx;
	pthread_t thread;
	pthread_mutex_t lock; /* all below */
	int open_fd;          /* the connection under way, or -1 */
	bool stopping;
	size_t n_connections, n_requests, n_heads;
	char *heads[HEADS_MAX];
};

/* --- certificates */

static void must(bool good)
{
	if (!good)
		abort(); /* cmocka's assertions are not for threads */
}

static void set_name(X509 *x, const char *name)
{
	X509_NAME *n = X509_get_subject_name(x);

	must(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0) == 1);
}

static void add_extension(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	must(ext && X509_add_ext(x, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

static X509 *certificate(const char *name, EVP_PKEY *key, long from_s, long to_s)
{
	static long serial;
	X509 *x = X509_new();

	must(x && X509_set_version(x, 2) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial) == 1);
	must(X509_gmtime_adj(X509_getm_notBefore(x), from_s) && X509_gmtime_adj(X509_getm_notAfter(x), to_s));
	must(X509_set_pubkey(x, key) == 1);
	set_name(x, name);
	return x;
}

static X509 *authority(const char *name, EVP_PKEY *key, const char *path)
{
	X509 *x = certificate(name, key, -3600, 3600);
	FILE *f = fopen(path, "we");

	must(X509_set_issuer_name(x, X509_get_subject_name(x)) == 1);
	add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
	add_extension(x, NID_key_usage, "critical,keyCertSign");
	must(X509_sign(x, key, EVP_sha256()) > 0);
	must(f && PEM_write_X509(f, x) == 1 && fclose(f) == 0);
	return x;
}

static void make_certificates(struct steady_server *s, const char *folder)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	long to_s = s->o.expired ? -60 : 3600;
	char path[300];
	X509 *ca, *other, *x;

	snprintf(path, sizeof path, "%s/ca.pem", folder);
	ca = authority("the authority", ca_key, path);
	snprintf(path, sizeof path, "%s/other.pem", folder);
	other = authority("another authority", key, path);
	x = certificate("the server", key, -3600, to_s);
	must(X509_set_issuer_name(x, X509_get_subject_name(ca)) == 1);
	add_extension(x, NID_subject_alt_name, s->o.cert_for);
	must(X509_sign(x, ca_key, EVP_sha256()) > 0);
	s->ctx = SSL_CTX_new(TLS_server_method());
	must(s->ctx && SSL_CTX_use_certificate(s->ctx, x) == 1 && SSL_CTX_use_PrivateKey(s->ctx, key) == 1);
	X509_free(x);
	X509_free(other);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
}

/* --- a connection */

struct talk {
	struct steady_server *s;
	int fd;
	SSL *ssl; /* or NULL: bare */
	struct buf in;
	int n_answered;
};

static bool hear_more(struct talk *t)
{
	char piece[16 * 1024];
	ssize_t n = t->ssl ? SSL_read(t->ssl, piece, sizeof piece) : recv(t->fd, piece, sizeof piece, 0);

	if (n <= 0)
		return false;
	buf_add(&t->in, piece, (size_t)n);
	return true;
}

static bool say(struct talk *t, const char *text)
{
	size_t len = strlen(text);

	return t->ssl ? SSL_write(t->ssl, text, (int)len) == (int)len
		      : send(t->fd, text, len, MSG_NOSIGNAL) == (ssize_t)len;
}

/* Takes a head out of what comes. False: the client is gone. */
static bool hear_head(struct talk *t, char **ret_head)
{
	size_t end;

	while ((end = str_find_str(buf_view(&t->in), STR("\r\n\r\n"))) == t->in.len)
		if (!hear_more(t))
			return false;
	*ret_head = mem_dup((struct str){ t->in.p, end + 4 });
	buf_drop(&t->in, end + 4);
	pthread_mutex_lock(&t->s->lock);
	must(t->s->n_heads < HEADS_MAX);
	t->s->heads[t->s->n_heads++] = *ret_head;
	pthread_mutex_unlock(&t->s->lock);
	return true;
}

static size_t length_in(const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");

	return at ? strtoul(at + strlen("\r\nContent-Length:"), NULL, 10) : 0;
}

static bool hear_body(struct talk *t, size_t n)
{
	while (n > 0) {
		size_t here = t->in.len < n ? t->in.len : n;

		buf_drop(&t->in, here);
		n -= here;
		if (n > 0 && !hear_more(t))
			return false;
	}
	return true;
}

static void answer(struct talk *t, size_t body_len)
{
	char text[200], number[40];

	snprintf(number, sizeof number, "%zu", body_len);
	if (t->s->o.cut_answer)
		snprintf(text, sizeof text, "%s", t->s->o.cut_answer);
	else if (t->n_answered % 2) /* in turns with and without chunks */
		snprintf(text, sizeof text,
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%zx;x=y\r\n%s\r\n0\r\nX: "
			"y\r\n\r\n",
			strlen(number), number);
	else
		snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
			strlen(number), number);
	say(t, text);
	t->n_answered++;
}

/* False: the connection is to end. */
static bool one_request(struct talk *t, bool is_first_connection)
{
	struct steady_server *s = t->s;
	char *head;

	if (!hear_head(t, &head))
		return false;
	if (s->o.refuses_early)
		say(t, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
	if (!hear_body(t, length_in(head)))
		return false;
	pthread_mutex_lock(&s->lock);
	s->n_requests++;
	pthread_mutex_unlock(&s->lock);
	if (s->o.leaves_after > 0 && is_first_connection && t->n_answered == s->o.leaves_after)
		return false;
	if (!s->o.refuses_early)
		answer(t, length_in(head));
	return !s->o.cut_answer;
}

static bool is_connect(struct talk *t)
{
	while (t->in.len < 8 && hear_more(t))
		;
	return str_starts(buf_view(&t->in), STR("CONNECT "));
}

/* To whoever begins in the clear: the part of a proxy. False: the connection is to end. */
static bool be_proxy(struct talk *t)
{
	const char *said = t->s->o.connect_answer ? t->s->o.connect_answer : "HTTP/1.1 200 Go on\r\n\r\n";
	char first, *head;

	if (recv(t->fd, &first, 1, MSG_PEEK) != 1 || first != 'C')
		return true;
	return is_connect(t) && hear_head(t, &head) && say(t, said) && !t->s->o.connect_answer;
}

static bool shake_hands(struct talk *t)
{
	SSL *ssl = SSL_new(t->s->ctx);

	must(ssl && SSL_set_fd(ssl, t->fd) == 1);
	t->ssl = ssl;
	return SSL_accept(ssl) == 1;
}

static void serve_one(struct steady_server *s, int fd, bool is_first)
{
	struct talk t = { .s = s, .fd = fd };
	char byte;

	buf_init(&t.in, 64 * 1024 * 1024);
	if (s->o.hangs)
		while (recv(fd, &byte, 1, 0) > 0)
			;
	else if (!s->ctx || (be_proxy(&t) && shake_hands(&t)))
		while (one_request(&t, is_first))
			;
	if (t.ssl && !s->o.cut_answer)
		SSL_shutdown(t.ssl);
	/* A close with something unread would be a reset, and what was said be lost. */
	shutdown(fd, SHUT_WR);
	while (recv(fd, &byte, 1, 0) > 0)
		;
	SSL_free(t.ssl);
	buf_done(&t.in);
}

static void *serve(void *arg)
{
	struct steady_server *s = arg;
	sigset_t pipe;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe, NULL); /* OpenSSL writes with write(2) */
	for (;;) {
		AUTO_FD fd = accept4(s->fd, NULL, NULL, SOCK_CLOEXEC);
		bool stopping, is_first;

		if (fd < 0)
			return NULL;
		pthread_mutex_lock(&s->lock);
		stopping = s->stopping;
		s->open_fd = fd;
		is_first = s->n_connections++ == 0;
		pthread_mutex_unlock(&s->lock);
		if (!stopping)
			serve_one(s, fd, is_first);
		pthread_mutex_lock(&s->lock);
		s->open_fd = -1;
		pthread_mutex_unlock(&s->lock);
	}
}

/* --- life */

struct steady_server *steady_server_new(struct steady_options o, const char *folder)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct steady_server *s = mem_alloc(sizeof *s);
	socklen_t len = sizeof sa;

	s->o = o;
	s->open_fd = -1;
	pthread_mutex_init(&s->lock, NULL);
	if (o.cert_for)
		make_certificates(s, folder);
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(s->fd >= 0 && bind(s->fd, (struct sockaddr *)&sa, sizeof sa) == 0 && listen(s->fd, 10) == 0 &&
		getsockname(s->fd, (struct sockaddr *)&sa, &len) == 0);
	s->port = ntohs(sa.sin_port);
	must(pthread_create(&s->thread, NULL, serve, s) == 0);
	return s;
}

void steady_server_free(struct steady_server *s)
{
	if (!s)
		return;
	pthread_mutex_lock(&s->lock);
	s->stopping = true;
	if (s->open_fd >= 0)
		shutdown(s->open_fd, SHUT_RDWR);
	pthread_mutex_unlock(&s->lock);
	shutdown(s->fd, SHUT_RDWR); /* wakes accept(2) */
	pthread_join(s->thread, NULL);
	close(s->fd);
	for (size_t i = 0; i < s->n_heads; i++)
		free(s->heads[i]);
	SSL_CTX_free(s->ctx);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

int steady_server_port(const struct steady_server *s)
{
	return s->port;
}

static size_t read_count(struct steady_server *s, const size_t *count)
{
	size_t n;

	pthread_mutex_lock(&s->lock);
	n = *count;
	pthread_mutex_unlock(&s->lock);
	return n;
}

size_t steady_server_n_connections(struct steady_server *s)
{
	return read_count(s, &s->n_connections);
}

size_t steady_server_n_requests(struct steady_server *s)
{
	return read_count(s, &s->n_requests);
}

const char *steady_server_head(struct steady_server *s, size_t i)
{
	must(i < read_count(s, &s->n_heads));
	return s->heads[i];
}
