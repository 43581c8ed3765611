#ifndef TESTS_SERVICE_FIXTURE_H
#define TESTS_SERVICE_FIXTURE_H
/*
 * fixture: a store in a folder of its own, a configuration, a clock that stands still, one watched repo.
 */
#include "service/account.h"
#include "service/ingest.h"
#include "service/janitor.h"
#include "service/manage.h"

#define NOW INT64_C(1790000000000) /* some day in 2026 */
#define SHA "0123456789abcdef0123456789abcdef01234567"

struct fixture {
	char folder[64];
	struct store *store;
	struct access *access;
	struct config *cfg;
	struct arena arena;
	struct repo repo;
	struct identity internal, admin;
};
extern struct fixture fx;
extern const struct identity fixture_server; /* who does what the tests set up */

struct config *fixture_config(void);
int fixture_up(void **state);
int fixture_down(void **state);
/* One post, waited for. */
enum err_code post_at(const struct ingest_post *post, int64_t now);
struct ingest_post a_post(const char *step, struct str log);
void post_text(const char *step, const char *log);
/* The context of SHA; free() it. */
char *context_of(enum account_format format);

#endif
