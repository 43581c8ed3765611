/*
 * forge_log: the log of a job, as it comes.
 *
 * GitHub, and a Gitea or Forgejo whose storage is elsewhere, answer with a redirect to a URL that is good for a minute and has its own key in it. It is asked without the
 * token, and only where what it brings cannot be read on the way if the forge's own answers cannot. How long a log may take is another matter than how long a forge may
 * think: so many seconds without a byte, and ten minutes in all.
 */
#include "forge/forge_call.h"

#include "forge/rest.h"
#include "net/url.h"

#define HOPS_MAX 3
#define LOG_MS (10 * 60 * 1000)

struct reading {
	struct forge_api *f;
	struct str place;
	int64_t max, n, until;
	http_take_fn *take;
	void *arg;
};

static enum err_code take(void *arg, struct str bytes, struct err *e)
{
	struct reading *r = arg;

	r->n += (int64_t)bytes.len;
	if (r->n > r->max)
		return err_set(e, ERR_TOO_LARGE, "%s: the log of a job is over %lld bytes", r->place.p,
			(long long)r->max);
	if (clock_steady_ms(r->f->clock) > r->until)
		return err_set(e, ERR_NETWORK, "%s: the log of a job did not come within %d minutes",
			r->place.p, LOG_MS / 60000);
	return r->take(r->arg, bytes, e);
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* *url becomes where it is. */
static enum err_code follow(struct reading *r, struct str location, struct buf *url, struct err *e)
{
	struct url own, to;

	if (url_split(r->f->url, &own, NULL) != ERR_OK || url_split(location, &to, NULL) != ERR_OK)
		return forge_nonsense(r->place, "a redirect that says not where to", e);
	if (own.is_tls && !to.is_tls)
		return err_set(e, ERR_NETWORK, "%s: the log of a job is said to be where there is no TLS",
			r->place.p);
	buf_reset(url);
	buf_str(url, location);
	return buf_check(url, "where the log of a job is", e);
}

/* One request. *url: what is to be asked next; the same: it is over. */
static enum err_code hop(struct reading *r, struct buf *url, bool with_token, bool *ret_over, struct err *e)
{
	struct http_told told[] = { { .name = "Location" }, { .name = "X-RateLimit-Remaining" },
		{ .name = "X-RateLimit-Reset" } };
	struct rest_call call = { .method = "GET",
		.url = buf_cstr(url),
		.token = with_token ? r->f->token : STR(""),
		.accept = "*/*",
		.max_answer = FORGE_ANSWER_MAX,
		.told = told,
		.n_told = 3,
		.take = take,
		.arg = r };
	struct http_answer answer = { 0 };
	enum err_code code;

	for (size_t i = 0; i < 3; i++)
		buf_init(&told[i].value, FORGE_URL_MAX);
	*ret_over = true;
	code = rest_send(r->f->http, &call, r->place, r->f->until, r->f->clock, &answer, e);
	if (code == ERR_OK && is_redirect(answer.status)) {
		*ret_over = false;
		code = follow(r, buf_view(&told[0].value), url, e);
	} else if (code == ERR_OK && answer.status / 100 != 2) {
		code = forge_refused(r->f, answer.status, answer.retry_after_s, buf_view(&told[1].value),
			buf_view(&told[2].value), r->place, e);
	}
	for (size_t i = 0; i < 3; i++)
		buf_done(&told[i].value);
	http_answer_done(&answer);
	return code;
}

enum err_code forge_job_log(struct forge_api *f, struct str repo, struct str job_id, int64_t step,
	int64_t max, http_take_fn *take_fn, void *arg, struct err *e)
{
	struct reading r = { .f = f, .max = max, .take = take_fn, .arg = arg };
	struct forge_can can;
	bool over = false;
	AUTO_BUF url;
	AUTO_ARENA a;

	arena_init(&a);
	buf_init(&url, FORGE_URL_MAX);
	TRY(forge_can(f, &can, e));
	TRY(forge_begin(f, repo, &a, &url, &r.place, e));
	if (!can.logs && !can.unknown)
		return err_set(e, ERR_METHOD, "%s hands out no logs of jobs: its API has none", r.place.p);
	if (step > 0 && f->kind != COMMITS_FORGEJO)
		return err_set(e, ERR_METHOD, "%s hands out the logs of whole jobs only", r.place.p);
	buf_z(&url, "/actions/jobs/");
	TRY(forge_put_id(&url, job_id, "a job", e));
	buf_z(&url, "/logs");
	if (step > 0)
		buf_fmt(&url, "?step=%lld", (long long)step);
	r.until = clock_steady_ms(f->clock) + LOG_MS;
	for (int i = 0; i <= HOPS_MAX && !over; i++)
		TRY(hop(&r, &url, i == 0, &over, e));
	return over ? ERR_OK : forge_nonsense(r.place, "one redirect after another", e);
}
