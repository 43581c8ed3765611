/*
 * forge_asked: runs, jobs and heads.
 *
 * Lists come in pages whose length is the forge's to say, so a short one ends nothing: the total does, where it is told, and a page that brings nothing new, which is also what
 * a forge says that does not know of pages. Entries that come while it is read shift the rest; the same twice is one.
 */
#include "forge/forge_asked.h"

#include "forge/forge_call.h"

#include "net/url.h"

#define RUNS_MAX 200
#define JOBS_MAX 1000
#define PAGES_MAX 20
/* Forgejo puts the whole payload of the event into each run. */
#define PAGE_FORGEJO_RUNS 20
#define PAGE 50
#define PAGE_GITHUB 100

enum what { RUNS, TASKS, JOBS };

struct listing {
	struct forge_api *f;
	enum what what;
	struct str place;
	struct arena *a;
	struct forge_run *runs;
	struct forge_job *jobs;
	struct forge_tasks *tasks;
	size_t n, max;
};

static bool read(struct listing *l, const struct json *root, struct forge_page *page)
{
	switch (l->what) {
	case RUNS:
		return forge_read_runs(l->f->kind, root, l->max, l->a, l->runs, &l->n, page);
	case TASKS:
		return forge_read_tasks(root, l->max, l->a, l->tasks, l->runs, &l->n, page);
	case JOBS:
		return forge_read_jobs(l->f->kind, root, l->max, l->a, l->jobs, &l->n, page);
	}
	return false;
}

static size_t page_size(const struct listing *l)
{
	if (l->f->kind == COMMITS_GITHUB)
		return PAGE_GITHUB;
	return l->f->kind == COMMITS_FORGEJO && l->what == RUNS ? PAGE_FORGEJO_RUNS : PAGE;
}

static enum err_code ask_page(
	struct listing *l, const struct buf *path, size_t number, struct forge_page *page, struct err *e)
{
	bool hub = l->f->kind == COMMITS_GITHUB, fine;
	struct json_doc *doc = NULL;
	AUTO_BUF url;

	buf_init(&url, FORGE_URL_MAX);
	buf_fmt(&url, "%s?%s=%zu&page=%zu", buf_cstr(path), hub ? "per_page" : "limit", page_size(l), number);
	TRY(forge_ask(l->f, "GET", &url, STR(""), l->place, &doc, e));
	fine = read(l, json_root(doc), page);
	json_free(doc);
	return fine ? ERR_OK : forge_nonsense(l->place, "what is no list", e);
}

/* path: of the list. */
static enum err_code ask_list(struct listing *l, const struct buf *path, struct err *e)
{
	struct forge_page page = { .total = -1 };
	int64_t came = 0;

	for (size_t number = 1; number <= PAGES_MAX && l->n < l->max; number++) {
		size_t before = l->n;

		TRY(ask_page(l, path, number, &page, e));
		came += (int64_t)page.came;
		if (page.came == 0 || (l->n == before && l->what != TASKS) ||
			(page.total >= 0 && came >= page.total) ||
			(page.total < 0 && page.came != page_size(l)))
			return ERR_OK;
	}
	return ERR_OK;
}

enum err_code forge_runs(struct forge_api *f, struct str repo, size_t max, struct arena *a,
	struct forge_run **ret, size_t *ret_n, struct err *e)
{
	struct listing l = { .f = f, .a = a, .max = max < RUNS_MAX ? max : RUNS_MAX };
	struct forge_can can;
	AUTO_BUF path;

	buf_init(&path, FORGE_URL_MAX);
	TRY(forge_can(f, &can, e));
	TRY(forge_begin(f, repo, a, &path, &l.place, e));
	if (!can.runs && !can.tasks && !can.unknown)
		return err_set(e, ERR_METHOD, "%s tells of no runs: its API has none", l.place.p);
	l.what = can.runs || can.unknown ? RUNS : TASKS;
	l.runs = arena_array(a, l.max + 1, sizeof *l.runs);
	l.tasks = l.what == TASKS ? arena_array(a, 1, sizeof *l.tasks) : NULL;
	buf_z(&path, l.what == RUNS ? "/actions/runs" : "/actions/tasks");
	TRY(ask_list(&l, &path, e));
	*ret = l.runs;
	*ret_n = l.n;
	return ERR_OK;
}

enum err_code forge_jobs(struct forge_api *f, struct str repo, struct str run_id, struct arena *a,
	struct forge_job **ret, size_t *ret_n, struct err *e)
{
	struct listing l = { .f = f, .what = JOBS, .a = a, .max = JOBS_MAX };
	struct forge_can can;
	AUTO_BUF path;

	buf_init(&path, FORGE_URL_MAX);
	TRY(forge_can(f, &can, e));
	TRY(forge_begin(f, repo, a, &path, &l.place, e));
	if (!can.jobs && !can.unknown)
		return err_set(e, ERR_METHOD, "%s tells of no jobs: its API has none", l.place.p);
	l.jobs = arena_array(a, l.max, sizeof *l.jobs);
	buf_z(&path, "/actions/runs/");
	TRY(forge_put_id(&path, run_id, "a run", e));
	buf_z(&path, "/jobs");
	TRY(ask_list(&l, &path, e));
	*ret = l.jobs;
	*ret_n = l.n;
	return ERR_OK;
}

/* ---- heads ---- */

/* A branch may have slashes in its name, and they stay; a part that begins with a dot is in no branch (git check-ref-format). */
static enum err_code put_branch(struct buf *path, struct str branch, struct err *e)
{
	for (struct str rest = branch;;) {
		struct str part = { rest.p, str_find(rest, '/') };

		if (part.len == 0 || part.p[0] == '.')
			return err_set(
				e, ERR_NOT_FOUND, "a branch cannot be called so (git check-ref-format)");
		url_encode(part, path);
		if (part.len == rest.len)
			return ERR_OK;
		buf_char(path, '/');
		rest = str_from(rest, part.len + 1);
	}
}

/* GitHub tells of the account beside what stands in the commit, Forgejo and Gitea in it. */
static struct str author_of(const struct json *commit, struct arena *a)
{
	const struct json *author = json_get(commit, "author");
	struct str login = forge_text(json_get(author, "login"), a);

	return login.len > 0 ? login : forge_text(json_get(author, "username"), a);
}

enum err_code forge_branch_head(struct forge_api *f, struct str repo, struct str branch, struct arena *a,
	struct forge_tip *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct forge_tip tip = { .open = true };
	const struct json *commit;
	struct str place;
	AUTO_BUF url;

	buf_init(&url, FORGE_URL_MAX);
	TRY(forge_begin(f, repo, a, &url, &place, e));
	buf_z(&url, "/branches/");
	TRY(put_branch(&url, branch, e));
	TRY(forge_ask(f, "GET", &url, STR(""), place, &doc, e));
	commit = json_get(json_root(doc), "commit");
	tip.head_sha = forge_sha(json_get(commit, f->kind == COMMITS_GITHUB ? "sha" : "id"), a);
	if (tip.head_sha.len == 0)
		tip.head_sha = forge_sha(json_get(commit, f->kind == COMMITS_GITHUB ? "id" : "sha"), a);
	tip.author = author_of(commit, a);
	json_free(doc);
	if (tip.head_sha.len == 0)
		return forge_nonsense(place, "a branch without a commit", e);
	*ret = tip;
	return ERR_OK;
}

enum err_code forge_pull_head(struct forge_api *f, struct str repo, int64_t number, struct arena *a,
	struct forge_tip *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct forge_tip tip;
	struct str place;
	AUTO_BUF url;

	buf_init(&url, FORGE_URL_MAX);
	TRY(forge_begin(f, repo, a, &url, &place, e));
	buf_fmt(&url, "/pulls/%lld", (long long)number);
	TRY(forge_ask(f, "GET", &url, STR(""), place, &doc, e));
	tip = (struct forge_tip){ .head_sha = forge_sha(json_get(json_get(json_root(doc), "head"), "sha"), a),
		.author = forge_text(json_get(json_get(json_root(doc), "user"), "login"), a),
		.open = str_eq(json_str(json_get(json_root(doc), "state")), STR("open")) };
	json_free(doc);
	if (tip.head_sha.len == 0)
		return forge_nonsense(place, "a pull request without a head", e);
	*ret = tip;
	return ERR_OK;
}
