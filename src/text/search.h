#ifndef TEXT_SEARCH_H
#define TEXT_SEARCH_H
/*
 * search: which lines of a text contain a string, or match a regular expression, in time linear in the text
 * (Hyperscan or vectorscan, https://intel.github.io/hyperscan, which search.c alone knows).
 *
 * What is looked at are lines without their escapes. Case does not matter to `contains`: for ASCII letters
 * as one expects, for others as Unicode folds them one by one; an ASCII letter is never matched by any but
 * itself (so that search_literal() may be trusted). Case matters to `regex` unless it says (?i). Its syntax
 * is that of PCRE without back references and look-around, over characters and not bytes; \w, \d and \s are
 * those of ASCII. A match lies within one line: ^ and $, \A and \z are its ends. A regex that matches the
 * empty string matches every line.
 *
 * A regex of a stranger is refused (ERR_INVALID, field "regex", saying which limit) before it is compiled
 * when it is over one of the limits below, has a counted repeat in a counted repeat, (?x) or a verb like
 * (*UCP), and when Hyperscan does not support it. What is accepted compiles in at most about 100 ms of CPU
 * time and is passed in linear time: many GB/s where little of it matches, tens of MB/s for the worst
 * (search_limit.c has the measurements).
 *
 * Life cycle: search_new() once a request, any number of threads search, search_free().
 */
#include "base/buf.h"

#define SEARCH_CONTAINS_MAX 100              /* characters */
#define SEARCH_REGEX_MAX 128                 /* bytes */
#define SEARCH_COUNT_MAX 64                  /* the counts of all {n,m} together */
#define SEARCH_SIZE_MAX 256                  /* characters, once the counts are written out */
#define SEARCH_TEXT_MAX (1024 * 1024 * 1024) /* bytes of text in one call */

struct search;

/*
 * Both may be given (empty: not): then a line has to do both. With neither every line matches.
 * ERR_INVALID names the field, "contains" or "regex".
 */
MUST_CHECK enum err_code search_new(
	struct str contains, struct str regex, struct search **ret, struct err *e);
void search_free(struct search *s); /* NULL is fine */
/*
 * A literal that each line that matches contains in some case: the longest run of ASCII in `contains`, in
 * lower case, for frame_may_contain(). Empty when none is known. Valid as long as s.
 */
struct str search_literal(const struct search *s);

/*
 * One line that matches: its number, counted from the start of the text (0), and itself, with its escapes
 * and without its line end. False: enough.
 */
typedef bool search_line_fn(void *arg, size_t line, struct str text);
/*
 * Calls back for each line of text that matches, in order. text: valid UTF-8 of at most SEARCH_TEXT_MAX
 * bytes, whole lines or a piece of one. has_escapes: whether there are any (else they are not looked for).
 * What is behind the last line end is a line if more than escapes are there.
 */
MUST_CHECK enum err_code search_lines(const struct search *s, struct str text, bool has_escapes,
	search_line_fn *each, void *arg, struct err *e);
/* How many lines match: the quick way. */
MUST_CHECK enum err_code search_count(
	const struct search *s, struct str text, bool has_escapes, int64_t *ret_n, struct err *e);

#endif
