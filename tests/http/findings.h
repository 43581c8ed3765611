#ifndef TESTS_HTTP_FINDINGS_H
#define TESTS_HTTP_FINDINGS_H
/* findings: steps in which something was found, for the tests of errors and groups; and their questions. What goes wrong fails the test. */
#include "tests/http/fixture.h"

#include "store/errors.h"

/* Asked by the admin, or with a token; with a number in the middle of the target. */
struct answer get_as(const char *token, const char *target);
struct answer get(const char *target);
struct answer get_of_as(const char *token, const char *before, int64_t id, const char *behind);
struct answer get_of(const char *before, int64_t id, const char *behind);
struct answer change_group(const char *token, int64_t group_id, const char *body);
/* Members of an answer. */
int64_t number(struct json *object, const char *key);
void assert_text(struct json *object, const char *key, const char *want);
void assert_null_member(struct json *object, const char *key);
struct json *data_of(struct answer *r);
int64_t total_of(struct answer *r);
/* The messages of a list, in their order, with blanks between them; and its total is their number. */
void assert_messages(struct answer *r, const char *want);

/* These were found in the step. */
void found(int64_t step_id, const struct error *errors, size_t n);
/* A cause with all that an error may have. */
struct error an_error(enum error_class class, const char *message);
/* A step that was posted; its id, and its run in *ret_run (may be NULL). */
int64_t post(const char *sha, int run, const char *more, int64_t *ret_run);
/* The group of the first error of a step. */
int64_t group_of(int64_t step_id);
/* A token of the admin's scopes whose user has this role; one that is bound to another repo, which is watched from now on. */
const char *token_of_a(enum role role);
const char *token_of_another_repo(void);

#endif
