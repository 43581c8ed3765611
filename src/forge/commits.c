/*
 * commits: the forge is asked for pages until there are enough, or no more.
 *
 * A commit that lands between two pages would shift all that follow by one. So only the first page is of the branch; those behind it are of the commit that was its head
 * then, and all are of one history. How long a page is, is the forge's to say: one that is shorter than was asked for ends nothing, for the cap may be lower than ours. An
 * empty page ends the list, and one that brings nothing new, which is what a forge says that does not know of pages.
 */
#include "forge/commits.h"

#include "base/json.h"
#include "forge/rest.h"
#include "net/url.h"

#include <string.h>

#define ANSWER_MAX (8 * 1024 * 1024)
#define PAGE 50
#define PAGE_GITHUB 100

struct question {
	struct http_client *http;
	const struct commits_forge *from;
	int64_t until;
	const struct clock *clock;
	struct arena *a;
	struct str place; /* for errors: owner/repo at host, without what a URL may hide */
	struct commit_list list;
	size_t want;
};

static void put_url(const struct commits_forge *f, struct str ref, size_t size, size_t page, struct buf *out)
{
	rest_put_repo(f->kind, f->url, f->owner, f->repo, out);
	buf_z(out, "/commits?sha=");
	url_encode(ref, out);
	buf_fmt(out, "&%s=%zu&page=%zu", f->kind == COMMITS_GITHUB ? "per_page" : "limit", size, page);
	if (f->kind != COMMITS_GITHUB)
		buf_z(out, "&stat=false&verification=false&files=false");
}

/* ---- what comes back ---- */

/* The id in lower case, or empty: it is none. */
static struct str id_of(const struct json *commit, struct arena *a)
{
	struct str told = json_str(json_get(commit, "sha"));
	char *id;

	if (told.len != 40 && told.len != 64)
		return STR("");
	id = arena_cstr(a, told);
	for (size_t i = 0; i < told.len; i++) {
		if (id[i] >= 'A' && id[i] <= 'F')
			id[i] = (char)(id[i] - 'A' + 'a');
		if (!((id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f')))
			return STR("");
	}
	return (struct str){ id, told.len };
}

static bool has(const struct commit_list *l, struct str id)
{
	for (size_t i = 0; i < l->n; i++)
		if (str_eq(l->ids[i], id))
			return true;
	return false;
}

static enum err_code no_sense(struct str place, const char *what, struct err *e)
{
	return err_set(e, ERR_NETWORK,
		"%.*s answered the question for commits with %s; is url that of a forge, and kind the right "
		"one?",
		STR_FMT(place), what);
}

enum err_code commits_read(struct str body, struct str place, size_t want, struct arena *a,
	struct commit_list *list, struct err *e)
{
	struct json_doc *doc = NULL;
	enum err_code code = ERR_OK;
	struct json *root;

	if (json_parse(body, JSON_REPAIR_TEXT, &doc, NULL) != ERR_OK)
		return no_sense(place, "what is no JSON", e);
	root = json_root(doc);
	if (json_kind(root) != JSON_ARRAY)
		code = no_sense(place, "what is no list", e);
	for (size_t i = 0; code == ERR_OK && i < json_len(root); i++) {
		struct str id = id_of(json_at(root, i), a);

		if (id.len == 0)
			code = no_sense(place, "a commit without an id of 40 or 64 hex digits", e);
		else if (list->n < want && !has(list, id))
			list->ids[list->n++] = id;
	}
	json_free(doc);
	return code;
}

static enum err_code read_status(const struct question *q, int status, struct err *e)
{
	bool has_token = q->from->token.len > 0;

	switch (status) {
	case 401:
	case 403:
		return err_set(e, ERR_UNAUTHORIZED, "%s answered %d: %s", q->place.p, status,
			has_token ? "the token in token-file is not good for reading it, or it was asked too "
				    "often"
				  : "it is not told to everybody; set token-file");
	case 404:
		return err_set(e, ERR_NOT_FOUND,
			"%s answered 404: there is no such repo or no branch %.100s%s", q->place.p,
			arena_cstr(q->a, q->from->branch),
			has_token ? ", or the token may not read it" : ", or it wants a token (token-file)");
	case 301:
	case 302:
	case 307:
	case 308:
		return err_set(e, ERR_NETWORK,
			"%s answered %d: it has moved; write its new name or address in url, owner and repo",
			q->place.p, status);
	}
	return err_set(e, ERR_NETWORK, "%s answered %d to the question for commits", q->place.p, status);
}

/* ---- asking ---- */

static enum err_code send(struct question *q, const char *url, struct http_answer *ret, struct err *e)
{
	const struct rest_call call = {
		.method = "GET", .url = url, .token = q->from->token, .max_answer = ANSWER_MAX
	};

	return rest_send(q->http, &call, q->place, q->until, q->clock, ret, e);
}

static enum err_code ask_page(
	struct question *q, struct str ref, size_t size, size_t page, size_t *ret_new, struct err *e)
{
	struct http_answer answer = { 0 };
	size_t before = q->list.n;
	enum err_code code = ERR_OK;
	AUTO_BUF url;

	buf_init(&url, 64 * 1024);
	put_url(q->from, ref, size, page, &url);
	TRY(buf_check(&url, "the URL of a branch", e));
	TRY(send(q, buf_cstr(&url), &answer, e));
	if (answer.status == 200)
		code = commits_read(buf_view(&answer.body), q->place, q->want, q->a, &q->list, e);
	else if (answer.status != 409) /* "Git Repository is empty." */
		code = read_status(q, answer.status, e);
	http_answer_done(&answer);
	*ret_new = q->list.n - before;
	return code;
}

/* A page of one, which costs a forge little. */
static enum err_code ask_whether_same(struct question *q, struct str head, bool *ret, struct err *e)
{
	size_t new;

	q->want = 1;
	TRY(ask_page(q, q->from->branch, 1, 1, &new, e));
	*ret = q->list.n == 1 && str_eq(q->list.ids[0], head);
	q->list.n = 0;
	return ERR_OK;
}

static enum err_code ask_pages(struct question *q, size_t n, struct err *e)
{
	size_t most = q->from->kind == COMMITS_GITHUB ? PAGE_GITHUB : PAGE, size = n < most ? n : most, new;

	q->want = n;
	TRY(ask_page(q, q->from->branch, size, 1, &new, e));
	for (size_t page = 2; new > 0 && q->list.n < n; page++)
		TRY(ask_page(q, q->list.ids[0], size, page, &new, e));
	return ERR_OK;
}

enum err_code commits_ask(struct http_client *http, const struct commits_forge *from, size_t n,
	struct str head, int64_t until, const struct clock *clock, struct arena *a, bool *ret_same,
	struct commit_list *ret, struct err *e)
{
	struct question q = { .http = http,
		.from = from,
		.until = until,
		.clock = clock,
		.a = a,
		.place = rest_place(from->url, from->owner, from->repo, a),
		.list = { .ids = arena_array(a, n + 1, sizeof(struct str)) } };
	bool same = false;

	if (head.len > 0)
		TRY(ask_whether_same(&q, head, &same, e));
	if (!same)
		TRY(ask_pages(&q, n, e));
	*ret_same = same;
	*ret = q.list;
	return ERR_OK;
}
