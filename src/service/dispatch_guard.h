#ifndef SERVICE_DISPATCH_GUARD_H
#define SERVICE_DISPATCH_GUARD_H
/*
 * dispatch_guard: may a failure be handed over? Facts in, verdicts out; nothing is asked, read or written here. The checks are guard.tbl.
 *
 * What is not known refuses nothing, and is said: a hook that was lost, or a log that never came, must not stop the loop.
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"
#include "model/error.h"
#include "service/dispatch_config.h"

enum guard_check {
#define CHECK(name, ...) GUARD_##name,
#include "service/guard.tbl"
#undef CHECK
	GUARD_N
};
const char *guard_check_name(enum guard_check c);
const char *guard_check_prose(enum guard_check c);

enum guard_head { GUARD_HEAD_UNKNOWN, GUARD_HEAD_SAME, GUARD_HEAD_MOVED, GUARD_HEAD_GONE };

struct guard_facts {
	const struct dispatch_config *config; /* NULL: the repo has none */
	bool by_hand;
	bool paused;
	bool over,
		failed; /* over: the forge or what was sent says that it is over; failed: and that it failed */
	struct str branch, author;
	int64_t pull_request;
	enum guard_head head;
	struct str now_at; /* where the line stands, when it has moved */
	bool has_class;    /* an error is known; of it: */
	enum error_class class;
	bool flaky;
	int64_t open_id; /* 0: none */
	bool open_same_group;
	int64_t n_attempts, last_attempt_at, n_of_group;
	int64_t no_fix_id, no_fix_at;
	int64_t n_today, oldest_today_at; /* that went out in the last 24 hours */
	int64_t failed_at;                /* when it was heard of */
	int64_t now;
};

enum guard_says {
	GUARD_PASSES,
	GUARD_REFUSES,
	GUARD_WAITS,  /* refuses for now */
	GUARD_WAIVED, /* it would refuse, but this was asked for by hand */
	GUARD_DOES_NOT_APPLY
};
const char *guard_says_name(enum guard_says s);

struct guard_verdict {
	enum guard_says says;
	struct str text; /* one sentence */
};
struct guard_verdicts {
	struct guard_verdict of[GUARD_N];
	bool goes;
	bool waits;             /* nothing refuses, but something does for now: decide again at again_at */
	enum guard_check first; /* unless it goes: the first that refuses; of one that waits, that waits */
	int64_t again_at;
};

/* Texts live in the arena. */
void guard_judge(const struct guard_facts *f, struct arena *a, struct guard_verdicts *ret);
/* [{"check","verdict","by_hand","says"}, ..] in the order of the table. */
void guard_json(const struct guard_verdicts *v, struct json_out *j, const char *key);

/* Is what was refused of a kind that may pass when it is only run again? */
bool guard_is_for_rerun(const struct guard_verdicts *v);
/* text against a pattern in which * stands for any characters, none too. Letters of ASCII without regard to case when nocase. Linear in each *. */
bool guard_matches(struct str pattern, struct str text, bool nocase);

#endif
