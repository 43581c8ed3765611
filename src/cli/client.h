#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H
/*
 * client: one server, spoken to in JSON, as every command here needs it; and the rows of what it tells.
 *
 * A call gives the wanted answer or an error whose text is the server's message. Results go to stdout,
 * everything else to stderr. What the server sends may hold text from anywhere: for people it is shown
 * through text_visible_name.
 */
#include "base/arena.h"
#include "base/command.h"
#include "base/json.h"
#include "net/peer.h"

struct client {
	struct peer peer;
	struct http_client *http;
	struct buf body;      /* of the last answer, as it came */
	struct json_doc *doc; /* the same, parsed, when it is JSON */
	int status;
	int64_t retry_after_s; /* what the last answer asked for; 0: nothing */
};

struct client_flags {
	const char *url, *token_file;
};

#define CLIENT_OPTS(f)                                                                                       \
	{ "url", 0, OPT_STRING, "URL", "the server (else $SLUICE_URL, else http://127.0.0.1:4500)",          \
		&(f)->url },                                                                                 \
	{                                                                                                    \
		"token-file", 0, OPT_STRING, "FILE",                                                         \
			"file with the token, - for standard input (else $SLUICE_TOKEN)", &(f)->token_file   \
	}

MUST_CHECK enum err_code client_init(struct client *c, const struct client_flags *flags, struct err *e);
void client_forget_token(struct client *c); /* from now on it asks as nobody */
void client_done(struct client *c);         /* also after a failed client_init, or when zeroed */

/* path with its query, from "/" on. body: NULL, or a JSON text. What 2xx brought is in c->body, c->doc and
 * c->status until the next call. */
MUST_CHECK enum err_code client_call(
	struct client *c, const char *method, const char *path, const struct buf *body, struct err *e);
/* PUT of bytes, however many: they are sent from where they are. The answer as of client_call(). */
MUST_CHECK enum err_code client_put_bytes(
	struct client *c, const char *path, struct str bytes, struct err *e);
struct json *client_root(const struct client *c);
/*
 * GET of what is long: it goes to take as it comes (http_fetch). silence_ms: how long nothing may come. wanted: the status
 * that it has to have; another of 2xx is ERR_NETWORK.
 */
MUST_CHECK enum err_code client_fetch(struct client *c, const char *path, const struct http_header *headers,
	size_t n_headers, int wanted, int silence_ms, http_take_fn *take, void *arg, struct err *e);

/*
 * Every item of a list, over all its pages. path: with its query, if it has one. Calls back until an error is
 * returned. The node is borrowed for the call.
 */
MUST_CHECK enum err_code client_each(struct client *c, const char *path,
	enum err_code (*each)(void *arg, struct json *item, struct err *e), void *arg, struct err *e);

/* The same, of the first `limit` items only; 0: of all. */
MUST_CHECK enum err_code client_each_first(struct client *c, const char *path, int64_t limit,
	enum err_code (*each)(void *arg, struct json *item, struct err *e), void *arg, struct err *e);
/* Such a list as one JSON array to stdout, items as they came, a line each. */
MUST_CHECK enum err_code client_print_list(struct client *c, const char *path, int64_t limit, struct err *e);

/* "&name=value" (or "?name=value" when it is the first), encoded; nothing for NULL. */
void query_add(struct buf *path, const char *name, const char *value);
void query_add_int(struct buf *path, const char *name, int64_t value);

/* To stdout; ERR_STORAGE when it does not take it. */
MUST_CHECK enum err_code print_all(struct str text, struct err *e);

#define AUTO_CLIENT __attribute__((cleanup(client_done))) struct client

#endif
