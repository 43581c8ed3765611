#ifndef FORGE_COMMITS_H
#define FORGE_COMMITS_H
/*
 * commits: the newest commits that a branch reaches, as `git log` lists them: from a forge over REST (commits.c), or from a repository on this machine (local_commits.c,
 * over libgit2). Both give the same for the same repository.
 *
 * Sources: the REST API of Forgejo and Gitea (GET /repos/O/R/commits: limit silently capped at 50, 404 unknown branch, 409 empty repo), of GitHub (per_page up to 100).
 */
#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "net/http.h"

struct commit_list {
	struct str *ids; /* lower case hex, whole, newest first; in the arena */
	size_t n;
};

enum commits_kind { COMMITS_FORGEJO, COMMITS_GITEA, COMMITS_GITHUB };

struct commits_forge {
	enum commits_kind kind;
	struct str url; /* of the forge, without a final slash */
	struct str owner, repo, branch;
	struct str token; /* empty: none; never in an error */
};

/*
 * The first n. head: what was the newest the last time (may be empty): when it still is, *ret_same and nothing in *ret. All pages are of one head, also when a commit
 * lands between them. until: steady ms, for all pages together.
 * ERR_NOT_FOUND: no such repo or branch, or none for this token. ERR_UNAUTHORIZED: the token. ERR_NETWORK: not reached, or nonsense.
 * An empty repo: ERR_OK with none.
 */
MUST_CHECK enum err_code commits_ask(struct http_client *http, const struct commits_forge *from, size_t n,
	struct str head, int64_t until, const struct clock *clock, struct arena *a, bool *ret_same,
	struct commit_list *ret, struct err *e);

/* For commits.c, and who tries it on bytes of any kind: what a forge answered is read, and the ids that are new are put behind those of *list, which has room for want of them. */
MUST_CHECK enum err_code commits_read(struct str body, struct str place, size_t want, struct arena *a,
	struct commit_list *list, struct err *e);

/*
 * The same of a repository on this machine, bare or not, whoever owns it; nothing of its configuration is run. ERR_NOT_FOUND: there is no repository, or no such branch in it
 * (looked for as refs/heads/BRANCH, then refs/remotes/origin/BRANCH). ERR_STORAGE: it cannot be read; the text says why and how to mend it (permissions, git fsck, a
 * shallow clone that ends before the n-th).
 */
MUST_CHECK enum err_code commits_local(const char *path, struct str branch, size_t n, struct str head,
	struct arena *a, bool *ret_same, struct commit_list *ret, struct err *e);

#endif
