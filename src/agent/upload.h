#ifndef AGENT_UPLOAD_H
#define AGENT_UPLOAD_H
/*
 * upload: the four requests of a stream, and what their answers mean (api/openapi.yaml, /internal/steps).
 *
 * Offsets count the bytes of the stream as they are sent, decoded. An answer may say that less is durable than was
 * sent: the server holds an unfinished line or key back, and forgets it if it is restarted. What is not durable has to
 * be kept and may have to be sent again.
 *
 * One connection, kept open; for one thread.
 */
#include "net/peer.h"

#define UPLOAD_CHUNK (256 * 1024)

enum upload_verdict {
	UPLOAD_OK,
	UPLOAD_MOVED,   /* the offset was wrong: go on from .offset */
	UPLOAD_SEALED,  /* the log is finished, whatever we have */
	UPLOAD_AGAIN,   /* no answer, or not now */
	UPLOAD_KEEP,    /* not with this token: no use to try again in this call */
	UPLOAD_REFUSED, /* would be the same for ever */
};

struct upload {
	const struct peer *peer;
	struct http_client *http;
	int64_t step_id; /* 0: not open */
	int connect_ms, total_ms;
};

struct upload_answer {
	enum upload_verdict verdict;
	bool answered;         /* by anybody: the server is there */
	int64_t offset;        /* durable up to there; -1: not told */
	int64_t retry_after_s; /* 0: not told */
	struct err why;        /* where it is not UPLOAD_OK */
};

void upload_init(struct upload *u, const struct peer *peer, int connect_ms, int total_ms);
void upload_done(struct upload *u);
/* json: the facts of the step. Sets step_id. */
void upload_open(struct upload *u, struct str json, struct upload_answer *ret);
/* At most UPLOAD_CHUNK bytes; none is a sign of life. */
void upload_append(struct upload *u, int64_t offset, struct str bytes, struct upload_answer *ret);
void upload_finish(struct upload *u, struct str json, struct upload_answer *ret);

#endif
