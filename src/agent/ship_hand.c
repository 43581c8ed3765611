/*
 * ship_hand: one episode after the other, from its folder to the receiver and back to its folder.
 *
 * What a hand has in its hands is marked in the queue (under_way), and nobody else touches it or its files until that is taken away again: so the lock is held to take it
 * and to let go of it, never while it is packed, sent or settled.
 */
#include "agent/ship.h"

#include "agent/ship_answer.h"
#include "agent/ship_settle.h"
#include "base/clock.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct errand {
	struct ship_hand *hand;
	struct ship *ship;
	struct ship_item *item; /* its id and meta do not change while it is under way */
	struct ship_archive archive;
};

/* ---- what follows, with the lock held ---- */

static int64_t now_ms(void)
{
	return clock_steady_ms(&clock_system);
}

static uint32_t draw(void)
{
	uint32_t random;

	random_bytes(&random, sizeof random);
	return random;
}

static void again(struct errand *w, enum ship_trouble kind, const char *text, int64_t retry_after_s)
{
	const int64_t most_s = INT32_MAX / 1000;

	ship_trouble(w->ship, kind, "", text);
	ship_queue_failed(&w->ship->queue, w->item, true, draw(),
		(retry_after_s < most_s ? retry_after_s : most_s) * 1000, now_ms());
}

static void leave(struct errand *w)
{
	ship_queue_remove(&w->ship->queue, w->item);
	w->item = NULL;
}

static void gone(struct errand *w)
{
	ship_tell(w->ship, DIAG_WARNING, "%s: somebody took it away", w->item->id);
	leave(w);
}

static void unpacked(struct errand *w, enum err_code code, const struct err *e)
{
	if (atomic_load(&w->ship->stop))
		return;
	switch ((int)code) {
	case ERR_NOT_FOUND:
		gone(w);
		break;
	case ERR_INVALID:  /* what is in it cannot be packed, or */
	case ERR_CONFLICT: /* changes: told once, and looked at again */
	case ERR_TOO_LARGE:
	case ERR_INTERNAL:
		if (ship_item_hold(w->item, e->text))
			ship_trouble(w->ship, SHIP_PACKING, w->item->id, e->text);
		ship_queue_failed(&w->ship->queue, w->item, false, draw(), 0, now_ms());
		break;
	default:
		again(w, SHIP_DISK, e->text, 0);
	}
}

static void unsettled(struct errand *w, enum err_code code, const struct err *e)
{
	if (code == ERR_NOT_FOUND) {
		gone(w);
	} else if (code == ERR_CONFLICT) {
		w->item->barred = true;
		ship_item_hold(w->item, e->text);
		ship_trouble(w->ship, SHIP_QUARANTINED, w->item->id, e->text);
	} else {
		again(w, SHIP_DISK, e->text, 0);
	}
}

static void shipped(struct errand *w, int status)
{
	struct ship *s = w->ship;

	ship_over(s);
	ship_queue_answered(&s->queue);
	s->n_shipped++;
	s->bytes_shipped += w->archive.bytes;
	s->last_success_ms = clock_wall_ms(&clock_system);
	ship_tell(s, DIAG_INFO, "%s: shipped, %" PRId64 " bytes (%d)", w->item->id, w->archive.bytes, status);
	leave(w);
}

static void refused(struct errand *w, const struct ship_answer *answer)
{
	struct ship *s = w->ship;
	char text[400];

	ship_over(s);
	ship_queue_answered(&s->queue);
	s->n_quarantined++;
	snprintf(text, sizeof text, "refused (%d %.*s), now in quarantine", answer->status,
		STR_FMT(answer->message.len > 0 ? answer->message : STR("without a word")));
	ship_trouble(s, SHIP_QUARANTINED, w->item->id, text);
	if (answer->remediation.len > 0)
		ship_remedy(s, w->item->meta.commit, answer->remediation);
	leave(w);
}

static void put_off(struct errand *w, const struct ship_answer *answer, int64_t retry_after_s)
{
	char text[400];

	snprintf(text, sizeof text, "%s answered %d: %.*s", buf_cstr(&w->ship->peer.shown), answer->status,
		STR_FMT(answer->message));
	again(w, answer->verdict == SHIP_AGAIN ? SHIP_SERVER : SHIP_CONFIGURATION, text, retry_after_s);
}

/* ---- an episode ---- */

static enum err_code settle(
	struct errand *w, const struct http_answer *a, const struct ship_answer *answer, struct err *e)
{
	const struct ship *s = w->ship;
	int64_t now = clock_wall_ms(&clock_system);

	if (answer->verdict == SHIP_TAKEN) {
		struct ship_shipped done = { &w->archive.digest, w->archive.bytes, now, a->status,
			strcmp(s->options.keep, "remove") == 0 };

		return ship_settle_shipped(&s->folder, w->item->id, &done, e);
	}
	if (answer->verdict == SHIP_REFUSED) {
		struct ship_refused done = { &w->archive.digest, s->options.host, w->item->meta.commit,
			a->content_type, w->archive.bytes, now, a->retry_after_s, a->status,
			buf_view(&a->body) };

		return ship_settle_refused(&s->folder, w->item->id, &done, e);
	}
	return ERR_OK;
}

static void answered(struct errand *w, const struct http_answer *a)
{
	struct ship_answer answer;
	enum err_code code;
	struct err e;
	AUTO_ARENA arena;

	arena_init(&arena);
	ship_answer_read(a, &w->archive.digest, &arena, &answer);
	code = settle(w, a, &answer, &e);
	pthread_mutex_lock(&w->ship->lock);
	if (code != ERR_OK)
		unsettled(w, code, &e);
	else if (answer.verdict == SHIP_TAKEN)
		shipped(w, a->status);
	else if (answer.verdict == SHIP_REFUSED)
		refused(w, &answer);
	else
		put_off(w, &answer, a->retry_after_s);
	pthread_mutex_unlock(&w->ship->lock);
}

static int64_t progress(void *arg, int64_t sent)
{
	struct ship_hand *h = arg;
	int64_t all = h->ship->options.bytes_per_second, n = atomic_load(&h->ship->n_sending);

	atomic_store(&h->sent, sent);
	return all == 0 ? 0 : all / (n > 0 ? n : 1);
}

static void send_it(struct errand *w)
{
	struct ship *s = w->ship;
	const struct ship_sending sending = { &s->options, &s->peer, &s->stop, progress, w->hand };
	struct http_answer a = { 0 };
	enum err_code code;
	struct err e;

	atomic_fetch_add(&s->n_sending, 1);
	code = ship_send(w->hand->http, &sending, w->item->id, &w->item->meta, &w->archive, &a, &e);
	atomic_fetch_sub(&s->n_sending, 1);
	if (code == ERR_OK) {
		answered(w, &a);
		http_answer_done(&a);
		return;
	}
	if (atomic_load(&s->stop))
		return;
	pthread_mutex_lock(&s->lock);
	again(w,
		code == ERR_STORAGE   ? SHIP_DISK
		: code == ERR_INVALID ? SHIP_CONFIGURATION
				      : SHIP_NETWORK,
		e.text, 0);
	pthread_mutex_unlock(&s->lock);
}

static void pack_and_send(struct errand *w)
{
	struct ship *s = w->ship;
	struct err e;
	enum err_code code =
		ship_pack(&s->folder, w->item->id, (int)s->options.level, &s->stop, &w->archive, &e);

	pthread_mutex_lock(&s->lock);
	if (code == ERR_OK) {
		ship_item_hold(w->item, NULL);
		w->item->packed = true;
		w->item->bytes = w->hand->total = w->archive.bytes;
		s->changed = true;
	} else {
		unpacked(w, code, &e);
	}
	pthread_mutex_unlock(&s->lock);
	if (code == ERR_OK) {
		send_it(w);
		close(w->archive.fd);
	}
}

/* ---- the thread ---- */

static void ring(struct ship *s)
{
	uint64_t one = 1;

	s->changed = true;
	if (write(s->bell, &one, sizeof one) < 0)
		return; /* it rings already */
}

static void wait_for_news(struct ship *s, int64_t at)
{
	struct timespec until = { .tv_sec = (time_t)(at / 1000), .tv_nsec = (long)(at % 1000) * 1000000 };

	if (at == INT64_MAX)
		pthread_cond_wait(&s->news, &s->lock);
	else
		pthread_cond_timedwait(&s->news, &s->lock, &until);
}

static void do_item(struct ship_hand *h, struct ship_item *item)
{
	struct errand w = { .hand = h, .ship = h->ship, .item = item };

	item->under_way = true;
	snprintf(h->id, sizeof h->id, "%s", item->id);
	h->total = 0;
	atomic_store(&h->sent, 0);
	h->ship->changed = true;
	pthread_mutex_unlock(&h->ship->lock);
	pack_and_send(&w);
	pthread_mutex_lock(&h->ship->lock);
	if (w.item)
		w.item->under_way = false;
	h->id[0] = '\0';
	pthread_cond_broadcast(&h->ship->news);
	ring(h->ship);
}

static void *work(void *arg)
{
	struct ship_hand *h = arg;
	struct ship *s = h->ship;

	pthread_mutex_lock(&s->lock);
	while (!atomic_load(&s->stop)) {
		int64_t at;
		struct ship_item *item = ship_queue_next(&s->queue, now_ms(), &at);

		if (item)
			do_item(h, item);
		else
			wait_for_news(s, at);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* Signals are for the thread that looks after the others. */
static int start_thread(struct ship_hand *h)
{
	sigset_t all, before;
	int no;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	no = pthread_create(&h->thread, NULL, work, h);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return no;
}

enum err_code ship_hands_start(struct ship *s, struct err *e)
{
	for (int64_t i = 0; i < s->options.uploads; i++) {
		struct ship_hand *h = &s->hands[i];
		int no;

		h->ship = s;
		h->http = http_client_new();
		no = start_thread(h);
		if (no != 0)
			return err_errno(e, ERR_UNAVAILABLE, no, "no thread to be had");
		h->started = true;
	}
	return ERR_OK;
}

void ship_hands_stop(struct ship *s)
{
	pthread_mutex_lock(&s->lock);
	atomic_store(&s->stop, true);
	pthread_cond_broadcast(&s->news);
	pthread_mutex_unlock(&s->lock);
	for (size_t i = 0; i < SHIP_HANDS_MAX; i++) {
		struct ship_hand *h = &s->hands[i];

		if (h->started)
			pthread_join(h->thread, NULL);
		h->started = false;
		http_client_free(h->http);
		h->http = NULL;
	}
}
