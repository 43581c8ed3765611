/*
 * token: what it costs to know who asks.
 *
 *	token FOLDER [SECONDS]
 *
 * On a store in the empty FOLDER, with 4000 tokens: a token that is known (all else than the first look at it), tokens that are not (in turns, more than are
 * kept), and beside them the ceilings of each: the SHA-256 of the text alone, and the one indexed query alone. Prints one line, in microseconds each:
 * known_us= digest_us= unknown_us= query_us=
 */
#include "service/access.h"
#include "service/manage.h"
#include "service/token_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define N_TOKENS 4000

static char headers[N_TOKENS][80];
static struct sha256 digests[N_TOKENS];
static struct store *store;
static struct access *access_of;

static void stop(const char *what, const struct err *e)
{
	fprintf(stderr, "token: %s: %s\n", what, e->text);
	exit(1);
}

static int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

struct fill {
	struct store_op op;
	int64_t user_id;
};

static enum err_code apply_fill(struct store_op *op, struct db *db, struct err *e)
{
	struct fill *w = (struct fill *)(void *)op;

	TRY(users_add(db, STR("bench@example.org"), STR(""), ROLE_ADMIN, 1, &w->user_id, e));
	for (int i = 0; i < N_TOKENS; i++) {
		struct token t = {
			.user_id = w->user_id, .name = STR("bench"), .scopes = SCOPE_ALL, .created_at = 1
		};
		AUTO_BUF text;

		buf_init(&text, 200);
		token_make(&text);
		snprintf(headers[i], sizeof headers[i], "Bearer %s", buf_cstr(&text));
		t.digest = digests[i] = sha256_of(buf_view(&text));
		TRY(tokens_add(db, &t, e));
	}
	return ERR_OK;
}

typedef void work_fn(size_t i);

static void authenticate(size_t i)
{
	static const struct internal_tokens none;
	struct identity id;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	if (access_authenticate(access_of, &none, REALM_API, str_z(headers[i]), 1000, &a, &id, &e) != ERR_OK)
		stop("authenticate", &e);
}

static void known(size_t i)
{
	(void)i;
	authenticate(0);
}

static void unknown(size_t i)
{
	authenticate(i % N_TOKENS);
}

static void digest(size_t i)
{
	volatile struct sha256 d = sha256_of(str_from(str_z(headers[i % N_TOKENS]), 7));

	(void)d;
}

static void query(size_t i)
{
	struct db *db = NULL;
	struct token t;
	struct err e;
	AUTO_ARENA a;

	arena_init(&a);
	if (store_reader_get(store, &db, &e) != ERR_OK ||
		tokens_by_digest(db, &a, &digests[i % N_TOKENS], &t, &e) != ERR_OK)
		stop("query", &e);
	store_reader_put(store, db);
}

static double us_of(work_fn *work, double seconds)
{
	int64_t begun = now_ns(), until = begun + (int64_t)(seconds * 1e9), now = begun;
	size_t n = 0;

	while (now < until) {
		for (int i = 0; i < 100; i++)
			work(n++);
		now = now_ns();
	}
	return (double)(now - begun) / 1000 / (double)n;
}

int main(int argc, char **argv)
{
	struct store_options o = { .data = argc > 1 ? argv[1] : "" };
	struct fill w = { .op = { .apply = apply_fill, .bytes = sizeof w } };
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 1;
	struct err e;

	if (argc < 2) {
		fprintf(stderr, "usage: token FOLDER [SECONDS]\n");
		return 2;
	}
	if (store_open(&o, &store, &e) != ERR_OK || store_write(store, &w.op, &e) != ERR_OK)
		stop(o.data, &e);
	access_of = access_new(store);
	us_of(unknown, 0.2); /* the pages of the database are there, and each use is written down */
	printf("known_us=%.3f digest_us=%.3f unknown_us=%.3f query_us=%.3f\n", us_of(known, seconds),
		us_of(digest, seconds), us_of(unknown, seconds), us_of(query, seconds));
	access_free(access_of);
	store_close(store);
	return 0;
}
