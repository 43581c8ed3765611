#ifndef BENCH_ASK_H
#define BENCH_ASK_H
/*
 * ask: one keep-alive connection to the server, one request after the other, blocking. Whatever goes wrong ends the program:
 * also an answer other than 2xx, which is shown.
 */
#include "base/buf.h"

struct ask {
	int port, fd;
	const char *token;
	struct buf answer; /* the last one, head and body */
	size_t body_at;
};

void ask_die(const char *what); /* and errno */
uint64_t ask_now_us(void);
void ask_connect(struct ask *a, int port, const char *token);
/* more: further header lines, each with its CR LF. Sends it all and receives all of the answer. */
void ask(struct ask *a, const char *method, const char *path, const char *more, struct str body);
/* The number behind `name: ` in the head of the answer; -1: it is not there. */
int64_t ask_header(const struct ask *a, const char *name);
/* Opens step number i of work.h's, which is new. Returns its id. */
int64_t ask_open_step(struct ask *a, uint64_t i);
/* Bytes of its log at offset; coding: NULL or "zstd". */
void ask_append(struct ask *a, int64_t step_id, size_t offset, struct str bytes, const char *coding);
/* The step failed; its log has so many bytes, all of which are there now. */
void ask_finish(struct ask *a, int64_t step_id, size_t bytes);

int ask_by_value(const void *a, const void *b); /* of uint64_t, for qsort */

#endif
