/* crew: every part is done once, by whoever has time, and work never waits for the crew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/crew.h"

#include <pthread.h>
#include <stdatomic.h>

#define PARTS 1000

struct counts {
	atomic_int of[PARTS];
};

static void count(void *arg, size_t i)
{
	struct counts *c = arg;

	atomic_fetch_add(&c->of[i], 1);
}

static void assert_each_once(struct counts *c, size_t n)
{
	for (size_t i = 0; i < PARTS; i++)
		assert_int_equal(atomic_load(&c->of[i]), i < n ? 1 : 0);
}

static struct crew *crew_of(unsigned n)
{
	struct crew *c = NULL;

	assert_int_equal(crew_start(n, &c, NULL), ERR_OK);
	return c;
}

static void every_part_is_done_once(void **state)
{
	static const size_t sizes[] = { 0, 1, 2, 3, PARTS };

	(void)state;
	for (unsigned n_threads = 0; n_threads < 4; n_threads++) {
		struct crew *crew = crew_of(n_threads);

		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			struct counts c = { 0 };

			crew_each(crew, sizes[i], count, &c);
			assert_each_once(&c, sizes[i]);
		}
		crew_stop(crew);
	}
}

static void without_a_crew_the_caller_does_it_alone(void **state)
{
	struct counts c = { 0 };

	(void)state;
	crew_each(NULL, PARTS, count, &c);
	assert_each_once(&c, PARTS);
	crew_stop(NULL);
}

/* Two parts that wait for each other: they end only if two threads do them. */
static void meet(void *arg, size_t i)
{
	(void)i;
	pthread_barrier_wait(arg);
}

static void the_crew_does_parts_at_the_same_time(void **state)
{
	struct crew *crew = crew_of(1);
	pthread_barrier_t both;

	(void)state;
	pthread_barrier_init(&both, NULL, 2);
	crew_each(crew, 2, meet, &both);
	pthread_barrier_destroy(&both);
	crew_stop(crew);
}

struct busy {
	pthread_barrier_t begun, end;
};

static void be_busy(void *arg, size_t i)
{
	struct busy *b = arg;

	(void)i;
	pthread_barrier_wait(&b->begun);
	pthread_barrier_wait(&b->end);
}

struct job {
	struct crew *crew;
	struct busy *busy;
};

static void *keep_busy(void *arg)
{
	struct job *j = arg;

	crew_each(j->crew, 2, be_busy, j->busy);
	return NULL;
}

static void work_does_not_wait_for_a_crew_that_is_busy(void **state)
{
	struct busy busy;
	struct counts c = { 0 };
	struct job j = { crew_of(1), &busy };
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&busy.begun, NULL, 3);
	pthread_barrier_init(&busy.end, NULL, 3);
	assert_int_equal(pthread_create(&thread, NULL, keep_busy, &j), 0);
	pthread_barrier_wait(&busy.begun); /* its caller and the only one of the crew are in it */
	crew_each(j.crew, PARTS, count, &c);
	assert_each_once(&c, PARTS);
	pthread_barrier_wait(&busy.end);
	pthread_join(thread, NULL);
	crew_stop(j.crew);
	pthread_barrier_destroy(&busy.begun);
	pthread_barrier_destroy(&busy.end);
}

static void *count_often(void *arg)
{
	struct counts c = { 0 };

	for (int k = 0; k < 100; k++)
		crew_each(arg, 7, count, &c);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(atomic_load(&c.of[i]), 100);
	return NULL;
}

static void many_may_call_at_once(void **state)
{
	struct crew *crew = crew_of(3);
	pthread_t threads[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, count_often, crew), 0);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	crew_stop(crew);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_part_is_done_once),
		cmocka_unit_test(without_a_crew_the_caller_does_it_alone),
		cmocka_unit_test(the_crew_does_parts_at_the_same_time),
		cmocka_unit_test(work_does_not_wait_for_a_crew_that_is_busy),
		cmocka_unit_test(many_may_call_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
