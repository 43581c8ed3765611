#ifndef EXPLAIN_FINDING_H
#define EXPLAIN_FINDING_H
/*
 * finding: one thing that went wrong, and where in the log it stands.
 *
 * Everything that looks at a log gives findings: rules, structured inputs, novelty. The ranking then gives
 * each a score and a role, and the best come first.
 *
 * What is not known is empty or 0. Lines are counted from 0, `to` is excluded; bytes are offsets into the
 * text that was looked at, end excluded. A finding of a report beside the log (JUnit XML) has from == to:
 * it has no place in it. The file is a path as the repo knows it, without what the runner puts in front.
 *
 * Life cycle: findings_init, any number of findings_add, findings_done. The strings of a finding have to
 * live as long as the list: findings_keep() copies one into its arena, and views of the text do as they are
 * as long as the text does.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "model/error.h"

/* More of one log are not kept: the list says that it is full, the first ones stay. */
#define FINDINGS_MAX 20000
/* Bytes that are kept of a message; a longer one is cut at a character. */
#define FINDING_MESSAGE_MAX 2000

struct finding {
	size_t from, to;             /* lines */
	size_t start_byte, end_byte; /* of those lines */
	size_t head;                 /* the line that says it, from <= head < to */
	size_t head_byte;            /* where that begins */
	enum error_role role;
	enum error_class class;
	enum error_severity severity;
	enum error_by by;
	struct str rule;        /* id of the rule, or name of the input: who found it */
	struct str tool;        /* "gcc", "pytest" */
	struct str file;        /* path in the repo */
	int64_t line, col;      /* from 1 */
	struct str code;        /* "E0308", "TS2322", "-Wunused" */
	struct str test;        /* full name of the test or function */
	struct str message;     /* what it says, without its place: valid UTF-8 */
	struct str fingerprint; /* "v1:..": the same for the same thing elsewhere (fingerprint.h) */
	struct str advice;      /* what to do about it, from the rule */
	bool flaky;             /* it also passed in this run */
	int reruns;             /* how often it was tried again */
	int score;              /* the more the better; 0 until ranked */
	struct str why;         /* why it ranks where it does, in words */
};

struct findings {
	struct arena arena;
	struct finding *v; /* in the order in which they were added; ranked: best first */
	size_t n, cap;
	bool full; /* there were more than FINDINGS_MAX */
};

void findings_init(struct findings *f);
void findings_done(struct findings *f); /* may be called twice */
/*
 * A new one at the end, all zero, valid until the next; NULL when the list is full.
 */
struct finding *findings_add(struct findings *f);
/* A copy that lives as long as the list. */
struct str findings_keep(struct findings *f, struct str s);
/* The same of text that may be long or invalid: valid UTF-8 of at most FINDING_MESSAGE_MAX bytes. */
struct str findings_keep_message(struct findings *f, struct str s);

#define AUTO_FINDINGS __attribute__((cleanup(findings_done))) struct findings

#endif
