#ifndef HTTP_PART_H
#define HTTP_PART_H
/*
 * part: what of a thing a client wants, by the headers of its request: nothing because it has it, a piece of it, or it compressed (RFC 9110,
 * sections 8.4, 13 and 14).
 */
#include "http/call.h"

/* Does the client have the thing of this tag already? tag as it stands in ETag. */
bool part_is_known(const struct call *c, const char *tag);
/* Does it take answers in this coding? */
bool part_takes_coding(const struct call *c, const char *coding);

enum part_wanted { PART_ALL, PART_PIECE, PART_NONE };
/*
 * Of a thing of size bytes, with this tag (NULL: it has none): all of it, or a piece, *from and *len; or nothing that is there. One range only: who asks
 * for several is given all, and so is who asks in a way that is not understood, or for a piece of another thing (If-Range).
 */
enum part_wanted part_of_range(
	const struct call *c, const char *tag, int64_t size, int64_t *from, int64_t *len);

struct part_piece {
	int64_t from, len;
	bool ranged; /* the answer is 206 */
};
/* The same, told: with the header Content-Range. ERR_RANGE: nothing of what is there. what: a literal, "the log". */
MUST_CHECK enum err_code part_choose(struct call *c, const char *tag, int64_t size, const char *what,
	struct part_piece *ret, struct err *e);

#endif
