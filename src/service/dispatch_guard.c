/* dispatch_guard: see the header. A check is a function: it says what it says as if nobody had asked by hand; what that changes is one line below. */
#include "service/dispatch_guard.h"

#include "base/utf8.h"

#include <ctype.h>

#define MINUTE_MS 60000
#define NAME_MAX_SHOWN 100
#define SHA_SHOWN 10
#define DOUBLINGS_MAX 16

static const struct {
	const char *name, *prose;
	bool by_hand;
} checks[GUARD_N] = {
#define CHECK(name, slug, by_hand, prose) [GUARD_##name] = { slug, prose, by_hand },
#include "service/guard.tbl"
#undef CHECK
};

const char *guard_check_name(enum guard_check c)
{
	return checks[c].name;
}

const char *guard_check_prose(enum guard_check c)
{
	return checks[c].prose;
}

const char *guard_says_name(enum guard_says s)
{
	static const char *const names[] = { [GUARD_PASSES] = "passes",
		[GUARD_REFUSES] = "refuses",
		[GUARD_WAITS] = "waits",
		[GUARD_WAIVED] = "waived",
		[GUARD_DOES_NOT_APPLY] = "does_not_apply" };

	return names[s];
}

/* ---- patterns ---- */

static bool same(char a, char b, bool nocase)
{
	return a == b || (nocase && tolower((unsigned char)a) == tolower((unsigned char)b));
}

/* Of several * only the last has to be gone back to: what stood before it is as well placed as it can be. */
bool guard_matches(struct str pattern, struct str text, bool nocase)
{
	size_t p = 0, t = 0, star = SIZE_MAX, from = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.p[p] == '*') {
			star = p++;
			from = t;
		} else if (p < pattern.len && same(pattern.p[p], text.p[t], nocase)) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++from;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.p[p] == '*')
		p++;
	return p == pattern.len;
}

static bool is_listed(const struct str_list *list, struct str text, bool nocase)
{
	for (size_t i = 0; i < list->n; i++)
		if (guard_matches(list->v[i], text, nocase))
			return true;
	return false;
}

/* ---- checks ---- */

static int64_t cap_of(const struct guard_facts *f)
{
	return f->config ? f->config->max_attempts : 1;
}

static struct guard_verdict verdict(enum guard_says says, struct str text)
{
	return (struct guard_verdict){ says, text };
}
#define PASSES(...) verdict(GUARD_PASSES, arena_fmt(a, __VA_ARGS__))
#define REFUSES(...) verdict(GUARD_REFUSES, arena_fmt(a, __VA_ARGS__))
#define DOES_NOT_APPLY(...) verdict(GUARD_DOES_NOT_APPLY, arena_fmt(a, __VA_ARGS__))

static int shown(struct str s, size_t max)
{
	return (int)utf8_floor(s, s.len < max ? s.len : max);
}
#define NAME(s) shown(s, NAME_MAX_SHOWN), (s).p
#define COMMIT(s) shown(s, SHA_SHOWN), (s).p

static struct guard_verdict check_enabled(const struct guard_facts *f, struct arena *a)
{
	if (!f->config)
		return REFUSES("the configuration has no [dispatch] of this repo");
	if (!f->config->enabled)
		return REFUSES("its [dispatch] is not enabled");
	return PASSES("its [dispatch] is enabled");
}

static struct guard_verdict check_paused(const struct guard_facts *f, struct arena *a)
{
	if (f->paused)
		return REFUSES("dispatching is paused; sluice dispatch resume lets it go on");
	return PASSES("dispatching is not paused");
}

static struct guard_verdict check_failed(const struct guard_facts *f, struct arena *a)
{
	if (!f->over)
		return REFUSES("the run is not over yet");
	if (!f->failed)
		return REFUSES("the run is over and did not fail");
	return PASSES("the run is over and has failed");
}

static struct guard_verdict check_branch(const struct guard_facts *f, struct arena *a)
{
	if (!f->config || f->config->branches.n == 0)
		return DOES_NOT_APPLY("all branches are allowed");
	if (f->branch.len == 0)
		return REFUSES("only some branches are allowed, and which this is was not told");
	if (!is_listed(&f->config->branches, f->branch, false))
		return REFUSES("branch %.*s is none of those that are allowed", NAME(f->branch));
	return PASSES("branch %.*s is allowed", NAME(f->branch));
}

static struct guard_verdict check_author(const struct guard_facts *f, struct arena *a)
{
	if (!f->config || f->config->ignored.n == 0)
		return DOES_NOT_APPLY("no author is ignored");
	if (f->author.len == 0)
		return PASSES("who caused it was not told");
	if (is_listed(&f->config->ignored, f->author, true))
		return REFUSES("%.*s is an author that is ignored", NAME(f->author));
	return PASSES("%.*s is no author that is ignored", NAME(f->author));
}

static struct guard_verdict check_head(const struct guard_facts *f, struct arena *a)
{
	const char *line = f->pull_request > 0 ? "pull request" : "branch";

	switch (f->head) {
	case GUARD_HEAD_SAME:
		return PASSES("it is the head of its %s", line);
	case GUARD_HEAD_MOVED:
		return REFUSES("its %s stands at %.*s now", line, COMMIT(f->now_at));
	case GUARD_HEAD_GONE:
		return REFUSES("its %s is gone, or closed", line);
	case GUARD_HEAD_UNKNOWN:
		break;
	}
	return PASSES("where its %s stands is not known", line);
}

static struct guard_verdict check_class(const struct guard_facts *f, struct arena *a)
{
	if (!f->has_class)
		return PASSES("no error is known of it");
	if (!error_class_is_for_code(f->class))
		return REFUSES(
			"an error of class %s is nothing that code can fix", error_class_name(f->class));
	return PASSES("an error of class %s may be fixed by code", error_class_name(f->class));
}

static struct guard_verdict check_flaky(const struct guard_facts *f, struct arena *a)
{
	if (!f->has_class)
		return DOES_NOT_APPLY("no error is known of it");
	if (f->flaky)
		return REFUSES("it is flaky: the same passed on this very commit");
	return PASSES("it has not been seen to pass on this commit");
}

static struct guard_verdict check_no_fix(const struct guard_facts *f, struct arena *a)
{
	char date[CLOCK_DATE_LEN];

	if (f->no_fix_id > 0)
		return REFUSES("dispatch %lld found on %s that no change of code mends this",
			(long long)f->no_fix_id, clock_date(f->no_fix_at, date));
	return PASSES("nobody has said lately that there is no fix");
}

static struct guard_verdict check_open(const struct guard_facts *f, struct arena *a)
{
	if (f->open_id > 0)
		return REFUSES("dispatch %lld is open for the same %s", (long long)f->open_id,
			f->open_same_group ? "group of errors"
					   : (f->pull_request > 0 ? "pull request" : "branch"));
	return PASSES("nothing else is open for the same");
}

static struct guard_verdict check_attempts(const struct guard_facts *f, struct arena *a)
{
	const char *line = f->pull_request > 0 ? "pull request" : "branch";
	long long cap = (long long)cap_of(f);

	if (f->n_attempts >= cap)
		return REFUSES(
			"%lld attempts since its %s was green: %lld are allowed, so people have to look",
			(long long)f->n_attempts, line, cap);
	if (f->n_of_group >= cap)
		return REFUSES(
			"%lld attempts at the same group of errors in a day, on whatever branch: %lld are "
			"allowed, so people have to look",
			(long long)f->n_of_group, cap);
	return PASSES("attempt %lld of %lld", (long long)f->n_attempts + 1, cap);
}

static struct guard_verdict check_daily(const struct guard_facts *f, struct arena *a)
{
	if (!f->config || f->config->daily == 0)
		return DOES_NOT_APPLY("there is no daily cap");
	if (f->n_today >= f->config->daily)
		return verdict(f->now - f->failed_at < DAY_MS ? GUARD_WAITS : GUARD_REFUSES,
			arena_fmt(a, "%lld went out of this repo in 24 hours: %lld are allowed",
				(long long)f->n_today, (long long)f->config->daily));
	return PASSES("%lld of %lld went out of this repo in 24 hours", (long long)f->n_today,
		(long long)f->config->daily);
}

/* From the first to the second attempt it is the cool-down, and twice as long each time after that. */
static int64_t cool_until(const struct guard_facts *f)
{
	int64_t doublings = f->n_attempts - 1, longest = INT64_MAX / 4;
	int64_t ms = f->config ? f->config->cooldown_ms : 0;

	for (int64_t i = 0; i < doublings && i < DOUBLINGS_MAX && ms < longest; i++)
		ms *= 2;
	return f->last_attempt_at + ms;
}

static struct guard_verdict check_cooldown(const struct guard_facts *f, struct arena *a)
{
	int64_t until = cool_until(f);

	if (f->n_attempts == 0)
		return DOES_NOT_APPLY("it is the first attempt");
	if (until > f->now)
		return verdict(GUARD_WAITS,
			arena_fmt(a, "the last attempt was %lld minutes ago: it is decided in %lld",
				(long long)(f->now - f->last_attempt_at) / MINUTE_MS,
				(long long)(until - f->now + MINUTE_MS - 1) / MINUTE_MS));
	return PASSES("the last attempt is long enough ago");
}

/* When the last of those that wait for something may have it. */
static int64_t again_at(const struct guard_facts *f, const struct guard_verdicts *v)
{
	int64_t at = 0;

	if (v->of[GUARD_DAILY].says == GUARD_WAITS)
		at = f->oldest_today_at + DAY_MS;
	if (v->of[GUARD_COOLDOWN].says == GUARD_WAITS && cool_until(f) > at)
		at = cool_until(f);
	return at;
}

/* ---- together ---- */

typedef struct guard_verdict check_fn(const struct guard_facts *f, struct arena *a);

static check_fn *const functions[GUARD_N] = {
	[GUARD_ENABLED] = check_enabled,
	[GUARD_PAUSED] = check_paused,
	[GUARD_FAILED] = check_failed,
	[GUARD_BRANCH] = check_branch,
	[GUARD_AUTHOR] = check_author,
	[GUARD_HEAD] = check_head,
	[GUARD_CLASS] = check_class,
	[GUARD_FLAKY] = check_flaky,
	[GUARD_NO_FIX] = check_no_fix,
	[GUARD_OPEN] = check_open,
	[GUARD_ATTEMPTS] = check_attempts,
	[GUARD_DAILY] = check_daily,
	[GUARD_COOLDOWN] = check_cooldown,
};

static bool find_first(struct guard_verdicts *v, enum guard_says says)
{
	for (enum guard_check c = 0; c < GUARD_N; c++)
		if (v->of[c].says == says) {
			v->first = c;
			return true;
		}
	return false;
}

void guard_judge(const struct guard_facts *f, struct arena *a, struct guard_verdicts *ret)
{
	struct guard_verdicts v = { .goes = false };

	for (enum guard_check c = 0; c < GUARD_N; c++) {
		v.of[c] = functions[c](f, a);
		if (f->by_hand && !checks[c].by_hand &&
			(v.of[c].says == GUARD_REFUSES || v.of[c].says == GUARD_WAITS))
			v.of[c].says = GUARD_WAIVED;
	}
	if (!find_first(&v, GUARD_REFUSES)) {
		v.waits = find_first(&v, GUARD_WAITS);
		v.goes = !v.waits;
	}
	v.again_at = v.waits ? again_at(f, &v) : 0;
	*ret = v;
}

void guard_json(const struct guard_verdicts *v, struct json_out *j, const char *key)
{
	json_open_array(j, key);
	for (enum guard_check c = 0; c < GUARD_N; c++) {
		json_open_object(j, NULL);
		json_put_z(j, "check", checks[c].name);
		json_put_z(j, "verdict", guard_says_name(v->of[c].says));
		json_put_bool(j, "by_hand", checks[c].by_hand);
		json_put_str(j, "says", v->of[c].text);
		json_close_object(j);
	}
	json_close_array(j);
}

bool guard_is_for_rerun(const struct guard_verdicts *v)
{
	if (v->goes || v->waits)
		return false;
	for (enum guard_check c = 0; c < GUARD_N; c++)
		if (v->of[c].says == GUARD_REFUSES && c != GUARD_CLASS && c != GUARD_FLAKY)
			return false;
	return true;
}
