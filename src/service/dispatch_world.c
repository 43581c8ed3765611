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

struct dispatch_world {
	const struct clock *clock;
	const atomic_bool *stop;
};

struct dispatch_world *dispatch_world_new(const struct clock *clock, const atomic_bool *stop)
{
	struct dispatch_world *w = mem_alloc(sizeof *w);

	*w = (struct dispatch_world){ clock, stop };
	return w;
}

void dispatch_world_free(struct dispatch_world *w)
{
	free(w);
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
	AUTO_FORGE f = NULL;

	TRY(open_forge(arg, cfg, d->forge, &f, e));
	if (d->pull_request > 0)
		return forge_pull_head(f, d->repo, d->pull_request, a, ret, e);
	return forge_branch_head(f, d->repo, d->branch, a, ret, e);
}

/* same: doing it twice is doing it once. */
static enum dispatch_did did_of(enum err_code code, bool same)
{
	switch ((int)code) {
	case ERR_OK:
		return DISPATCH_DID;
	case ERR_RATE_LIMITED:
		return DISPATCH_AGAIN;
	case ERR_NETWORK:
	case ERR_TOO_LARGE:
		return same ? DISPATCH_AGAIN : DISPATCH_PERHAPS;
	default:
		return DISPATCH_FAILED;
	}
}

static enum dispatch_did put_comment(struct forge_api *f, const struct dispatch_work *w, struct arena *a,
	struct str *ret_ref, struct err *e)
{
	struct str id = w->known;
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, SIZE_MAX);
	dispatch_words_comment(w, &text);
	code = forge_put_comment(f, w->of->repo, w->of->pull_request, buf_view(&text), a, &id, e);
	if (code == ERR_NOT_FOUND && w->known.len > 0) { /* somebody deleted it */
		id = STR("");
		code = forge_put_comment(f, w->of->repo, w->of->pull_request, buf_view(&text), a, &id, e);
	}
	if (code == ERR_OK)
		*ret_ref = id;
	return did_of(code, id.len > 0);
}

static enum dispatch_did put_issue(struct forge_api *f, const struct dispatch_work *w, struct arena *a,
	struct str *ret_ref, struct err *e)
{
	struct str url = STR("");
	int64_t number = 0;
	enum err_code code;
	AUTO_BUF title;
	AUTO_BUF text;

	buf_init(&title, SIZE_MAX);
	buf_init(&text, SIZE_MAX);
	dispatch_words_title(w, &title);
	dispatch_words_issue(w, &text);
	code = forge_put_issue(f, w->of->repo, buf_view(&title), buf_view(&text), a, &number, &url, e);
	if (code == ERR_OK)
		*ret_ref = arena_fmt(a, "%lld", (long long)number);
	return did_of(code, false);
}

static enum dispatch_did put_status(
	struct forge_api *f, const struct dispatch_work *w, struct arena *a, struct err *e)
{
	struct str text = arena_fmt(a, "dispatch %lld: handed over", (long long)w->of->id);

	return did_of(
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
	return did_of(forge_rerun(f, w->of->repo, w->of->external_run_id, e), false);
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
	if (str_eq(w->action, STR("webhook")))
		return act_webhook(arg, w, a, ret, e);
	return act_on_forge(arg, w, a, ret, e);
}

struct dispatch_outside dispatch_world_outside(struct dispatch_world *w)
{
	return (struct dispatch_outside){ head, act, w };
}
