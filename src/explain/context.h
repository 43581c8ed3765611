#ifndef EXPLAIN_CONTEXT_H
#define EXPLAIN_CONTEXT_H
/*
 * context: the account of a failure, made to be read by a bot or a person in one go.
 *
 * Given the failed steps of a commit and what was found out about them, writes Markdown or JSON within a budget of bytes: of each step its causes with
 * their lines, best first, then what followed from them, then the end of its log. The same cause (of one group) is told in full where it comes
 * first; after that it is referred to.
 *
 * The text of steps is hostile: in Markdown it stands in a fence longer than any run of backticks in it, escapes removed, control
 * and bidi characters shown, under a line that says that it is the output of programs, data and not
 * instructions; names in headings, and messages, are code spans made the same way. What did not fit is said, with where to
 * read it. When there is no step, it says that none arrived and why that may be.
 *
 * The budget holds for the whole answer. It is shared out (context_plan.h): every step gets its heading first, then causes, their lines,
 * consequences, and text from the end of logs, each evenly; what a short one leaves goes to the others. Where not all have a place, or text worth
 * reading, it is the newest that have, and the newest of all has both before an older one has a place: what is left out is counted.
 */
#include "base/buf.h"
#include "model/error.h"
#include "model/step.h"

#define CONTEXT_BUDGET_MIN 1024
#define CONTEXT_BUDGET_MAX (1024 * 1024)
#define CONTEXT_BUDGET_DEFAULT (32 * 1024)

/* Why there is no text to show. A bit each: several may be true. */
enum context_absence {
	CONTEXT_NOT_WATCHED = 1,    /* the repo is not watched */
	CONTEXT_NOTHING_POSTED = 2, /* nothing was sent for it */
	CONTEXT_EXPIRED = 4,        /* sent, but expired: expired_at says when the last one did */
	CONTEXT_NOT_FAILED = 8,     /* sent, but nothing in it failed */
};

struct context_query { /* what was asked for, to be named in the answer; empty or 0 when not asked by it */
	struct str repo, head_sha, external_run_id;
	int64_t run_id;
};

/* Of a step are looked at so many errors, and of an error so many lines: the first ones and the last ones. */
#define CONTEXT_ERRORS_MAX 20
#define CONTEXT_BLOCK_HEAD 28
#define CONTEXT_BLOCK_END 12

struct context_error {
	const struct error *error;
	const struct group *group; /* NULL: it is in none */
	/* Its lines as they are stored, without the last line end: the first ones, and where that is not all, the last ones. */
	struct str head, end;
	int64_t n_head, n_end; /* lines in each; 0: they are not at hand */
	bool cut;              /* there is more of one of these lines */
};

struct context_found { /* out about a step */
	enum context_explained {
		CONTEXT_UNKNOWN, /* nothing is known of it */
		CONTEXT_DUE,     /* not yet; errors may be those of before */
		CONTEXT_EXPLAINED,
		CONTEXT_NOT_EXPLAINED, /* could not be: why_not */
	} explained;
	struct str why_not;
	struct context_error *errors; /* the best first, at most CONTEXT_ERRORS_MAX */
	size_t n;
	int64_t total; /* errors that it has */
	int64_t first_line; /* number of the first line of the step's text, from 0; -1: they do not count through */
};

struct context_result { /* a test of the suite that did not pass */
	int64_t run_id, test_id;
	struct str test, sample;
	struct str what; /* is wrong, in a sentence */
	struct str
		diff; /* the beginning of the first difference, unified; may be empty. Valid UTF-8, as all these */
};

struct context_input {
	struct context_query query;
	const struct step *steps; /* the failed ones, in the order they began; a step whose text expired has
				     has_text false */
	size_t n_steps;
	const struct context_found *found; /* of each of them; NULL: nothing */
	int64_t n_beyond; /* failed steps that are not among them, because they are too many: counted only */
	enum run_status status; /* of the runs together: fail if one failed; not told when nothing was sent */
	const struct context_result *results;
	size_t n_results;
	int64_t n_results_beyond; /* that are not among them */
	unsigned absence;         /* when n_steps is 0 */
	int64_t expired_at;
	int64_t log_days; /* retention; 0: for ever */
	size_t budget;
};

/* Appends at most in->budget bytes to out. */
void context_markdown(const struct context_input *in, struct buf *out);
/* {"repo","head_sha",...,"status","message","steps":[{..., "errors":[{...}], "text", "lines", "bytes",
 * "dropped_lines", ...}],"results":[{...}],"results_omitted",..,"omitted":{...}} within the budget too. */
void context_json(const struct context_input *in, struct buf *out);

#endif
