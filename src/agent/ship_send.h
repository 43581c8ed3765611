#ifndef AGENT_SHIP_SEND_H
#define AGENT_SHIP_SEND_H
/*
 * ship_send: an archive put to the receiver, once. The digest, the length and who made it are in the head, which is answered before the body goes out
 * ("Expect: 100-continue"): so a refusal costs no body.
 */
#include "agent/ship_options.h"
#include "agent/ship_pack.h"
#include "net/peer.h"

#define SHIP_ANSWER_MAX (64 * 1024) /* bytes of an answer */
#define SHIP_SCHEMA_MAX 100

/* What meta.json says of an episode. */
struct ship_meta {
	char commit[65],
		schema[SHIP_SCHEMA_MAX + 1]; /* empty: not said, or nothing that could stand in a head */
};
/* ERR_NOT_FOUND, ERR_INVALID: no commit is told, and why; ERR_STORAGE. */
MUST_CHECK enum err_code ship_meta_read(
	const struct ship_folder *f, const char *id, struct ship_meta *ret, struct err *e);

struct ship_sending {
	const struct ship_options *options;
	const struct peer *peer;
	const atomic_bool *stop;
	int64_t (*progress)(void *arg, int64_t sent); /* see struct http_upload */
	void *arg;
};
/* ERR_OK: it answered. ERR_NETWORK: it did not; ERR_UNAVAILABLE: told to stop; ERR_TOO_LARGE: an answer that is none of a receiver; ERR_STORAGE: the archive. */
MUST_CHECK enum err_code ship_send(struct http_client *http, const struct ship_sending *s, const char *id,
	const struct ship_meta *meta, const struct ship_archive *archive, struct http_answer *ret,
	struct err *e);

#endif
