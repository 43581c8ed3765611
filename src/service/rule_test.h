#ifndef SERVICE_RULE_TEST_H
#define SERVICE_RULE_TEST_H
/*
 * rule_test: rules that somebody has written, tried before they are put into a folder: their own examples, a text or stored logs, and the newest steps
 * that passed, in which a rule that is any good finds nothing.
 *
 * Nothing is stored. What is read of logs has a limit in bytes and in time, as a page of lines has; what was left out is told. Of a long log its
 * beginning and its end are looked at.
 */
#include "explain/rule_trial.h"
#include "service/config.h"
#include "store/store.h"

#define RULE_TEST_STEPS_MAX 20
#define RULE_TEST_TEXT_MAX (1 << 20) /* bytes */
#define RULE_TEST_GREEN_MAX 50       /* steps that passed, the newest */
#define RULE_TEST_GREEN_PERCENT 10   /* a rule that hits more of them is refused */
#define RULE_TEST_HITS_MAX 100       /* told */
#define RULE_TEST_PROBLEMS_MAX 100   /* told */
#define RULE_TEST_STEP_BYTES (4 << 20)
#define RULE_TEST_GREEN_BYTES (1 << 20) /* the same of a step that passed */

struct rule_test_query {
	struct str rule; /* YAML */
	bool has_text;
	struct str text;
	int64_t step_ids[RULE_TEST_STEPS_MAX];
	size_t n_step_ids;
	int64_t repo_id; /* 0: none is named */
	int64_t scan_bytes, scan_ms;
	const struct clock *clock;
};

struct rule_test_hit {
	int64_t step_id;                       /* 0: of the text */
	int64_t from_line, to_line, head_line; /* from 0, to_line excluded */
	const struct rule *rule;
	struct str captures[RULE_N_CAPTURES]; /* valid UTF-8 */
	struct str message;
};

struct rule_test_rule {
	const struct rule *rule;
	int64_t n_hits, n_green; /* what it finds in the texts; green steps in which it finds something */
	int64_t green_ids[RULE_TEST_GREEN_MAX]; /* those */
};

/* What was looked at. */
struct rule_test_look {
	int64_t n_steps, bytes;
	bool complete; /* all that there was to look at */
};

struct rule_test {
	struct rules *rules;
	struct str *problems; /* of the examples: valid UTF-8 */
	size_t n_problems, n_examples;
	struct rule_test_rule *v; /* of each rule */
	struct rule_test_hit *hits;
	size_t n_hits;
	struct rule_test_look looked, green;
	int64_t n_green_hit;                    /* green steps that any rule hits */
	int64_t green_ids[RULE_TEST_GREEN_MAX]; /* which */
	const struct rule_test_rule *refused;   /* hits too many of them; NULL: none does */
};

/*
 * Memory of a; rule_test_done() frees the rules. ERR_INVALID, field "rule": it is not loaded; field "step_ids". ERR_NOT_FOUND, ERR_GONE: of a step that
 * was named.
 */
MUST_CHECK enum err_code rule_test_run(struct store *s, const struct identity *id,
	const struct rule_test_query *q, struct arena *a, struct rule_test *ret, struct err *e);
void rule_test_done(struct rule_test *t); /* also of a zeroed one */
/* n of all, in percent, rounded up. */
int64_t rule_test_percent(int64_t n, int64_t all);

#define AUTO_RULE_TEST __attribute__((cleanup(rule_test_done))) struct rule_test

#endif
