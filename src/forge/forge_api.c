/*
 * forge_api: a forge, for as long as somebody asks it, and what it can do.
 *
 * The description of its API is asked for at most once an hour. A forge may not show it ([api] ENABLE_SWAGGER); then nobody knows, everything that is only asked is tried, and
 * what would do something is not.
 */
#include "forge/forge_call.h"

#include "base/digest.h"
#include "forge/rest.h"

#include <pthread.h>
#include <stdlib.h>

#define CAN_MS (3600 * 1000)
#define CAN_MAX (16 << 20)

struct forge_known {
	pthread_mutex_t lock; /* all of it */
	struct forge_can can;
	int64_t until; /* steady; 0: not asked yet */
};

struct forge_known *forge_known_new(void)
{
	struct forge_known *k = mem_alloc(sizeof *k);

	pthread_mutex_init(&k->lock, NULL);
	return k;
}

void forge_known_free(struct forge_known *k)
{
	if (!k)
		return;
	pthread_mutex_destroy(&k->lock);
	free(k);
}

struct forge_api *forge_api_new(const struct forge_access *x, const struct clock *clock)
{
	struct forge_api *f = mem_alloc(sizeof *f);

	arena_init(&f->arena);
	f->kind = x->kind;
	f->url = arena_str(&f->arena, x->url);
	f->token = arena_str(&f->arena, x->token);
	f->clock = clock;
	f->http = http_client_new();
	f->total_ms = HTTP_TOTAL_MS;
	f->own = x->known ? NULL : forge_known_new();
	f->known = x->known ? x->known : f->own;
	return f;
}

void forge_api_free(struct forge_api *f)
{
	if (!f)
		return;
	http_client_free(f->http);
	forge_known_free(f->own);
	secret_wipe((char *)f->token.p, f->token.len);
	arena_done(&f->arena);
	free(f);
}

void forge_api_watch(struct forge_api *f, const atomic_bool *stop)
{
	f->stop = stop;
	http_client_watch(f->http, stop);
}

void forge_api_set_total(struct forge_api *f, int64_t ms)
{
	f->total_ms = ms;
}

int64_t forge_api_retry_after_s(const struct forge_api *f)
{
	return f->retry_after_s;
}

bool forge_api_reached(const struct forge_api *f)
{
	return http_client_reached(f->http);
}

/* ---- what it can do ---- */

struct scanning {
	struct forge_can_scan scan;
	size_t n;
};

static enum err_code scan(void *arg, struct str bytes, struct err *e)
{
	struct scanning *s = arg;

	s->n += bytes.len;
	if (s->n > CAN_MAX)
		return err_set(e, ERR_NETWORK, "the description of its API is over %d MiB", CAN_MAX >> 20);
	forge_can_feed(&s->scan, bytes);
	return ERR_OK;
}

static enum err_code ask_can(struct forge_api *f, struct forge_can *ret, struct err *e)
{
	struct scanning s = { 0 };
	struct http_answer answer = { 0 };
	struct str place;
	enum err_code code;
	AUTO_BUF url;
	AUTO_ARENA a;

	arena_init(&a);
	buf_init(&url, FORGE_URL_MAX);
	place = rest_place(f->url, STR("the"), STR("API"), &a);
	buf_fmt(&url, "%.*s/swagger.v1.json", STR_FMT(f->url));
	TRY(buf_check(&url, "the URL of a forge", e));
	code = rest_send(f->http,
		&(struct rest_call){ .method = "GET",
			.url = buf_cstr(&url),
			.token = f->token,
			.max_answer = FORGE_ANSWER_MAX,
			.take = scan,
			.arg = &s },
		place, f->until, f->clock, &answer, e);
	TRY(code);
	if (answer.status == 404) /* [api] ENABLE_SWAGGER = false */
		s.scan.found.unknown = true;
	else if (answer.status != 200)
		code = forge_refused(f, answer.status, answer.retry_after_s, STR(""), STR(""), place, e);
	http_answer_done(&answer);
	TRY(code);
	*ret = s.scan.found;
	return ERR_OK;
}

static bool recall(struct forge_known *k, int64_t now, struct forge_can *ret)
{
	bool is_known;

	pthread_mutex_lock(&k->lock);
	is_known = k->until > 0 && now < k->until;
	if (is_known)
		*ret = k->can;
	pthread_mutex_unlock(&k->lock);
	return is_known;
}

static void remember(struct forge_known *k, int64_t now, const struct forge_can *can)
{
	pthread_mutex_lock(&k->lock);
	k->can = *can;
	k->until = now + CAN_MS;
	pthread_mutex_unlock(&k->lock);
}

enum err_code forge_can(struct forge_api *f, struct forge_can *ret, struct err *e)
{
	int64_t now = clock_steady_ms(f->clock);

	if (f->kind == COMMITS_GITHUB) {
		*ret = (struct forge_can){
			.runs = true, .jobs = true, .logs = true, .rerun = true, .rerun_failed = true
		};
		return ERR_OK;
	}
	if (recall(f->known, now, ret))
		return ERR_OK;
	f->until = now + f->total_ms;
	TRY(ask_can(f, ret, e));
	remember(f->known, now, ret);
	return ERR_OK;
}

enum err_code forge_has_logs(struct forge_api *f, bool *ret, struct err *e)
{
	struct forge_can can;

	TRY(forge_can(f, &can, e));
	*ret = can.unknown || (can.logs && can.jobs);
	return ERR_OK;
}
