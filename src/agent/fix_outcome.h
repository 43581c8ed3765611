#ifndef AGENT_FIX_OUTCOME_H
#define AGENT_FIX_OUTCOME_H
/*
 * fix_outcome: what came of a dispatch, as its fixer says it: by how it ended, and by a file that it may write ($SLUICE_OUTCOME_FILE).
 *
 *	exit code 0	as the file says; without one, "note": it is done, and what came of it will be seen by the next push and the next run
 *	exit code 10	no_fix, whatever the file says of the outcome
 *	any other	failed, likewise: so is one that was killed, or ran out of time
 *
 * The file is lines NAME=VALUE (blank ones and those that begin with # are skipped), or an object of JSON, with any of
 *
 *	outcome		fixed, no_fix or failed
 *	sha		of the commit that fixes it, 40 or 64 hex digits; fixed is not taken without it
 *	note		for people, and for the next who tries. In lines it may be there several times: a line of the note each
 *
 * What is not understood is not half believed: then it counts as if there were no file, and the note says why.
 */
#include "agent/confined.h"
#include "base/arena.h"

#define FIX_NO_FIX_CODE 10
#define FIX_NOTE_MAX 4000                /* bytes of a note: the server takes no more */
#define FIX_OUTCOME_FILE_MAX (64 * 1024) /* bytes of the file */

enum fix_word { FIX_NOTE, FIX_FIXED, FIX_NO_FIX, FIX_FAILED };
const char *fix_word_name(enum fix_word w); /* as the API has it */

struct fix_said {           /* by a file. Strings live in the arena */
	enum fix_word word; /* FIX_NOTE: no outcome */
	struct str sha, note;
};
/* ERR_INVALID: what is wrong, with the line where there are lines. A file of nothing says nothing. */
MUST_CHECK enum err_code fix_outcome_parse(
	struct str file, struct arena *a, struct fix_said *ret, struct err *e);

struct fix_ended {                      /* how it went */
	const struct confined_end *end; /* NULL: it was not run; why says why */
	bool lost; /* it was stopped because it was taken away, and not because we were told to stop */
	int64_t timeout_ms;
	struct err why;       /* code is not ERR_OK: it was not run, or its file was not understood */
	struct fix_said said; /* zeroed: no file, or one that was not understood */
};
/* The note is whole, neither masked nor cut. Strings live in a. */
struct fix_said fix_outcome_decide(const struct fix_ended *how, struct arena *a);

/* A note as the server takes it: valid UTF-8, no control character but line ends and tabs, FIX_NOTE_MAX bytes: the beginning of it. Appended. */
void fix_note_clean(struct str note, struct buf *out);

#endif
