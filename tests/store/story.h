#ifndef TESTS_STORE_STORY_H
#define TESTS_STORE_STORY_H
/* story: a step fails and passes, its errors are found, people say something of their groups. What is told goes well, or the test fails. */
#include "tests/store/fixture.h"

#include "store/errors.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

extern int64_t repo; /* where it all happens */
int one_repo(void **state);

/* The step "test" of a run of a commit, of main if not told. */
int64_t step_of(const char *sha, const char *run, const char *branch, enum conclusion c, int64_t at);
int64_t failed(const char *sha, const char *run, int64_t at);
int64_t passed(const char *sha, const char *run, int64_t at); /* and explained */

/* A cause; change what matters. Its fingerprint is its message. */
struct error cause(const char *message);
/* What was found in a step that is due, at EXPLAINED_AT. */
#define EXPLAINED_AT (T0 + 50 * DAY)
void replace(int64_t step_id, const struct error *errors, size_t n);
/* One error each, with these messages; NULL: none. */
void found(int64_t step_id, const char *one, const char *two);
int64_t due_of(int64_t step_id);
/* For must_write(): a struct explained takes the place of what was there; the step with this id is due again. */
enum err_code replace_w(struct db *db, void *arg, struct err *e);
enum err_code mark_w(struct db *db, void *arg, struct err *e);

struct error *list(const struct error_query *q, size_t *ret_n, int64_t *ret_total);
/* Their messages, like "a b". */
void assert_errors(const struct error_query *q, const char *want);
struct group *groups(const struct group_query *q, size_t *ret_n, int64_t *ret_total);
void assert_groups(const struct group_query *q, const char *want);
/* The group of this fingerprint, as it is at now, or a day after T0. */
struct group group_at(const char *fingerprint, int64_t now);
struct group group_of(const char *fingerprint);

/* For must_write(): groups_change(). */
struct change_call {
	int64_t id, repo_id, now;
	struct group_change change;
};
enum err_code change_w(struct db *db, void *arg, struct err *e);
void say(const char *fingerprint, enum group_state state, int64_t until, int64_t now);
void link_issue(const char *fingerprint, const char *url);

#endif
