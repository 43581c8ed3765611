#ifndef TEXT_SEARCH_LIMIT_H
#define TEXT_SEARCH_LIMIT_H
/*
 * search_limit: is this regex cheap enough to be compiled for a stranger? By its text alone, before any
 * library sees it.
 */
#include "base/err.h"
#include "base/str.h"

/*
 * ERR_INVALID, field "regex", when it is over a limit of text/search.h. A regex that is not well-formed may
 * pass: compiling it tells. *ret_by_line: it names the ends of the text (\A, \z, \Z) or switches flags off
 * ((?-m)), so that over many lines at once it means something else than in each.
 */
MUST_CHECK enum err_code search_limit_check(struct str regex, bool *ret_by_line, struct err *e);

/* Others, for patterns that are not compiled as search.h does it. */
struct search_limits {
	size_t bytes;
	int64_t counts; /* of all repeats, in sum */
	int64_t size;   /* characters, once the counts are written out */
	int64_t loose; /* of them those that may match nothing, and assertions: each of these may meet each other one */
};
struct search_size {
	int64_t size, loose; /* as above */
};
/* As above with these limits. */
MUST_CHECK enum err_code search_limit_size(
	struct str regex, const struct search_limits *limits, struct search_size *ret, struct err *e);

#endif
