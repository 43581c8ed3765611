/* dispatch_world: see the header. What stands in comments and issues is dispatch_words.c. */
#include "service/dispatch_world.h"

#include "base/digest.h"
#include "forge/hook.h"
#include "net/http.h"
#include "service/dispatch_json.h"
#include "service/dispatch_words.h"
#include "service/forge_open.h"

#include <stdlib.h>

#define WEBHOOK_MS 15000
#define WEBHOOK_ANSWER_MAX ((size_t)64 << 10)
#define WEBHOOK_MAX ((size_t)4 << 20)
#define SLOW_MS 2000 /* who takes longer, and then fails, is away .. */
#define AWAY_MS 60000
#define AWAY_MAX 64 /* beyond, the first is forgotten */

struct away {
	char *who;     /* the name of a forge, or the url of a webhook */
	int64_t until; /* steady, ms */
};

struct dispatch_world {
	const struct clock *clock;
	const atomic_bool *stop;
	struct away away[AWAY_MAX];
	size_t n_away;
};

struct dispatch_world *dispatch_world_new(const struct clock *clock, const atomic_bool *stop)
{
	struct dispatch_world *w = mem_alloc(sizeof *w);

	*w = (struct dispatch_world){ .clock = clock, .stop = stop };
	return w;
}

void dispatch_world_free(struct dispatch_world *w)
{
	if (!w)
		return;
	for (size_t i = 0; i < w->n_away; i++)
		free(w->away[i].who);
	free(w);
}

/* ---- who is away ---- */

static bool is_silent(const struct dispatch_world *w, struct str who)
{
	int64_t now = clock_steady_ms(w->clock);

	for (size_t i = 0; i < w->n_away; i++)
		if (w->away[i].until > now && str_eq(str_z(w->away[i].who), who))
			return true;
	return false;
}

/* began: steady ms. */
static void take_note(struct dispatch_world *w, struct str who, int64_t began)
{
	int64_t now = clock_steady_ms(w->clock);

	if (now - began < SLOW_MS)
		return;
	if (w->n_away == AWAY_MAX) {
		free(w->away[0].who);
		w->away[0] = w->away[--w->n_away];
	}
	w->away[w->n_away++] = (struct away){ mem_dup(who), now + AWAY_MS };
}

static bool is_away(
	void *arg, const struct dispatch *d, struct str action, const struct dispatch_config *config)
{
	bool is_hook = str_eq(action, STR("webhook"));

	return is_silent(arg, is_hook && config ? config->url : d->forge);
}

/* ---- forges ---- */

static void close_forge(struct forge_api **f)
{
	forge_api_free(*f);
}
#define AUTO_FORGE __attribute__((cleanup(close_forge))) struct forge_api *

static enum err_code open_forge(const struct dispatch_world *w, const struct config *cfg, struct str name,
	struct forge_api **ret, struct err *e)
{
	const struct forge_config *f = config_forge_of(cfg, name);

	if (!f)
		return err_set(e, ERR_CONFIG, "forge \"%.*s\" is not configured any more", STR_FMT(name));
	TRY(forge_open(f, w->clock, ret, e));
	forge_api_watch(*ret, w->stop);
	return ERR_OK;
}

static enum err_code head(void *arg, const struct config *cfg, const struct dispatch *d, struct arena *a,
	struct forge_tip *ret, struct err *e)
{
	struct dispatch_world *w = arg;
	int64_t began = clock_steady_ms(w->clock);
	enum err_code code;
	AUTO_FORGE f = NULL;

	if (is_silent(w, d->forge))
		return err_set(
			e, ERR_NETWORK, "forge \"%.*s\" did not answer a moment ago", STR_FMT(d->forge));
	TRY(open_forge(w, cfg, d->forge, &f, e));
	code = d->pull_request > 0 ? forge_pull_head(f, d->repo, d->pull_request, a, ret, e)
				   : forge_branch_head(f, d->repo, d->branch, a, ret, e);
	if (code == ERR_NETWORK)
		take_note(w, d->forge, began);
	return code;
}

/* same: doing it twice is doing it once. */
static enum dispatch_did did_of(const struct forge_api *f, enum err_code code, bool same)
{
	switch ((int)code) {
	case ERR_OK:
		return DISPATCH_DID;
	case ERR_RATE_LIMITED:
		return DISPATCH_AGAIN;
	case ERR_NETWORK:
		if (!forge_api_reached(f))
			return DISPATCH_AGAIN;
		return same ? DISPATCH_PERHAPS_AGAIN : DISPATCH_PERHAPS;
	case ERR_TOO_LARGE:
		return same ? DISPATCH_PERHAPS_AGAIN : DISPATCH_PERHAPS;
	default:
		return DISPATCH_FAILED;
	}
}

/* Of what is only asked, before anything is done. */
static enum dispatch_did did_of_asking(enum err_code code)
{
	return code == ERR_RATE_LIMITED || code == ERR_NETWORK || code == ERR_TOO_LARGE ? DISPATCH_AGAIN
											: DISPATCH_FAILED;
}

/* What is there of ours already, by its mark. */
struct ours {
	bool can_tell; /* false: whose the token is cannot be asked, or the list cannot be read; then nothing is looked for */
	struct str ref; /* empty: there is none */
};

static enum err_code find_marked(struct forge_api *f, const struct dispatch_work *w, struct str login,
	struct arena *a, struct str *ret, struct err *e)
{
	AUTO_BUF mark;

	buf_init(&mark, SIZE_MAX);
	dispatch_words_mark(w, &mark);
	if (str_eq(w->action, STR("comment")))
		return forge_find_comment(
			f, w->of->repo, w->of->pull_request, login, buf_view(&mark), a, ret, e);
	return forge_find_issue(f, w->of->repo, login, buf_view(&mark), a, ret, e);
}

static enum err_code find_ours(
	struct forge_api *f, const struct dispatch_work *w, struct arena *a, struct ours *ret, struct err *e)
{
	struct ours o = { .ref = STR("") };
	struct str login;
	enum err_code code = forge_own_login(f, a, &login, e);

	if (code == ERR_OK)
		code = find_marked(f, w, login, a, &o.ref, e);
	o.can_tell = code == ERR_OK;
	if (code != ERR_OK && did_of_asking(code) == DISPATCH_AGAIN)
		return code;
	*ret = o;
	return ERR_OK;
}

/* Where it cannot be looked for, what may be there is not made again. */
static bool may_be_there(const struct dispatch_work *w, const struct ours *o, struct err *e)
{
	if (!w->perhaps || o->can_tell)
		return false;
	err_set(e, ERR_CONFLICT,
		"whether it is there cannot be looked up: the token of the forge may not ask whose it is");
	return true;
}

static enum dispatch_did put_new_comment(struct forge_api *f, const struct dispatch_work *w, struct str text,
	struct arena *a, struct str *ret_ref, struct err *e)
{
	struct ours o = { .can_tell = false };
	enum err_code code = find_ours(f, w, a, &o, e);

	if (code != ERR_OK)
		return did_of_asking(code);
	if (may_be_there(w, &o, e))
		return DISPATCH_PERHAPS;
	code = forge_put_comment(f, w->of->repo, w->of->pull_request, text, a, &o.ref, e);
	if (code == ERR_OK)
		*ret_ref = o.ref;
	return did_of(f, code, o.can_tell);
}

static enum dispatch_did put_comment(struct forge_api *f, const struct dispatch_work *w, struct arena *a,
	struct str *ret_ref, struct err *e)
{
	struct str id = w->known;
	enum err_code code = ERR_NOT_FOUND;
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	dispatch_words_comment(w, &text);
	if (id.len > 0)
		code = forge_put_comment(f, w->of->repo, w->of->pull_request, buf_view(&text), a, &id, e);
	if (code == ERR_NOT_FOUND) /* there is none yet, or somebody deleted it */
		return put_new_comment(f, w, buf_view(&text), a, ret_ref, e);
	if (code == ERR_OK)
		*ret_ref = id;
	return did_of(f, code, true);
}

/* *ret: it is there; *ret_after: the one that was, and is closed. */
static enum err_code look_at_issue(
	struct forge_api *f, const struct dispatch_work *w, bool *ret, int64_t *ret_after, struct err *e)
{
	bool open = false;
	int64_t number;
	enum err_code code;

	if (!str_to_int(w->known, &number))
		return ERR_OK;
	code = forge_issue_is_open(f, w->of->repo, number, &open, e);
	if (code == ERR_NOT_FOUND || code == ERR_GONE)
		return ERR_OK;
	TRY(code);
	*ret = open;
	*ret_after = open ? 0 : number;
	return ERR_OK;
}

static enum dispatch_did put_new_issue(struct forge_api *f, const struct dispatch_work *w, int64_t after,
	bool same, struct arena *a, struct str *ret_ref, struct err *e)
{
	struct str url = STR("");
	int64_t number = 0;
	enum err_code code;
	AUTO_BUF title;
	AUTO_BUF text;

	buf_init(&title, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	dispatch_words_title(w, &title);
	dispatch_words_issue(w, after, &text);
	code = forge_put_issue(f, w->of->repo, buf_view(&title), buf_view(&text), a, &number, &url, e);
	if (code == ERR_OK)
		*ret_ref = arena_fmt(a, "%lld", (long long)number);
	return did_of(f, code, same);
}

static enum dispatch_did put_issue(struct forge_api *f, const struct dispatch_work *w, struct arena *a,
	struct str *ret_ref, struct err *e)
{
	struct ours o = { .ref = w->known };
	bool is_there = false;
	int64_t after = 0;
	enum err_code code = look_at_issue(f, w, &is_there, &after, e);

	if (code == ERR_OK && !is_there)
		code = find_ours(f, w, a, &o, e);
	if (code != ERR_OK)
		return did_of_asking(code);
	if (is_there || o.ref.len > 0) {
		*ret_ref = o.ref;
		return DISPATCH_DID;
	}
	if (may_be_there(w, &o, e))
		return DISPATCH_PERHAPS;
	return put_new_issue(f, w, after, o.can_tell, a, ret_ref, e);
}

static enum dispatch_did put_status(
	struct forge_api *f, const struct dispatch_work *w, struct arena *a, struct err *e)
{
	struct str text = arena_fmt(a, "dispatch %lld: handed over", (long long)w->of->id);

	return did_of(f,
		forge_put_status(f, w->of->repo, w->of->head_sha, "failure", STR("sluice"), text, w->page, e),
		true);
}

static enum dispatch_did tell_forge(struct forge_api *f, const struct dispatch_work *w, struct arena *a,
	struct str *ret_ref, struct err *e)
{
	if (str_eq(w->action, STR("comment")))
		return put_comment(f, w, a, ret_ref, e);
	if (str_eq(w->action, STR("issue")))
		return put_issue(f, w, a, ret_ref, e);
	if (str_eq(w->action, STR("status")))
		return put_status(f, w, a, e);
	return did_of(f, forge_rerun(f, w->of->repo, w->of->external_run_id, e), false);
}

static enum dispatch_did act_on_forge(const struct dispatch_world *world, const struct dispatch_work *w,
	struct arena *a, struct dispatch_made *ret, struct err *e)
{
	enum dispatch_did did;
	AUTO_FORGE f = NULL;

	if (open_forge(world, w->cfg, w->of->forge, &f, e) != ERR_OK)
		return DISPATCH_FAILED;
	did = tell_forge(f, w, a, &ret->ref, e);
	ret->again_ms = forge_api_retry_after_s(f) * 1000;
	return did;
}

/* ---- the webhook ---- */

static void write_webhook(const struct dispatch_work *w, struct str delivery, struct buf *out)
{
	struct json_out j;

	json_out_init(&j, out);
	json_open_object(&j, NULL);
	json_put_z(&j, "event", "dispatch");
	json_put_str(&j, "delivery", delivery);
	json_put_told(&j, "page_url", w->page);
	dispatch_json(&j, "dispatch", w->of);
	json_put_str(&j, "prompt", w->prompt);
	json_close_object(&j);
}

/* What a receiver answers says whether it took it. */
static enum dispatch_did did_of_status(int status, struct err *e)
{
	if (status >= 200 && status < 300)
		return DISPATCH_DID;
	err_set(e, ERR_NETWORK, "the webhook answered %d", status);
	if (status == 429 || status == 503)
		return DISPATCH_AGAIN;
	return status >= 500 ? DISPATCH_PERHAPS : DISPATCH_FAILED;
}

/* A connection of its own: on one that was kept a request may be sent twice without anybody saying so. */
static enum dispatch_did send(const struct dispatch_world *world, const struct http_request *r,
	struct dispatch_made *ret, struct err *e)
{
	struct http_client *http = http_client_new();
	struct http_answer answer;
	enum dispatch_did did;

	http_client_watch(http, world->stop);
	if (http_send(http, r, &answer, e) == ERR_OK) {
		did = did_of_status(answer.status, e);
		ret->again_ms = answer.retry_after_s * 1000;
		http_answer_done(&answer);
	} else {
		did = http_client_reached(http) ? DISPATCH_PERHAPS : DISPATCH_AGAIN;
	}
	http_client_free(http);
	return did;
}

static enum dispatch_did act_webhook(const struct dispatch_world *world, const struct dispatch_work *w,
	struct arena *a, struct dispatch_made *ret, struct err *e)
{
	const struct dispatch_config *c = w->config;
	struct str delivery = arena_fmt(a, "%lld-%lld", (long long)w->of->id, (long long)w->of->n_retries);
	struct http_header headers[3] = { { "X-Sluice-Event", "dispatch" },
		{ "X-Sluice-Delivery", delivery.p } };
	struct http_request r = { .method = "POST",
		.url = arena_cstr(a, c->url),
		.content_type = "application/json",
		.headers = headers,
		.n_headers = 2,
		.total_ms = WEBHOOK_MS,
		.max_answer = WEBHOOK_ANSWER_MAX };
	AUTO_BUF signature;
	AUTO_BUF body;

	buf_init(&signature, 200);
	buf_init(&body, WEBHOOK_MAX);
	if (c->url.len == 0) {
		err_set(e, ERR_CONFIG, "[dispatch] has no url");
		return DISPATCH_FAILED;
	}
	write_webhook(w, delivery, &body);
	if (buf_check(&body, "webhook", e) != ERR_OK)
		return DISPATCH_FAILED;
	r.body = buf_view(&body);
	if (c->secret.len > 0) {
		hook_sign(c->secret, r.body, &signature);
		headers[r.n_headers++] =
			(struct http_header){ "X-Sluice-Signature-256", buf_cstr(&signature) };
	}
	return send(world, &r, ret, e);
}

static enum dispatch_did act(
	void *arg, const struct dispatch_work *w, struct arena *a, struct dispatch_made *ret, struct err *e)
{
	struct dispatch_world *world = arg;
	bool is_hook = str_eq(w->action, STR("webhook"));
	int64_t began = clock_steady_ms(world->clock);
	enum dispatch_did did =
		is_hook ? act_webhook(world, w, a, ret, e) : act_on_forge(world, w, a, ret, e);

	if (did == DISPATCH_AGAIN || did == DISPATCH_PERHAPS || did == DISPATCH_PERHAPS_AGAIN)
		take_note(world, is_hook ? w->config->url : w->of->forge, began);
	return did;
}

struct dispatch_outside dispatch_world_outside(struct dispatch_world *w)
{
	return (struct dispatch_outside){ .head = head, .is_away = is_away, .act = act, .arg = w };
}
