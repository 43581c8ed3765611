#include "tests/test.h"

#include "base/arena.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void memory_is_zeroed_aligned_and_apart(void **state)
{
	static const size_t sizes[] = { 1, 3, 16, 17, 100, 4000, 4096, 5000, 100000, 8 };
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);

			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(p[k], 0);
			memset(p, 0xFF, sizes[i]);
		}
	}
}

static void nothing_can_be_asked_for(void **state)
{
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	assert_non_null(arena_alloc(&a, 0));
	assert_non_null(arena_array(&a, 0, 8));
	assert_int_equal(arena_str(&a, (struct str){ NULL, 0 }).len, 0);
	assert_string_equal(arena_cstr(&a, (struct str){ NULL, 0 }), "");
}

static void copies_outlive_their_source_and_end_in_nul(void **state)
{
	char source[] = "a\0b";
	struct str copy;
	AUTO_ARENA a;
	(void)state;

	arena_init(&a);
	copy = arena_str(&a, (struct str){ source, 3 });
	memset(source, 'x', sizeof source);
	assert_int_equal(copy.len, 3);
	assert_memory_equal(copy.p, "a\0b", 4);
	copy = arena_fmt(&a, "%s/%d", "run", 17);
	assert_int_equal(copy.len, 6);
	assert_string_equal(copy.p, "run/17");
}

static void used_counts_and_done_may_be_called_twice(void **state)
{
	struct arena a;
	(void)state;

	arena_init(&a);
	assert_int_equal(a.used, 0);
	arena_alloc(&a, 1000);
	assert_in_range(a.used, 1000, 1100);
	arena_done(&a);
	arena_done(&a);
	assert_int_equal(a.used, 0);
	assert_null(a.head);
}

static void heap_copies_are_zeroed_and_terminated(void **state)
{
	char *p = mem_alloc(10), *copy = mem_dup(STR("abc"));
	(void)state;

	for (int i = 0; i < 10; i++)
		assert_int_equal(p[i], 0);
	p = mem_grow(p, 100);
	memset(p, 1, 100);
	assert_string_equal(copy, "abc");
	assert_ptr_equal(mem_must(p), p);
	free(p);
	free(copy);
}

/* In a child, for it ends there. */
static bool aborts(void (*what)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		signal(SIGABRT, SIG_DFL); /* not cmocka's */
		close(2);
		what();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void ask_for_too_many(void)
{
	struct arena a;

	arena_init(&a);
	arena_array(&a, SIZE_MAX / 2, 3);
}

static void ask_for_all(void)
{
	struct arena a;

	arena_init(&a);
	arena_alloc(&a, SIZE_MAX);
}

static void need_what_is_not_there(void)
{
	mem_must(NULL);
}

static void out_of_memory_and_overflow_abort(void **state)
{
	(void)state;

	assert_true(aborts(ask_for_too_many));
	assert_true(aborts(ask_for_all));
	assert_true(aborts(need_what_is_not_there));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_aligned_and_apart),
		cmocka_unit_test(nothing_can_be_asked_for),
		cmocka_unit_test(copies_outlive_their_source_and_end_in_nul),
		cmocka_unit_test(used_counts_and_done_may_be_called_twice),
		cmocka_unit_test(heap_copies_are_zeroed_and_terminated),
		cmocka_unit_test(out_of_memory_and_overflow_abort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
