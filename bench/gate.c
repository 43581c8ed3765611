/*
 * gate: what it costs to ask whether a commit may send.
 *
 *	git -C REPOSITORY log --format=%H | gate REPOSITORY [SECONDS]
 *
 * A gate over the branch main of that repository, with a window of 100, and the headers of 2,000 hosts: their commits are those of the window, in turn as 12 digits, whole, and whole in
 * upper case. Each check has an arena of its own, as a request has. Beside it one that is refused, which is told why and how to mend it (commits behind the
 * window; then there must be some), and the SHA-256 of a token, which every request pays. Prints one line, nanoseconds of the thread each: let_in_ns= refused_ns= digest_ns=
 */
#include "service/gate.h"
#include "base/digest.h"
#include "base/metric.h"

#include <ctype.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define N_HOSTS 2000
#define WINDOW 100
#define N_COMMITS_MAX 1000
#define REFRESH_MS (INT64_C(1) << 40)

static char commits[N_COMMITS_MAX][64 + 2];
static size_t n_commits;
static struct {
	char name[16], commit[64 + 2], old[64 + 2], token[48];
} hosts[N_HOSTS];
static struct gates *gates;
static const struct config *cfg;

static void stop(const char *what)
{
	fprintf(stderr, "gate: %s\n", what);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void read_commits(void)
{
	while (n_commits < N_COMMITS_MAX && fgets(commits[n_commits], sizeof *commits, stdin)) {
		commits[n_commits][strcspn(commits[n_commits], "\n")] = '\0';
		n_commits++;
	}
	if (n_commits <= WINDOW)
		stop("there are not enough commits on the standard input");
}

static void spell(char *out, size_t size, const char *commit, size_t way)
{
	snprintf(out, size, "%.*s", way == 0 ? 12 : 64, commit);
	for (char *p = out; way == 2 && *p; p++)
		*p = (char)toupper((unsigned char)*p);
}

static void make_hosts(void)
{
	for (size_t i = 0; i < N_HOSTS; i++) {
		snprintf(hosts[i].name, sizeof hosts[i].name, "lab-%04zu", i);
		snprintf(hosts[i].token, sizeof hosts[i].token, "%047zu", i);
		spell(hosts[i].commit, sizeof hosts[i].commit, commits[i * 37 % WINDOW], i % 3);
		spell(hosts[i].old, sizeof hosts[i].old, commits[WINDOW + i % (n_commits - WINDOW)], i % 3);
	}
}

static struct config *config_of(const char *path)
{
	struct config *c = config_new();
	struct gate_config *g = arena_array(&c->arena, 1, sizeof *g);

	*g = (struct gate_config){ .name = STR("fleet"),
		.enabled = true,
		.guards_episodes = true,
		.window = WINDOW,
		.forge = { COMMITS_FORGEJO, STR(""), STR("acme"), STR("rig"), STR("main"), STR("") },
		.path = arena_cstr(&c->arena, str_z(path)),
		.refresh_ms = REFRESH_MS,
		.remediation = STR("update {branch} on {host} to {head_commit}") };
	c->gates = g;
	c->n_gates = 1;
	return c;
}

static void check(const char *host, const char *commit, enum gate_answer expected)
{
	struct gate_verdict v;
	AUTO_ARENA a;

	arena_init(&a);
	gate_check(gates, cfg, GATE_GUARDS_EPISODES, STR(""), str_z(commit), str_z(host), &a, &v);
	if (v.answer != expected)
		stop("a commit was judged otherwise than it should be");
}

typedef void work_fn(size_t i);

static void let_in(size_t i)
{
	check(hosts[i].name, hosts[i].commit, GATE_ADMITTED);
}

static void refused(size_t i)
{
	check(hosts[i].name, hosts[i].old, GATE_OUTSIDE);
}

static void digest(size_t i)
{
	volatile struct sha256 d = sha256_of((struct str){ hosts[i].token, sizeof hosts[i].token - 1 });

	(void)d;
}

static double ns_of(work_fn *work, double seconds)
{
	int64_t begun = now_ns(), until = begun + (int64_t)(seconds * 1e9), now = begun;
	size_t n = 0;

	while (now < until) {
		for (size_t i = 0; i < N_HOSTS; i++)
			work(i);
		n += N_HOSTS;
		now = now_ns();
	}
	return (double)(now - begun) / (double)n;
}

int main(int argc, char **argv)
{
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	struct config_box *box;
	struct err e;

	if (argc < 2) {
		fprintf(stderr, "usage: gate REPOSITORY [SECONDS] <COMMITS\n");
		return 2;
	}
	read_commits();
	make_hosts();
	box = config_box_new(config_of(argv[1]));
	cfg = config_get(box);
	if (gates_start(box, &clock_system, &gates, &e) != ERR_OK)
		stop(e.text);
	while (metric_get(METRIC_GATE_REFRESHES) < 1)
		sched_yield();
	ns_of(let_in, 0.1);
	printf("let_in_ns=%.1f refused_ns=%.1f digest_ns=%.1f\n", ns_of(let_in, seconds),
		ns_of(refused, seconds), ns_of(digest, seconds));
	gates_free(gates);
	config_put(box, cfg);
	config_box_free(box);
	return 0;
}
