#ifndef TESTS_STORE_SUITE_STORY_H
#define TESTS_STORE_SUITE_STORY_H
/* suite_story: what a run of the suite goes through, each a function for the writer's connection (fixture.h: write_fn). */
#include "tests/store/fixture.h"

#include "store/result_nouns.h"

/* Two samples; test 1 writes out.txt (output 1) that is to be digest('a'), test 2 writes nothing; all with SQL alone, and repo 1. */
enum err_code suite_w(struct db *db, void *arg, struct err *e);
/* 64 times that hex digit. */
struct str digest_of(char c);

struct asked {
	int64_t run_id, test;
};
enum err_code ask_w(struct db *db, void *arg, struct err *e); /* arg: struct asked */
struct claiming {
	const char *worker;
	int64_t now;
	struct claim claim;
	bool found;
};
enum err_code claim_w(struct db *db, void *arg, struct err *e);
struct told_one {
	int64_t run_id, test_id, exit_code;
	char digest; /* of out.txt; 0: it was not written */
};
enum err_code tell_w(struct db *db, void *arg, struct err *e); /* and its counts */
struct approving {
	struct output_place at;
	bool remove_others, revert;
};
enum err_code approve_w(struct db *db, void *arg, struct err *e);
enum err_code finish_w(struct db *db, void *arg, struct err *e); /* arg: int64_t, the run */

/* As it is kept, at now. */
struct run run_at(int64_t run_id, int64_t now);

#endif
