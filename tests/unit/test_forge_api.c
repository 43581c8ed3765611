/* forge_api: each call, as each forge understands it; each shape of an answer; and what goes wrong, told apart. */
#include "tests/test.h"

#include "forge/forge_api.h"
#include "forge/forge_can.h"
#include "tests/unit/help/little_server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOKEN "s3cr3t-of-the-forge"
#define SECRET "s3cr3t-of-the-hook"
#define SHA "0123456789abcdef0123456789abcdef01234567"
#define SHA2 "ffff456789abcdef0123456789abcdef01234567"

#define SWAGGER_ALL                                                                                          \
	"{\"basePath\":\"/api/v1\",\"paths\":{\"/repos/{owner}/{repo}/actions/runs\":{\"get\":{\"tags\":["   \
	"\"repository\"]}},\"/repos/{owner}/{repo}/actions/runs/{run_id}/jobs\":{},"                         \
	"\"/repos/{owner}/{repo}/actions/jobs/{job_id}/logs\":{},\"/repos/{owner}/{repo}/actions/"           \
	"tasks\":{},"                                                                                        \
	"\"/repos/{owner}/{repo}/actions/runs/{run}/rerun\":{},"                                             \
	"\"/repos/{owner}/{repo}/actions/runs/{run}/rerun-failed-jobs\":{}}}"
#define SWAGGER_TASKS "{\"paths\":{\"/repos/{owner}/{repo}/actions/tasks\":{}}}"

#define ROUTES_MAX 20

/* What the server says to a request that begins with `to`; the first that fits. */
struct route {
	const char *to; /* "GET /path" */
	int status;
	const char *headers; /* each with CRLF, or "" */
	const char *body;
	enum little_kind kind;
};

static struct {
	struct route routes[ROUTES_MAX];
	size_t n_routes;
	struct str *requests;
	size_t n_requests;
	struct arena arena;
} said;

static struct little_server *server;
static struct forge_api *forge;
static struct arena a;
static struct err e;
static struct forge_run *runs;
static struct forge_job *jobs;
static size_t n;

static enum little_kind answer(void *arg, struct str request, char **ret)
{
	const struct route *r = NULL;
	struct buf out;
	(void)arg;

	said.requests[said.n_requests++ % 300] = arena_str(&said.arena, request);
	for (size_t i = 0; i < said.n_routes && !r; i++)
		if (str_starts(request, str_z(said.routes[i].to)))
			r = &said.routes[i];
	buf_init(&out, SIZE_MAX);
	if (!r)
		buf_z(&out, "HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}");
	else if (r->status == 0)
		buf_z(&out, r->body);
	else
		buf_fmt(&out, "HTTP/1.1 %d Status\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
			r->status, r->headers, strlen(r->body), r->body);
	*ret = buf_take(&out);
	return r ? r->kind : LITTLE_BYTES;
}

static void says(const char *to, int status, const char *headers, const char *body)
{
	assert_true(said.n_routes < ROUTES_MAX);
	said.routes[said.n_routes++] = (struct route){ to, status, headers, body, LITTLE_BYTES };
}

static void forge_is(enum commits_kind kind, const char *token)
{
	struct forge_access x = { kind, str_z(little_server_url(server)), str_z(token), NULL };

	forge_api_free(forge);
	forge = forge_api_new(&x, &clock_system);
	said.n_routes = said.n_requests = 0;
	if (kind != COMMITS_GITHUB)
		says("GET /swagger.v1.json", 200, "", SWAGGER_ALL);
}

static int set_up(void **state)
{
	(void)state;
	arena_init(&a);
	arena_init(&said.arena);
	said.requests = arena_array(&said.arena, 300, sizeof *said.requests);
	e = (struct err){ 0 };
	runs = NULL;
	jobs = NULL;
	n = 0;
	server = little_server_new();
	little_server_ask(server, answer, NULL);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	forge_api_free(forge);
	forge = NULL;
	little_server_free(server);
	arena_done(&a);
	arena_done(&said.arena);
	return 0;
}

static void good(enum err_code code)
{
	if (code != ERR_OK)
		fail_msg("%s", e.text);
}

static void is(struct str got, const char *wanted)
{
	if (!str_eq(got, str_z(wanted)))
		fail_msg("\"%.*s\" instead of \"%s\"", STR_FMT(got), wanted);
}

static void bad(enum err_code got, enum err_code wanted, const char *has)
{
	if (got != wanted || !strstr(e.text, has))
		fail_msg("%s: %s", err_slug(got), e.text);
	assert_null(strstr(e.text, TOKEN));
	assert_null(strstr(e.text, SECRET));
}

/* The last request has this in it. */
static void asked(const char *what)
{
	struct str last = said.requests[(said.n_requests - 1) % 300];

	if (str_find_str(last, str_z(what)) == last.len)
		fail_msg("%s is not in:\n%.*s", what, STR_FMT(last));
}

static void not_asked(const char *what)
{
	struct str last = said.requests[(said.n_requests - 1) % 300];

	if (str_find_str(last, str_z(what)) < last.len)
		fail_msg("%s is in:\n%.*s", what, STR_FMT(last));
}

static enum err_code ask_runs(size_t max)
{
	return forge_runs(forge, STR("acme/rig"), max, &a, &runs, &n, &e);
}

static enum err_code ask_jobs(void)
{
	return forge_jobs(forge, STR("acme/rig"), STR("7"), &a, &jobs, &n, &e);
}

/* ---- what it can do ---- */

static void what_it_can_do_is_found_however_it_is_cut_into_pieces(void **state)
{
	struct str text = STR(SWAGGER_ALL);
	(void)state;

	for (size_t size = 1; size < text.len; size++) {
		struct forge_can_scan s = { 0 };

		for (size_t i = 0; i < text.len; i += size)
			forge_can_feed(
				&s, (struct str){ text.p + i, text.len - i < size ? text.len - i : size });
		assert_true(s.found.runs && s.found.tasks && s.found.jobs && s.found.logs);
		assert_true(s.found.rerun && s.found.rerun_failed);
	}
}

static void what_only_looks_like_a_path_is_none(void **state)
{
	static const char *const others[] = {
		"\"/repos/{owner}/{repo}/actions/runs", /* it does not end */
		"\"/repos/{owner}/{repo}/actions/runs/{run}\"",
		"\"/repos/{owner}/{repo}/actions/runsandmore\"",
		"\"/repos/{owner}/{repo}/actions/jobs/logs\"",
		"\"/orgs/{org}/actions/runs\"",
		"\"x/repos/{owner}/{repo}/actions/runs\"",
		"\"/repos/{owner}/{repo}/actions/"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"",
	};
	(void)state;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct forge_can_scan s = { 0 };

		forge_can_feed(&s, str_z(others[i]));
		assert_false(s.found.runs || s.found.tasks || s.found.jobs || s.found.logs || s.found.rerun);
	}
}

static void it_is_asked_once_what_it_can_do(void **state)
{
	bool has = false;
	(void)state;

	forge_is(COMMITS_GITEA, "");
	for (int i = 0; i < 3; i++)
		good(forge_has_logs(forge, &has, &e));
	assert_true(has);
	assert_int_equal(said.n_requests, 1);
	forge_is(COMMITS_GITHUB, "");
	good(forge_has_logs(forge, &has, &e));
	assert_int_equal(said.n_requests, 0);
}

static void those_who_share_it_ask_once(void **state)
{
	struct forge_known *known = forge_known_new();
	bool has = false;
	(void)state;

	forge_is(COMMITS_GITEA, "");
	for (int i = 0; i < 3; i++) {
		struct forge_access x = { COMMITS_GITEA, str_z(little_server_url(server)), STR(""), known };
		struct forge_api *f = forge_api_new(&x, &clock_system);

		good(forge_has_logs(f, &has, &e));
		assert_true(has);
		forge_api_free(f);
	}
	assert_int_equal(said.n_requests, 1);
	forge_known_free(known);
}

static struct {
	int64_t steady;
} later;

static int64_t later_ms(void *arg)
{
	(void)arg;
	return clock_steady_ms(&clock_system) + later.steady;
}

static int64_t wall_ms(void *arg)
{
	(void)arg;
	return INT64_C(1700000000000);
}

static void after_an_hour_it_is_asked_anew(void **state)
{
	const struct clock clock = { wall_ms, later_ms, NULL };
	bool has = false;
	(void)state;

	forge_is(COMMITS_FORGEJO, "");
	forge_api_free(forge);
	forge = forge_api_new(
		&(struct forge_access){ COMMITS_FORGEJO, str_z(little_server_url(server)), STR(""), NULL },
		&clock);
	said.routes[0].body = SWAGGER_TASKS;
	good(forge_has_logs(forge, &has, &e));
	assert_false(has);
	said.routes[0].body = SWAGGER_ALL;
	later.steady = 3500 * 1000;
	good(forge_has_logs(forge, &has, &e));
	assert_false(has);
	later.steady = 3601 * 1000;
	good(forge_has_logs(forge, &has, &e));
	assert_true(has);
	assert_int_equal(said.n_requests, 2);
	later.steady = 0;
}

static void what_a_forge_cannot_do_is_not_tried(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO, "");
	said.routes[0].body = "{\"paths\":{}}";
	bad(ask_runs(10), ERR_METHOD, "no runs");
	bad(ask_jobs(), ERR_METHOD, "no jobs");
	bad(forge_job_log(forge, STR("acme/rig"), STR("1"), 0, 100, NULL, NULL, &e), ERR_METHOD, "no logs");
	bad(forge_rerun(forge, STR("acme/rig"), STR("1"), &e), ERR_METHOD, "nothing again");
	assert_int_equal(said.n_requests, 1);
}

static void a_forge_that_does_not_show_what_it_can_do_is_asked_but_told_nothing(void **state)
{
	bool has = false;
	(void)state;

	forge_is(COMMITS_GITEA, "");
	said.routes[0].status = 404;
	says("GET /api/v1/repos/acme/rig/actions/runs?", 200, "",
		"{\"workflow_runs\":null,\"total_count\":0}");
	good(forge_has_logs(forge, &has, &e));
	assert_true(has);
	good(ask_runs(10));
	assert_int_equal(n, 0);
	bad(forge_rerun(forge, STR("acme/rig"), STR("1"), &e), ERR_METHOD, "nothing again");
}

/* ---- runs ---- */

static void runs_of_forgejo(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO, TOKEN);
	says("GET /api/v1/repos/acme/rig/actions/runs?limit=20&page=1 ", 200, "",
		"{\"total_count\":3,\"workflow_runs\":["
		"{\"id\":91,\"index_in_repo\":12,\"commit_sha\":\"" SHA "\",\"workflow_id\":\"ci.yml\","
		"\"prettyref\":\"#5\",\"status\":\"failure\",\"event\":\"pull_request\",\"event_payload\":\"{"
		"\\\"x\\\":1}\","
		"\"trigger_user\":{\"login\":\"dev\",\"username\":\"dev\"},\"html_url\":\"http://f/acme/rig/"
		"actions/runs/12\"},"
		"{\"id\":90,\"index_in_repo\":11,\"commit_sha\":\"" SHA2
		"\",\"prettyref\":\"main\",\"status\":\"cancelled\"},"
		"{\"id\":89,\"commit_sha\":\"" SHA2 "\",\"prettyref\":\"main\",\"status\":\"blocked\"}]}");
	good(ask_runs(200));
	assert_int_equal(n, 3);
	asked("\r\nAuthorization: Bearer " TOKEN "\r\n");
	is(runs[0].id, "91");
	is(runs[0].head_sha, SHA);
	is(runs[0].branch, "");
	is(runs[0].workflow, "ci.yml");
	is(runs[0].url, "http://f/acme/rig/actions/runs/12");
	is(runs[0].event, "pull_request");
	is(runs[0].author, "dev");
	assert_int_equal(runs[0].number, 12);
	assert_int_equal(runs[0].pull_request, 5);
	assert_int_equal(runs[0].attempt, 0);
	assert_int_equal(runs[0].conclusion, FORGE_FAILURE);
	is(runs[1].branch, "main");
	assert_int_equal(runs[1].conclusion, FORGE_CANCELLED);
	assert_int_equal(runs[2].conclusion, FORGE_RUNNING);
}

static void runs_of_gitea(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/actions/runs?limit=50&page=1 ", 200, "",
		"{\"workflow_runs\":[{\"id\":4,\"run_attempt\":0,\"run_number\":3,\"started_at\":"
		"\"2026-01-02T15:00:00Z\",\"updated_at\":\"2026-01-"
		"02T15:04:05Z\",\"head_sha\":\"" SHA
		"\",\"head_branch\":\"feature/x\",\"path\":\".gitea/workflows/ci.yml@refs/heads/main\","
		"\"status\":\"completed\",\"conclusion\":\"failure\",\"actor\":{\"login\":\"dev\"}},"
		"{\"id\":3,\"run_attempt\":2,\"head_sha\":\"" SHA "\",\"head_branch\":\"refs/pull/8/"
		"head\",\"path\":\"ci.yml@main\",\"status\":\"in_progress\"}],"
		"\"total_count\":2}");
	good(ask_runs(200));
	assert_int_equal(n, 2);
	not_asked("Authorization");
	is(runs[0].branch, "feature/x");
	is(runs[0].workflow, ".gitea/workflows/ci.yml");
	is(runs[0].author, "dev");
	assert_int_equal(runs[0].said_at, INT64_C(1767366245000));
	assert_int_equal(runs[0].began_at, INT64_C(1767366000000));
	assert_int_equal(runs[0].attempt, 0);
	assert_int_equal(runs[0].conclusion, FORGE_FAILURE);
	is(runs[1].workflow, "ci.yml");
	assert_int_equal(runs[1].attempt, 2);
	assert_int_equal(runs[1].pull_request, 8);
	assert_int_equal(runs[1].conclusion, FORGE_RUNNING);
}

static void runs_of_github(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/repos/acme/rig/actions/runs?per_page=100&page=1 ", 200, "",
		"{\"total_count\":2,\"workflow_runs\":[{\"id\":30433642,\"name\":\"Build\",\"path\":\"."
		"github/workflows/"
		"ci.yml\",\"workflow_id\":159038,\"run_number\":562,\"run_attempt\":3,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"completed\",\"conclusion\":\"timed_out\",\"pull_"
		"requests\":[{"
		"\"number\":2,\"base\":{\"ref\":\"trunk\"}}],\"actor\":{\"login\":\"a\"},\"triggering_"
		"actor\":{\"login\":\"b\"}},"
		"{\"id\":30433641,\"path\":\".github/workflows/ci.yml\",\"head_sha\":\"" SHA
		"\",\"status\":\"completed\",\"conclusion\":\"action_required\"}]}");
	good(ask_runs(200));
	asked("\r\nAccept: application/vnd.github+json\r\n");
	assert_int_equal(n, 2);
	is(runs[0].id, "30433642");
	is(runs[0].workflow, "Build");
	is(runs[0].author, "b");
	is(runs[0].target_branch, "trunk");
	assert_int_equal(runs[0].attempt, 3);
	assert_int_equal(runs[0].pull_request, 2);
	assert_int_equal(runs[0].conclusion, FORGE_FAILURE);
	is(runs[1].workflow, ".github/workflows/ci.yml");
	assert_int_equal(runs[1].conclusion, FORGE_OTHER);
}

static void the_branch_of_a_fork_is_none_of_ours(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/repos/acme/rig/actions/runs?per_page=100&page=1 ", 200, "",
		"{\"total_count\":4,\"workflow_runs\":[{\"id\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"pull_requests\":[{\"number\":7}],\"repository\":{\"full_"
		"name\":"
		"\"acme/rig\"},\"head_repository\":{\"full_name\":\"eve/rig\"}},"
		"{\"id\":3,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"repository\":{\"full_name\":\"acme/rig\"},"
		"\"head_repository\":null},"
		"{\"id\":2,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"repository\":{\"full_name\":\"acme/rig\"},"
		"\"head_repository\":{\"full_name\":\"Acme/Rig\"}},"
		"{\"id\":1,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"head_repository\":{\"full_name\":\"acme/rig\"}}]}");
	good(ask_runs(200));
	assert_int_equal(n, 4);
	is(runs[0].branch, "");
	assert_int_equal(runs[0].pull_request, 7);
	is(runs[1].branch, ""); /* the fork is gone */
	is(runs[2].branch, "main");
	is(runs[3].branch, "main");
}

static void a_forgejo_without_a_list_of_runs_tells_of_them_by_their_jobs(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO, "");
	said.routes[0].body = SWAGGER_TASKS;
	says("GET /api/v1/repos/acme/rig/actions/tasks?limit=50&page=1 ", 200, "",
		"{\"total_count\":4,\"workflow_runs\":["
		"{\"id\":9,\"run_number\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"success\"},"
		"{\"id\":8,\"run_number\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"failure\"},"
		"{\"id\":7,\"run_number\":3,\"head_sha\":\"" SHA2
		"\",\"head_branch\":\"main\",\"status\":\"failure\"},"
		"{\"id\":6,\"run_number\":3,\"head_sha\":\"" SHA2
		"\",\"head_branch\":\"main\",\"status\":\"running\"}]}");
	good(ask_runs(200));
	assert_int_equal(n, 2);
	is(runs[0].id, "");
	assert_int_equal(runs[0].number, 4);
	assert_int_equal(runs[0].conclusion, FORGE_FAILURE);
	assert_int_equal(runs[1].conclusion, FORGE_RUNNING);
}

static void of_a_task_that_ran_again_the_newest_counts(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO, "");
	said.routes[0].body = SWAGGER_TASKS;
	says("GET /api/v1/repos/acme/rig/actions/tasks?limit=50&page=1 ", 200, "",
		"{\"total_count\":3,\"workflow_runs\":["
		"{\"id\":9,\"name\":\"test\",\"run_number\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"success\",\"run_started_at\":\"2026-01-02T15:00:"
		"00Z\"},"
		"{\"id\":8,\"name\":\"build\",\"run_number\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"success\"},"
		"{\"id\":7,\"name\":\"test\",\"run_number\":4,\"head_sha\":\"" SHA
		"\",\"head_branch\":\"main\",\"status\":\"failure\"}]}");
	good(ask_runs(200));
	assert_int_equal(n, 1);
	assert_int_equal(runs[0].conclusion, FORGE_SUCCESS);
	assert_int_equal(runs[0].began_at, INT64_C(1767366000000));
}

static void entries_that_make_no_sense_are_left_out(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, "");
	says("GET /", 200, "",
		"{\"workflow_runs\":[null,1,{},{\"id\":1},{\"id\":\"../x\",\"head_sha\":\"" SHA
		"\"},{\"id\":2,\"head_sha\":\"zz\"},{\"id\":3,\"head_sha\":\"" SHA
		"\",\"name\":\"a\\nb\",\"head_branch\":[],\"conclusion\":{},\"pull_requests\":[{\"number\":-"
		"4}],"
		"\"run_attempt\":-1}]}");
	good(ask_runs(200));
	assert_int_equal(n, 1);
	is(runs[0].id, "3");
	is(runs[0].workflow, "");
	assert_int_equal(runs[0].attempt, 0);
	assert_int_equal(runs[0].pull_request, 0);
}

static size_t page_of(struct str request)
{
	size_t at = str_find_str(request, STR("page="));

	at = str_find_str(request, STR("&page="));
	return at < request.len ? strtoul(request.p + at + 6, NULL, 10) : 1;
}

/* 130 jobs, by at most 30 a page, whatever is asked for. */
static enum little_kind many_jobs(void *arg, struct str request, char **ret)
{
	size_t page = page_of(request);
	struct buf body, out;
	(void)arg;

	said.n_requests++;
	buf_init(&body, SIZE_MAX);
	buf_z(&body, "{\"total_count\":130,\"jobs\":[");
	for (size_t i = (page - 1) * 30; i < page * 30 && i < 130; i++)
		buf_fmt(&body,
			"%s{\"id\":%zu,\"name\":\"j%zu\",\"status\":\"completed\",\"conclusion\":"
			"\"success\"}",
			i % 30 ? "," : "", i + 1, i + 1);
	buf_z(&body, "]}");
	buf_init(&out, SIZE_MAX);
	buf_fmt(&out, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s", body.len,
		buf_cstr(&body));
	buf_done(&body);
	*ret = buf_take(&out);
	return LITTLE_BYTES;
}

static void all_pages_are_read_and_no_more(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, "");
	little_server_ask(server, many_jobs, NULL);
	good(ask_jobs());
	assert_int_equal(n, 130);
	assert_int_equal(said.n_requests, 5);
	is(jobs[129].name, "j130");
}

static void a_forge_that_knows_of_no_pages_is_not_asked_for_ever(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/actions/runs?", 200, "",
		"{\"total_count\":1000,\"workflow_runs\":[{\"id\":1,\"head_sha\":\"" SHA "\"}]}");
	good(ask_runs(200));
	assert_int_equal(n, 1);
	assert_int_equal(said.n_requests, 3); /* what it can do, and two pages */
}

static void no_more_runs_than_were_wanted(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/actions/runs?", 200, "",
		"{\"total_count\":1000,\"workflow_runs\":[{\"id\":3,\"head_sha\":\"" SHA
		"\"},{\"id\":2,\"head_sha\":\"" SHA "\"},{\"id\":1,\"head_sha\":\"" SHA "\"}]}");
	good(ask_runs(2));
	assert_int_equal(n, 2);
}

/* ---- jobs ---- */

static void jobs_come_as_a_list_or_under_two_names(void **state)
{
	static const struct {
		enum commits_kind kind;
		const char *body;
	} shapes[] = {
		{ COMMITS_FORGEJO, "[{\"id\":5,\"attempt\":2,\"name\":\"test\",\"status\":\"failure\"}]" },
		{ COMMITS_GITEA,
			"{\"jobs\":[{\"id\":5,\"run_attempt\":2,\"name\":\"test\",\"status\":\"completed\","
			"\"conclusion\":\"failure\"}],\"total_count\":1}" },
		{ COMMITS_GITEA, "{\"workflow_jobs\":[{\"id\":5,\"run_attempt\":2,\"name\":\"test\","
				 "\"conclusion\":\"failure\"}],"
				 "\"total_count\":1}" },
		{ COMMITS_GITHUB, "{\"jobs\":[{\"id\":5,\"run_attempt\":2,\"name\":\"test\",\"conclusion\":"
				  "\"failure\"}]}" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		forge_is(shapes[i].kind, "");
		says(shapes[i].kind == COMMITS_GITHUB ? "GET /api/v3/repos/acme/rig/actions/runs/7/jobs?"
						      : "GET /api/v1/repos/acme/rig/actions/runs/7/jobs?",
			200, "", shapes[i].body);
		good(ask_jobs());
		assert_int_equal(n, 1);
		is(jobs[0].id, "5");
		is(jobs[0].name, "test");
		assert_int_equal(jobs[0].attempt, 2);
		assert_int_equal(jobs[0].conclusion, FORGE_FAILURE);
	}
}

static void how_steps_went_is_believed_but_for_giteas(void **state)
{
	static const char body[] = "{\"jobs\":[{\"id\":5,\"name\":\"test\",\"conclusion\":\"failure\","
				   "\"steps\":[{\"name\":\"Set up\","
				   "\"number\":1,\"conclusion\":\"success\"},{\"name\":\"Run "
				   "make\",\"number\":3,\"conclusion\":\"failure\"}]}]}";
	(void)state;

	forge_is(COMMITS_GITHUB, "");
	says("GET /", 200, "", body);
	good(ask_jobs());
	assert_int_equal(jobs[0].n_steps, 2);
	is(jobs[0].steps[1].name, "Run make");
	assert_true(jobs[0].steps[1].has_conclusion);
	assert_int_equal(jobs[0].steps[1].conclusion, FORGE_FAILURE);
	assert_int_equal(jobs[0].steps[0].conclusion, FORGE_SUCCESS);
	forge_is(COMMITS_GITEA, "");
	says("GET /api", 200, "", body);
	good(ask_jobs());
	assert_int_equal(jobs[0].n_steps, 2);
	is(jobs[0].steps[1].name, "Run make");
	assert_false(jobs[0].steps[1].has_conclusion);
}

/* ---- logs ---- */

static struct buf log_text;

static enum err_code take(void *arg, struct str bytes, struct err *te)
{
	(void)arg;
	if (str_eq(bytes, STR("refuse me")))
		return err_set(te, ERR_FULL, "the taker is full");
	buf_str(&log_text, bytes);
	return ERR_OK;
}

static enum err_code ask_log(int64_t step, int64_t max)
{
	buf_done(&log_text);
	buf_init(&log_text, SIZE_MAX);
	return forge_job_log(forge, STR("acme/rig"), STR("5"), step, max, take, NULL, &e);
}

static void a_log_comes_as_it_is_with_a_step_where_it_can(void **state)
{
	(void)state;
	forge_is(COMMITS_FORGEJO, TOKEN);
	says("GET /api/v1/repos/acme/rig/actions/jobs/5/logs?step=3 ", 200, "", "step three\n");
	says("GET /api/v1/repos/acme/rig/actions/jobs/5/logs ", 200, "Content-Type: text/plain\r\n",
		"all\nof it\n");
	good(ask_log(0, 100));
	is(buf_view(&log_text), "all\nof it\n");
	asked("Bearer " TOKEN);
	good(ask_log(3, 100));
	is(buf_view(&log_text), "step three\n");
	forge_is(COMMITS_GITEA, TOKEN);
	bad(ask_log(3, 100), ERR_METHOD, "whole jobs");
	buf_done(&log_text);
}

static void a_redirect_is_followed_without_the_token(void **state)
{
	char location[200];
	(void)state;

	forge_is(COMMITS_GITHUB, TOKEN);
	snprintf(location, sizeof location, "Location: %s/store?sig=abc%%2F&x=1\r\n",
		little_server_url(server));
	says("GET /api/v3/repos/acme/rig/actions/jobs/5/logs ", 302, location, "");
	says("GET /store?sig=abc%2F&x=1 ", 200, "", "the log\n");
	good(ask_log(0, 100));
	is(buf_view(&log_text), "the log\n");
	assert_int_equal(said.n_requests, 2);
	not_asked("uthorization");
	not_asked(TOKEN);
	buf_done(&log_text);
}

static void a_redirect_to_nowhere_or_in_circles_is_told(void **state)
{
	static const char *const wrong[] = { "", "Location: file:///etc/passwd\r\n", "Location: /logs\r\n",
		"Location: gopher://x/\r\n" };
	char location[200];
	(void)state;

	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		forge_is(COMMITS_GITHUB, TOKEN);
		says("GET /", 302, wrong[i], "");
		bad(ask_log(0, 100), ERR_NETWORK, "redirect");
		assert_int_equal(said.n_requests, 1);
	}
	forge_is(COMMITS_GITHUB, TOKEN);
	snprintf(location, sizeof location, "Location: %s/again\r\n", little_server_url(server));
	says("GET /", 302, location, "");
	bad(ask_log(0, 100), ERR_NETWORK, "after another");
	assert_true(said.n_requests < 6);
	buf_done(&log_text);
}

static void a_log_that_is_too_long_is_cut_off(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/actions/jobs/5/logs ", 200, "", "0123456789");
	good(ask_log(0, 10));
	bad(ask_log(0, 9), ERR_TOO_LARGE, "over 9 bytes");
	said.routes[1] =
		(struct route){ "GET /api", 0, "", "HTTP/1.1 200 OK\r\n\r\nmore and more\n", LITTLE_ENDLESS };
	bad(ask_log(0, 1 << 20), ERR_TOO_LARGE, "over 1048576 bytes");
	buf_done(&log_text);
}

static void what_the_taker_says_is_what_is_told(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api", 200, "", "refuse me");
	bad(ask_log(0, 100), ERR_FULL, "the taker is full");
	buf_done(&log_text);
}

static void a_log_that_is_cut_is_no_log(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, "");
	says("GET /api", 0, "", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf of ");
	bad(ask_log(0, 10000), ERR_NETWORK, "could not be asked");
	said.routes[1].body = "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
	bad(ask_log(0, 10000), ERR_GONE, "410");
	buf_done(&log_text);
}

/* ---- heads ---- */

static void the_head_of_a_branch(void **state)
{
	struct forge_tip tip = { 0 };
	(void)state;

	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/branches/release/1%20x ", 200, "",
		"{\"commit\":{\"id\":\"" SHA "\",\"author\":{\"name\":\"A Bot\",\"username\":\"bot\"}}}");
	good(forge_branch_head(forge, STR("acme/rig"), STR("release/1 x"), &a, &tip, &e));
	is(tip.head_sha, SHA);
	is(tip.author, "bot");
	forge_is(COMMITS_GITHUB, "");
	says("GET /api/v3/repos/acme/rig/branches/main ", 200, "",
		"{\"commit\":{\"sha\":\"FFFF456789ABCDEF0123456789ABCDEF01234567\","
		"\"commit\":{\"author\":{\"name\":\"A Bot\"}},\"author\":{\"login\":\"bot[x]\"}}}");
	good(forge_branch_head(forge, STR("acme/rig"), STR("main"), &a, &tip, &e));
	is(tip.head_sha, SHA2);
	is(tip.author, "bot[x]");
	bad(forge_branch_head(forge, STR("acme/rig"), STR("gone"), &a, &tip, &e), ERR_NOT_FOUND, "404");
	bad(forge_branch_head(forge, STR("acme/rig"), STR("a/../../../user"), &a, &tip, &e), ERR_NOT_FOUND,
		"called so");
	bad(forge_branch_head(forge, STR("acme/rig"), STR(""), &a, &tip, &e), ERR_NOT_FOUND, "called so");
	is(tip.head_sha, SHA2);
}

static void the_head_of_a_pull_request(void **state)
{
	struct forge_tip tip = { 0 };
	(void)state;

	forge_is(COMMITS_FORGEJO, "");
	says("GET /api/v1/repos/acme/rig/pulls/5 ", 200, "",
		"{\"state\":\"open\",\"user\":{\"login\":\"kim\"},\"head\":{\"sha\":\"" SHA "\"}}");
	says("GET /api/v1/repos/acme/rig/pulls/6 ", 200, "",
		"{\"state\":\"closed\",\"head\":{\"sha\":\"" SHA2 "\"}}");
	says("GET /api/v1/repos/acme/rig/pulls/7 ", 200, "", "{\"state\":\"open\",\"head\":null}");
	good(forge_pull_head(forge, STR("acme/rig"), 5, &a, &tip, &e));
	is(tip.head_sha, SHA);
	assert_true(tip.open);
	is(tip.author, "kim");
	good(forge_pull_head(forge, STR("acme/rig"), 6, &a, &tip, &e));
	assert_false(tip.open);
	bad(forge_pull_head(forge, STR("acme/rig"), 7, &a, &tip, &e), ERR_NETWORK, "without a head");
}

/* ---- what of ours is there already ---- */

static void whose_the_token_is(void **state)
{
	struct str login = STR("");
	(void)state;

	forge_is(COMMITS_FORGEJO, TOKEN);
	says("GET /api/v1/user ", 200, "", "{\"id\":3,\"login\":\"sluice\"}");
	good(forge_own_login(forge, &a, &login, &e));
	is(login, "sluice");
	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/user ", 403, "", "{}");
	bad(forge_own_login(forge, &a, &login, &e), ERR_FORBIDDEN, "403");
	said.routes[0] = (struct route){ "GET /api/v3/user ", 200, "", "{}", LITTLE_BYTES };
	bad(forge_own_login(forge, &a, &login, &e), ERR_NETWORK, "without a login");
	is(login, "sluice");
}

static void whether_an_issue_is_open(void **state)
{
	bool open = false;
	(void)state;

	forge_is(COMMITS_GITEA, "");
	says("GET /api/v1/repos/acme/rig/issues/5 ", 200, "", "{\"state\":\"open\"}");
	says("GET /api/v1/repos/acme/rig/issues/6 ", 200, "", "{\"state\":\"closed\"}");
	says("GET /api/v1/repos/acme/rig/issues/7 ", 200, "", "{}");
	good(forge_issue_is_open(forge, STR("acme/rig"), 5, &open, &e));
	assert_true(open);
	good(forge_issue_is_open(forge, STR("acme/rig"), 6, &open, &e));
	assert_false(open);
	bad(forge_issue_is_open(forge, STR("acme/rig"), 7, &open, &e), ERR_NETWORK, "neither open nor");
	bad(forge_issue_is_open(forge, STR("acme/rig"), 8, &open, &e), ERR_NOT_FOUND, "404");
}

#define BY(id, login, body)                                                                                  \
	"{\"id\":" id ",\"number\":" id ",\"user\":{\"login\":\"" login "\"},\"body\":\"" body "\"}"

static enum err_code find_comment(struct str *ret)
{
	return forge_find_comment(forge, STR("acme/rig"), 5, STR("sluice"), STR("<!-- m -->"), &a, ret, &e);
}

/* Anybody may write the mark, and a log may have it. */
static void a_comment_is_found_by_its_mark_if_it_is_ours_and_begins_with_it(void **state)
{
	struct str id = STR("x");
	(void)state;

	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/repos/acme/rig/issues/5/comments?per_page=100&page=1 ", 200, "",
		"[" BY("1", "mallory", "<!-- m -->\\nx") "," BY(
			"2", "sluice", "x <!-- m -->") ",{\"id\":3}]");
	says("GET /api/v3/repos/acme/rig/issues/5/comments?per_page=100&page=2 ", 200, "",
		"[" BY("4", "Sluice", "<!-- m -->\\nx") "]");
	says("GET /api/v3/repos/acme/rig/issues/5/comments?per_page=100&page=3 ", 200, "", "[]");
	good(find_comment(&id));
	is(id, "4");
	said.routes[1].body = "[]";
	good(find_comment(&id));
	is(id, "");
	said.routes[0].body = "{}";
	bad(find_comment(&id), ERR_NETWORK, "no list");
}

static void who_knows_of_no_pages_and_who_has_too_many_are_not_read_for_ever(void **state)
{
	struct str id = STR("x");
	(void)state;

	forge_is(COMMITS_FORGEJO, TOKEN);
	says("GET /api/v1/repos/acme/rig/issues/5/comments?", 200, "", "[" BY("1", "kim", "x") "]");
	good(find_comment(&id));
	is(id, "");
	assert_int_equal(said.n_requests, 2);
	said.routes[1].body = "null";
	good(find_comment(&id));
	assert_int_equal(said.n_requests, 3);
}

static void an_issue_is_found_by_its_mark_among_those_that_are_open(void **state)
{
	struct str number = STR("");
	(void)state;

	forge_is(COMMITS_GITEA, TOKEN);
	says("GET /api/v1/repos/acme/rig/issues?state=open&type=issues&created_by=a%2Fb&limit=50&page=1 ",
		200, "", "[" BY("12", "a/b", "<!-- m -->") "]");
	good(forge_find_issue(forge, STR("acme/rig"), STR("a/b"), STR("<!-- m -->"), &a, &number, &e));
	is(number, "12");
	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/repos/acme/rig/issues?state=open&creator=bot&per_page=100&page=1 ", 200, "", "[]");
	good(forge_find_issue(forge, STR("acme/rig"), STR("bot"), STR("<!-- m -->"), &a, &number, &e));
	is(number, "");
}

/* ---- told ---- */

static void a_status_is_put(void **state)
{
	static const char long_one[] = "012345678901234567890123456789012345678901234567890123456789012345678"
				       "9012345678901234567890123456789"
				       "012345678901234567890123456789012345678\xc3\xa9 and more";
	(void)state;

	forge_is(COMMITS_GITEA, TOKEN);
	says("POST /api/v1/repos/acme/rig/statuses/" SHA " ", 201, "", "{}");
	good(forge_put_status(forge, STR("acme/rig"), STR(SHA), "failure", STR("sluice"),
		STR("two \"errors\""), STR("http://s/1"), &e));
	asked("{\"state\":\"failure\",\"context\":\"sluice\",\"description\":\"two "
	      "\\\"errors\\\"\",\"target_url\":\"http://s/"
	      "1\"}");
	asked("Content-Type: application/json");
	good(forge_put_status(
		forge, STR("acme/rig"), STR(SHA), "success", STR("sluice"), str_z(long_one), STR(""), &e));
	asked("12345678\"}");
	bad(forge_put_status(
		    forge, STR("acme/rig"), STR("../../x"), "error", STR("c"), STR("d"), STR(""), &e),
		ERR_INVALID, "a commit");
}

static void a_comment_is_put_once_and_then_edited(void **state)
{
	struct str id = STR("");
	(void)state;

	forge_is(COMMITS_FORGEJO, TOKEN);
	says("POST /api/v1/repos/acme/rig/issues/5/comments ", 201, "", "{\"id\":77,\"body\":\"x\"}");
	says("PATCH /api/v1/repos/acme/rig/issues/comments/77 ", 200, "", "{\"id\":77}");
	good(forge_put_comment(forge, STR("acme/rig"), 5, STR("it\nbroke"), &a, &id, &e));
	is(id, "77");
	asked("{\"body\":\"it\\nbroke\"}");
	good(forge_put_comment(forge, STR("acme/rig"), 5, STR("again"), &a, &id, &e));
	is(id, "77");
	asked("PATCH ");
	id = STR("78");
	bad(forge_put_comment(forge, STR("acme/rig"), 5, STR("again"), &a, &id, &e), ERR_NOT_FOUND, "404");
	is(id, "78");
}

static void an_issue_is_put(void **state)
{
	int64_t number = 0;
	struct str url = STR("");
	(void)state;

	forge_is(COMMITS_GITHUB, TOKEN);
	says("POST /api/v3/repos/acme/rig/issues ", 201, "",
		"{\"id\":1,\"number\":12,\"html_url\":\"http://f/12\"}");
	good(forge_put_issue(forge, STR("acme/rig"), STR("Red"), STR("text"), &a, &number, &url, &e));
	assert_int_equal(number, 12);
	is(url, "http://f/12");
	asked("{\"title\":\"Red\",\"body\":\"text\"}");
	said.routes[0].body = "{}";
	bad(forge_put_issue(forge, STR("acme/rig"), STR("Red"), STR("text"), &a, &number, &url, &e),
		ERR_NETWORK, "without a number");
	said.routes[0].status = 410;
	bad(forge_put_issue(forge, STR("acme/rig"), STR("Red"), STR("text"), &a, &number, &url, &e), ERR_GONE,
		"410");
}

static void what_failed_is_run_again(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, TOKEN);
	says("POST /api/v3/repos/acme/rig/actions/runs/7/rerun-failed-jobs ", 201, "", "{}");
	good(forge_rerun(forge, STR("acme/rig"), STR("7"), &e));
	forge_is(COMMITS_GITEA, TOKEN);
	said.routes[0].body = "{\"/repos/{owner}/{repo}/actions/runs/{run}/rerun\":{}}";
	says("POST /api/v1/repos/acme/rig/actions/runs/7/rerun ", 201, "", "{}");
	good(forge_rerun(forge, STR("acme/rig"), STR("7"), &e));
	said.routes[1].status = 409;
	bad(forge_rerun(forge, STR("acme/rig"), STR("7"), &e), ERR_CONFLICT, "409");
}

static void a_hook_is_made_as_each_forge_has_it(void **state)
{
	static const struct {
		enum commits_kind kind;
		const char *get, *post, *begins, *events;
	} forges[] = {
		{ COMMITS_FORGEJO, "GET /api/v1/repos/acme/rig/hooks?limit=50&page=1 ",
			"POST /api/v1/repos/acme/rig/hooks ", "{\"type\":\"forgejo\",\"config\"",
			"\"action_run_failure\"" },
		{ COMMITS_GITEA, "GET /api/v1/repos/acme/rig/hooks?limit=50&page=1 ",
			"POST /api/v1/repos/acme/rig/hooks ", "{\"type\":\"gitea\",\"config\"",
			"\"workflow_run\",\"workflow_job\"" },
		{ COMMITS_GITHUB, "GET /api/v3/repos/acme/rig/hooks?per_page=50&page=1 ",
			"POST /api/v3/repos/acme/rig/hooks ", "{\"name\":\"web\",\"config\"",
			"\"workflow_run\"" },
	};
	bool is_new = false;
	(void)state;

	for (size_t i = 0; i < sizeof forges / sizeof *forges; i++) {
		forge_is(forges[i].kind, TOKEN);
		says(forges[i].get, 200, "", "[{\"id\":1,\"config\":{\"url\":\"http://other/hooks\"}}]");
		says("GET /api", 200, "", "[]");
		says(forges[i].post, 201, "", "{\"id\":2}");
		good(forge_put_hook(
			forge, STR("acme/rig"), STR("http://s/hooks/f"), STR(SECRET), &is_new, &e));
		assert_true(is_new);
		asked(forges[i].post);
		asked(forges[i].begins);
		asked(forges[i].events);
		asked("\"config\":{\"url\":\"http://s/hooks/"
		      "f\",\"content_type\":\"json\",\"secret\":\"" SECRET "\"}");
		asked("\"active\":true");
	}
}

static void a_hook_to_the_same_url_is_changed(void **state)
{
	bool is_new = true;
	(void)state;

	forge_is(COMMITS_GITEA, TOKEN);
	says("GET /api/v1/repos/acme/rig/hooks?limit=50&page=1 ", 200, "",
		"[{\"id\":1,\"config\":{\"url\":\"http://other/hooks\"}}]");
	says("GET /api/v1/repos/acme/rig/hooks?limit=50&page=2 ", 200, "",
		"[{\"id\":9,\"config\":{\"url\":\"http://s/hooks/f\"}}]");
	says("PATCH /api/v1/repos/acme/rig/hooks/9 ", 200, "", "{}");
	good(forge_put_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), STR(SECRET), &is_new, &e));
	assert_false(is_new);
	asked("PATCH ");
	not_asked("\"type\"");
	said.routes[1].status = 403;
	bad(forge_put_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), STR(SECRET), &is_new, &e),
		ERR_FORBIDDEN, "403");
	said.routes[1] = (struct route){ "GET /api", 200, "", "{\"hooks\":[]}", LITTLE_BYTES };
	bad(forge_put_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), STR(SECRET), &is_new, &e),
		ERR_NETWORK, "no list of hooks");
}

static void a_hook_is_tried_as_each_forge_has_it(void **state)
{
	bool found = false;
	(void)state;

	forge_is(COMMITS_FORGEJO, TOKEN);
	says("GET /api/v1/repos/acme/rig/hooks?limit=50&page=1 ", 200, "",
		"[{\"id\":9,\"config\":{\"url\":\"http://s/hooks/f\"}}]");
	says("POST /api/v1/repos/acme/rig/hooks/9/tests ", 204, "", "");
	good(forge_test_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), &found, &e));
	assert_true(found);
	asked("POST /api/v1/repos/acme/rig/hooks/9/tests ");
	forge_is(COMMITS_GITHUB, TOKEN);
	says("GET /api/v3/repos/acme/rig/hooks?per_page=50&page=1 ", 200, "",
		"[{\"id\":9,\"config\":{\"url\":\"http://s/hooks/f\"}}]");
	says("POST /api/v3/repos/acme/rig/hooks/9/pings ", 204, "", "");
	good(forge_test_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), &found, &e));
	asked("POST /api/v3/repos/acme/rig/hooks/9/pings ");
	said.routes[1].status = 422;
	bad(forge_test_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), &found, &e), ERR_UNPROCESSABLE,
		"422");
}

static void a_hook_that_is_not_there_is_not_tried(void **state)
{
	bool found = true;
	(void)state;

	forge_is(COMMITS_GITEA, TOKEN);
	says("GET /api/v1/repos/acme/rig/hooks?limit=50&page=1 ", 200, "",
		"[{\"id\":9,\"config\":{\"url\":\"http://other/hooks\"}}]");
	says("GET /api", 200, "", "[]");
	good(forge_test_hook(forge, STR("acme/rig"), STR("http://s/hooks/f"), &found, &e));
	assert_false(found);
	not_asked("POST ");
}

/* ---- what goes wrong ---- */

static void what_it_refuses_is_told_apart(void **state)
{
	static const struct {
		int status;
		const char *headers;
		enum err_code code;
		const char *has;
	} cases[] = {
		{ 401, "", ERR_UNAUTHORIZED, "token-file" },
		{ 403, "", ERR_FORBIDDEN, "403" },
		{ 403, "X-RateLimit-Remaining: 17\r\n", ERR_FORBIDDEN, "403" },
		{ 404, "", ERR_NOT_FOUND, "404" },
		{ 405, "", ERR_METHOD, "405" },
		{ 409, "", ERR_CONFLICT, "409" },
		{ 410, "", ERR_GONE, "410" },
		{ 413, "", ERR_TOO_LARGE, "413" },
		{ 422, "", ERR_UNPROCESSABLE, "422" },
		{ 429, "", ERR_RATE_LIMITED, "60 s" },
		{ 429, "Retry-After: 17\r\n", ERR_RATE_LIMITED, "17 s" },
		{ 403, "Retry-After: 30\r\n", ERR_RATE_LIMITED, "30 s" },
		{ 403, "X-RateLimit-Remaining: 0\r\n", ERR_RATE_LIMITED, "60 s" },
		{ 301, "Location: http://127.0.0.1:1/x\r\n", ERR_NETWORK, "moved" },
		{ 500, "", ERR_NETWORK, "500" },
		{ 502, "Retry-After: 3\r\n", ERR_NETWORK, "502" },
		{ 299, "", ERR_NETWORK, "no list" },
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		forge_is(COMMITS_GITHUB, TOKEN);
		says("GET /", cases[i].status, cases[i].headers, "{\"message\":\"" TOKEN "\"}");
		bad(ask_jobs(), cases[i].code, cases[i].has);
		bad(cases[i].code, cases[i].code, "acme/rig at 127.0.0.1:");
		assert_int_equal(said.n_requests, 1);
		assert_int_equal(n, 0);
	}
}

static void when_it_may_be_asked_again_is_told(void **state)
{
	const struct clock clock = { wall_ms, later_ms, NULL };
	(void)state;

	forge_is(COMMITS_GITHUB, TOKEN);
	forge_api_free(forge);
	forge = forge_api_new(
		&(struct forge_access){ COMMITS_GITHUB, str_z(little_server_url(server)), STR(TOKEN), NULL },
		&clock);
	says("GET /", 403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1700000123\r\n", "{}");
	bad(ask_jobs(), ERR_RATE_LIMITED, "123 s");
	assert_int_equal(forge_api_retry_after_s(forge), 123);
	said.routes[0].headers = "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 9900000123\r\n";
	bad(ask_jobs(), ERR_RATE_LIMITED, "86400 s");
	said.routes[0] = (struct route){ "GET /", 200, "", "{\"jobs\":[]}", LITTLE_BYTES };
	good(ask_jobs());
	assert_int_equal(forge_api_retry_after_s(forge), 0);
}

static void nonsense_is_refused(void **state)
{
	static const char *const bodies[] = { "", "<html>", "{", "{}", "1", "\"x\"", "{\"jobs\":1}",
		"{\"jobs\":\"\"}" };
	(void)state;

	for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
		forge_is(COMMITS_GITHUB, "");
		says("GET /", 200, "", bodies[i]);
		bad(ask_jobs(), ERR_NETWORK, "acme/rig at");
		assert_int_equal(n, 0);
	}
}

static void an_answer_without_end_is_cut(void **state)
{
	(void)state;
	forge_is(COMMITS_GITHUB, "");
	said.routes[said.n_routes++] = (struct route){ "GET /", 0, "",
		"HTTP/1.1 200 OK\r\n\r\n[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", LITTLE_ENDLESS };
	bad(ask_jobs(), ERR_NETWORK, "too large");
	said.routes[0].body = "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{\"jobs\":[";
	said.routes[0].kind = LITTLE_BYTES;
	bad(ask_jobs(), ERR_NETWORK, "could not be asked");
	forge_is(COMMITS_GITEA, "");
	said.routes[0] = (struct route){ "GET /", 0, "", "HTTP/1.1 200 OK\r\n\r\n\"/repos/{owner}/{repo}/",
		LITTLE_ENDLESS };
	bad(ask_jobs(), ERR_NETWORK, "over 16 MiB");
}

static void a_slow_forge_has_so_much_time_and_no_more(void **state)
{
	int64_t before = clock_steady_ms(&clock_system);
	(void)state;

	forge_is(COMMITS_GITHUB, "");
	said.routes[said.n_routes++] = (struct route){ "GET /", 0, "", "", LITTLE_SILENCE };
	forge_api_set_total(forge, 100);
	bad(ask_jobs(), ERR_NETWORK, "could not be asked");
	bad(ask_log(0, 100), ERR_NETWORK, "could not be asked");
	assert_true(clock_steady_ms(&clock_system) - before < 10000);
	buf_done(&log_text);
}

static void nobody_there_is_told(void **state)
{
	(void)state;
	forge_is(COMMITS_GITEA, TOKEN);
	little_server_free(server);
	server = NULL;
	bad(ask_jobs(), ERR_NETWORK, "could not be asked");
}

static void what_is_no_repo_is_not_asked_for(void **state)
{
	static const char *const repos[] = { "", "x", "/x", "x/", "a/b/c", "../x", "a/..", "./a" };
	(void)state;

	forge_is(COMMITS_GITHUB, "");
	for (size_t i = 0; i < sizeof repos / sizeof *repos; i++)
		bad(forge_jobs(forge, str_z(repos[i]), STR("1"), &a, &jobs, &n, &e), ERR_INVALID,
			"owner/name");
	bad(forge_jobs(forge, STR("a/b"), STR("1/../../x"), &a, &jobs, &n, &e), ERR_INVALID, "a run");
	bad(forge_jobs(forge, STR("a/b"), STR(""), &a, &jobs, &n, &e), ERR_INVALID, "a run");
	assert_int_equal(said.n_requests, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_it_can_do_is_found_however_it_is_cut_into_pieces),
		TEST(what_only_looks_like_a_path_is_none),
		TEST(it_is_asked_once_what_it_can_do),
		TEST(those_who_share_it_ask_once),
		TEST(after_an_hour_it_is_asked_anew),
		TEST(what_a_forge_cannot_do_is_not_tried),
		TEST(a_forge_that_does_not_show_what_it_can_do_is_asked_but_told_nothing),
		TEST(runs_of_forgejo),
		TEST(runs_of_gitea),
		TEST(runs_of_github),
		TEST(the_branch_of_a_fork_is_none_of_ours),
		TEST(a_forgejo_without_a_list_of_runs_tells_of_them_by_their_jobs),
		TEST(of_a_task_that_ran_again_the_newest_counts),
		TEST(entries_that_make_no_sense_are_left_out),
		TEST(all_pages_are_read_and_no_more),
		TEST(a_forge_that_knows_of_no_pages_is_not_asked_for_ever),
		TEST(no_more_runs_than_were_wanted),
		TEST(jobs_come_as_a_list_or_under_two_names),
		TEST(how_steps_went_is_believed_but_for_giteas),
		TEST(a_log_comes_as_it_is_with_a_step_where_it_can),
		TEST(a_redirect_is_followed_without_the_token),
		TEST(a_redirect_to_nowhere_or_in_circles_is_told),
		TEST(a_log_that_is_too_long_is_cut_off),
		TEST(what_the_taker_says_is_what_is_told),
		TEST(a_log_that_is_cut_is_no_log),
		TEST(the_head_of_a_branch),
		TEST(the_head_of_a_pull_request),
		TEST(whose_the_token_is),
		TEST(whether_an_issue_is_open),
		TEST(a_comment_is_found_by_its_mark_if_it_is_ours_and_begins_with_it),
		TEST(who_knows_of_no_pages_and_who_has_too_many_are_not_read_for_ever),
		TEST(an_issue_is_found_by_its_mark_among_those_that_are_open),
		TEST(a_status_is_put),
		TEST(a_comment_is_put_once_and_then_edited),
		TEST(an_issue_is_put),
		TEST(what_failed_is_run_again),
		TEST(a_hook_is_made_as_each_forge_has_it),
		TEST(a_hook_to_the_same_url_is_changed),
		TEST(a_hook_is_tried_as_each_forge_has_it),
		TEST(a_hook_that_is_not_there_is_not_tried),
		TEST(what_it_refuses_is_told_apart),
		TEST(when_it_may_be_asked_again_is_told),
		TEST(nonsense_is_refused),
		TEST(an_answer_without_end_is_cut),
		TEST(a_slow_forge_has_so_much_time_and_no_more),
		TEST(nobody_there_is_told),
		TEST(what_is_no_repo_is_not_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
