/*
 * env: facts from flags, environment, event file.
 *
 * Each fact has one line in env_facts: flag, else variable. The commit is the exception: on GitHub GITHUB_SHA
 * of a pull request is a merge commit that exists nowhere else, so the head is taken from the event that
 * started the run.
 */
#include "agent/env.h"

#include "base/digest.h"
#include "base/file.h"
#include "base/json.h"
#include "model/repo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EVENT_MAX (25 * 1024 * 1024) /* GitHub's limit on a webhook's payload */

void flags_done(struct flags *f)
{
	free(f->mask_env.values);
	free(f->reports.values);
	f->mask_env = f->reports = (struct opt_many){ 0 };
}

static const char *env_find(char *const *env, const char *name)
{
	size_t len = strlen(name);

	for (; *env; env++)
		if (strncmp(*env, name, len) == 0 && (*env)[len] == '=')
			return *env + len + 1;
	return NULL;
}

struct str env_get(char *const *env, const char *name)
{
	return str_z(env_find(env, name));
}

bool env_has(char *const *env, const char *name)
{
	return env_find(env, name) != NULL;
}

struct str env_ci(char *const *env, const char *name)
{
	static const char *const prefixes[] = { "FORGEJO_", "GITHUB_" };
	struct str value = STR("");
	AUTO_BUF full;

	buf_init(&full, 200);
	for (size_t i = 0; i < 2 && value.len == 0; i++) {
		buf_reset(&full);
		buf_fmt(&full, "%s%s", prefixes[i], name);
		value = env_get(env, buf_cstr(&full));
	}
	return value;
}

enum runner env_runner(char *const *env)
{
	static const struct {
		const char *name;
		enum runner runner;
	} order[] = {
		{ "FORGEJO_ACTIONS", RUNNER_FORGEJO },
		{ "GITEA_ACTIONS", RUNNER_GITEA },
		{ "GITHUB_ACTIONS", RUNNER_GITHUB },
	};

	for (size_t i = 0; i < sizeof order / sizeof *order; i++)
		if (env_get(env, order[i].name).len > 0)
			return order[i].runner;
	return RUNNER_NONE;
}

bool env_read_file(const char *path, size_t max, struct buf *out, bool *ret_cut)
{
	AUTO_FD fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;
	char piece[16384];
	struct stat st;

	*ret_cut = false;
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return false;
	for (;;) {
		ssize_t got = read(fd, piece, sizeof piece);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got == 0;
		if ((size_t)got > max - n) {
			buf_add(out, piece, max - n);
			*ret_cut = true;
			return true;
		}
		buf_add(out, piece, (size_t)got);
		n += (size_t)got;
	}
}

static struct str flag_or(const char *flag, struct str value)
{
	return flag ? str_z(flag) : value;
}

static bool is_sha(struct str s)
{
	return (s.len == 40 || s.len == 64) && is_hex(s);
}

/* N of refs/pull/N/merge (GitHub) or refs/pull/N/head (Forgejo, Gitea), else 0: for a run whose event cannot
 * be read. */
static int64_t pull_of_ref(struct str ref)
{
	int64_t n = 0;

	if (!str_starts(ref, STR("refs/pull/")))
		return 0;
	ref = str_from(ref, STR("refs/pull/").len);
	str_to_int((struct str){ ref.p, str_find(ref, '/') }, &n);
	return n;
}

/* The pull request of the event that started the run: its head and its number. */
static void read_event(char *const *env, struct arena *a, struct step_facts *facts)
{
	struct str path = env_ci(env, "EVENT_PATH");
	struct json_doc *doc = NULL;
	struct json *root, *pr;
	struct str sha;
	AUTO_BUF text;
	bool cut = false;

	buf_init(&text, EVENT_MAX);
	if (path.len == 0 || !env_read_file(path.p, EVENT_MAX, &text, &cut) || cut)
		return;
	if (json_parse(buf_view(&text), JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return;
	root = json_root(doc);
	pr = json_get(root, "pull_request");
	sha = json_str(json_get(json_get(pr, "head"), "sha"));
	if (is_sha(sha))
		facts->head_sha = arena_str(a, sha);
	if (!json_int(json_get(pr, "number"), &facts->pull_request))
		json_int(json_get(root, "number"), &facts->pull_request);
	json_free(doc);
}

/* A password in the forge's URL (some set one) is nobody's business. */
static struct str without_user(struct str url, struct arena *a)
{
	size_t host = str_find_str(url, STR("://")) + 3;
	struct str rest = str_from(url, host);
	size_t at = str_find(rest, '/');

	/* The last @ before the path: there may be one in the password. */
	while (at > 0 && rest.p[at - 1] != '@')
		at--;
	if (at == 0)
		return url;
	return arena_fmt(a, "%.*s%.*s", (int)host, url.p, STR_FMT(str_from(rest, at)));
}

static struct str run_url(char *const *env, enum runner runner, struct arena *a)
{
	struct str server = without_user(env_ci(env, "SERVER_URL"), a);
	struct str repo = env_ci(env, "REPOSITORY");
	/* In the URLs of Forgejo and Gitea a run goes by its number in the repo. */
	struct str run = env_ci(env, runner == RUNNER_GITHUB ? "RUN_ID" : "RUN_NUMBER");

	while (server.len > 0 && server.p[server.len - 1] == '/')
		server.len--;
	if (server.len == 0 || repo.len == 0 || run.len == 0)
		return STR("");
	return arena_fmt(a, "%.*s/%.*s/actions/runs/%.*s", STR_FMT(server), STR_FMT(repo), STR_FMT(run));
}

#define AUTO_LEG STR("auto-")
#define AUTO_LEG_LEN (sizeof "auto-01234567" - 1)

static bool read_leg(const char *path, struct arena *a, struct str *ret)
{
	struct str leg;
	AUTO_BUF text;
	bool cut = false;

	buf_init(&text, 100);
	if (!env_read_file(path, AUTO_LEG_LEN + 1, &text, &cut))
		return false;
	leg = str_trim(buf_view(&text));
	if (cut || leg.len != AUTO_LEG_LEN || !str_starts(leg, AUTO_LEG) ||
		!is_hex(str_from(leg, AUTO_LEG.len)))
		return false;
	*ret = arena_str(a, leg);
	return true;
}

/*
 * The legs of a matrix share everything the runner tells. What they do not share is the folder for temporary
 * files, so the first call leaves an id there for those after it. Nothing that can go wrong is worth more
 * than going without.
 */
static struct str auto_leg(char *const *env, struct arena *a)
{
	struct str folder = env_get(env, "RUNNER_TEMP"), leg = STR("");
	uint8_t random[4];
	const char *path;
	AUTO_BUF text;

	buf_init(&text, 100);
	if (folder.len == 0)
		return leg;
	path = arena_fmt(a, "%.*s/sluice-leg", STR_FMT(folder)).p;
	if (read_leg(path, a, &leg))
		return leg;
	buf_str(&text, AUTO_LEG);
	random_bytes(random, sizeof random);
	hex_encode(random, sizeof random, &text);
	switch ((int)file_create(path, buf_view(&text), 0600, NULL)) {
	case ERR_OK:
		return arena_str(a, buf_view(&text));
	case ERR_CONFLICT: /* a call beside this one was faster */
		read_leg(path, a, &leg);
		return leg;
	default:
		return leg;
	}
}

/* A job without a matrix may say SLUICE_LEG: ${{ toJSON(matrix) }} as well; that is null there. */
static struct str find_leg(char *const *env, const struct flags *flags, struct arena *a)
{
	struct str leg;

	if (!flags->leg && !env_has(env, "SLUICE_LEG"))
		return auto_leg(env, a);
	leg = str_trim(flag_or(flags->leg, env_get(env, "SLUICE_LEG")));
	return str_eq(leg, STR("null")) || str_eq(leg, STR("{}")) ? STR("") : leg;
}

static struct str lower(struct str s, struct arena *a)
{
	char *p = arena_cstr(a, s);

	for (size_t i = 0; i < s.len; i++)
		if (p[i] >= 'A' && p[i] <= 'F')
			p[i] = (char)(p[i] - 'A' + 'a');
	return (struct str){ p, s.len };
}

struct str env_repo(char *const *env, const struct flags *flags)
{
	return flag_or(flags->repo, env_ci(env, "REPOSITORY"));
}

void env_facts(char *const *env, const struct flags *flags, struct arena *a, struct step_facts *facts)
{
	enum runner runner = env_runner(env);
	struct str head_ref = env_ci(env, "HEAD_REF");

	facts->head_sha = env_ci(env, "SHA");
	facts->pull_request = pull_of_ref(env_ci(env, "REF"));
	read_event(env, a, facts);
	if (flags->sha)
		facts->head_sha = str_z(flags->sha);
	facts->head_sha = lower(facts->head_sha, a);
	if (flags->pull_request >= 0)
		facts->pull_request = flags->pull_request;

	facts->repo = env_repo(env, flags);
	facts->forge = flag_or(flags->forge, env_get(env, "SLUICE_FORGE"));
	facts->external_run_id = str_trim(flag_or(flags->run_id, env_ci(env, "RUN_ID")));
	facts->job_id = flag_or(flags->job_id, STR(""));
	facts->job_name = flag_or(flags->job, env_ci(env, "JOB"));
	facts->leg = find_leg(env, flags, a);
	facts->workflow = flag_or(flags->workflow, env_ci(env, "WORKFLOW"));
	facts->branch = flag_or(flags->branch, head_ref.len > 0 ? head_ref : env_ci(env, "REF_NAME"));
	facts->target_branch = flag_or(flags->target_branch, env_ci(env, "BASE_REF"));
	facts->url = flags->run_url ? str_z(flags->run_url) : run_url(env, runner, a);
	facts->platform = flag_or(flags->platform, STR(""));
	facts->attempt = 1;
	if (flags->attempt >= 0)
		facts->attempt = flags->attempt;
	else
		str_to_int(env_ci(env, "RUN_ATTEMPT"), &facts->attempt);
}

static void add_missing(struct buf *out, const char *what)
{
	buf_fmt(out, "%s%s", out->len > 0 ? ", " : "", what);
}

void facts_missing(const struct step_facts *facts, struct buf *out)
{
	if (repo_name_check(facts->repo, NULL) != ERR_OK)
		add_missing(out, facts->repo.len == 0
					 ? "the repo (--repo, GITHUB_REPOSITORY)"
					 : "a repo of the form owner/name (--repo, GITHUB_REPOSITORY)");
	if (!is_sha(facts->head_sha))
		add_missing(out, facts->head_sha.len == 0
					 ? "the commit (--sha, GITHUB_SHA)"
					 : "a commit of 40 or 64 hexadecimal digits (--sha, GITHUB_SHA)");
	if (facts->external_run_id.len == 0)
		add_missing(out, "the run's id (--run-id, GITHUB_RUN_ID)");
}
