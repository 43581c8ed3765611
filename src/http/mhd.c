/*
 * mhd: the listeners, over libmicrohttpd. The only file that knows it, but for mhd_head.c.
 *
 * A pool of threads, each with its own epoll set. A handler that waits for the disk does not hold one: its
 * connection is suspended, and resumed from the writer's thread when the commit is done. The writer may be
 * done before the suspension took effect; `stage` decides, with one atomic operation on each side, who of the
 * two goes on with the request.
 *
 * Refusals that come before the body has been read go past the library. It can queue an answer at the headers
 * of POST and PUT alone, and in the middle of a body for no method at all; and it closes such a connection
 * with unread bytes in it, whose reset can overtake the answer. So the finished bytes are sent here,
 * directly: nothing else can be on its way on that connection, because answers to earlier requests have gone
 * out in whole before this one was begun. Then the connection is given up, and a copy of its descriptor is
 * drained for a while (http/linger.h). "Expect: 100-continue" comes for free: the refusal is sent in place of
 * 100.
 *
 * A reply that is read while it is sent (call.h, reply_source) may have nothing for a while: then its connection is suspended too, until
 * somebody wakes it.
 *
 * On the listener of hosts all goes over TLS (tls_peer.h): a refusal that goes past the library goes through the session, which nothing else uses at that moment, for
 * it belongs to the same thread. Its handshake counts as headers: who drips it is cut by the sweeper, who is silent by the library.
 *
 * The path and the query are taken as they were sent: the library's own unescaping is switched off, because
 * "%2F" and "/" differ to the router. Errors that the library finds itself (no HTTP, headers too large) it
 * answers itself, in HTML.
 */
#include "http/mhd.h"

#include "base/diag.h"
#include "base/file.h"
#include "base/metric.h"
#include "http/mhd_head.h"
#include "http/router.h"
#include "http/sweeper.h"
#include "http/tls_peer.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <time.h>

/* Half of it reads: a post of 8 KiB comes in one piece. Pages are touched by use only, so idle connections
 * cost little. */
#define CONNECTION_MEMORY (32 * 1024)
#define CONNECTIONS_MAX 4096
#define SOURCE_BLOCK (32 * 1024) /* what is asked of a source at once */
#define DESCRIPTORS_KEPT 128     /* for the database, the log, the lingering */
#define STREAM_BLOCK ((uint64_t)1 << 20)

struct connection { /* from accept to close */
	struct watch watch;
	char peer[LISTEN_ADDRESS_LEN];
	bool is_loopback, linger;
	bool is_fleet;
	void *tls;                        /* its session, on the listener of hosts */
	char host[HOST_NAME_LEN_MAX + 1]; /* there, from the first request on */
};

enum stage {
	STAGE_OPEN,     /* the handler has not deferred, or is not done */
	STAGE_PARKED,   /* suspended: whoever finishes must resume */
	STAGE_FINISHED, /* the reply is ready: the worker must not wait */
};

enum source_stage {
	SOURCE_READ,   /* it is being asked, or the peer has not taken what it gave */
	SOURCE_PARKED, /* it had nothing, and the connection is suspended: whoever wakes it must resume */
	SOURCE_WOKEN,  /* it has to be asked again */
};

struct request { /* from the request line to the end of the reply; the library's con_cls */
	struct server *server;
	struct MHD_Connection *mhd;
	struct connection *connection;
	struct call *call;
	atomic_int stage;
	bool ended;        /* router_end() was called */
	uint64_t received; /* of a body that is taken as it comes */
	atomic_int source_stage;
	bool has_source; /* and is in the list */
	struct request *prev, *next;
	size_t uri_len;
	char uri[];
};

static void finished(void *arg, struct call *c);
static void wake(void *arg);
static void cut(void *arg);

/* True: a body follows. */
static bool begin_call(struct request *r, const char *method)
{
	struct call_events events = { .ready = finished, .wake = wake, .cut = cut, .arg = r };
	struct connection *k = r->connection;
	struct request_head head;

	mhd_head_read(r->mhd, method, (struct str){ r->uri, r->uri_len }, &head);
	head.peer = str_z(k->peer);
	head.peer_is_loopback = k->is_loopback;
	head.is_fleet = k->is_fleet;
	head.tls_host = str_z(k->host);
	tally_call_began(&r->server->tally);
	r->call = router_begin(&router_api, r->server->app, &head, &events);
	return head.bad_framing || head.chunked || head.length > 0;
}

/* --- replies that are read while they are sent */

/* The source may be woken before the suspension took effect, or before it was asked: source_stage decides who of the two goes on. */
static void park_source(struct request *r)
{
	int stage = SOURCE_READ;

	watch_phase(&r->connection->watch, WATCH_BUSY); /* who waits for us is not slow */
	MHD_suspend_connection(r->mhd);
	if (!atomic_compare_exchange_strong(&r->source_stage, &stage, SOURCE_PARKED))
		MHD_resume_connection(r->mhd);
}

static void wake(void *arg)
{
	struct request *r = arg;

	if (atomic_exchange(&r->source_stage, SOURCE_WOKEN) == SOURCE_PARKED)
		MHD_resume_connection(r->mhd);
}

static void cut(void *arg)
{
	struct request *r = arg;

	shutdown(r->connection->watch.fd, SHUT_RDWR);
	wake(r);
}

static ssize_t read_source(void *arg, uint64_t at, char *room, size_t max)
{
	struct request *r = arg;
	const struct reply_source *source = router_source(r->call);
	int before = atomic_exchange(&r->source_stage, SOURCE_READ); /* what woke it is seen now */
	ssize_t n = source->read(source->arg, room, max);
	(void)at;

	if (n == REPLY_BROKEN)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (n == REPLY_END || (n == REPLY_LATER && atomic_load(&r->server->draining)))
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (n == REPLY_LATER) {
		park_source(r);
		return 0;
	}
	if (before == SOURCE_WOKEN)
		watch_phase(&r->connection->watch, WATCH_REPLY);
	return n;
}

static void list_source(struct request *r)
{
	struct server *s = r->server;

	pthread_mutex_lock(&s->lock);
	r->has_source = true;
	r->next = s->sources;
	if (r->next)
		r->next->prev = r;
	s->sources = r;
	pthread_mutex_unlock(&s->lock);
}

static void unlist_source(struct request *r)
{
	struct server *s = r->server;

	if (!r->has_source)
		return;
	pthread_mutex_lock(&s->lock);
	if (r->prev)
		r->prev->next = r->next;
	else
		s->sources = r->next;
	if (r->next)
		r->next->prev = r->prev;
	pthread_mutex_unlock(&s->lock);
}

void mhd_end_sources(struct server *s)
{
	atomic_store(&s->draining, true);
	pthread_mutex_lock(&s->lock);
	for (struct request *r = s->sources; r; r = r->next)
		wake(r);
	pthread_mutex_unlock(&s->lock);
}

/* --- replies */

static struct MHD_Response *response_of(struct request *r)
{
	struct call *c = r->call;
	const struct reply_source *source = router_source(c);
	struct MHD_Response *response;
	struct reply_file file;

	if (source) {
		list_source(r);
		return MHD_create_response_from_callback(
			source->length < 0 ? MHD_SIZE_UNKNOWN : (uint64_t)source->length, SOURCE_BLOCK,
			read_source, r, NULL);
	}
	/* The bytes live as long as the call, which is freed when the request is completed. */
	if (!router_take_file(c, &file))
		return MHD_create_response_from_buffer(c->reply.len, c->reply.p, MHD_RESPMEM_PERSISTENT);
	response = MHD_create_response_from_fd_at_offset64(
		(uint64_t)file.length, file.fd, (uint64_t)file.offset);
	if (!response)
		fd_close(&file.fd); /* else it closes it, when all is sent */
	return response;
}

static enum MHD_Result send_reply(struct request *r)
{
	struct call *c = r->call;
	struct MHD_Response *response = response_of(r);
	const char *name, *value;
	enum MHD_Result result;

	if (!response)
		return MHD_NO;
	for (size_t i = 0; router_header(c, i, &name, &value); i++)
		MHD_add_response_header(response, name, value);
	if (atomic_load_explicit(&r->server->draining, memory_order_relaxed))
		MHD_add_response_header(response, "Connection", "close");
	watch_phase(&r->connection->watch, WATCH_REPLY);
	result = MHD_queue_response(r->mhd, (unsigned)c->status, response);
	MHD_destroy_response(response);
	return result;
}

static void add_date(struct buf *out)
{
	time_t now = time(NULL);
	struct tm tm;
	char text[64];

	if (gmtime_r(&now, &tm) &&
		strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm) > 0)
		buf_z(out, text);
}

static bool send_last(struct connection *k, struct str bytes)
{
	if (k->is_fleet)
		return tls_peer_end_with(k->tls, bytes);
	return send(k->watch.fd, bytes.p, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)bytes.len;
}

/* The answer, most often a refusal, to a request whose body has not been read. The connection ends with it. */
static enum MHD_Result answer_now(struct request *r, struct str method)
{
	struct call *c = r->call;
	const char *name, *value;
	AUTO_BUF out;

	buf_init(&out, 64 * 1024);
	buf_fmt(&out, "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: %zu\r\n", c->status,
		MHD_get_reason_phrase_for((unsigned)c->status), c->reply.len);
	add_date(&out);
	for (size_t i = 0; router_header(c, i, &name, &value); i++)
		buf_fmt(&out, "%s: %s\r\n", name, value);
	buf_z(&out, "\r\n");
	if (!str_eq(method, STR("HEAD")))
		buf_str(&out, buf_view(&c->reply));
	/* A peer that has not taken its earlier answers has no room for this one: there is nothing more to do
	 * for it. */
	r->connection->linger = send_last(r->connection, buf_view(&out));
	shutdown(r->connection->watch.fd, SHUT_WR);
	return MHD_NO;
}

/* --- a handler that waits */

/* On the writer's thread. Once the stage is told, the worker may go on and free the request: of a parked one
 * it cannot before it is resumed. */
static void finished(void *arg, struct call *c)
{
	struct request *r = arg;
	struct MHD_Connection *mhd = r->mhd;
	struct server *s = r->server;

	(void)c;
	if (atomic_exchange(&r->stage, STAGE_FINISHED) == STAGE_PARKED)
		MHD_resume_connection(mhd);
	tally_work_ended(&s->tally);
}

/* True: the worker must leave the request until it is resumed. */
static bool park(struct request *r)
{
	int stage = STAGE_OPEN;

	if (atomic_load(&r->stage) == STAGE_FINISHED)
		return false;
	MHD_suspend_connection(r->mhd);
	if (!atomic_compare_exchange_strong(&r->stage, &stage, STAGE_PARKED))
		MHD_resume_connection(r->mhd); /* it was done in between, and saw nobody to resume */
	return true;
}

/* --- the library's callbacks */

/* The handshake has let in nobody whose certificate is not good; should it have, the router refuses who has no name. */
static void name_host(struct connection *k)
{
	struct err why;

	if (k->is_fleet && !k->host[0] && tls_peer_host(k->tls, k->host, &why) != ERR_OK)
		k->host[0] = '\0';
}

/* The headers have come. */
static enum MHD_Result begin(struct request *r, const char *method)
{
	r->connection = MHD_get_connection_info(r->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
	name_host(r->connection);
	if (!begin_call(r, method))
		return MHD_YES;
	watch_phase(&r->connection->watch, WATCH_BODY);
	return router_replied(r->call) ? answer_now(r, str_z(method)) : MHD_YES;
}

/* The request is there in whole, or its reply is. */
static enum MHD_Result answer(struct request *r)
{
	if (r->ended) {
		assert(!router_deferred(r->call) || atomic_load(&r->stage) == STAGE_FINISHED);
		return send_reply(r);
	}
	if (!tally_work_began(&r->server->tally))
		return MHD_NO;
	r->ended = true;
	watch_phase(&r->connection->watch, WATCH_BUSY);
	router_end(r->call);
	if (!router_deferred(r->call))
		tally_work_ended(&r->server->tally);
	else if (park(r))
		return MHD_YES;
	return send_reply(r);
}

/* A body that is taken as it comes has its time for each MiB, as a reply has. */
static void note_progress(struct request *r, size_t n)
{
	if (!router_streams(r->call))
		return;
	if ((r->received + n) / STREAM_BLOCK > r->received / STREAM_BLOCK)
		watch_phase(&r->connection->watch, WATCH_BODY);
	r->received += n;
}

/* Called at the headers, for each piece of the body, and at its end; after a resumption again. */
static enum MHD_Result on_request(void *cls, struct MHD_Connection *mhd, const char *url, const char *method,
	const char *version, const char *upload, size_t *upload_len, void **con_cls)
{
	struct request *r = *con_cls;

	(void)cls;
	(void)mhd;
	(void)url;
	(void)version;
	if (!r->call)
		return begin(r, method);
	if (*upload_len == 0)
		return answer(r);
	router_body(r->call, (struct str){ upload, *upload_len });
	note_progress(r, *upload_len);
	*upload_len = 0;
	return router_replied(r->call) ? answer_now(r, str_z(method)) : MHD_YES;
}

/* The first that is heard of a request: its request line has come. */
static void *on_uri(void *cls, const char *uri, struct MHD_Connection *mhd)
{
	size_t len = strlen(uri);
	struct request *r = mem_alloc(sizeof *r + len + 1);

	r->server = ((struct listener *)cls)->server;
	r->mhd = mhd;
	r->uri_len = len;
	memcpy(r->uri, uri, len);
	return r;
}

static void on_completed(
	void *cls, struct MHD_Connection *mhd, void **con_cls, enum MHD_RequestTerminationCode why)
{
	struct request *r = *con_cls;

	(void)cls;
	(void)mhd;
	(void)why;
	*con_cls = NULL;
	if (!r)
		return;
	if (r->call) {
		unlist_source(r);
		router_free(r->call);
		watch_phase(&r->connection->watch, WATCH_IDLE);
		tally_call_ended(&r->server->tally);
	}
	free(r);
}

static void on_connection(
	void *cls, struct MHD_Connection *mhd, void **context, enum MHD_ConnectionNotificationCode what)
{
	struct listener *l = cls;
	struct server *s = l->server;
	struct connection *k = *context;

	if (what == MHD_CONNECTION_NOTIFY_STARTED) {
		const struct sockaddr *sa =
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;

		k = mem_alloc(sizeof *k);
		peer_text(sa, k->peer);
		k->is_loopback = peer_is_loopback(sa);
		k->is_fleet = l->is_fleet;
		if (l->is_fleet) {
			k->tls =
				MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION)->tls_session;
			tls_peer_require(k->tls);
		}
		sweeper_watch(s->sweeper, &k->watch,
			MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
		metric_add(METRIC_HTTP_CONNECTIONS, 1);
		*context = k;
	} else if (k) {
		sweeper_forget(s->sweeper, &k->watch, k->linger);
		metric_add(METRIC_HTTP_CONNECTIONS, -1);
		free(k);
		*context = NULL;
	}
}

static size_t leave_as_is(void *cls, struct MHD_Connection *mhd, char *s)
{
	(void)cls;
	(void)mhd;
	return strlen(s);
}

__attribute__((format(printf, 2, 0))) static void on_log(void *cls, const char *fmt, va_list ap)
{
	char line[300];

	(void)cls;
	vsnprintf(line, sizeof line, fmt, ap);
	line[strcspn(line, "\n")] = '\0';
	diag(DIAG_DEBUG, "http: %s", line);
}

/* --- start and end */

/* Descriptors are for both listeners. */
static unsigned connections_of(const struct server_options *o)
{
	unsigned n = o->max_connections ? o->max_connections : CONNECTIONS_MAX, most;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) != 0 || r.rlim_cur == RLIM_INFINITY)
		return n;
	most = r.rlim_cur > 2 * DESCRIPTORS_KEPT ? (unsigned)r.rlim_cur - DESCRIPTORS_KEPT : DESCRIPTORS_KEPT;
	if (o->tls)
		most /= 2;
	return n < most ? n : most;
}

static unsigned threads_of(const struct server_options *o)
{
	int n = get_nprocs();

	if (o->n_threads)
		return o->n_threads;
	return n < 2 ? 2 : (unsigned)n;
}

/* files: NULL: without TLS. */
static struct MHD_Daemon *start_daemon(
	struct listener *l, const struct server_options *o, const struct tls_files *files)
{
	static char priorities[] = TLS_PRIORITIES;
	unsigned n_threads = threads_of(o), flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
						    MHD_USE_ITC | MHD_USE_ERROR_LOG |
						    (files ? MHD_USE_TLS : 0);
	struct MHD_OptionItem more[6] = { { MHD_OPTION_END, 0, NULL } };
	size_t n = 0;

	if (n_threads > 1)
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)n_threads, NULL };
	if (files) {
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, files->certificate.p };
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, files->key.p };
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_TRUST, 0, files->client_ca.p };
		more[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0, priorities };
	}
	more[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, l, MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_LISTEN_SOCKET, l->fd, MHD_OPTION_URI_LOG_CALLBACK, on_uri, l,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_as_is, NULL, MHD_OPTION_NOTIFY_COMPLETED, on_completed, l,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, l, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)CONNECTION_MEMORY, MHD_OPTION_CONNECTION_LIMIT, connections_of(o),
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(o->idle_timeout_s ? o->idle_timeout_s : 60),
		MHD_OPTION_ARRAY, more, MHD_OPTION_END);
}

enum err_code mhd_start(
	struct listener *l, const struct server_options *o, const struct tls_files *files, struct err *e)
{
	l->daemon = start_daemon(l, o, files);
	if (l->daemon)
		return ERR_OK;
	l->fd = -1; /* the library may have closed it; the program ends anyway */
	return err_set(e, ERR_INTERNAL, "the %s server cannot be started: no memory, threads or descriptors",
		files ? "HTTPS" : "HTTP");
}

void mhd_stop(struct listener *l)
{
	MHD_stop_daemon(l->daemon);
}
