/* commits: the newest commits of a branch, asked of a forge and of a repository on this machine: both as `git log` has them, and what goes wrong is told. */
#include "tests/test.h"

#include "forge/commits.h"
#include "tests/unit/help/little_server.h"
#include "tests/unit/help/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define N_COMMITS 230
#define TOKEN "s3cr3t-of-the-gate"
#define NOBODY 65534

static struct little_server *server;
static struct http_client *http;
static struct commits_forge from;
static struct arena a;
static struct err e;
static struct commit_list got, truth;
static bool same;

/* ---- a repository, made by git ---- */

static void run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *fmt, ...)
{
	char command[2000];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof command, fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static unsigned draw(unsigned *seed, unsigned below)
{
	*seed = *seed * 1103515245u + 12345u;
	return (*seed >> 16) % below;
}

/* Merges, times that are equal, clocks that went back: whatever the order of `git log` depends on. */
static void make_repo(const char *folder, const char *branch, unsigned seed, int n)
{
	FILE *f = fopen("import", "w");

	for (int i = 1; i <= n; i++) {
		unsigned at = 1700000000u + (unsigned)i * 7 - draw(&seed, 3) * 40 - draw(&seed, 8) / 7 * 5000;

		fprintf(f,
			"commit refs/heads/%s\nmark :%d\ncommitter A <a@example.org> %u +0000\ndata 2\nx\n",
			branch, i, at / 10 * 10);
		if (i > 1)
			fprintf(f, "from :%d\n",
				i > 3 && draw(&seed, 4) == 0 ? i - 1 - (int)draw(&seed, 3) : i - 1);
		if (i > 9 && draw(&seed, 3) == 0)
			fprintf(f, "merge :%d\n", i - 4 - (int)draw(&seed, 5));
		fprintf(f, "\n");
	}
	fclose(f);
	run("git init -q --initial-branch=%s '%s' && cd '%s' && git fast-import --quiet --force <../import",
		branch, folder, folder);
}

/* What git says. */
static void read_truth(const char *folder, const char *ref, size_t n)
{
	char command[300], line[100];
	FILE *f;

	snprintf(command, sizeof command, "git -c safe.directory='*' -C '%s' log --format=%%H -n %zu '%s'",
		folder, n, ref);
	f = popen(command, "r");
	truth = (struct commit_list){ .ids = arena_array(&a, n + 1, sizeof(struct str)) };
	while (truth.n < n && fgets(line, sizeof line, f))
		truth.ids[truth.n++] = arena_str(&a, str_trim(str_z(line)));
	assert_int_equal(pclose(f), 0);
}

static void assert_truth(size_t n)
{
	assert_int_equal(got.n, truth.n < n ? truth.n : n);
	for (size_t i = 0; i < got.n; i++)
		if (!str_eq(got.ids[i], truth.ids[i]))
			fail_msg("%zu: %s instead of %s", i, got.ids[i].p, truth.ids[i].p);
}

/* ---- a forge that has what git says ---- */

static struct {
	size_t cap, per_page, n_asked, lands_after,
		shift; /* after so many questions so many more have landed */
	bool ignores_pages, shouts;
	char last[1000];
} forge;

static size_t number_in(struct str request, const char *name)
{
	size_t at = str_find_str(request, str_z(name));

	return at < request.len ? strtoul(request.p + at + strlen(name), NULL, 10) : 0;
}

/* As many of truth as there are, from the head that is asked for on. */
static enum little_kind answer(void *arg, struct str request, char **ret)
{
	size_t head = 0, page = number_in(request, "&page="), size = number_in(request, "limit=");
	bool by_id = false;
	struct buf body, out;

	(void)arg;
	snprintf(forge.last, sizeof forge.last, "%.*s", STR_FMT(request));
	forge.n_asked++;
	for (size_t i = 0; i < truth.n; i++)
		if (str_starts(str_from(request, str_find_str(request, STR("sha=")) + 4), truth.ids[i])) {
			head = i;
			by_id = true;
		}
	if (!by_id)
		head = forge.n_asked > forge.lands_after ? 0 : forge.shift;
	size = size < forge.cap ? size : forge.cap;
	buf_init(&body, SIZE_MAX);
	buf_char(&body, '[');
	for (size_t i = 0, at = head + (forge.ignores_pages ? 0 : (page - 1) * size);
		i < size && at < truth.n; i++, at++) {
		buf_fmt(&body, "%s{\"sha\":\"", i ? "," : "");
		for (size_t k = 0; k < truth.ids[at].len; k++) {
			char c = truth.ids[at].p[k];

			buf_char(&body, forge.shouts && c >= 'a' ? (char)(c - 'a' + 'A') : c);
		}
		buf_fmt(&body, "\",\"parents\":[{\"sha\":\"x\"}]}");
	}
	buf_char(&body, ']');
	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s", body.len,
		buf_cstr(&body));
	buf_done(&body);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static enum err_code ask_until(size_t n, struct str head, int64_t ms)
{
	return commits_ask(http, &from, n, head, clock_steady_ms(&clock_system) + ms, &clock_system, &a,
		&same, &got, &e);
}

static enum err_code ask(size_t n)
{
	return ask_until(n, STR(""), 15000);
}

static void assert_good(enum err_code code)
{
	if (code != ERR_OK)
		fail_msg("%s", e.text);
}

static enum err_code local(const char *path, const char *branch, size_t n, struct str head)
{
	return commits_local(path, str_z(branch), n, head, &a, &same, &got, &e);
}

static int set_up(void **state)
{
	if (place_make(state) != 0)
		return -1;
	arena_init(&a);
	e = (struct err){ 0 };
	got = truth = (struct commit_list){ 0 };
	memset(&forge, 0, sizeof forge);
	forge.cap = 50;
	server = little_server_new();
	http = http_client_new();
	from = (struct commits_forge){ COMMITS_FORGEJO, str_z(little_server_url(server)), STR("acme"),
		STR("rig"), STR("main"), STR("") };
	return 0;
}

static int tear_down(void **state)
{
	http_client_free(http);
	little_server_free(server);
	arena_done(&a);
	return place_remove(state);
}

static void make_forge(unsigned seed)
{
	make_repo("r", "main", seed, N_COMMITS);
	read_truth("r", "main", N_COMMITS);
	little_server_ask(server, answer, NULL);
}

/* ---- the forge ---- */

static void both_sources_say_what_git_log_says(void **state)
{
	char folder[20];
	(void)state;

	little_server_ask(server, answer, NULL);
	for (unsigned seed = 1; seed <= 12; seed++) {
		snprintf(folder, sizeof folder, "r%u", seed);
		make_repo(folder, "main", seed, N_COMMITS);
		read_truth(folder, "main", N_COMMITS);
		assert_true(truth.n > 50);
		for (size_t n = 1; n < N_COMMITS + 20; n = n * 3 + 1) {
			assert_good(ask(n));
			assert_truth(n);
			assert_good(local(folder, "main", n, STR("")));
			assert_truth(n);
		}
	}
}

static void a_cap_that_is_lower_than_ours_loses_nothing(void **state)
{
	(void)state;
	make_forge(3);
	forge.cap = 7;
	assert_good(ask(100));
	assert_truth(100);
}

static void a_commit_that_lands_between_pages_shifts_nothing(void **state)
{
	(void)state;
	make_forge(4);
	forge.shift = 5; /* what the branch is at the first question; then five more land */
	forge.lands_after = 1;
	assert_good(ask(100));
	assert_int_equal(got.n, 100);
	for (size_t i = 0; i < 100; i++)
		assert_true(str_eq(got.ids[i], truth.ids[i + 5]));
	assert_non_null(strstr(forge.last, arena_fmt(&a, "?sha=%s&limit=50&page=2&", truth.ids[5].p).p));
}

static void a_branch_that_is_shorter_than_what_is_wanted_is_all_told(void **state)
{
	(void)state;
	make_forge(5);
	truth.n = 50; /* a full page, and no more */
	assert_good(ask(100));
	assert_truth(100);
	truth.n = 3;
	assert_good(ask(100));
	assert_truth(100);
}

static void a_forge_that_knows_of_no_pages_is_not_asked_for_ever(void **state)
{
	(void)state;
	make_forge(6);
	forge.ignores_pages = true;
	assert_good(ask(200));
	assert_truth(50);
	assert_int_equal(forge.n_asked, 2);
}

static void when_the_head_is_the_same_one_short_page_is_all_that_is_asked(void **state)
{
	(void)state;
	make_forge(7);
	assert_good(ask_until(100, truth.ids[0], 15000));
	assert_true(same);
	assert_int_equal(got.n, 0);
	assert_int_equal(forge.n_asked, 1);
	assert_non_null(strstr(forge.last, "&limit=1&"));
	assert_good(ask_until(100, truth.ids[1], 15000));
	assert_false(same);
	assert_truth(100);
}

static void ids_come_in_lower_case(void **state)
{
	(void)state;
	make_forge(8);
	forge.shouts = true;
	assert_good(ask(60));
	assert_truth(60);
}

static void the_question_is_what_the_forge_understands(void **state)
{
	const char *got_it;
	(void)state;

	from.branch = STR("release/1.2 &x");
	from.token = STR(TOKEN);
	little_server_status(server, 200, "[]");
	assert_good(ask(80));
	got_it = little_server_request(server, 0);
	assert_int_equal(
		strncmp(got_it,
			"GET "
			"/api/v1/repos/acme/rig/commits?sha=release%2F1.2%20%26x&limit=50&page=1&stat=false&"
			"verification=false&files=false ",
			118),
		0);
	assert_non_null(strstr(got_it, "\r\nAuthorization: Bearer " TOKEN "\r\n"));
	from.kind = COMMITS_GITHUB;
	from.branch = STR("main");
	assert_good(ask(80));
	got_it = little_server_request(server, 1);
	assert_int_equal(
		strncmp(got_it, "GET /api/v3/repos/acme/rig/commits?sha=main&per_page=80&page=1 ", 63), 0);
}

static void what_the_forge_refuses_is_told_apart_and_holds_no_token(void **state)
{
	static const struct {
		int status;
		enum err_code code;
		const char *has;
	} cases[] = {
		{ 404, ERR_NOT_FOUND, "no branch main" },
		{ 401, ERR_UNAUTHORIZED, "token-file" },
		{ 403, ERR_UNAUTHORIZED, "token-file" },
		{ 301, ERR_NETWORK, "moved" },
		{ 500, ERR_NETWORK, "500" },
		{ 429, ERR_NETWORK, "429" },
	};
	(void)state;

	from.token = STR(TOKEN);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		little_server_status(server, cases[i].status, "{\"message\":\"" TOKEN "\"}");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(ask(10), cases[i].code);
		assert_non_null(strstr(e.text, cases[i].has));
		assert_non_null(strstr(e.text, "acme/rig at 127.0.0.1:"));
		assert_null(strstr(e.text, TOKEN));
	}
}

static void an_empty_repo_has_none(void **state)
{
	(void)state;
	little_server_status(server, 409, "{\"message\":\"Git Repository is empty.\"}");
	assert_good(ask(10));
	assert_int_equal(got.n, 0);
	assert_false(same);
	run("git init -q e && git init -q --bare e.git");
	assert_good(local("e", "main", 10, STR("")));
	assert_int_equal(got.n, 0);
	assert_good(local("e.git", "trunk", 10, STR("")));
	assert_int_equal(got.n, 0);
}

static void nonsense_is_refused_whole(void **state)
{
	static const char *const bodies[] = { "", "<html>", "{\"sha\":1}", "null", "[1]", "[{}]",
		"[{\"sha\":\"abc\"}]", "[{\"sha\":null}]",
		"[{\"sha\":\"zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz\"}]",
		"[{\"sha\":\"0123456789012345678901234567890123456789\"},{\"sha\":\"../../../x\"}]" };
	(void)state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
		little_server_status(server, 200, bodies[i]);
	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		assert_int_equal(ask(10), ERR_NETWORK);
		assert_int_equal(got.n, 0);
	}
}

static void an_answer_without_end_is_cut(void **state)
{
	(void)state;
	little_server_say(server, LITTLE_BYTES, "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
	assert_int_equal(ask(10), ERR_NETWORK);
	little_server_say(
		server, LITTLE_ENDLESS, "HTTP/1.1 200 OK\r\n\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[");
	assert_int_equal(ask(10), ERR_NETWORK);
	assert_non_null(strstr(e.text, "too large"));
}

static void a_slow_forge_has_so_much_time_and_no_more(void **state)
{
	int64_t before = clock_steady_ms(&clock_system);
	(void)state;

	little_server_say(server, LITTLE_SILENCE, "");
	assert_int_equal(ask_until(10, STR(""), 100), ERR_NETWORK);
	assert_true(clock_steady_ms(&clock_system) - before < 10000);
	assert_int_equal(ask_until(10, STR(""), 0), ERR_NETWORK);
	assert_non_null(strstr(e.text, "too slow"));
}

static void a_question_ends_when_its_asker_is_told_to_stop(void **state)
{
	atomic_bool stop = true;
	int64_t before = clock_steady_ms(&clock_system);
	(void)state;

	little_server_say(server, LITTLE_SILENCE, "");
	http_client_watch(http, &stop);
	assert_int_equal(ask(10), ERR_NETWORK);
	assert_true(clock_steady_ms(&clock_system) - before < 10000);
}

/* ---- a repository on this machine ---- */

static void bare_or_not_is_the_same(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 40);
	read_truth("r", "main", 40);
	run("git clone -q --bare r r.git && git -C r.git gc -q");
	assert_good(local("r.git", "main", 40, STR("")));
	assert_truth(40);
	assert_good(local("r/.git", "main", 40, STR("")));
	assert_truth(40);
}

static void a_branch_may_be_that_of_origin(void **state)
{
	(void)state;
	make_repo("r", "release/1", 1, 20);
	read_truth("r", "release/1", 20);
	run("git clone -q r c && git -C c checkout -q --detach && git -C c branch -q -D release/1");
	assert_good(local("c", "release/1", 20, STR("")));
	assert_truth(20);
}

static void the_head_may_be_the_same(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 20);
	read_truth("r", "main", 20);
	assert_good(local("r", "main", 20, truth.ids[0]));
	assert_true(same);
	assert_good(local("r", "main", 20, truth.ids[1]));
	assert_false(same);
	assert_truth(20);
}

static void what_is_not_there_is_said(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 5);
	run("mkdir -p r/below empty");
	assert_int_equal(local("nowhere", "main", 5, STR("")), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "nowhere"));
	assert_int_equal(local("empty", "main", 5, STR("")), ERR_NOT_FOUND);
	assert_int_equal(
		local("r/below", "main", 5, STR("")), ERR_NOT_FOUND); /* what is above is not meant */
	assert_int_equal(local("r", "other", 5, STR("")), ERR_NOT_FOUND);
	assert_non_null(strstr(e.text, "no branch other"));
	assert_int_equal(local("r", "a..b", 5, STR("")), ERR_NOT_FOUND);
	assert_int_equal(local("import", "main", 5, STR("")), ERR_NOT_FOUND); /* a file */
}

static void a_damaged_repository_is_told_with_its_remedy(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 30);
	run("git -C r gc -q 2>&1; chmod -R u+w r; for f in r/.git/objects/pack/*.pack; do head -c 200 "
	    "/dev/zero >$f; done");
	assert_int_equal(local("r", "main", 30, STR("")), ERR_STORAGE);
	assert_non_null(strstr(e.text, "fsck"));
}

static void a_shallow_clone_is_good_for_what_it_holds(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 60);
	run("git clone -q --depth 12 \"file://$PWD/r\" s 2>&1");
	read_truth("s", "main", 5);
	assert_good(local("s", "main", 5, STR("")));
	assert_truth(5);
	assert_int_equal(local("s", "main", 60, STR("")), ERR_STORAGE);
	assert_non_null(strstr(e.text, "--unshallow"));
}

/* As nobody, in a process of its own: its exit code is the error's, its text is left in "said". */
static int as_nobody(const char *path)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		FILE *f = fopen("said", "w");
		enum err_code code;

		if (!f || setresgid(NOBODY, NOBODY, NOBODY) != 0 || setresuid(NOBODY, NOBODY, NOBODY) != 0)
			_exit(100);
		code = local(path, "main", 5, STR(""));
		fputs(code == ERR_OK ? "" : e.text, f);
		fclose(f);
		_exit((int)code);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void whose_it_is_does_not_matter(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	make_repo("r", "main", 1, 5);
	read_truth("r", "main", 5);
	run("chown -R 12345 r && chmod -R a+rX r && chmod 755 .");
	assert_good(local("r", "main", 5, STR("")));
	assert_truth(5);
	assert_int_equal(as_nobody("r"), ERR_OK);
}

static void what_may_not_be_read_is_named_with_who_may_mend_it(void **state)
{
	static const char *const shut[] = { "r", "r/.git", "r/.git/refs", "r/.git/objects" };
	AUTO_BUF said;
	(void)state;

	buf_init(&said, 1000);
	if (geteuid() != 0)
		skip();
	make_repo("r", "main", 1, 5);
	run("chmod -R a+rX r && chmod 755 .");
	for (size_t i = 0; i < sizeof shut / sizeof *shut; i++) {
		assert_int_equal(chmod(shut[i], 0700), 0);
		assert_int_equal(as_nobody("r"), ERR_STORAGE);
		buf_reset(&said);
		place_get("said", &said);
		assert_non_null(
			strstr(buf_cstr(&said), "may not be read by the user of this process (uid 65534)"));
		assert_non_null(strstr(buf_cstr(&said), "setfacl"));
		assert_int_equal(chmod(shut[i], 0755), 0);
	}
}

static void nothing_that_its_configuration_names_is_run(void **state)
{
	(void)state;
	make_repo("r", "main", 1, 5);
	read_truth("r", "main", 5);
	run("cd r && git config core.fsmonitor 'touch ran' && git config core.sshCommand 'touch ran' && "
	    "git config core.pager 'touch ran' && git config include.path /nonexistent/x");
	run("mkdir -p home && printf '[core' >home/.gitconfig");
	setenv("HOME", "home", 1);
	assert_good(local("r", "main", 5, STR("")));
	assert_truth(5);
	assert_int_not_equal(access("r/ran", F_OK), 0);
}

int main(void)
{
#define PLACED(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		PLACED(both_sources_say_what_git_log_says),
		PLACED(a_cap_that_is_lower_than_ours_loses_nothing),
		PLACED(a_commit_that_lands_between_pages_shifts_nothing),
		PLACED(a_branch_that_is_shorter_than_what_is_wanted_is_all_told),
		PLACED(a_forge_that_knows_of_no_pages_is_not_asked_for_ever),
		PLACED(when_the_head_is_the_same_one_short_page_is_all_that_is_asked),
		PLACED(ids_come_in_lower_case),
		PLACED(the_question_is_what_the_forge_understands),
		PLACED(what_the_forge_refuses_is_told_apart_and_holds_no_token),
		PLACED(an_empty_repo_has_none),
		PLACED(nonsense_is_refused_whole),
		PLACED(an_answer_without_end_is_cut),
		PLACED(a_slow_forge_has_so_much_time_and_no_more),
		PLACED(a_question_ends_when_its_asker_is_told_to_stop),
		PLACED(bare_or_not_is_the_same),
		PLACED(a_branch_may_be_that_of_origin),
		PLACED(the_head_may_be_the_same),
		PLACED(what_is_not_there_is_said),
		PLACED(a_damaged_repository_is_told_with_its_remedy),
		PLACED(a_shallow_clone_is_good_for_what_it_holds),
		PLACED(whose_it_is_does_not_matter),
		PLACED(what_may_not_be_read_is_named_with_who_may_mend_it),
		PLACED(nothing_that_its_configuration_names_is_run),
	};

	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
