/*
 * http: requests through libcurl's easy interface.
 *
 * What libcurl would do by itself and a holder of tokens does not want is switched off: redirects, other
 * protocols than http and https, signals, .netrc, the "Expect: 100-continue" that costs a second at servers
 * which do not know it. One handle is kept, so that the next request to the same server finds its connection
 * open.
 */
#include "net/http.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"

#include <curl/curl.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MAX_ANSWER (16 * 1024 * 1024)
#define EXPECT_MS 3000
#define PIECE                                                                                                \
	(16L * 1024) /* of a body that has a speed: with larger ones it would stand still for long, and look like silence */

#ifndef SLUICE_VERSION
#define SLUICE_VERSION "0"
#endif

struct http_client {
	CURL *curl;
	char why[CURL_ERROR_SIZE];
	const atomic_bool *stop;
};

struct http_client *http_client_new(void)
{
	struct http_client *c = mem_alloc(sizeof *c);

	/* Counted by libcurl, and safe from threads since 7.84. Fails only when memory is out. */
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK || !(c->curl = curl_easy_init())) {
		fputs("sluice: out of memory\n", stderr);
		abort();
	}
	return c;
}

void http_client_watch(struct http_client *c, const atomic_bool *stop)
{
	c->stop = stop;
}

void http_client_free(struct http_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	curl_global_cleanup();
	free(c);
}

void http_answer_done(struct http_answer *a)
{
	buf_done(&a->body);
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct buf *body = arg;

	buf_add(body, p, size * n);
	return body->full ? 0 : size * n;
}

static void add_header(struct curl_slist **list, const char *name, const char *separator, const char *value)
{
	struct curl_slist *grown;
	AUTO_BUF line;

	buf_init(&line, 64 * 1024);
	buf_fmt(&line, "%s%s%s", name, separator, value);
	grown = curl_slist_append(*list, buf_cstr(&line));
	secret_wipe(line.p, line.len);
	if (!grown)
		abort();
	*list = grown;
}

static struct curl_slist *headers_of(const struct http_request *r, bool expects)
{
	struct curl_slist *list = NULL;

	add_header(&list, "Expect", expects ? ": " : ":", expects ? "100-continue" : "");
	if (r->content_type)
		add_header(&list, "Content-Type", ": ", r->content_type);
	if (r->bearer)
		add_header(&list, "Authorization", ": Bearer ", r->bearer);
	for (size_t i = 0; i < r->n_headers; i++)
		add_header(&list, r->headers[i].name, ": ", r->headers[i].value);
	return list;
}

static void headers_free(struct curl_slist *list)
{
	for (struct curl_slist *h = list; h; h = h->next)
		secret_wipe(h->data, strlen(h->data));
	curl_slist_free_all(list);
}

static void set_limits(CURL *curl, const struct http_request *r)
{
	const char *authorities = r->authorities ? r->authorities : getenv("SSL_CERT_FILE");

	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(
		curl, CURLOPT_CONNECTTIMEOUT_MS, r->connect_ms ? (long)r->connect_ms : HTTP_CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, r->total_ms ? (long)r->total_ms : HTTP_TOTAL_MS);
	if (authorities && *authorities)
		curl_easy_setopt(curl, CURLOPT_CAINFO, authorities);
	if (r->certificate)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, r->certificate);
	if (r->key)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, r->key);
}

static void set_request(struct http_client *c, const struct http_request *r, struct buf *body)
{
	CURL *curl = c->curl;

	curl_easy_setopt(curl, CURLOPT_URL, r->url);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "sluice/" SLUICE_VERSION);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, c->why);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
	if (r->content_type) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, r->body.len ? r->body.p : "");
	}
	if (strcmp(r->method, "HEAD") == 0)
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
}

static bool is_stopped(const struct http_client *c)
{
	return c->stop && atomic_load(c->stop);
}

/* libcurl calls this at least once a second. */
static int look_whether_stopped(void *arg, curl_off_t n_down, curl_off_t down, curl_off_t n_up, curl_off_t up)
{
	(void)n_down;
	(void)down;
	(void)n_up;
	(void)up;
	return is_stopped(arg);
}

static void set_watch(struct http_client *c)
{
	if (!c->stop)
		return;
	curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, look_whether_stopped);
	curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
}

static bool is_web(const char *scheme)
{
	return strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0;
}

/* "host:port" of a URL: what may be said of it. A URL may hold a password. Nothing when it is none of ours.
 */
static void host_of(const char *url, struct buf *out)
{
	CURLU *parts = curl_url();
	char *scheme = NULL, *host = NULL, *port = NULL;

	if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK && is_web(scheme) &&
		curl_url_get(parts, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK)
		buf_fmt(out, "%s:%s", host, port);
	curl_free(scheme);
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(parts);
}

/* libcurl's own words, unless it quotes the URL of a proxy: that may hold a password, in front of an @. */
static const char *words_of(const struct http_client *c, CURLcode how)
{
	return *c->why && !strchr(c->why, '@') ? c->why : curl_easy_strerror(how);
}

static enum err_code failed(
	struct http_client *c, const struct http_request *r, CURLcode how, bool full, struct err *e)
{
	AUTO_BUF host;

	buf_init(&host, 4096);
	host_of(r->url, &host);
	if (how == CURLE_URL_MALFORMAT || host.len == 0)
		return err_set(e, ERR_INVALID, "not a URL of a server; it begins with http:// or https://");
	if (full)
		return err_set(e, ERR_TOO_LARGE, "%s: the answer is too large", buf_cstr(&host));
	return err_set(e, ERR_NETWORK, "%s: %s", buf_cstr(&host), words_of(c, how));
}

static void read_told(CURL *curl, const struct http_request *r)
{
	struct curl_header *h;

	for (size_t i = 0; i < r->n_told; i++) {
		struct buf *value = &r->told[i].value;

		buf_reset(value);
		if (curl_easy_header(curl, r->told[i].name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK)
			buf_z(value, h->value);
	}
}

static void read_facts(CURL *curl, struct http_answer *a)
{
	long status = 0;
	curl_off_t retry_after = 0;
	const char *type = NULL;
	struct curl_header *offset, *date;

	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_after);
	curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
	a->status = (int)status;
	a->retry_after_s = retry_after > 0 ? (int64_t)retry_after : 0;
	snprintf(a->content_type, sizeof a->content_type, "%s", type ? type : "");
	if (curl_easy_header(curl, "Upload-Offset", 0, CURLH_HEADER, -1, &offset) != CURLHE_OK ||
		!str_to_int(str_z(offset->value), &a->upload_offset) || a->upload_offset < 0)
		a->upload_offset = -1;
	if (curl_easy_header(curl, "Date", 0, CURLH_HEADER, -1, &date) == CURLHE_OK)
		a->date_s = (int64_t)curl_getdate(date->value, NULL);
	if (a->date_s < 0)
		a->date_s = 0;
}

/*
 * OpenSSL writes to sockets in a way that raises SIGPIPE when the other side is gone. The signal goes to the
 * thread that wrote: so it is blocked here and taken back, whatever the program does with SIGPIPE otherwise.
 */
static CURLcode perform_without_sigpipe(CURL *curl)
{
	struct timespec now = { 0, 0 };
	sigset_t pipe, before, pending;
	bool was_pending;
	CURLcode how;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE) == 1;
	pthread_sigmask(SIG_BLOCK, &pipe, &before);
	how = curl_easy_perform(curl);
	if (!was_pending)
		sigtimedwait(&pipe, NULL, &now);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return how;
}

static void prepare(struct http_client *c, const struct http_request *r, struct http_answer *a)
{
	buf_init(&a->body, r->max_answer ? r->max_answer : MAX_ANSWER);
	c->why[0] = '\0';
	curl_easy_reset(c->curl); /* options only; connections stay */
	set_limits(c->curl, r);
	set_request(c, r, &a->body);
	set_watch(c);
}

static CURLcode perform(struct http_client *c, const struct http_request *r, bool expects)
{
	struct curl_slist *headers = headers_of(r, expects);
	CURLcode how;

	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
	how = perform_without_sigpipe(c->curl);
	curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
	curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL);
	headers_free(headers);
	return how;
}

static enum err_code give(struct http_client *c, const struct http_request *r, enum err_code code,
	struct http_answer *a, struct http_answer *ret)
{
	if (code != ERR_OK) {
		http_answer_done(a);
		return code;
	}
	read_facts(c->curl, a);
	read_told(c->curl, r);
	*ret = *a;
	return ERR_OK;
}

enum err_code http_send(
	struct http_client *c, const struct http_request *r, struct http_answer *ret, struct err *e)
{
	struct http_answer a = { 0 };
	CURLcode how;

	prepare(c, r, &a);
	how = perform(c, r, false);
	return give(c, r, how == CURLE_OK ? ERR_OK : failed(c, r, how, a.body.full, e), &a, ret);
}

bool http_client_reached(const struct http_client *c)
{
	long n = 0;

	return curl_easy_getinfo(c->curl, CURLINFO_REQUEST_SIZE, &n) != CURLE_OK || n > 0;
}

/* --- a long answer */

struct fetch {
	const struct http_client *client;
	CURL *curl;
	int wanted;
	http_take_fn *take;
	void *arg;
	struct buf *body; /* of an answer that is not the wanted one */
	enum err_code code;
	struct err *e;
	int64_t silence_ms, heard_at; /* steady */
	bool silent;
};

static size_t take_piece(char *p, size_t size, size_t n, void *arg)
{
	struct fetch *f = arg;
	long status = 0;

	curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != f->wanted)
		return take_body(p, size, n, f->body);
	f->code = f->take(f->arg, (struct str){ p, size * n }, f->e);
	f->heard_at = clock_steady_ms(&clock_system);
	return f->code == ERR_OK ? size * n : 0;
}

/* libcurl calls this at least once a second. Its own limit on slowness takes the few bytes of a sign of life for silence. */
static int look_at_clock(void *arg, curl_off_t n_down, curl_off_t down, curl_off_t n_up, curl_off_t up)
{
	struct fetch *f = arg;

	(void)n_down;
	(void)down;
	(void)n_up;
	(void)up;
	f->silent = clock_steady_ms(&clock_system) - f->heard_at > f->silence_ms;
	return f->silent || is_stopped(f->client);
}

static void set_fetch(CURL *curl, struct fetch *f)
{
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_clock);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, f);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, ""); /* all that this libcurl knows */
}

enum err_code http_fetch(struct http_client *c, const struct http_request *r, int wanted, http_take_fn *take,
	void *arg, struct http_answer *ret, struct err *e)
{
	struct http_answer a = { 0 };
	struct fetch f = {
		.client = c,
		.curl = c->curl,
		.wanted = wanted,
		.take = take,
		.arg = arg,
		.body = &a.body,
		.e = e,
		.silence_ms = r->total_ms ? r->total_ms : HTTP_TOTAL_MS,
		.heard_at = clock_steady_ms(&clock_system),
	};
	enum err_code code;
	CURLcode how;

	prepare(c, r, &a);
	set_fetch(c->curl, &f);
	how = perform(c, r, false);
	if (f.silent) {
		c->why[0] = '\0';
		how = CURLE_OPERATION_TIMEDOUT;
	}
	code = f.code;
	if (code == ERR_OK && how != CURLE_OK)
		code = failed(c, r, how, a.body.full, e);
	return give(c, r, code, &a, ret);
}

/* --- a body out of a file */

struct sending {
	CURL *curl;
	const struct http_upload *u;
	int64_t given; /* to libcurl, of the body */
	int64_t moved; /* bytes of either direction, at moved_at */
	int64_t moved_at, speed;
	bool silent, stopped;
	enum err_code code; /* of the file */
	struct err *e;
};

static size_t give_piece(char *room, size_t size, size_t n, void *arg)
{
	struct sending *s = arg;
	int64_t left = s->u->bytes - s->given, most = (int64_t)(size * n);
	ssize_t got;

	if (left == 0)
		return 0;
	do
		got = pread(
			s->u->fd, room, (size_t)(left < most ? left : most), (off_t)(s->u->at + s->given));
	while (got < 0 && errno == EINTR);
	if (got <= 0) {
		s->code = got < 0 ? err_errno(s->e, ERR_STORAGE, errno, "read the file that is sent")
				  : err_set(s->e, ERR_STORAGE, "the file that is sent has become shorter");
		return CURL_READFUNC_ABORT;
	}
	s->given += got;
	return (size_t)got;
}

/* When a connection that was kept is found to be closed, the request goes out again on another. */
static int go_back(void *arg, curl_off_t at, int from)
{
	struct sending *s = arg;

	if (from != SEEK_SET || at < 0 || at > s->u->bytes)
		return CURL_SEEKFUNC_FAIL;
	s->given = at;
	return CURL_SEEKFUNC_OK;
}

static int look_at_upload(void *arg, curl_off_t n_down, curl_off_t down, curl_off_t n_up, curl_off_t up)
{
	struct sending *s = arg;
	int64_t now = clock_steady_ms(&clock_system), speed;

	(void)n_down;
	(void)n_up;
	if (s->moved != down + up) {
		s->moved = down + up;
		s->moved_at = now;
	}
	speed = s->u->progress ? s->u->progress(s->u->arg, up) : 0;
	if (speed != s->speed)
		curl_easy_setopt(s->curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)speed);
	s->speed = speed;
	s->stopped = s->u->stop && atomic_load(s->u->stop);
	s->silent = now - s->moved_at > (s->u->silence_ms ? s->u->silence_ms : HTTP_TOTAL_MS);
	return s->stopped || s->silent;
}

static void set_upload(struct http_client *c, const struct http_request *r, struct sending *s)
{
	const struct http_upload *u = s->u;
	CURL *curl = c->curl;

	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, 0L);
	curl_easy_setopt(curl, CURLOPT_EXPECT_100_TIMEOUT_MS, u->expect_ms ? (long)u->expect_ms : EXPECT_MS);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, r->method);
	curl_easy_setopt(curl, CURLOPT_INFILESIZE_LARGE, (curl_off_t)u->bytes);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_piece);
	curl_easy_setopt(curl, CURLOPT_READDATA, s);
	curl_easy_setopt(curl, CURLOPT_SEEKFUNCTION, go_back);
	curl_easy_setopt(curl, CURLOPT_SEEKDATA, s);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look_at_upload);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, s);
	s->speed = u->progress ? u->progress(u->arg, 0) : 0;
	curl_easy_setopt(curl, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)s->speed);
	if (s->speed > 0)
		curl_easy_setopt(curl, CURLOPT_UPLOAD_BUFFERSIZE, PIECE);
}

static enum err_code upload_failed(struct http_client *c, const struct http_request *r,
	const struct sending *s, CURLcode how, bool full, struct err *e)
{
	if (s->code != ERR_OK)
		return s->code;
	if (s->stopped)
		return err_set(e, ERR_UNAVAILABLE, "told to stop");
	if (s->silent) {
		c->why[0] = '\0';
		how = CURLE_OPERATION_TIMEDOUT;
	}
	return failed(c, r, how, full, e);
}

enum err_code http_upload(struct http_client *c, const struct http_request *r, const struct http_upload *u,
	struct http_answer *ret, struct err *e)
{
	struct http_answer a = { 0 };
	struct sending s = { .curl = c->curl, .u = u, .e = e, .moved_at = clock_steady_ms(&clock_system) };
	enum err_code code = ERR_OK;
	CURLcode how;

	prepare(c, r, &a);
	set_upload(c, r, &s);
	how = perform(c, r, true);
	if (how != CURLE_OK)
		code = upload_failed(c, r, &s, how, a.body.full, e);
	return give(c, r, code, &a, ret);
}
