#ifndef NET_PEER_H
#define NET_PEER_H
/*
 * peer: the Sluice server as the commands that speak to it see it: where it is, the token to show, and its
 * errors put into one line.
 *
 * Where: --url, else $SLUICE_URL, else PEER_URL. Token: --token-file (a file, or "-" for standard input),
 * else $SLUICE_TOKEN. There is no option for the token itself: it would show in process lists.
 */
#include "net/http.h"

#define PEER_URL "http://127.0.0.1:4500"
#define PEER_TOKEN_MAX 4096

struct peer {
	struct buf url;   /* without a slash at the end */
	struct buf shown; /* url without user and password: for messages, and for what is kept on disk */
	struct buf token; /* empty: none is known */
};

/* url and token_file: values of the options, or NULL. ERR_INVALID: a URL or token that cannot be one;
 * ERR_NOT_FOUND, ERR_STORAGE: the token file. */
MUST_CHECK enum err_code peer_init(struct peer *p, const char *url, const char *token_file, struct err *e);
void peer_copy(struct peer *p, const struct peer *from); /* not initialised before */
void peer_done(struct peer *p);               /* overwrites the token; also after a failed peer_init */
const char *peer_token(const struct peer *p); /* NULL when none is known */

/*
 * What an answer that is not the wanted one means, as an error whose text is the server's message, the fields
 * it names, and for some what to do. Always an error, never ERR_OK: a status of success that was not expected
 * is ERR_NETWORK, for it was not Sluice that answered.
 */
enum err_code peer_error(const struct peer *p, const struct http_answer *a, struct err *e);

#define AUTO_PEER __attribute__((cleanup(peer_done))) struct peer

#endif
