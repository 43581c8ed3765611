/* intake: see the header. */
#include "service/intake.h"

#include "base/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#define BLOCK ((size_t)256 * 1024)
#define WAKE_BYTES ((int64_t)256 * 1024) /* who follows is woken for so much, not for each piece */
#define RATIO_FREE_BYTES (INT64_C(64) << 20)

struct follower {
	struct intake *x;
	pthread_t thread;
	bool runs;
	int64_t at;
	struct err result; /* of when it has ended */
	bool ended;        /* guarded by the intake's lock */
};

struct intake {
	struct episode_file *file;
	const struct fleet_config *fleet;
	pthread_mutex_t lock;
	pthread_cond_t more;   /* there is more to be read, or there will be none */
	int64_t written, told; /* guarded by lock: what may be read; what was written when it was last said */
	bool whole, given_up;  /* guarded by lock */
	struct follower hasher, checker;
	struct sha256 digest;
	struct tarball_found found;
	struct arena arena; /* the checker's, until it has ended */
};

/* ---- what follows ---- */

/* How much there is behind at: 0 when that is the end. Waits. ERR_UNAVAILABLE: it was given up. */
static enum err_code wait_for_more(struct follower *f, int64_t *ret, struct err *e)
{
	struct intake *x = f->x;
	bool given_up;

	pthread_mutex_lock(&x->lock);
	while (x->written <= f->at && !x->whole && !x->given_up)
		pthread_cond_wait(&x->more, &x->lock);
	*ret = x->written - f->at;
	given_up = x->given_up;
	pthread_mutex_unlock(&x->lock);
	return given_up ? err_set(e, ERR_UNAVAILABLE, "the upload was given up") : ERR_OK;
}

static enum err_code read_more(void *arg, char *room, size_t max, size_t *ret_n, struct err *e)
{
	struct follower *f = arg;
	int64_t there = 0;
	ssize_t n;

	TRY(wait_for_more(f, &there, e));
	if (there == 0) {
		*ret_n = 0;
		return ERR_OK;
	}
	do
		n = pread(
			episode_file_fd(f->x->file), room, there < (int64_t)max ? (size_t)there : max, f->at);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return err_errno(e, ERR_STORAGE, n < 0 ? errno : EIO, "read an episode that comes in");
	f->at += n;
	*ret_n = (size_t)n;
	return ERR_OK;
}

static enum err_code hash_all(struct follower *f, struct sha256_state *state, char *room, struct err *e)
{
	size_t n = 0;

	do {
		TRY(read_more(f, room, BLOCK, &n, e));
		sha256_add(state, (struct str){ room, n });
	} while (n > 0);
	return ERR_OK;
}

static void ended(struct follower *f, enum err_code code)
{
	pthread_mutex_lock(&f->x->lock);
	f->result.code = code;
	f->ended = true;
	pthread_mutex_unlock(&f->x->lock);
}

static void *hash(void *arg)
{
	struct follower *f = arg;
	struct sha256_state *state = sha256_begin();
	char *room = mem_alloc(BLOCK);
	enum err_code code = hash_all(f, state, room, &f->result);

	f->x->digest = sha256_end(state);
	free(room);
	ended(f, code);
	return NULL;
}

static void *check(void *arg)
{
	struct follower *f = arg;
	struct intake *x = f->x;
	struct tarball_limits limits = { .unpacked_bytes = x->fleet->unpacked_bytes,
		.entries = x->fleet->entries,
		.ratio = x->fleet->ratio,
		.free_bytes = RATIO_FREE_BYTES };

	ended(f, tarball_check(read_more, f, &limits, &x->arena, &x->found, &f->result));
	return NULL;
}

static enum err_code start(struct intake *x, struct follower *f, void *(*run)(void *), struct err *e)
{
	int errnum;

	f->x = x;
	errnum = pthread_create(&f->thread, NULL, run, f);
	if (errnum != 0)
		return err_errno(e, ERR_UNAVAILABLE, errnum, "start a thread for an episode");
	f->runs = true;
	return ERR_OK;
}

static void join(struct follower *f)
{
	if (f->runs)
		pthread_join(f->thread, NULL);
	f->runs = false;
}

/* ---- who receives ---- */

static enum err_code start_all(struct intake *x, struct err *e)
{
	TRY(start(x, &x->hasher, hash, e));
	return x->fleet->check ? start(x, &x->checker, check, e) : ERR_OK;
}

enum err_code intake_begin(struct store *s, const struct fleet_config *fleet, struct str host, struct str id,
	struct intake **ret, struct err *e)
{
	struct intake *x = mem_alloc(sizeof *x);
	enum err_code code;

	x->fleet = fleet;
	pthread_mutex_init(&x->lock, NULL);
	pthread_cond_init(&x->more, NULL);
	arena_init(&x->arena);
	code = episode_file_begin(s, host, id, &x->file, e);
	if (code == ERR_OK)
		code = start_all(x, e);
	if (code == ERR_OK)
		*ret = x;
	else
		intake_end(x);
	return code;
}

/* A follower that has ended before the end has found something, or cannot read. */
static enum err_code look_at(const struct follower *f, struct err *e)
{
	if (!f->ended || f->result.code == ERR_OK)
		return ERR_OK;
	if (e)
		*e = f->result;
	return f->result.code;
}

enum err_code intake_add(struct intake *x, struct str bytes, struct err *e)
{
	enum err_code code = episode_file_add(x->file, bytes, e);

	TRY(code);
	pthread_mutex_lock(&x->lock);
	x->written = episode_file_bytes(x->file);
	if (x->written - x->told >= WAKE_BYTES) {
		x->told = x->written;
		pthread_cond_broadcast(&x->more);
	}
	code = look_at(&x->checker, e);
	if (code == ERR_OK)
		code = look_at(&x->hasher, e);
	pthread_mutex_unlock(&x->lock);
	return code;
}

static void tell_end(struct intake *x, bool whole)
{
	pthread_mutex_lock(&x->lock);
	x->whole |= whole;
	x->given_up |= !whole;
	pthread_cond_broadcast(&x->more);
	pthread_mutex_unlock(&x->lock);
	join(&x->hasher);
	join(&x->checker);
}

enum err_code intake_join(struct intake *x, struct err *e)
{
	tell_end(x, true);
	TRY(look_at(&x->hasher, e));
	return look_at(&x->checker, e);
}

void intake_end(struct intake *x)
{
	if (!x)
		return;
	tell_end(x, false);
	episode_file_end(x->file);
	arena_done(&x->arena);
	pthread_cond_destroy(&x->more);
	pthread_mutex_destroy(&x->lock);
	free(x);
}

const struct sha256 *intake_digest(const struct intake *x)
{
	return &x->digest;
}

const struct tarball_found *intake_found(const struct intake *x)
{
	return x->fleet->check ? &x->found : NULL;
}

struct episode_file *intake_file(struct intake *x)
{
	return x->file;
}
