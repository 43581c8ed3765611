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

#endif
