#ifndef HTTP_LINGER_H
#define HTTP_LINGER_H
/*
 * linger: connections that were answered before their request was read to its end, on their way to be closed.
 *
 * A socket that is closed while bytes lie unread in it sends a reset, and a reset may overtake the answer:
 * the client sees "connection reset" and never learns that its body was too large. So such a connection is
 * shut for writing, what still arrives is thrown away for a while, and then it is closed (RFC 9112, 9.6).
 * Bounded in bytes, time and number; over the bounds the oldest is closed as it is.
 *
 * One thread drains (the sweeper's); any thread adds.
 */
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define LINGER_MAX 64
#define LINGER_BYTES (1024 * 1024)
#define LINGER_MS 3000

struct linger_list;
struct linger_list *linger_new(void);
void linger_free(struct linger_list *l); /* closes all */
/* Takes fd. The peer has been answered and shut for writing. */
void linger_add(struct linger_list *l, int fd, int64_t now_ms);
/* Fills at most LINGER_MAX places to poll; returns how many. */
size_t linger_poll(struct linger_list *l, struct pollfd *fds);
/* Drains what has arrived, and closes who is done or over a bound. */
void linger_drain(struct linger_list *l, int64_t now_ms);

#endif
