/*
 * forge_told: what a forge is told: statuses, comments, issues, hooks, and to run something again.
 *
 * None of it is tried twice here. Whether something was done that no answer came to is the caller's to think about: a hook is looked for by its URL, a comment and an
 * issue by their number or a mark in them (forge_find.c), a status takes the place of the one before.
 */
#include "forge/forge_call.h"

#include "base/digest.h"
#include "base/utf8.h"

#define BODY_MAX (1 << 20)
#define DESCRIPTION_MAX 140 /* of GitHub */
#define HOOK_PAGES_MAX 20
#define HOOK_PAGE 50

static const char *const events_forgejo[] = { "push", "pull_request", "action_run_failure",
	"action_run_success", "action_run_recover", NULL };
static const char *const events_other[] = { "push", "pull_request", "status", "workflow_run", "workflow_job",
	NULL };

struct telling {
	struct forge_api *f;
	struct arena *a;
	struct buf url, body;
	struct json_out out;
	struct str place;
};

static void done(struct telling *t)
{
	secret_wipe(t->body.p, t->body.len); /* of a hook it has the secret */
	buf_done(&t->url);
	buf_done(&t->body);
}
#define AUTO_TELLING __attribute__((cleanup(done))) struct telling

static enum err_code begin(struct telling *t, struct str repo, struct err *e)
{
	TRY(forge_begin(t->f, repo, t->a, &t->url, &t->place, e));
	json_out_init(&t->out, &t->body);
	json_open_object(&t->out, NULL);
	return ERR_OK;
}

static struct telling telling(struct forge_api *f, struct arena *a)
{
	struct telling t = { .f = f, .a = a };

	buf_init(&t.url, FORGE_URL_MAX);
	buf_init(&t.body, BODY_MAX);
	return t;
}

static enum err_code tell(struct telling *t, const char *method, struct json_doc **ret, struct err *e)
{
	json_close_object(&t->out);
	TRY(buf_check(&t->body, "what a forge is told", e));
	return forge_ask(t->f, method, &t->url, buf_view(&t->body), t->place, ret, e);
}

/* ---- */

enum err_code forge_put_status(struct forge_api *f, struct str repo, struct str sha, const char *state,
	struct str context, struct str description, struct str target_url, struct err *e)
{
	AUTO_ARENA a;
	arena_init(&a);
	AUTO_TELLING t = telling(f, &a);

	TRY(begin(&t, repo, e));
	buf_z(&t.url, "/statuses/");
	TRY(forge_put_id(&t.url, sha, "a commit", e));
	if (description.len > DESCRIPTION_MAX)
		description.len = utf8_floor(description, DESCRIPTION_MAX);
	json_put_z(&t.out, "state", state);
	json_put_str(&t.out, "context", context);
	json_put_str(&t.out, "description", description);
	if (target_url.len > 0)
		json_put_str(&t.out, "target_url", target_url);
	return tell(&t, "POST", NULL, e);
}

static enum err_code new_comment(struct telling *t, int64_t number, struct str *id, struct err *e)
{
	struct json_doc *doc = NULL;
	struct str got;

	buf_fmt(&t->url, "/issues/%lld/comments", (long long)number);
	TRY(tell(t, "POST", &doc, e));
	got = forge_id(json_get(json_root(doc), "id"), t->a);
	json_free(doc);
	if (got.len == 0)
		return forge_nonsense(t->place, "a comment without an id", e);
	*id = got;
	return ERR_OK;
}

enum err_code forge_put_comment(struct forge_api *f, struct str repo, int64_t number, struct str text,
	struct arena *a, struct str *id, struct err *e)
{
	AUTO_TELLING t = telling(f, a);

	TRY(begin(&t, repo, e));
	json_put_str(&t.out, "body", text);
	if (id->len == 0)
		return new_comment(&t, number, id, e);
	buf_z(&t.url, "/issues/comments/");
	TRY(forge_put_id(&t.url, *id, "a comment", e));
	return tell(&t, "PATCH", NULL, e);
}

enum err_code forge_put_issue(struct forge_api *f, struct str repo, struct str title, struct str text,
	struct arena *a, int64_t *ret_number, struct str *ret_url, struct err *e)
{
	struct json_doc *doc = NULL;
	int64_t number = 0;
	struct str url;
	AUTO_TELLING t = telling(f, a);

	TRY(begin(&t, repo, e));
	buf_z(&t.url, "/issues");
	json_put_str(&t.out, "title", title);
	json_put_str(&t.out, "body", text);
	TRY(tell(&t, "POST", &doc, e));
	if (!json_int(json_get(json_root(doc), "number"), &number))
		number = 0;
	url = forge_text(json_get(json_root(doc), "html_url"), a);
	json_free(doc);
	if (number <= 0)
		return forge_nonsense(t.place, "an issue without a number", e);
	*ret_number = number;
	*ret_url = url;
	return ERR_OK;
}

enum err_code forge_rerun(struct forge_api *f, struct str repo, struct str run_id, struct err *e)
{
	struct forge_can can;
	AUTO_ARENA a;
	arena_init(&a);
	AUTO_TELLING t = telling(f, &a);

	TRY(forge_can(f, &can, e));
	TRY(begin(&t, repo, e));
	if (!can.rerun && !can.rerun_failed)
		return err_set(e, ERR_METHOD, "%s runs nothing again: its API has no such thing", t.place.p);
	buf_z(&t.url, "/actions/runs/");
	TRY(forge_put_id(&t.url, run_id, "a run", e));
	buf_z(&t.url, can.rerun_failed ? "/rerun-failed-jobs" : "/rerun");
	return tell(&t, "POST", NULL, e);
}

/* ---- hooks ---- */

/* The id of the one that goes to url; empty: there is none. */
static struct str find_hook(const struct json *list, struct str url, struct arena *a)
{
	for (size_t i = 0; i < json_len(list); i++) {
		const struct json *hook = json_at(list, i);

		if (str_eq(json_str(json_get(json_get(hook, "config"), "url")), url))
			return forge_id(json_get(hook, "id"), a);
	}
	return STR("");
}

static enum err_code hook_to(struct telling *t, struct str url, struct str *ret, struct err *e)
{
	bool hub = t->f->kind == COMMITS_GITHUB, goes_on = true;
	struct str found = STR(""), last = STR("");
	AUTO_BUF page;

	buf_init(&page, FORGE_URL_MAX);
	for (int number = 1; number <= HOOK_PAGES_MAX && found.len == 0 && goes_on; number++) {
		struct json_doc *doc = NULL;
		const struct json *list;
		struct str first;

		buf_reset(&page);
		buf_fmt(&page, "%s/hooks?%s=%d&page=%d", buf_cstr(&t->url), hub ? "per_page" : "limit",
			HOOK_PAGE, number);
		TRY(forge_ask(t->f, "GET", &page, STR(""), t->place, &doc, e));
		list = json_root(doc);
		first = forge_id(json_get(json_at(list, 0), "id"), t->a);
		goes_on = json_len(list) > 0 && !str_eq(first, last);
		last = first;
		found = find_hook(list, url, t->a);
		if (json_kind(list) != JSON_ARRAY && json_kind(list) != JSON_NULL) {
			json_free(doc);
			return forge_nonsense(t->place, "what is no list of hooks", e);
		}
		json_free(doc);
	}
	*ret = found;
	return ERR_OK;
}

static void put_hook(struct telling *t, bool is_new, struct str url, struct str secret)
{
	static const char *const types[] = {
		[COMMITS_FORGEJO] = "forgejo", [COMMITS_GITEA] = "gitea", [COMMITS_GITHUB] = "web"
	};
	const char *const *events = t->f->kind == COMMITS_FORGEJO ? events_forgejo : events_other;
	struct json_out *o = &t->out;

	if (is_new)
		json_put_z(o, t->f->kind == COMMITS_GITHUB ? "name" : "type", types[t->f->kind]);
	json_open_object(o, "config");
	json_put_str(o, "url", url);
	json_put_z(o, "content_type", "json");
	json_put_str(o, "secret", secret);
	json_close_object(o);
	json_open_array(o, "events");
	for (size_t i = 0; events[i]; i++)
		json_put_z(o, NULL, events[i]);
	json_close_array(o);
	json_put_bool(o, "active", true);
}

enum err_code forge_put_hook(
	struct forge_api *f, struct str repo, struct str url, struct str secret, bool *ret_new, struct err *e)
{
	struct str id;
	AUTO_ARENA a;
	arena_init(&a);
	AUTO_TELLING t = telling(f, &a);

	TRY(begin(&t, repo, e));
	TRY(hook_to(&t, url, &id, e));
	put_hook(&t, id.len == 0, url, secret);
	buf_z(&t.url, "/hooks");
	if (id.len > 0) {
		buf_char(&t.url, '/');
		buf_str(&t.url, id);
	}
	TRY(tell(&t, id.len > 0 ? "PATCH" : "POST", NULL, e));
	*ret_new = id.len == 0;
	return ERR_OK;
}

/* Forgejo and Gitea send a push of the newest commit, GitHub a ping. */
enum err_code forge_test_hook(
	struct forge_api *f, struct str repo, struct str url, bool *ret_found, struct err *e)
{
	struct str id;
	AUTO_ARENA a;
	arena_init(&a);
	AUTO_TELLING t = telling(f, &a);

	TRY(begin(&t, repo, e));
	TRY(hook_to(&t, url, &id, e));
	if (id.len > 0) {
		buf_fmt(&t.url, "/hooks/%.*s/%s", STR_FMT(id), f->kind == COMMITS_GITHUB ? "pings" : "tests");
		TRY(tell(&t, "POST", NULL, e));
	}
	*ret_found = id.len > 0;
	return ERR_OK;
}
