#ifndef MODEL_ERROR_H
#define MODEL_ERROR_H
/*
 * error: one thing that went wrong in a step, as it is kept and told; group: those that have the same fingerprint.
 *
 * Numbers of lines and bytes are of the stored text: lines count from 0 and `to` is excluded (the API counts from 1, both included), byte ends
 * are excluded. from_line == to_line: it was told beside the log (a report) and has no place in it. What is not known is empty or 0.
 */
#include "base/err.h"
#include "base/str.h"

#define ERROR_NAME(name, slug, ...) ERROR_##name,
#define ERROR_CLASS_NAME(name, slug, ...) CLASS_##name,
#define ERROR_SEVERITY_NAME(name, slug, ...) SEVERITY_##name,
#define ERROR_BY_NAME(name, slug, ...) FOUND_BY_##name,
#define ERROR_TYPE_NAME(name, slug, ...) TYPE_##name,
#define GROUP_STATE_NAME(name, slug, ...) GROUP_##name,

enum error_role {
#define ROLE ERROR_NAME
#include "model/error.tbl"
	ERROR_N_ROLES
};
enum error_class {
#define CLASS ERROR_CLASS_NAME
#include "model/error.tbl"
	ERROR_N_CLASSES
};
enum error_severity { /* in ascending order */
#define SEVERITY ERROR_SEVERITY_NAME
#include "model/error.tbl"
	ERROR_N_SEVERITIES
};
enum error_by {
#define BY ERROR_BY_NAME
#include "model/error.tbl"
	ERROR_N_BYS
};
enum error_type { /* of the results API */
#define TYPE ERROR_TYPE_NAME
#include "model/error.tbl"
	ERROR_N_TYPES
};
enum group_state {
#define STATE GROUP_STATE_NAME
#include "model/error.tbl"
	GROUP_N_STATES
};
#undef ERROR_NAME
#undef ERROR_CLASS_NAME
#undef ERROR_SEVERITY_NAME
#undef ERROR_BY_NAME
#undef ERROR_TYPE_NAME
#undef GROUP_STATE_NAME

const char *error_role_name(enum error_role r);
const char *error_class_name(enum error_class c);
const char *error_severity_name(enum error_severity s);
const char *error_by_name(enum error_by b);
const char *error_type_name(enum error_type t);
const char *group_state_name(enum group_state s);
/* By exact name. False: there is none such, ret untouched. */
bool error_role_find(struct str name, enum error_role *ret);
bool error_class_find(struct str name, enum error_class *ret);
bool error_severity_find(struct str name, enum error_severity *ret);
bool error_by_find(struct str name, enum error_by *ret);
bool error_type_find(struct str name, enum error_type *ret);
bool group_state_find(struct str name, enum group_state *ret);

bool error_class_is_for_code(enum error_class c); /* can a change of code mend it? */
enum error_type error_type_of(enum error_class c);
/* In which lists of the results API it stands: `build` in both. */
bool error_type_in_errors(enum error_type t);
bool error_type_in_infrastructure(enum error_type t);

struct error {
	int64_t step_id, number; /* of the step: 0 is the best */
	int64_t run_id, repo_id;
	int64_t group_id; /* 0: none; causes have one */
	int64_t occurred_at;
	int64_t from_line, to_line, head_line; /* head: the line that says it */
	int64_t start_byte, end_byte;
	enum error_role role;
	enum error_class class;
	enum error_severity severity;
	enum error_by by;
	struct str rule; /* id of the rule, or name of the input */
	struct str tool, file, code, test, message, advice, why, fingerprint;
	int64_t line, col; /* in file, from 1 */
	int64_t score, reruns;
	int64_t test_id, sample_id; /* of the suite, whose log it is in; 0: of none */
	bool flaky;                 /* it also passed, in the same step */
};

/* In what span something was counted. */
struct group_counts {
	int64_t hours_24, days_7, days_30, all; /* errors; exact up to 10,000, -1 beyond */
	int64_t runs, branches;                 /* of the newest 10,000 errors */
	bool more; /* of a context: not all were looked at, and all, runs and branches are at least so many */
};

struct group {
	int64_t id, repo_id;
	struct str forge, repo;
	/* What the errors have in common: the parts of the fingerprint, and why they are one group. */
	struct str fingerprint, tool, code, file, test, template;
	/* As in the newest of them. */
	enum error_class class;
	struct str message;
	int64_t last_step_id, last_number;
	int64_t first_seen_at, last_seen_at; /* ms */
	struct str new_in_sha;               /* where it was seen first */
	int64_t first_run_id;
	/* Passed and failed on one commit; 0: not, or the newest time that this was seen. */
	int64_t flaky_at;
	struct str flaky_sha;
	/* Where the step passed that had it, on the same branch; empty: it did not since. */
	struct str fixed_in;
	int64_t fixed_at;
	enum group_state state; /* as it is now: a snooze that is over is open */
	int64_t snoozed_until;  /* ms; 0: not */
	int64_t reopened_at;    /* when it was seen again after it was resolved; 0: was not */
	struct str issue;       /* a URL; empty: none */
	struct group_counts counts;
};

#endif
