/* tar_pipe: see the header. The pieces are a ring: those that were sent and are not written yet follow each other, and the one that is filled comes behind them. */
#include "pack/tar_pipe.h"

#include "base/arena.h"
#include "base/file.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define PIECE ((size_t)1 << 20)
#define PIECES 4

struct tar_pipe {
	int out;
	pthread_t thread;
	pthread_mutex_t lock;       /* guards n_sent, n_written, ended, failed and failure */
	pthread_cond_t moved;       /* one of these has changed */
	uint64_t n_sent, n_written; /* pieces; the place of a number is its rest by PIECES */
	bool ended;
	enum err_code failed;
	struct err failure;
	struct zst_room pieces[PIECES];
	struct sha256_state *hash; /* of the second thread until it has ended, as is bytes */
	int64_t bytes;
};

static enum err_code write_one(struct tar_pipe *p, struct zst_room *piece, struct err *e)
{
	struct str bytes = { piece->p, piece->len };

	piece->len = 0; /* for the next who fills it */
	sha256_add(p->hash, bytes);
	p->bytes += (int64_t)bytes.len;
	return fd_write_all(p->out, bytes, e);
}

static void *main_of_thread(void *arg)
{
	struct tar_pipe *p = arg;

	pthread_mutex_lock(&p->lock);
	while (p->failed == ERR_OK && (!p->ended || p->n_written < p->n_sent)) {
		struct err e;
		enum err_code code;

		if (p->n_written == p->n_sent) {
			pthread_cond_wait(&p->moved, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		code = write_one(p, &p->pieces[p->n_written % PIECES], &e);
		pthread_mutex_lock(&p->lock);
		p->n_written++;
		if (code != ERR_OK) {
			p->failed = code;
			p->failure = e;
		}
		pthread_cond_signal(&p->moved);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void dispose(struct tar_pipe *p)
{
	pthread_cond_destroy(&p->moved);
	pthread_mutex_destroy(&p->lock);
	for (size_t i = 0; i < PIECES; i++)
		free(p->pieces[i].p);
	free(p);
}

/* Signals are for the threads that wait for them. */
static int start_thread(struct tar_pipe *p)
{
	sigset_t all, before;
	int no;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	no = pthread_create(&p->thread, NULL, main_of_thread, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return no;
}

enum err_code tar_pipe_start(int out, struct tar_pipe **ret, struct err *e)
{
	struct tar_pipe *p = mem_alloc(sizeof *p);
	int no;

	p->out = out;
	p->hash = sha256_begin();
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->moved, NULL);
	for (size_t i = 0; i < PIECES; i++)
		p->pieces[i] = (struct zst_room){ mem_must(malloc(PIECE)), PIECE, 0 };
	no = start_thread(p);
	if (no != 0) {
		sha256_free(p->hash);
		dispose(p);
		return err_errno(e, ERR_UNAVAILABLE, no, "start a thread that writes an archive");
	}
	*ret = p;
	return ERR_OK;
}

static enum err_code failure(const struct tar_pipe *p, struct err *e)
{
	if (p->failed != ERR_OK && e)
		*e = p->failure;
	return p->failed;
}

enum err_code tar_pipe_room(struct tar_pipe *p, struct zst_room **ret, struct err *e)
{
	enum err_code code;

	pthread_mutex_lock(&p->lock);
	while (p->failed == ERR_OK && p->n_sent - p->n_written == PIECES)
		pthread_cond_wait(&p->moved, &p->lock);
	code = failure(p, e);
	pthread_mutex_unlock(&p->lock);
	if (code == ERR_OK)
		*ret = &p->pieces[p->n_sent % PIECES];
	return code;
}

void tar_pipe_send(struct tar_pipe *p)
{
	pthread_mutex_lock(&p->lock);
	p->n_sent++;
	pthread_cond_signal(&p->moved);
	pthread_mutex_unlock(&p->lock);
}

enum err_code tar_pipe_end(struct tar_pipe *p, struct sha256 *ret_digest, int64_t *ret_bytes, struct err *e)
{
	enum err_code code;

	pthread_mutex_lock(&p->lock);
	p->ended = true;
	pthread_cond_signal(&p->moved);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	code = failure(p, e);
	if (code == ERR_OK) {
		*ret_digest = sha256_end(p->hash);
		*ret_bytes = p->bytes;
	} else {
		sha256_free(p->hash);
	}
	dispose(p);
	return code;
}
