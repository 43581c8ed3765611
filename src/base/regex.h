#ifndef BASE_REGEX_H
#define BASE_REGEX_H
/*
 * regex: one pattern with captures on one line. The only file that knows PCRE2.
 *
 * For lines that are already suspected; to find them among many, Hyperscan is ten times as fast
 * (text/search.h). A match backtracks, so it has a limit: REGEX_STEPS tries a line, and of a line only the
 * first REGEX_LINE_MAX bytes are looked at. A pattern that runs into its limit does not match there, and says
 * so in n_given_up: who applies it to many lines can put it aside.
 *
 * Two dialects. REGEX_PERL is what PCRE2 takes (pcre2pattern(3)). REGEX_ECMASCRIPT is that of JavaScript
 * without its u flag, as in problem matchers: what PCRE2 would read as something else is refused, by name.
 * Lines are bytes that may be no UTF-8: then bytes are matched as if each were a character.
 *
 * A compiled pattern is not for two threads at once.
 */
#include "base/err.h"
#include "base/str.h"

#define REGEX_GROUPS_MAX 32
#define REGEX_PATTERN_MAX 4096
#define REGEX_LINE_MAX 4096
#define REGEX_STEPS 10000

enum regex_dialect { REGEX_PERL, REGEX_ECMASCRIPT };

struct regex;
/* ERR_INVALID, field "regexp", with the offset and what is wrong. Free with regex_free. */
MUST_CHECK enum err_code regex_new(
	struct str pattern, enum regex_dialect dialect, struct regex **ret, struct err *e);
void regex_free(struct regex *r); /* NULL is fine */
/* Groups of the pattern, without the whole match. */
size_t regex_n_groups(const struct regex *r);
/* The number of the group of that name; 0: there is none. */
size_t regex_group(const struct regex *r, const char *name);
/* How often the limit was met since it was compiled. */
uint64_t regex_n_given_up(const struct regex *r);
/*
 * Does it match somewhere in line? ret_groups gets n views: the whole match, then the groups in order; empty
 * when a group took no part or the pattern has no such.
 */
bool regex_match(struct regex *r, struct str line, struct str *ret_groups, size_t n);

#endif
