/* wake: see the header. */
#include "base/wake.h"

#include "base/clock.h"

#include <time.h>

void wake_init(struct wake *w)
{
	pthread_condattr_t attr;

	*w = (struct wake){ .woken = false };
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &attr);
	pthread_condattr_destroy(&attr);
}

void wake_done(struct wake *w)
{
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}

void wake_up(struct wake *w)
{
	pthread_mutex_lock(&w->lock);
	w->woken = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

void wake_wait(struct wake *w, int64_t ms)
{
	int64_t at = clock_steady_ms(&clock_system) + ms;
	const struct timespec until = { .tv_sec = (time_t)(at / 1000),
		.tv_nsec = (long)(at % 1000) * 1000000 };

	pthread_mutex_lock(&w->lock);
	while (!w->woken && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
		;
	w->woken = false;
	pthread_mutex_unlock(&w->lock);
}
