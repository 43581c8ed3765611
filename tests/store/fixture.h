#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H
/*
 * fixture: a store in a folder of its own, and the few things that every test of it does. Everything goes
 * through store.h, db.h and nouns.h, so that another driver runs the same tests.
 */
#include "tests/test.h"

#include "store/access_nouns.h"
#include "store/nouns.h"
#include "store/schema.h"
#include "store/store.h"

#define T0 INT64_C(1790000000000) /* some day in 2026 */
#define SHA_A "0123456789abcdef0123456789abcdef01234567"
#define SHA_B "89abcdef0123456789abcdef0123456789abcdef"

extern const char *fixture_where; /* the folder that folders are made in */

extern struct fixture {
	char folder[64];
	char database[80]; /* path of the file in it */
	struct store *store;
	struct arena arena;
} fx;

int folder_up(void **state); /* an empty folder */
int folder_down(void **state);
int store_up(void **state); /* and a store in it */
int store_down(void **state);

/* Opens the store of the folder again, closing the one that is open. */
void store_again(void);
/* The database alone, past lock and writer. */
struct db *open_database(void);

/* A function on the writer's connection, in its transaction; waits for the commit. */
typedef enum err_code write_fn(struct db *db, void *arg, struct err *e);
enum err_code try_write(write_fn *fn, void *arg, struct err *e);
void must_write(write_fn *fn, void *arg);

/* One integer read. */
int64_t ask(const char *sql);
/* A statement run on the writer's connection. */
void tell(const char *sql);
enum err_code try_tell(const char *sql, struct err *e);

int64_t add_repo(const char *forge, const char *name);
/* A failed step of a job "build" of run 77 of SHA_A; change what matters. */
struct step_facts a_step(const char *step_name);
enum err_code try_put(int64_t repo_id, const struct step_facts *f, struct str text, int64_t now,
	int64_t *ret_step_id, struct err *e);
int64_t put(int64_t repo_id, const struct step_facts *f, const char *text, int64_t now);

struct account {
	struct step *steps;
	size_t n;
	struct run_tally tally;
	int64_t expired_at;
};
struct account account_of(const struct step_query *q, size_t limit);
struct account account_of_sha(int64_t repo_id, const char *sha);

/* Fails the test with the error's text unless code is ERR_OK. */
void must(enum err_code code, const struct err *e);
void says(const struct err *e, const char *part);
void equals(struct str s, const char *want);

#endif
