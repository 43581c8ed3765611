#ifndef AGENT_SHIP_ANSWER_H
#define AGENT_SHIP_ANSWER_H
/*
 * ship_answer: what an answer of the receiver means for the episode, and what it says to people.
 *
 *	2xx				it is there
 *	408, 429, 5xx			not now: again, as often as it takes
 *	400, 409, 412, 413, 422		it will never be taken: quarantine
 *	all others			this host is set up wrongly (token, host, URL), not the episode: again, and said
 *
 * A 2xx that is a page of HTML was said by something else (a portal, a proxy) and is of the last kind: nobody may throw an episode away for it. The same holds for one that names
 * another digest than was sent.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "net/http.h"

enum ship_verdict { SHIP_TAKEN, SHIP_AGAIN, SHIP_REFUSED, SHIP_MISCONFIGURED };

struct ship_answer {
	enum ship_verdict verdict;
	int status;
	struct str message;     /* one line, in the receiver's words, or what a person makes of the status */
	struct str remediation; /* all of it, many lines perhaps; empty: none was said */
};

enum ship_verdict ship_verdict_of(int status);
/* digest: of what was sent. Texts are in the arena. */
void ship_answer_read(const struct http_answer *a, const struct sha256 *digest, struct arena *arena,
	struct ship_answer *ret);

#endif
