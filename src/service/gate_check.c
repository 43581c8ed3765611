/*
 * gate_check: a commit against what is known. Nothing here waits for more than a lock that is held for some instructions.
 *
 * What is admitted costs a look-up and a few short copies. Who is turned away is told why, and how to mend it; what they sent stands in that text only as far as it can be
 * nothing but a commit or a name.
 */
#include "service/gate.h"

#include "base/metric.h"
#include "service/gate_known.h"

#define COMMIT_LEN_MAX 64
#define NAME_LEN_MAX 100
#define REMEDIATION_MAX (64 * 1024)

struct asked { /* about one commit */
	enum gate_guards what;
	struct str commit, host;
	char digits[COMMIT_LEN_MAX]; /* in lower case */
	size_t n_digits;             /* 0: it is none */
	struct arena *a;
};

static struct asked asked_of(enum gate_guards what, struct str commit, struct str host, struct arena *a)
{
	struct asked x = { .what = what, .commit = commit, .host = host, .a = a };

	if (commit.len > COMMIT_LEN_MAX)
		return x;
	for (size_t i = 0; i < commit.len; i++) {
		char c = commit.p[i];

		if (c >= 'A' && c <= 'F')
			c = (char)(c - 'A' + 'a');
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return x;
		x.digits[i] = c;
	}
	x.n_digits = commit.len;
	return x;
}

static struct str digits_of(const struct asked *x)
{
	return (struct str){ x->digits, x->n_digits };
}

/* ---- what is told ---- */

static struct str harmless(struct str s, size_t max, struct arena *a)
{
	char *p = arena_alloc(a, max + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.len && n < max; i++) {
		char c = s.p[i];
		bool good = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			    c == '.' || c == '-' || c == '_';

		if (good)
			p[n++] = c;
	}
	return (struct str){ p, n };
}

static struct str or_else(struct str s, struct str other)
{
	return s.len > 0 ? s : other;
}

/* The value of a place, or false: it is none of ours, and stays as it stands. */
static bool value_of(const struct gate_config *c, const struct asked *x, const struct gate_verdict *v,
	struct str name, struct buf *out)
{
	if (str_eq(name, STR("branch")))
		buf_str(out, c->forge.branch);
	else if (str_eq(name, STR("head_commit")))
		buf_str(out, or_else(v->head, STR("not known yet")));
	else if (str_eq(name, STR("your_commit")))
		buf_str(out, or_else(v->commit, STR("(none)")));
	else if (str_eq(name, STR("host")))
		buf_str(out, or_else(harmless(x->host, NAME_LEN_MAX, x->a), STR("the host")));
	else if (str_eq(name, STR("window")))
		buf_fmt(out, "%zu", c->window);
	else if (str_eq(name, STR("repo")))
		buf_fmt(out, "%.*s%s%.*s", STR_FMT(c->forge.owner), c->forge.repo.len > 0 ? "/" : "",
			STR_FMT(c->forge.repo));
	else
		return false;
	return true;
}

static struct str fill_in(const struct gate_config *c, const struct asked *x, const struct gate_verdict *v)
{
	struct str rest = c->remediation;
	struct str filled;
	AUTO_BUF out;

	buf_init(&out, REMEDIATION_MAX);
	while (rest.len > 0) {
		size_t open = str_find(rest, '{'), close = open + str_find(str_from(rest, open), '}');
		struct str name =
			close < rest.len ? (struct str){ rest.p + open + 1, close - open - 1 } : STR("");

		buf_str(&out, (struct str){ rest.p, open });
		if (open < rest.len && value_of(c, x, v, name, &out)) {
			rest = str_from(rest, close + 1);
		} else {
			buf_str(&out, open < rest.len ? STR("{") : STR(""));
			rest = str_from(rest, open + 1);
		}
	}
	filled = arena_str(x->a, buf_view(&out));
	return filled;
}

static struct str why_malformed(const struct asked *x, struct str gate, size_t n_in)
{
	if (x->commit.len == 0)
		return arena_fmt(x->a, "no commit is told, and gate %.*s lets in by commit", STR_FMT(gate));
	if (n_in > 1)
		return arena_fmt(x->a, "%.*s is how %zu commits of gate %.*s begin; send more of its digits",
			STR_FMT(digits_of(x)), n_in, STR_FMT(gate));
	if (x->n_digits > 0)
		return arena_fmt(
			x->a, "the commit has %zu digits; send %d at least", x->n_digits, GATE_DIGITS_MIN);
	return arena_fmt(
		x->a, "the commit is not written in hex, %d to %d digits", GATE_DIGITS_MIN, COMMIT_LEN_MAX);
}

static struct str why_outside(
	const struct gate_config *c, const struct asked *x, const struct gate_verdict *v)
{
	struct str behind =
		v->behind < 0 ? STR("") : arena_fmt(x->a, ", and %lld behind it", (long long)v->behind);

	return arena_fmt(x->a,
		"commit %.*s is not among the last %zu of %.*s, whose head is %.12s%.*s (gate %.*s)",
		STR_FMT(digits_of(x)), c->window, STR_FMT(c->forge.branch), v->head.p, STR_FMT(behind),
		STR_FMT(c->name));
}

static struct str why_not_ready(struct gates *g, const struct gate_config *c, const struct asked *x)
{
	struct str trouble = gates_trouble(g, c->name, x->a);

	return arena_fmt(x->a, "gate %.*s does not know its branch yet: %.*s; try again later",
		STR_FMT(c->name), STR_FMT(or_else(trouble, STR("no source has answered since the start"))));
}

/* What was configured tells how to update, which mends nothing but that. */
static struct str how_to_mend(
	const struct gate_config *c, const struct asked *x, const struct gate_verdict *v)
{
	const char *where =
		x->what == GATE_GUARDS_STEPS ? "as head_sha" : "in the header X-Sluice-Code-Commit";

	if (v->answer == GATE_NOT_READY)
		return arena_fmt(x->a,
			"Try again in a moment. On the server `sluice gate status %.*s` says who is asked "
			"and "
			"what is wrong.",
			STR_FMT(c->name));
	if (v->answer == GATE_MALFORMED)
		return arena_fmt(x->a,
			"Send the commit that it was made with, %d digits or more, %s (git rev-parse HEAD "
			"prints it).",
			GATE_DIGITS_MIN, where);
	return fill_in(c, x, v);
}

/* ---- the verdict ---- */

static void refuse(struct gates *g, const struct gate_config *c, const struct asked *x,
	enum gate_answer answer, size_t n_in, struct gate_verdict *v)
{
	v->answer = answer;
	v->commit = harmless(x->n_digits > 0 ? digits_of(x) : x->commit, COMMIT_LEN_MAX, x->a);
	v->why = answer == GATE_NOT_READY   ? why_not_ready(g, c, x)
		 : answer == GATE_MALFORMED ? why_malformed(x, c->name, n_in)
					    : why_outside(c, x, v);
	v->remediation = how_to_mend(c, x, v);
}

static void look(struct gates *g, const struct gate_config *c, const struct asked *x,
	const struct gate_window *w, struct gate_verdict *v)
{
	struct gate_place p = { 0 };

	if (w)
		v->head = arena_str(x->a, gate_window_head(w));
	if (x->n_digits < GATE_DIGITS_MIN) {
		refuse(g, c, x, GATE_MALFORMED, 0, v);
		return;
	}
	if (!w) {
		refuse(g, c, x, GATE_NOT_READY, 0, v);
		return;
	}
	p = gate_window_find(w, digits_of(x), c->window);
	if (p.n_in == 1 || (p.n_in == 0 && p.n_all == 1))
		v->behind = (int64_t)p.at;
	if (p.n_in == 1)
		v->commit = arena_str(x->a, gate_window_at(w, p.at));
	else
		refuse(g, c, x, p.n_in > 1 ? GATE_MALFORMED : GATE_OUTSIDE, p.n_in, v);
}

/* One that is not enabled lets everything in, and knows nothing. */
static void check(
	struct gates *g, const struct gate_config *c, const struct asked *x, struct gate_verdict *ret)
{
	struct gate_verdict v = { .answer = GATE_ADMITTED,
		.gate = arena_str(x->a, c->name),
		.behind = -1,
		.window = (int64_t)c->window };
	struct gate_window *w;

	if (c->enabled) {
		w = gates_window(g, c->name);
		look(g, c, x, w, &v);
		gate_window_put(w);
	} else {
		v.commit = arena_str(x->a, x->n_digits > 0 ? digits_of(x) : x->commit);
	}
	*ret = v;
}

static bool guards(const struct gate_config *c, enum gate_guards what, struct str repo)
{
	size_t slash;

	if (what == GATE_GUARDS_EPISODES)
		return c->guards_episodes;
	slash = str_find(repo, '/');
	return c->guards_steps && str_eq_nocase((struct str){ repo.p, slash }, c->forge.owner) &&
	       str_eq_nocase(str_from(repo, slash + 1), c->forge.repo);
}

/* Of several that refuse, the one with the most weight is told. Whom one that is not ready might let in yet has to come again, whatever the others say. */
static int weight(enum gate_answer answer)
{
	static const int weights[] = {
		[GATE_ADMITTED] = 0, [GATE_MALFORMED] = 1, [GATE_OUTSIDE] = 2, [GATE_NOT_READY] = 3
	};

	return weights[answer];
}

void gate_check(struct gates *g, const struct config *cfg, enum gate_guards what, struct str repo,
	struct str commit, struct str host, struct arena *a, struct gate_verdict *ret)
{
	struct asked x = asked_of(what, commit, host, a);
	struct gate_verdict v, told = { .answer = GATE_ADMITTED };

	for (size_t i = 0; i < cfg->n_gates; i++) {
		if (!guards(&cfg->gates[i], what, repo))
			continue;
		check(g, &cfg->gates[i], &x, &v);
		if (v.answer == GATE_ADMITTED) {
			*ret = v;
			return;
		}
		if (weight(v.answer) > weight(told.answer))
			told = v;
	}
	if (told.answer != GATE_ADMITTED) {
		metric_add(METRIC_GATE_REFUSED, 1);
		*ret = told;
		return;
	}
	*ret = (struct gate_verdict){
		.commit = arena_str(a, x.n_digits > 0 ? digits_of(&x) : commit), .behind = -1, .window = -1
	};
}

enum err_code gate_check_one(struct gates *g, const struct config *cfg, struct str name, struct str commit,
	struct str host, struct arena *a, struct gate_verdict *ret, struct err *e)
{
	struct asked x = asked_of(GATE_GUARDS_EPISODES, commit, host, a);

	for (size_t i = 0; i < cfg->n_gates; i++)
		if (str_eq_nocase(cfg->gates[i].name, name)) {
			if (!cfg->gates[i].guards_episodes)
				x.what = GATE_GUARDS_STEPS;
			check(g, &cfg->gates[i], &x, ret);
			return ERR_OK;
		}
	return err_set(e, ERR_NOT_FOUND, "there is no gate of that name; `sluice gate status` lists them");
}

int64_t gates_behind(struct gates *g, const struct config *cfg, struct str commit)
{
	struct asked x = asked_of(GATE_GUARDS_EPISODES, commit, STR(""), NULL);
	struct gate_place p = { 0 };
	struct gate_window *w;
	size_t i = 0;

	while (i < cfg->n_gates && !cfg->gates[i].guards_episodes)
		i++;
	if (i == cfg->n_gates || x.n_digits < GATE_DIGITS_MIN)
		return -1;
	w = gates_window(g, cfg->gates[i].name);
	if (w)
		p = gate_window_find(w, digits_of(&x), cfg->gates[i].window);
	gate_window_put(w);
	return p.n_in == 1 || p.n_all == 1 ? (int64_t)p.at : -1;
}
