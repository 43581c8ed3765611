/*
 * gate_ask: see the header.
 *
 * The first that is configured is whom the gate goes by; the others stand in for it. One that stands in and does not have the head that is known is as good as one that does
 * not answer: a repository here that nobody has fetched into for a week must not shut out what the forge let in a minute ago, only because the forge is away. How far behind it
 * is does not matter, and neither does it who said what is known. The first may say less than before, for somebody has moved or rewritten the branch; nothing else could ever
 * tell of that where no forge is asked.
 */
#include "service/gate_ask.h"

#include "base/file.h"

#define TOTAL_MS 15000 /* for all pages of a forge, and as much again for each 1000 commits */
#define TOKEN_MAX 4096
#define TROUBLE_MAX 1000

struct asking {
	const struct gate_asking *q;
	const struct gate_config *c;
	struct arena *a;
	struct gate_heard *heard;
	struct buf trouble;
};

/* With the head that is known it may answer that nothing has changed; not when fewer were asked for then than may send now. */
static struct str known_head(const struct asking *k)
{
	const struct gate_window *w = k->q->now;

	return w && gate_window_asked(w) >= k->c->window ? gate_window_head(w) : STR("");
}

static enum err_code read_token(const char *path, struct arena *a, struct str *ret, struct err *e)
{
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, TOKEN_MAX);
	code = file_read(path, TOKEN_MAX, &text, e);
	if (code != ERR_OK) {
		err_in(e, "token-file");
		return code;
	}
	*ret = arena_str(a, str_trim(buf_view(&text)));
	return ERR_OK;
}

/* What may be shown of a URL. */
static struct str forge_place(const struct commits_forge *f, struct arena *a)
{
	struct str place;
	struct url u;
	AUTO_BUF out;

	buf_init(&out, 4096);
	if (url_split(f->url, &u, NULL) == ERR_OK) {
		buf_z(&out, u.is_tls ? "https://" : "http://");
		url_put_host(&u, &out);
		buf_str(&out, u.target);
	}
	buf_fmt(&out, "/%.*s/%.*s", STR_FMT(f->owner), STR_FMT(f->repo));
	place = arena_str(a, buf_view(&out));
	return place;
}

static enum err_code ask_forge(struct asking *k, struct gate_heard *ret, struct err *e)
{
	struct commits_forge forge = k->c->forge;
	size_t n = k->c->window;
	int64_t until = clock_steady_ms(k->q->clock) + TOTAL_MS * (1 + (int64_t)n / 1000);

	if (k->c->token_file)
		TRY(read_token(k->c->token_file, k->a, &forge.token, e));
	ret->asked = n;
	return commits_ask(
		k->q->http, &forge, n, known_head(k), until, k->q->clock, k->a, &ret->same, &ret->list, e);
}

/* A clone may be too shallow for what stands behind the window, and good for the window. */
static enum err_code ask_path(struct asking *k, const char *path, struct gate_heard *ret, struct err *e)
{
	struct str branch = k->c->forge.branch, head = known_head(k);
	enum err_code code;

	ret->asked = k->c->window + GATE_BEYOND;
	code = commits_local(path, branch, ret->asked, head, k->a, &ret->same, &ret->list, e);
	if (code != ERR_STORAGE)
		return code;
	ret->asked = k->c->window;
	return commits_local(path, branch, ret->asked, head, k->a, &ret->same, &ret->list, e);
}

static bool has_commit(const struct commit_list *list, struct str id)
{
	for (size_t i = 0; i < list->n; i++)
		if (str_eq(list->ids[i], id))
			return true;
	return false;
}

/* The first that is configured is whom the gate goes by. */
static bool stands_in(const struct gate_config *c, const char *path)
{
	return path && (c->forge.url.len > 0 || path != (c->path ? c->path : c->fallbacks[0]));
}

/* May go by what it said? path: NULL for the forge. */
static enum err_code judge(
	const struct asking *k, const char *path, const struct gate_heard *h, struct err *e)
{
	const struct gate_window *w = k->q->now;
	struct str head;

	if (!h->same && h->list.n == 0)
		return err_set(e, ERR_NOT_FOUND, "%.200s has no commits yet", h->from.p);
	if (h->same || !w || !stands_in(k->c, path))
		return ERR_OK;
	head = gate_window_head(w);
	if (has_commit(&h->list, head))
		return ERR_OK;
	return err_set(e, ERR_CONFLICT,
		"%.150s does not have %.12s, the head that is known (git fetch there?)", h->from.p, head.p);
}

/* True: it answered, and *k->heard is filled in. path: NULL for the forge. */
static bool try_source(struct asking *k, enum gate_source source, const char *path)
{
	struct gate_heard h = { .source = source };
	struct err why = { 0 };
	enum err_code code;

	if (atomic_load(k->q->stop))
		return false;
	h.from = path ? arena_str(k->a, str_z(path)) : forge_place(&k->c->forge, k->a);
	code = path ? ask_path(k, path, &h, &why) : ask_forge(k, &h, &why);
	if (code == ERR_OK)
		code = judge(k, path, &h, &why);
	if (code != ERR_OK) {
		buf_fmt(&k->trouble, "%s%s", k->trouble.len > 0 ? "; " : "", why.text);
		return false;
	}
	h.trouble = arena_str(k->a, buf_view(&k->trouble));
	*k->heard = h;
	return true;
}

static bool try_all(struct asking *k)
{
	bool has_forge = k->c->forge.url.len > 0;
	enum gate_source here = has_forge ? GATE_SOURCE_GIT_FALLBACK : GATE_SOURCE_GIT;

	if (has_forge && try_source(k, GATE_SOURCE_FORGE, NULL))
		return true;
	if (k->c->path && try_source(k, here, k->c->path))
		return true;
	for (size_t i = 0; i < k->c->n_fallbacks; i++)
		if (try_source(k, here, k->c->fallbacks[i]))
			return true;
	return false;
}

enum err_code gate_ask(const struct gate_asking *q, const struct gate_config *c, struct arena *a,
	struct gate_heard *ret, struct err *e)
{
	struct asking k = { .q = q, .c = c, .a = a, .heard = ret };
	enum err_code code = ERR_OK;

	buf_init(&k.trouble, TROUBLE_MAX);
	if (!try_all(&k))
		code = err_set(e, ERR_UNAVAILABLE, "%s",
			k.trouble.len > 0 ? buf_cstr(&k.trouble) : "there is nothing to ask");
	buf_done(&k.trouble);
	return code;
}
