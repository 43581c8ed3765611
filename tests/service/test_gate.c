/* gate: which commits may send, as the branch goes on, the forge goes away and comes back, and the settings change. */
#include "tests/test.h"

#include "base/diag.h"
#include "base/metric.h"
#include "service/gate.h"
#include "service/gate_window.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/place.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEVER_MS (INT64_C(1) << 40)
#define LINKS_MAX 400

static struct config_box *box;
static const struct config *cfg;
static struct gates *gates;
static struct little_server *server;
static struct arena a;
static struct gate_verdict v;
static struct err e;

/* ---- a branch: a repository that grows, and a forge that has it ---- */

static struct {
	pthread_mutex_t lock; /* guards all */
	int status;
	bool silent;
	size_t n;
	char ids[LINKS_MAX][41]; /* newest first */
} forge = { .lock = PTHREAD_MUTEX_INITIALIZER };

static char ids[LINKS_MAX][41]; /* of the repository r, newest first */
static size_t n_ids;
static unsigned n_made;

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
	char command[1000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static void read_ids(void)
{
	FILE *f = popen("git -C r log --format=%H main", "r");
	char line[100];

	for (n_ids = 0; n_ids < LINKS_MAX && fgets(line, sizeof line, f); n_ids++)
		snprintf(ids[n_ids], sizeof ids[n_ids], "%.40s", line);
	assert_int_equal(pclose(f), 0);
}

/* n more commits on main of r. */
static void land(unsigned n)
{
	FILE *f = fopen("import", "w");

	for (unsigned i = 0; i < n; i++)
		fprintf(f, "commit refs/heads/main\ncommitter A <a@example.org> %u +0000\ndata 2\nx\n%s\n",
			1700000000u + 60 * ++n_made, i == 0 && n_ids > 0 ? "from refs/heads/main^0\n" : "");
	fclose(f);
	run("test -d r || git init -q --initial-branch=main r; git -C r fast-import --quiet <import");
	read_ids();
}

static void forge_has(size_t skip_newest)
{
	pthread_mutex_lock(&forge.lock);
	forge.status = 200;
	forge.n = n_ids - skip_newest;
	memcpy(forge.ids, ids[skip_newest], forge.n * sizeof *ids);
	pthread_mutex_unlock(&forge.lock);
}

static void forge_says(int status, bool silent)
{
	pthread_mutex_lock(&forge.lock);
	forge.status = status;
	forge.silent = silent;
	pthread_mutex_unlock(&forge.lock);
}

static size_t number_in(struct str request, const char *name)
{
	size_t at = str_find_str(request, str_z(name));

	return at < request.len ? strtoul(request.p + at + strlen(name), NULL, 10) : 0;
}

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	size_t size = number_in(request, "limit="), at = (number_in(request, "page=") - 1) * size;
	enum little_kind kind;
	struct buf body, out;

	(void)arg;
	buf_init(&body, SIZE_MAX);
	buf_init(&out, SIZE_MAX);
	pthread_mutex_lock(&forge.lock);
	kind = forge.silent ? LITTLE_SILENCE : LITTLE_BYTES;
	buf_char(&body, '[');
	for (size_t i = at; i < at + size && i < forge.n; i++)
		buf_fmt(&body, "%s{\"sha\":\"%s\"}", i > at ? "," : "", forge.ids[i]);
	buf_char(&body, ']');
	buf_fmt(&out, "HTTP/1.1 %d Answer\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
		forge.status, body.len, buf_cstr(&body));
	pthread_mutex_unlock(&forge.lock);
	buf_done(&body);
	*ret = buf_take(&out);
	return kind;
}

/* ---- settings ---- */

struct setup {
	bool url, path, fallback, disabled, steps;
	const char *branch, *remediation,
		*other; /* other: a second gate, which asks the repository of this path */
	size_t window;
	int64_t refresh_ms;
};

static struct config *config_of(struct setup s)
{
	struct config *c = config_new();
	struct gate_config *g = arena_array(&c->arena, 2, sizeof *g);

	*g = (struct gate_config){ .name = STR("fleet"),
		.enabled = !s.disabled,
		.guards_episodes = !s.steps,
		.guards_steps = s.steps,
		.window = s.window ? s.window : 10,
		.forge = { COMMITS_FORGEJO, s.url ? str_z(little_server_url(server)) : STR(""), STR("acme"),
			STR("rig"), str_z(s.branch ? s.branch : "main"), STR("") },
		.path = s.path ? arena_cstr(&c->arena, arena_fmt(&c->arena, "%s/r", place_path)) : NULL,
		.refresh_ms = s.refresh_ms ? s.refresh_ms : NEVER_MS,
		.remediation =
			str_z(s.remediation ? s.remediation : "update {branch} on {host} to {head_commit}") };
	if (s.fallback) {
		g->fallbacks = arena_array(&c->arena, 2, sizeof *g->fallbacks);
		g->fallbacks[g->n_fallbacks++] = arena_cstr(&c->arena, STR("/nonexistent/rig"));
		g->fallbacks[g->n_fallbacks++] =
			arena_cstr(&c->arena, arena_fmt(&c->arena, "%s/r", place_path));
	}
	c->gates = g;
	c->n_gates = 1;
	if (s.other) {
		g[1] = g[0];
		g[1].name = STR("other");
		g[1].forge.url = STR("");
		g[1].path = arena_cstr(&c->arena, str_z(s.other));
		c->n_gates = 2;
	}
	return c;
}

static void wait_for_refreshes(int64_t n)
{
	while (metric_get(METRIC_GATE_REFRESHES) < n)
		sched_yield();
}

/* Until one question that began after now is answered. Nothing else may be asking. */
static void refresh(void)
{
	int64_t n = metric_get(METRIC_GATE_REFRESHES);

	gates_wake(gates, STR("Acme/Rig"));
	wait_for_refreshes(n + 1);
}

static void start(struct setup s)
{
	int64_t n = metric_get(METRIC_GATE_REFRESHES);

	box = config_box_new(config_of(s));
	cfg = config_get(box);
	assert_int_equal(gates_start(box, &clock_system, &gates, &e), ERR_OK);
	if (!s.disabled)
		wait_for_refreshes(n + (s.other ? 2 : 1));
}

static void change(struct setup s)
{
	config_put(box, cfg);
	config_swap(box, config_of(s));
	cfg = config_get(box);
	gates_wake(gates, STR(""));
}

static int set_up(void **state)
{
	if (place_make(state) != 0)
		return -1;
	arena_init(&a);
	n_ids = n_made = 0;
	forge.n = 0;
	forge_says(200, false);
	server = little_server_new();
	little_server_ask(server, answer, NULL);
	return 0;
}

static int tear_down(void **state)
{
	gates_free(gates);
	gates = NULL;
	if (box) {
		config_put(box, cfg);
		config_box_free(box);
		box = NULL;
	}
	little_server_free(server);
	arena_done(&a);
	return place_remove(state);
}

static enum gate_answer check(struct str commit)
{
	gate_check(gates, cfg, GATE_GUARDS_EPISODES, STR(""), commit, STR("rig-7"), &a, &v);
	return v.answer;
}

static enum gate_answer check_z(const char *commit)
{
	return check(str_z(commit));
}

static struct gate_status status(void)
{
	struct gate_status *all = NULL;
	size_t n = 0;

	gates_status(gates, cfg, &a, &all, &n);
	assert_int_equal(n, 1);
	return all[0];
}

static bool has(struct str text, const char *part)
{
	return str_find_str(text, str_z(part)) < text.len;
}

/* ---- the window ---- */

static void the_last_n_are_let_in_and_no_other(void **state)
{
	(void)state;
	land(30);
	start((struct setup){ .path = true });
	for (size_t i = 0; i < n_ids; i++) {
		assert_int_equal(check_z(ids[i]), i < 10 ? GATE_ADMITTED : GATE_OUTSIDE);
		assert_int_equal(v.behind, i);
		assert_int_equal(v.window, 10);
		assert_true(str_eq(v.head, str_z(ids[0])));
		assert_true(str_eq(v.commit, str_z(ids[i])));
		assert_true(str_eq(v.gate, STR("fleet")));
		assert_int_equal(gates_behind(gates, cfg, str_z(ids[i])), i);
	}
	assert_int_equal(check(STR("0123456789abcdef0123456789abcdef01234567")), GATE_OUTSIDE);
	assert_int_equal(v.behind, -1);
	assert_int_equal(gates_behind(gates, cfg, STR("0123456789abcdef0123456789abcdef01234567")), -1);
}

static void a_branch_that_is_shorter_than_the_window_is_all_let_in(void **state)
{
	(void)state;
	land(4);
	start((struct setup){ .path = true });
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(check_z(ids[i]), GATE_ADMITTED);
	assert_int_equal(status().n_commits, 4);
	assert_int_equal(status().window, 10);
}

static void a_commit_that_lands_is_let_in_without_being_asked_for(void **state)
{
	(void)state;
	land(12);
	start((struct setup){ .path = true, .refresh_ms = 5 });
	assert_int_equal(check_z(ids[9]), GATE_ADMITTED);
	land(1);
	while (check_z(ids[0]) != GATE_ADMITTED)
		sched_yield();
	assert_int_equal(check_z(ids[10]), GATE_OUTSIDE);
}

static void a_push_that_is_told_of_is_asked_about_at_once(void **state)
{
	(void)state;
	land(12);
	start((struct setup){ .path = true });
	land(1);
	assert_int_equal(check_z(ids[0]), GATE_OUTSIDE);
	gates_wake(gates, STR("acme/other"));
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
}

static void twelve_digits_are_enough_and_their_case_does_not_matter(void **state)
{
	char shouted[41];
	(void)state;

	land(20);
	start((struct setup){ .path = true });
	for (size_t i = 0; i < 41; i++)
		shouted[i] = ids[3][i] >= 'a' ? (char)(ids[3][i] - 'a' + 'A') : ids[3][i];
	assert_int_equal(check((struct str){ ids[3], 12 }), GATE_ADMITTED);
	assert_true(str_eq(v.commit, str_z(ids[3])));
	assert_int_equal(check((struct str){ shouted, 12 }), GATE_ADMITTED);
	assert_int_equal(check(str_z(shouted)), GATE_ADMITTED);
	assert_true(str_eq(v.commit, str_z(ids[3])));
	assert_int_equal(check((struct str){ ids[15], 12 }), GATE_OUTSIDE);
	assert_int_equal(v.behind, 15);
}

static void what_is_no_commit_is_malformed_and_told_how_to_mend_it(void **state)
{
	static const char *const wrong[] = { "", "abc", "0123456789a", "main", "v1.2.3-4-g0123456789ab",
		"0123456789abcdeg", " 0123456789ab",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0",
		"\x1b[31m<script>{host}" };
	(void)state;

	land(3);
	start((struct setup){ .path = true, .remediation = "update {host}" });
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(check_z(wrong[i]), GATE_MALFORMED);
		assert_true(v.why.len > 0);
		assert_true(has(v.remediation, "12 digits or more, in the header X-Sluice-Code-Commit"));
		assert_true(has(v.remediation, "git rev-parse HEAD"));
		assert_false(has(v.remediation, "update"));
		assert_false(has(v.commit, "<"));
		assert_false(has(v.commit, "\x1b"));
	}
	assert_true(str_eq(v.commit, STR("31mscripthost")));
	change((struct setup){ .path = true, .steps = true });
	gate_check(gates, cfg, GATE_GUARDS_STEPS, STR("acme/rig"), STR("main"), STR(""), &a, &v);
	assert_int_equal(v.answer, GATE_MALFORMED);
	assert_true(has(v.remediation, "as head_sha"));
	assert_int_equal(gate_check_one(gates, cfg, STR("fleet"), STR("main"), STR(""), &a, &v, &e), ERR_OK);
	assert_true(has(v.remediation, "as head_sha"));
}

static void who_is_outside_is_told_what_was_configured(void **state)
{
	(void)state;
	land(12);
	start((struct setup){ .path = true,
		.remediation = "{host} {your_commit} {window} {repo} {branch} {head_commit} {no} {" });
	gate_check(gates, cfg, GATE_GUARDS_EPISODES, STR(""), str_z(ids[11]), STR("\x1b[31m<rig>{host}"), &a,
		&v);
	assert_int_equal(v.answer, GATE_OUTSIDE);
	assert_true(str_starts(v.remediation, STR("31mrighost ")));
	assert_true(has(v.remediation, ids[11]));
	assert_true(has(v.remediation, " 10 acme/rig main "));
	assert_true(has(v.remediation, ids[0]));
	assert_true(str_ends(v.remediation, STR(" {no} {")));
}

/* No two commits of a test begin alike, so these are made by hand. */
static void forge_has_some_that_begin_alike(void)
{
	pthread_mutex_lock(&forge.lock);
	forge.n = 12;
	for (size_t i = 0; i < forge.n; i++)
		snprintf(forge.ids[i], 41, "%040zu", i == 4 || i == 11 ? i + 100000 : i * 100000000);
	snprintf(forge.ids[7], 41, "0000000000000000000000000000000000100099");
	pthread_mutex_unlock(&forge.lock);
}

static void digits_that_several_of_the_window_begin_with_are_malformed(void **state)
{
	(void)state;
	forge_has_some_that_begin_alike();
	start((struct setup){ .url = true, .window = 12 });
	assert_int_equal(check(STR("00000000000000000000000000000000001000")), GATE_MALFORMED);
	assert_true(has(v.why, "3 commits"));
	assert_int_equal(check(STR("0000000000000000000000000000000000100099")), GATE_ADMITTED);
	assert_int_equal(v.behind, 7);
	change((struct setup){ .url = true, .window = 5 }); /* of those that may send there is one */
	assert_int_equal(check(STR("00000000000000000000000000000000001000")), GATE_ADMITTED);
	assert_true(str_eq(v.commit, STR("0000000000000000000000000000000000100004")));
}

/* ---- sources ---- */

static void before_a_source_has_answered_nothing_is_let_in_and_it_is_said_why(void **state)
{
	(void)state;
	land(3);
	forge_says(500, false);
	start((struct setup){ .url = true });
	assert_int_equal(check_z(ids[0]), GATE_NOT_READY);
	assert_true(has(v.why, "answered 500"));
	assert_true(has(v.remediation, "Try again in a moment"));
	assert_true(has(v.remediation, "`sluice gate status fleet`"));
	assert_false(has(v.remediation, "update"));
	assert_int_equal(status().source, GATE_SOURCE_NONE);
	assert_int_equal(status().heard_at, 0);
	assert_true(status().error_at > 0);
	assert_int_equal(check(STR("x")), GATE_MALFORMED); /* whatever the branch has, that is no commit */
	forge_has(0);
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
	assert_int_equal(status().error.len, 0);
}

static void when_every_source_fails_the_last_window_stays_and_its_age_shows(void **state)
{
	int64_t heard, failed = metric_get(METRIC_GATE_REFRESH_FAILED);
	(void)state;

	land(30);
	forge_has(0);
	start((struct setup){ .url = true });
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_true(has(status().from, "/acme/rig"));
	heard = status().heard_at;
	forge_says(503, false);
	refresh();
	assert_int_equal(metric_get(METRIC_GATE_REFRESH_FAILED), failed + 1);
	assert_int_equal(check_z(ids[9]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[10]), GATE_OUTSIDE);
	assert_int_equal(status().heard_at, heard);
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_true(has(status().error, "503"));
}

static void a_repository_is_fallen_back_to_where_one_is_configured_and_it_is_said(void **state)
{
	const char *heard;
	(void)state;

	land(30);
	forge_says(500, false);
	place_listen(2);
	start((struct setup){ .url = true, .fallback = true });
	refresh();
	heard = place_heard();
	assert_int_equal(status().source, GATE_SOURCE_GIT_FALLBACK);
	assert_true(str_ends(status().from, STR("/r")));
	assert_true(has(status().error, "answered 500"));
	assert_true(has(status().error, "/nonexistent/rig"));
	assert_int_equal(metric_get(METRIC_GATE_FALLBACK), 1);
	assert_int_equal(check_z(ids[9]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[29]), GATE_OUTSIDE);
	assert_int_equal(v.behind, 29);
	assert_non_null(strstr(heard, "source=git-fallback"));
	assert_null(strstr(
		strstr(heard, "source=git-fallback") + 1, "source=")); /* once, and not at every question */
	forge_has(0);
	refresh();
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_int_equal(metric_get(METRIC_GATE_FALLBACK), 0);
}

static void a_forge_that_has_no_commits_is_fallen_back_from(void **state)
{
	(void)state;
	land(5);
	start((struct setup){ .url = true, .fallback = true });
	assert_int_equal(status().source, GATE_SOURCE_GIT_FALLBACK);
	forge_says(409, false);
	refresh();
	assert_int_equal(status().source, GATE_SOURCE_GIT_FALLBACK);
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
}

static void without_a_repository_nothing_is_fallen_back_to(void **state)
{
	(void)state;
	land(5);
	forge_says(500, false);
	start((struct setup){ .url = true });
	assert_int_equal(check_z(ids[0]), GATE_NOT_READY);
	assert_int_equal(metric_get(METRIC_GATE_FALLBACK), 0);
}

static const char *does_not_have(const char *id)
{
	return arena_cstr(&a, arena_fmt(&a, "does not have %.12s", id));
}

static void a_repository_that_is_behind_what_the_forge_said_takes_nothing_back(void **state)
{
	(void)state;
	land(30);
	forge_has(0);
	start((struct setup){ .url = true, .fallback = true });
	run("git -C r update-ref refs/heads/main main~8");
	forge_says(500, false);
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[10]), GATE_OUTSIDE);
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_true(has(status().error, does_not_have(ids[0])));
	assert_true(has(status().error, "git fetch there?"));
	run("git -C r update-ref refs/heads/main %s", ids[0]);
	land(1);
	refresh();
	assert_int_equal(status().source, GATE_SOURCE_GIT_FALLBACK);
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
}

/* The forge told of ten and of their head; none of those is in what the repository has. */
static void a_repository_that_is_far_behind_what_the_forge_said_takes_nothing_back(void **state)
{
	(void)state;
	land(60);
	forge_has(0);
	start((struct setup){ .url = true, .fallback = true });
	run("git -C r update-ref refs/heads/main main~40");
	forge_says(500, false);
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[40]), GATE_OUTSIDE);
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_true(has(status().error, does_not_have(ids[0])));
}

static void a_repository_of_another_history_does_not_stand_in(void **state)
{
	char known[41];
	(void)state;

	land(12);
	forge_has(0);
	snprintf(known, sizeof known, "%s", ids[0]);
	start((struct setup){ .url = true, .fallback = true });
	run("rm -rf r");
	n_ids = 0;
	land(12);
	forge_says(500, false);
	refresh();
	assert_int_equal(check_z(known), GATE_ADMITTED);
	assert_int_equal(check_z(ids[0]), GATE_OUTSIDE);
	assert_true(has(status().error, does_not_have(known)));
}

/* Also when it was the last that was heard. */
static void a_repository_that_stands_in_takes_nothing_back_of_itself(void **state)
{
	(void)state;
	land(30);
	forge_has(1);
	start((struct setup){ .url = true, .fallback = true });
	forge_says(500, false);
	refresh();
	assert_int_equal(status().source, GATE_SOURCE_GIT_FALLBACK);
	run("git -C r update-ref refs/heads/main main~8");
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[10]), GATE_OUTSIDE);
}

/* The usual places are fallen back to also where no forge is asked. */
static void a_branch_that_is_rewritten_is_followed_where_it_is(void **state)
{
	char before[41];
	(void)state;

	land(12);
	snprintf(before, sizeof before, "%s", ids[0]);
	start((struct setup){ .path = true, .fallback = true });
	run("rm -rf r");
	n_ids = 0;
	land(12);
	refresh();
	assert_int_equal(check_z(before), GATE_OUTSIDE);
	assert_int_equal(check_z(ids[0]), GATE_ADMITTED);
	assert_int_equal(status().error.len, 0);
}

static void a_branch_that_is_moved_back_where_it_is_takes_back(void **state)
{
	(void)state;
	land(30);
	start((struct setup){ .path = true });
	run("git -C r update-ref refs/heads/main main~8");
	refresh();
	assert_int_equal(check_z(ids[0]), GATE_OUTSIDE);
	assert_int_equal(check_z(ids[8]), GATE_ADMITTED);
}

static void commits_that_fell_out_are_known_to_be_behind(void **state)
{
	(void)state;
	land(12);
	forge_has(0);
	start((struct setup){ .url = true });
	assert_int_equal(check_z(ids[11]), GATE_OUTSIDE);
	assert_int_equal(v.behind, -1); /* the forge was not asked for it */
	land(6);
	forge_has(0);
	refresh();
	for (size_t i = 10; i < 16; i++) {
		assert_int_equal(check_z(ids[i]), GATE_OUTSIDE);
		assert_int_equal(v.behind, i);
	}
	assert_int_equal(check_z(ids[16]), GATE_OUTSIDE);
	assert_int_equal(v.behind, -1);
	assert_int_equal(status().n_commits, 10);
}

static void a_check_needs_no_source(void **state)
{
	(void)state;
	land(30);
	forge_has(0);
	start((struct setup){ .url = true, .fallback = true });
	gates_stop(gates);
	little_server_free(server);
	server = NULL;
	run("rm -rf r");
	assert_int_equal(check_z(ids[9]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[10]), GATE_OUTSIDE);
	assert_int_equal(check(STR("")), GATE_MALFORMED);
}

/* While diag is told: its reader may be slow, and here reads nothing until the check is made. */
static void a_check_does_not_wait_for_who_reads_diag(void **state)
{
	int64_t n;
	int ends[2];
	char byte[4096] = { 0 };
	(void)state;

	land(12);
	forge_says(500, false);
	start((struct setup){ .url = true });
	n = metric_get(METRIC_GATE_REFRESHES);
	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (write(ends[1], byte, sizeof byte) > 0)
		;
	assert_int_equal(fcntl(ends[1], F_SETFL, 0), 0);
	diag_set_fd(ends[1]);
	forge_has(0);
	gates_wake(gates, STR("acme/rig"));
	while (check_z(ids[0]) != GATE_ADMITTED)
		sched_yield();
	assert_int_equal(status().source, GATE_SOURCE_FORGE);
	assert_int_equal(metric_get(METRIC_GATE_REFRESHES), n); /* the thread is not through yet */
	while (metric_get(METRIC_GATE_REFRESHES) == n)
		if (read(ends[0], byte, sizeof byte) < 0)
			sched_yield();
	diag_set_fd(2);
	close(ends[0]);
	close(ends[1]);
}

static void a_forge_that_says_nothing_is_left_at_once_when_all_ends(void **state)
{
	int64_t before = clock_steady_ms(&clock_system);
	(void)state;

	forge_says(200, true);
	box = config_box_new(config_of((struct setup){ .url = true }));
	cfg = config_get(box);
	assert_int_equal(gates_start(box, &clock_system, &gates, &e), ERR_OK);
	assert_int_equal(check(STR("0123456789abcdef")), GATE_NOT_READY); /* and nobody waits for it */
	gates_stop(gates);
	assert_true(clock_steady_ms(&clock_system) - before < 10000); /* of fifteen */
}

/* ---- settings ---- */

static void another_source_makes_the_window_forgotten_and_another_window_not(void **state)
{
	(void)state;
	land(30);
	run("git -C r branch old main~20");
	start((struct setup){ .path = true });
	forge_says(500, false);
	change((struct setup){ .path = true, .window = 3 });
	assert_int_equal(check_z(ids[2]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[3]), GATE_OUTSIDE);
	change((struct setup){ .path = true, .branch = "nosuch" });
	assert_int_equal(check_z(ids[0]), GATE_NOT_READY);
	change((struct setup){ .path = true, .branch = "old" });
	while (check_z(ids[20]) != GATE_ADMITTED)
		sched_yield();
	assert_int_equal(check_z(ids[19]), GATE_OUTSIDE);
}

static void a_window_that_grows_is_asked_for_and_lets_in_no_more_than_was_heard(void **state)
{
	(void)state;
	land(30);
	forge_has(0);
	start((struct setup){ .url = true });
	land(5);
	forge_has(0);
	refresh();
	forge_says(500, false);
	change((struct setup){ .url = true, .window = 20 });
	assert_int_equal(check_z(ids[9]), GATE_ADMITTED);
	assert_int_equal(check_z(ids[12]),
		GATE_OUTSIDE); /* known of before, but nobody has said that it is the thirteenth */
	forge_has(0);
	gates_wake(gates, STR("acme/rig"));
	while (check_z(ids[19]) != GATE_ADMITTED)
		sched_yield();
	assert_int_equal(check_z(ids[20]), GATE_OUTSIDE);
}

static void one_that_is_not_enabled_lets_all_in_and_notes_the_commit(void **state)
{
	(void)state;
	start((struct setup){ .path = true, .disabled = true });
	assert_int_equal(check(STR("ABCDEF0123456789")), GATE_ADMITTED);
	assert_true(str_eq(v.commit, STR("abcdef0123456789")));
	assert_int_equal(check(STR("")), GATE_ADMITTED);
	assert_int_equal(v.commit.len, 0);
	assert_false(status().enabled);
}

static void what_no_gate_guards_is_in(void **state)
{
	int64_t refused = metric_get(METRIC_GATE_REFUSED);
	(void)state;

	land(30);
	start((struct setup){ .path = true, .steps = true });
	assert_int_equal(check_z(ids[20]), GATE_ADMITTED);
	assert_int_equal(v.gate.len, 0);
	assert_int_equal(v.window, -1);
	gate_check(gates, cfg, GATE_GUARDS_STEPS, STR("acme/other"), str_z(ids[20]), STR(""), &a, &v);
	assert_int_equal(v.answer, GATE_ADMITTED);
	gate_check(gates, cfg, GATE_GUARDS_STEPS, STR("Acme/RIG"), str_z(ids[20]), STR(""), &a, &v);
	assert_int_equal(v.answer, GATE_OUTSIDE);
	gate_check(gates, cfg, GATE_GUARDS_STEPS, STR("Acme/RIG"), str_z(ids[2]), STR(""), &a, &v);
	assert_int_equal(v.answer, GATE_ADMITTED);
	assert_int_equal(metric_get(METRIC_GATE_REFUSED), refused + 1);
}

static void what_a_gate_that_is_not_ready_may_let_in_yet_is_not_turned_away_for_good(void **state)
{
	(void)state;
	forge_has_some_that_begin_alike();
	start((struct setup){ .url = true, .window = 12, .other = "/nonexistent/rig" });
	assert_int_equal(check(STR("0000000000000000000000000000000000100099")), GATE_ADMITTED);
	assert_int_equal(check(STR("0123456789abcdef0123456789abcdef01234567")), GATE_NOT_READY);
	assert_true(str_eq(v.gate, STR("other")));
	assert_true(has(v.why, "/nonexistent/rig"));
	assert_int_equal(check(STR("00000000000000000000000000000000001000")), GATE_NOT_READY);
	assert_int_equal(check(STR("main")), GATE_MALFORMED);
	assert_int_equal(check(STR("")), GATE_MALFORMED);
}

static void of_several_gates_one_has_to_let_it_in(void **state)
{
	(void)state;
	land(30);
	forge_has(15);
	start((struct setup){ .url = true, .other = "r" });
	assert_int_equal(check_z(ids[15]), GATE_ADMITTED);
	assert_true(str_eq(v.gate, STR("fleet")));
	assert_int_equal(check_z(ids[2]), GATE_ADMITTED);
	assert_true(str_eq(v.gate, STR("other")));
	assert_int_equal(check_z(ids[12]), GATE_OUTSIDE);
	assert_true(str_eq(v.gate, STR("fleet")));
}

static void a_gate_is_asked_by_its_name(void **state)
{
	(void)state;
	land(3);
	start((struct setup){ .path = true });
	assert_int_equal(
		gate_check_one(gates, cfg, STR("Fleet"), str_z(ids[1]), STR(""), &a, &v, &e), ERR_OK);
	assert_int_equal(v.answer, GATE_ADMITTED);
	assert_int_equal(
		gate_check_one(gates, cfg, STR("nosuch"), str_z(ids[1]), STR(""), &a, &v, &e), ERR_NOT_FOUND);
}

int main(void)
{
#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PLACED(the_last_n_are_let_in_and_no_other),
		PLACED(a_branch_that_is_shorter_than_the_window_is_all_let_in),
		PLACED(a_commit_that_lands_is_let_in_without_being_asked_for),
		PLACED(a_push_that_is_told_of_is_asked_about_at_once),
		PLACED(twelve_digits_are_enough_and_their_case_does_not_matter),
		PLACED(what_is_no_commit_is_malformed_and_told_how_to_mend_it),
		PLACED(who_is_outside_is_told_what_was_configured),
		PLACED(digits_that_several_of_the_window_begin_with_are_malformed),
		PLACED(before_a_source_has_answered_nothing_is_let_in_and_it_is_said_why),
		PLACED(when_every_source_fails_the_last_window_stays_and_its_age_shows),
		PLACED(a_repository_is_fallen_back_to_where_one_is_configured_and_it_is_said),
		PLACED(a_forge_that_has_no_commits_is_fallen_back_from),
		PLACED(without_a_repository_nothing_is_fallen_back_to),
		PLACED(a_repository_that_is_behind_what_the_forge_said_takes_nothing_back),
		PLACED(a_repository_that_is_far_behind_what_the_forge_said_takes_nothing_back),
		PLACED(a_repository_of_another_history_does_not_stand_in),
		PLACED(a_repository_that_stands_in_takes_nothing_back_of_itself),
		PLACED(a_branch_that_is_rewritten_is_followed_where_it_is),
		PLACED(a_branch_that_is_moved_back_where_it_is_takes_back),
		PLACED(commits_that_fell_out_are_known_to_be_behind),
		PLACED(a_check_needs_no_source),
		PLACED(a_check_does_not_wait_for_who_reads_diag),
		PLACED(a_forge_that_says_nothing_is_left_at_once_when_all_ends),
		PLACED(another_source_makes_the_window_forgotten_and_another_window_not),
		PLACED(a_window_that_grows_is_asked_for_and_lets_in_no_more_than_was_heard),
		PLACED(one_that_is_not_enabled_lets_all_in_and_notes_the_commit),
		PLACED(what_no_gate_guards_is_in),
		PLACED(what_a_gate_that_is_not_ready_may_let_in_yet_is_not_turned_away_for_good),
		PLACED(of_several_gates_one_has_to_let_it_in),
		PLACED(a_gate_is_asked_by_its_name),
	};

	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
