#ifndef SERVICE_ACCOUNT_RESULTS_H
#define SERVICE_ACCOUNT_RESULTS_H
/* account_results: for a context, the tests of the suite that did not pass, each with what is wrong in a sentence, and the first of them with a difference. */
#include "explain/context.h"
#include "service/access.h"
#include "store/nouns.h"
#include "store/result_nouns.h"
#include "store/store.h"

#define ACCOUNT_RESULTS_MAX 50

MUST_CHECK enum err_code account_results(struct store *s, const struct identity *id,
	const struct result_account *acc, int64_t now, struct arena *a, struct context_result **ret,
	size_t *ret_n, struct err *e);

#endif
