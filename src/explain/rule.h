#ifndef EXPLAIN_RULE_H
#define EXPLAIN_RULE_H
/*
 * rule: how a kind of error is written, as data (rules/README.md has the format).
 *
 * A rule has patterns, one of which a line has to match, and says what such a line is: class, severity,
 * role, tool; how far what belongs to it goes on (its extent); what its parts are (captures by name: file,
 * line, col, code, test, message, tool). A line that is matched by one of its `not` is none. A rule that
 * ignores says that a line is nothing at all, whatever other rules say.
 *
 * All patterns of a set are one database of text/pattern_set.h; what it finds is looked at once more, line by
 * line, with base/regex.h, compiled when first needed. So a set belongs to one thread at a time.
 *
 * Life cycle: rules_new, rules_add for each file (or rules_add_default, rules_add_folder), rules_compile once,
 * then any number of rules_match; rules_free.
 */
#include "base/arena.h"
#include "base/digest.h"
#include "base/regex.h"
#include "explain/finding.h"
#include "explain/lines.h"
#include "text/pattern_set.h"

#define RULES_MAX 5000           /* in a set */
#define RULES_PATTERNS_MAX 10000 /* in a set */
#define RULES_FILE_MAX (1 << 20) /* bytes of a file */
/* Of one pattern of `match`, where it is not one of the program's: beyond them compiling takes minutes. */
#define RULE_PATTERN_BYTES 512
#define RULE_PATTERN_COUNTS 512 /* all {n,m} in it, in sum */
#define RULE_PATTERN_SIZE 4096  /* characters, counts written out */
#define RULE_PATTERN_LOOSE 32   /* *, ?, {..}, ^, $ and \b, counts written out */
#define RULE_EXTENT_MAX 2000    /* lines */
#define RULE_EXTENT_DEFAULT 60
#define RULE_BRIDGE_MAX 20

/* What a capture gives. */
#define RULE_CAPTURES(X)                                                                                     \
	X(FILE, "file")                                                                                      \
	X(LINE, "line") X(COL, "col") X(CODE, "code") X(TEST, "test") X(MESSAGE, "message") X(TOOL, "tool")
#define RULE_CAPTURE_NAME(name, slug) RULE_##name,
enum rule_capture { RULE_CAPTURES(RULE_CAPTURE_NAME) RULE_N_CAPTURES };
#undef RULE_CAPTURE_NAME

/* A pattern, compiled when it is first asked. */
struct rule_regex {
	struct str text; /* empty: there is none */
	struct regex *compiled;
	bool refused; /* is not compiled again */
	uint8_t group[RULE_N_CAPTURES];
};

/*
 * How a block goes on behind its head, line by line: it ends in front of what matches `until`, behind what
 * matches `through`, and at a blank line when more than `blanks` of them come together. Else it goes on over
 * lines that match `while` or, if `indented`, stand further right than its head; if neither is given, over all. `before`: lines
 * right above the head that belong to it. `bridge`: so many lines may
 * match nothing of this if one that does comes behind them, and what is in front of them stands no further right than the
 * head: a message of several lines goes on, what stands behind the frames of a trace does not.
 */
struct extent {
	struct str name; /* empty: of one rule */
	struct rule_regex goes_on, until, through, before;
	int64_t max, blanks, bridge;
	bool none; /* the head alone */
	bool indented;
	bool context; /* what goes on explains, and is no error itself */
};

struct rule {
	struct str id, tool, advice;
	struct str file; /* that it stands in, without its folder */
	bool built_in;
	struct yaml *examples; /* NULL: none */
	enum error_class class;
	enum error_severity severity;
	enum error_role role;
	int64_t weight; /* 1-100: how sure it is that this broke it */
	int64_t precedence; /* of the rules that match a line the one of the highest is taken, then that of most weight */
	int64_t alone;                 /* the same of a block that is its head and nothing more */
	struct str alone_id;           /* empty, or the rule that such a block is of */
	const struct rule *alone_rule; /* the same, once compiled; NULL: none */
	int64_t limit;                 /* so many of one log are enough; 0: all */
	bool ignore;
	struct str *ends; /* tools of which one run ends here, well or badly */
	size_t n_ends;
	bool stated; /* matches what a runner's own column calls an error; has no patterns */
	size_t first_pattern, n_patterns;
	struct rule_regex * not, *within;
	size_t n_not, n_within;
	bool within_last; /* of what `within` captures the last counts, not the first */
	struct extent *extent;
};

struct rules {
	struct arena arena;
	struct yaml_doc **docs;
	size_t n_docs;
	struct rule *v;
	size_t n;
	struct rule_regex *patterns;
	size_t *rule_of; /* of each pattern */
	size_t n_patterns;
	struct extent **extents; /* those with a name */
	size_t n_extents;
	const struct rule *stated; /* NULL: none */
	struct matchers *matchers; /* of files of problem matchers: findings of their own, not rules */
	struct pattern_set *database;
	struct sha256 said; /* of all files, one after the other */
	struct sha256_hex {
		char z[65];
	} digest,        /* of all patterns and what compiled them, once compiled: names the database */
		version; /* of all that the files say, once compiled: other rules have another */
};

struct rules *rules_new(void);
void rules_free(struct rules *r); /* NULL is fine */
/* name: of the file, for messages. ERR_INVALID says file, line and what is wrong. */
MUST_CHECK enum err_code rules_add(struct rules *r, const char *name, struct str yaml, struct err *e);
/* Those that are built into the program. */
MUST_CHECK enum err_code rules_add_default(struct rules *r, struct err *e);
/* Of those only the extents that have names: what a file of rules may refer to. */
MUST_CHECK enum err_code rules_add_default_extents(struct rules *r, struct err *e);
struct search_size;
/* Are its patterns within these limits? ERR_INVALID names rule and pattern. sum (NULL: not wanted): what they have is added to it. */
MUST_CHECK enum err_code rule_patterns_check(
	const struct rules *r, const struct rule *rule, struct search_size *sum, struct err *e);
/* Each *.yaml of a folder, by name, and each *.json, which is a file of GitHub's problem matchers (matcher.h). */
MUST_CHECK enum err_code rules_add_folder(struct rules *r, const char *path, struct err *e);
/*
 * cache: a folder for the compiled database, made when missing; NULL: none. That it cannot be written is no
 * error, and what is damaged in it is made again.
 */
MUST_CHECK enum err_code rules_compile(struct rules *r, const char *cache, struct err *e);
const struct rule *rules_find(const struct rules *r, struct str id); /* NULL: no such */

/* Does it match, and what does it capture (may be NULL)? A pattern that is refused matches nothing. */
bool rule_regex_match(struct rule_regex *x, struct str line, struct str ret_captures[RULE_N_CAPTURES]);
/* Compiles it now. */
MUST_CHECK enum err_code rule_regex_check(struct rule_regex *x, struct err *e);
size_t rule_n_examples(const struct rule *rule);

#define RULE_HIT_EXTENTS 4

/* A line that a rule matches. */
struct rule_hit {
	size_t line;
	const struct rule *rule;
	/* Of all rules that match it, the best first: how far the block goes is the furthest of these. */
	struct extent *extents[RULE_HIT_EXTENTS];
	size_t n_extents;
	struct str captures[RULE_N_CAPTURES]; /* views of the text of the lines */
};

/* For each line at most one: the rule of the highest precedence. In ascending order; mem_alloc'd, free() it. */
MUST_CHECK enum err_code rules_match(
	struct rules *r, const struct lines *l, struct rule_hit **ret, size_t *ret_n, struct err *e);

/* Runs the examples of all rules, *ret_n of them. ERR_INVALID: some are not as they say; story has a line for each. */
MUST_CHECK enum err_code rules_check(struct rules *r, struct buf *story, size_t *ret_n, struct err *e);

#endif
