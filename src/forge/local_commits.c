/*
 * local_commits: libgit2 walks from the branch's head, in the order that `git log` has: newest first by the committer's date, as far as what was seen by then tells.
 *
 * Who watches a repository is seldom who owns it, and git refuses such for fear of what their configuration may run. Here nothing of it is run: objects and refs are read, no
 * more; so the owner does not matter, and neither does what the user or the system has configured. Both are switched off once, for the process.
 */
#include "forge/commits.h"

#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static int git_is_there;

/* Never shut down again: its settings are the process's, and would be forgotten. */
static void start_git(void)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
		GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };

	git_is_there = git_libgit2_init() > 0 && git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0) == 0;
	for (size_t i = 0; i < sizeof levels / sizeof *levels && git_is_there; i++)
		git_is_there = git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") == 0;
}

/* ---- why it cannot be read ---- */

/* What of path may not be read by us, or NULL. Owners of a repository are often others, with a umask that shuts us out of a part of it. */
static const char *shut(const char *path, char *room, size_t size)
{
	static const char *const parts[] = { "", "/.git", "/HEAD", "/.git/HEAD", "/refs", "/.git/refs",
		"/refs/heads", "/.git/refs/heads", "/packed-refs", "/.git/packed-refs", "/config",
		"/.git/config", "/objects", "/.git/objects", "/objects/pack", "/.git/objects/pack" };

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		snprintf(room, size, "%s%s", path, parts[i]);
		if (faccessat(AT_FDCWD, room, R_OK, AT_EACCESS) != 0 && errno == EACCES)
			return room;
	}
	return NULL;
}

static const char *words(void)
{
	const git_error *last = git_error_last();

	return last && last->message ? last->message : "no reason given";
}

static enum err_code shut_out(const char *part, const char *path, struct err *e)
{
	return err_set(e, ERR_STORAGE,
		"%.120s may not be read by the user of this process (uid %lld): let it, with setfacl -R -m "
		"u:%lld:rX "
		"%.80s, or chmod -R a+rX",
		part, (long long)geteuid(), (long long)geteuid(), path);
}

static enum err_code unreadable(git_repository *repo, const char *path, struct err *e)
{
	const char *why = words(), *part;
	char room[600];

	part = shut(path, room, sizeof room);
	if (part || str_find_str(str_z(why), STR("ermission denied")) < str_z(why).len)
		return shut_out(part ? part : path, path, e);
	if (repo && git_repository_is_shallow(repo) == 1)
		return err_set(e, ERR_STORAGE,
			"%.120s is a shallow clone, whose history ends before enough commits are read: git "
			"-C %.120s fetch "
			"--unshallow",
			path, path);
	return err_set(e, ERR_STORAGE, "%.120s cannot be read: %.120s; git -C %.80s fsck says more", path,
		why, path);
}

static enum err_code open_repo(const char *path, git_repository **ret, struct err *e)
{
	char room[600];
	const char *part;
	int rc = git_repository_open_ext(ret, path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	if (rc == 0)
		return ERR_OK;
	part = shut(path, room, sizeof room);
	if (part)
		return shut_out(part, path, e);
	if (rc == GIT_ENOTFOUND)
		return err_set(e, ERR_NOT_FOUND, "there is no git repository at %.200s", path);
	return unreadable(NULL, path, e);
}

/* ---- which commits ---- */

static enum err_code find_head(
	git_repository *repo, const char *path, struct str branch, git_oid *ret, struct err *e)
{
	static const char *const where[] = { "refs/heads", "refs/remotes/origin" };
	char name[300];
	int rc = GIT_ENOTFOUND;

	for (size_t i = 0; i < 2 && rc == GIT_ENOTFOUND; i++) {
		if ((size_t)snprintf(name, sizeof name, "%s/%.*s", where[i], STR_FMT(branch)) >= sizeof name)
			break;
		rc = git_reference_name_to_id(ret, repo, name);
	}
	if (rc == GIT_ENOTFOUND || rc == GIT_EINVALIDSPEC)
		return err_set(e, ERR_NOT_FOUND,
			"%.150s has no branch %.*s, neither of its own nor of origin", path,
			branch.len < 100 ? (int)branch.len : 100, branch.p);
	return rc == 0 ? ERR_OK : unreadable(repo, path, e);
}

static struct str text_of(const git_oid *id, struct arena *a)
{
	char text[GIT_OID_HEXSZ + 1];

	return arena_str(a, str_z(git_oid_tostr(text, sizeof text, id)));
}

static enum err_code walk(git_repository *repo, const char *path, const git_oid *head, size_t n,
	struct arena *a, struct commit_list *ret, struct err *e)
{
	struct commit_list list = { .ids = arena_array(a, n + 1, sizeof *list.ids) };
	git_revwalk *w = NULL;
	git_oid id;
	int rc = git_revwalk_new(&w, repo);

	if (rc == 0)
		rc = git_revwalk_sorting(w, GIT_SORT_NONE);
	if (rc == 0)
		rc = git_revwalk_push(w, head);
	while (rc == 0 && list.n < n && (rc = git_revwalk_next(&id, w)) == 0)
		list.ids[list.n++] = text_of(&id, a);
	git_revwalk_free(w);
	if (rc != 0 && rc != GIT_ITEROVER)
		return unreadable(repo, path, e);
	*ret = list;
	return ERR_OK;
}

/* Nothing was ever pushed to it. libgit2's own word for it depends on what the first branch would be called. */
static bool is_empty(git_repository *repo)
{
	git_reference_iterator *i = NULL;
	const char *name;
	bool none = git_reference_iterator_new(&i, repo) == 0 &&
		    git_reference_next_name(&name, i) == GIT_ITEROVER;

	git_reference_iterator_free(i);
	return none;
}

static enum err_code read_repo(git_repository *repo, const char *path, struct str branch, size_t n,
	struct str head, struct arena *a, bool *ret_same, struct commit_list *ret, struct err *e)
{
	enum err_code code;
	git_oid id;

	code = find_head(repo, path, branch, &id, e);
	if (code == ERR_NOT_FOUND && is_empty(repo)) {
		*ret_same = false;
		*ret = (struct commit_list){ 0 };
		return ERR_OK;
	}
	TRY(code);
	if (head.len > 0 && str_eq(text_of(&id, a), head)) {
		*ret_same = true;
		*ret = (struct commit_list){ 0 };
		return ERR_OK;
	}
	TRY(walk(repo, path, &id, n, a, ret, e));
	*ret_same = false;
	return ERR_OK;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static enum err_code open_with_git(const char *path, git_repository **ret, struct err *e)
{
	pthread_once(&once, start_git);
	if (!git_is_there)
		return err_set(e, ERR_INTERNAL, "libgit2 does not start");
	return open_repo(path, ret, e);
}

enum err_code commits_local_head(const char *path, struct arena *a, struct str *ret, struct err *e)
{
	git_repository *repo = NULL;
	enum err_code code = ERR_OK;
	git_oid id;
	int rc;

	TRY(open_with_git(path, &repo, e));
	rc = git_reference_name_to_id(&id, repo, "HEAD");
	if (rc == 0)
		*ret = text_of(&id, a);
	else
		code = rc == GIT_ENOTFOUND ? err_set(e, ERR_NOT_FOUND, "%.200s has no commit yet", path)
					   : unreadable(repo, path, e);
	git_repository_free(repo);
	return code;
}

enum err_code commits_local(const char *path, struct str branch, size_t n, struct str head, struct arena *a,
	bool *ret_same, struct commit_list *ret, struct err *e)
{
	git_repository *repo = NULL;
	enum err_code code;

	TRY(open_with_git(path, &repo, e));
	code = read_repo(repo, path, branch, n, head, a, ret_same, ret, e);
	git_repository_free(repo);
	return code;
}
