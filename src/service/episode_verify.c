/* episode_verify: the rows of episodes against their files and the index. */
#include "service/episode_verify.h"

#include "base/file.h"
#include "service/episode_facts.h"
#include "store/episode_file.h"
#include "store/episode_index.h"

#include <stdlib.h>

#define PAGE 100

struct verifying {
	struct store *store;
	verify_tell_fn *tell;
	void *arg;
	struct episode_sum sum;
	uint8_t *has_line; /* a bit a row, by its id */
	int64_t max_id;    /* of those that were looked at */
};

static void wrong(struct verifying *v, int64_t id, const struct err *what)
{
	v->sum.n_wrong++;
	v->tell(v->arg, VERIFY_WRONG, "episode", id, what->text);
}

/* ---- rows ---- */

static void verify_file(struct verifying *v, const struct episode *x)
{
	struct sha256 digest;
	struct err what;
	int64_t bytes = 0;
	AUTO_FD fd = -1;
	AUTO_BUF hex;

	buf_init(&hex, 100);
	if (episode_file_open(v->store, x->host, x->name, &fd, &bytes, &what) != ERR_OK ||
		episode_file_hash(fd, &digest, &what) != ERR_OK) {
		err_in(&what, "%.*s/%.*s", STR_FMT(x->host), STR_FMT(x->name));
		wrong(v, x->id, &what);
		return;
	}
	v->sum.bytes += bytes;
	hex_encode(digest.b, sizeof digest.b, &hex);
	if (str_eq(buf_view(&hex), x->sha256))
		return;
	err_set(&what, ERR_STORAGE,
		"%.*s/%.*s: its %lld bytes have the SHA-256 %s, and %lld with %.*s were acknowledged; "
		"move the file away, and have the episode sent again",
		STR_FMT(x->host), STR_FMT(x->name), (long long)bytes, buf_cstr(&hex), (long long)x->n_bytes,
		STR_FMT(x->sha256));
	wrong(v, x->id, &what);
}

/* Calls back for all rows, a page at a time. */
static enum err_code each_row(
	struct store *s, void (*each)(void *arg, const struct episode *x), void *arg, struct err *e)
{
	int64_t after = 0;
	size_t n = 1;

	while (n > 0) {
		struct episode *rows = NULL;
		struct db *db = NULL;
		enum err_code code;
		AUTO_ARENA a;

		arena_init(&a);
		TRY(store_reader_get(s, &db, e));
		code = episodes_after(db, &a, after, PAGE, &rows, &n, e);
		store_reader_put(s, db);
		TRY(code);
		for (size_t i = 0; i < n; i++)
			each(arg, &rows[i]);
		after = n > 0 ? rows[n - 1].id : after;
	}
	return ERR_OK;
}

/* One that is coming is completed, or forgotten, when the server starts. */
static void verify_row(void *arg, const struct episode *x)
{
	struct verifying *v = arg;
	size_t before = (size_t)v->max_id / 8 + 1, now = (size_t)x->id / 8 + 1;

	v->has_line = mem_grow(v->has_line, now);
	memset(v->has_line + (v->max_id > 0 ? before : 0), 0, now - (v->max_id > 0 ? before : 0));
	v->max_id = x->id;
	if (!x->here) {
		v->has_line[x->id / 8] |= (uint8_t)(1 << x->id % 8);
		return;
	}
	v->sum.n_episodes++;
	verify_file(v, x);
}

/* ---- lines ---- */

static enum err_code find(struct store *s, const struct episode *named, struct arena *a, struct episode *ret,
	bool *ret_found, struct err *e)
{
	struct db *db = NULL;
	enum err_code code;

	TRY(store_reader_get(s, &db, e));
	code = episodes_get(db, a, named->host, named->name, ret, e);
	store_reader_put(s, db);
	*ret_found = code == ERR_OK;
	return code == ERR_NOT_FOUND ? ERR_OK : code;
}

static enum err_code verify_line(void *arg, struct str line, int64_t at, struct err *e)
{
	struct verifying *v = arg;
	struct episode told, x;
	bool found = false;
	struct err what;
	AUTO_ARENA a;

	arena_init(&a);
	err_set(&what, ERR_STORAGE, "index.jsonl, at byte %lld: ", (long long)at);
	if (!episode_facts_read(line, &a, &told)) {
		err_set(&what, ERR_STORAGE, "index.jsonl, at byte %lld: a line that tells of no episode",
			(long long)at);
		wrong(v, 0, &what);
		return ERR_OK;
	}
	TRY(find(v->store, &told, &a, &x, &found, e));
	if (!found || !str_eq_nocase(x.sha256, told.sha256)) {
		err_set(&what, ERR_STORAGE,
			"index.jsonl, at byte %lld: tells of %.*s/%.*s, which is not here%s", (long long)at,
			STR_FMT(told.host), STR_FMT(told.name), found ? " with that digest" : "");
		wrong(v, found ? x.id : 0, &what);
		return ERR_OK;
	}
	if (x.id > v->max_id || !x.here)
		return ERR_OK; /* it came meanwhile */
	if (v->has_line[x.id / 8] & 1 << x.id % 8) {
		err_set(&what, ERR_STORAGE, "%.*s/%.*s has more than one line in index.jsonl",
			STR_FMT(x.host), STR_FMT(x.name));
		wrong(v, x.id, &what);
	}
	v->has_line[x.id / 8] |= (uint8_t)(1 << x.id % 8);
	return ERR_OK;
}

static void verify_has_line(void *arg, const struct episode *x)
{
	struct verifying *v = arg;
	struct err what;

	if (!x->here || x->id > v->max_id || v->has_line[x->id / 8] & 1 << x->id % 8)
		return;
	err_set(&what, ERR_STORAGE, "%.*s/%.*s has no line in index.jsonl; `sluice reindex` writes it again",
		STR_FMT(x->host), STR_FMT(x->name));
	wrong(v, x->id, &what);
}

static enum err_code count_stray(
	void *arg, struct str host, struct str id, int64_t bytes, int64_t changed_at, struct err *e)
{
	const struct episode named = { .host = host, .name = id };
	struct verifying *v = arg;
	struct episode x;
	bool found = false;
	AUTO_ARENA a;

	(void)bytes;
	(void)changed_at;
	arena_init(&a);
	TRY(find(v->store, &named, &a, &x, &found, e));
	v->sum.n_strays += !found;
	return ERR_OK;
}

static enum err_code verify(struct verifying *v, struct err *e)
{
	TRY(each_row(v->store, verify_row, v, e));
	TRY(episode_index_each(v->store, 0, verify_line, v, e));
	TRY(each_row(v->store, verify_has_line, v, e));
	return episode_file_each(v->store, count_stray, v, e);
}

enum err_code episode_verify(
	struct store *s, verify_tell_fn *tell, void *arg, struct episode_sum *ret, struct err *e)
{
	struct verifying v = { .store = s, .tell = tell, .arg = arg };
	enum err_code code = verify(&v, e);

	free(v.has_line);
	TRY(code);
	*ret = v.sum;
	return ERR_OK;
}
