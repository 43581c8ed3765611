/*
 * forge_find: what of ours is on a forge already: whose the token is, and the comment or the issue that begins with a mark.
 *
 * A mark counts at the beginning of a text alone, and in texts of our own account: what is quoted further down, a log above all, is anybody's. Lists come in pages whose length is the forge's to say; one
 * that knows of none says the same again, and one that goes on for long is not read to its end.
 */
#include "forge/forge_call.h"

#include "forge/rest.h"
#include "net/url.h"

#define PAGES_MAX 20
#define PAGE 50
#define PAGE_GITHUB 100

enum err_code forge_own_login(struct forge_api *f, struct arena *a, struct str *ret, struct err *e)
{
	struct str place = rest_place(f->url, STR("the"), STR("account"), a), login;
	struct json_doc *doc = NULL;
	AUTO_BUF url;

	buf_init(&url, FORGE_URL_MAX);
	f->until = clock_steady_ms(f->clock) + f->total_ms;
	f->retry_after_s = 0;
	rest_put_api(f->kind, f->url, &url);
	buf_z(&url, "/user");
	TRY(forge_ask(f, "GET", &url, STR(""), place, &doc, e));
	login = forge_text(json_get(json_root(doc), "login"), a);
	json_free(doc);
	if (login.len == 0)
		return forge_nonsense(place, "an account without a login", e);
	*ret = login;
	return ERR_OK;
}

enum err_code forge_issue_is_open(
	struct forge_api *f, struct str repo, int64_t number, bool *ret, struct err *e)
{
	struct json_doc *doc = NULL;
	struct str place, state;
	bool open;
	AUTO_BUF url;
	AUTO_ARENA a;

	arena_init(&a);
	buf_init(&url, FORGE_URL_MAX);
	TRY(forge_begin(f, repo, &a, &url, &place, e));
	buf_fmt(&url, "/issues/%lld", (long long)number);
	TRY(forge_ask(f, "GET", &url, STR(""), place, &doc, e));
	state = json_str(json_get(json_root(doc), "state"));
	open = str_eq(state, STR("open"));
	if (!open && !str_eq(state, STR("closed"))) {
		json_free(doc);
		return forge_nonsense(place, "an issue that is neither open nor closed", e);
	}
	json_free(doc);
	*ret = open;
	return ERR_OK;
}

/* ---- marks ---- */

struct finding {
	struct forge_api *f;
	struct arena *a;
	struct str login, mark, place;
	const char *id; /* the field that is wanted */
	struct str found;
};

static bool is_ours(const struct finding *x, const struct json *entry)
{
	return str_eq_nocase(json_str(json_get(json_get(entry, "user"), "login")), x->login) &&
	       str_starts(json_str(json_get(entry, "body")), x->mark);
}

/* *last: the first entry's id, by which a page that came already is known. */
static enum err_code look_at(
	struct finding *x, const struct json *list, struct str *last, bool *goes_on, struct err *e)
{
	struct str first = forge_id(json_get(json_at(list, 0), "id"), x->a);

	if (json_kind(list) != JSON_ARRAY && json_kind(list) != JSON_NULL)
		return forge_nonsense(x->place, "what is no list", e);
	*goes_on = json_len(list) > 0 && !str_eq(first, *last);
	*last = first;
	for (size_t i = 0; i < json_len(list) && x->found.len == 0; i++)
		if (is_ours(x, json_at(list, i)))
			x->found = forge_id(json_get(json_at(list, i), x->id), x->a);
	return ERR_OK;
}

/* path: of the list, with whatever is asked for and a '?' in it. */
static enum err_code find(struct finding *x, const struct buf *path, struct err *e)
{
	bool hub = x->f->kind == COMMITS_GITHUB, goes_on = true;
	struct str last = STR("");

	for (int number = 1; number <= PAGES_MAX && x->found.len == 0 && goes_on; number++) {
		struct json_doc *doc = NULL;
		enum err_code code;
		AUTO_BUF url;

		buf_init(&url, FORGE_URL_MAX);
		buf_fmt(&url, "%s%s=%d&page=%d", buf_cstr(path), hub ? "per_page" : "limit",
			hub ? PAGE_GITHUB : PAGE, number);
		TRY(forge_ask(x->f, "GET", &url, STR(""), x->place, &doc, e));
		code = look_at(x, json_root(doc), &last, &goes_on, e);
		json_free(doc);
		TRY(code);
	}
	return ERR_OK;
}

enum err_code forge_find_comment(struct forge_api *f, struct str repo, int64_t number, struct str login,
	struct str mark, struct arena *a, struct str *ret, struct err *e)
{
	struct finding x = { .f = f, .a = a, .login = login, .mark = mark, .id = "id" };
	AUTO_BUF path;

	buf_init(&path, FORGE_URL_MAX);
	TRY(forge_begin(f, repo, a, &path, &x.place, e));
	buf_fmt(&path, "/issues/%lld/comments?", (long long)number);
	TRY(find(&x, &path, e));
	*ret = x.found;
	return ERR_OK;
}

enum err_code forge_find_issue(struct forge_api *f, struct str repo, struct str login, struct str mark,
	struct arena *a, struct str *ret, struct err *e)
{
	struct finding x = { .f = f, .a = a, .login = login, .mark = mark, .id = "number" };
	AUTO_BUF path;

	buf_init(&path, FORGE_URL_MAX);
	TRY(forge_begin(f, repo, a, &path, &x.place, e));
	buf_z(&path, f->kind == COMMITS_GITHUB ? "/issues?state=open&creator="
					       : "/issues?state=open&type=issues&created_by=");
	url_encode(login, &path);
	buf_char(&path, '&');
	TRY(find(&x, &path, e));
	*ret = x.found;
	return ERR_OK;
}
