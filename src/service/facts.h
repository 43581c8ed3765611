#ifndef SERVICE_FACTS_H
#define SERVICE_FACTS_H
/*
 * facts: what is known of a step, for who may read it. A token that is bound to a repo knows of no other.
 */
#include "model/log.h"
#include "service/access.h"
#include "service/subject.h"
#include "store/store.h"

struct step_view {
	struct step step; /* without its text */
	struct log log;
	bool has_text;        /* some of its text is here, be it none */
	int64_t stored_bytes; /* that it takes, compressed */
};

/* Memory of a. ERR_NOT_FOUND: no such step, or not for this token. */
MUST_CHECK enum err_code facts_step(struct store *s, const struct identity *id, int64_t step_id,
	struct arena *a, struct step_view *ret, struct err *e);
/* ERR_GONE: the text of the step has expired; the error says when. ERR_NOT_FOUND: none ever came, or it was not to be kept. */
MUST_CHECK enum err_code facts_text(const struct step_view *v, struct err *e);

/*
 * The steps of the newest attempt of each job, those that failed first, then in the order in which they began. failed: only those. Of a
 * repo that is not watched there are none. ERR_INVALID as subject_check(), and when an external_run_id is that of several repos'
 * runs; ERR_NOT_FOUND: no such run, or not for this token.
 */
MUST_CHECK enum err_code facts_steps(struct store *s, const struct config *cfg, const struct identity *id,
	const struct subject *subject, bool failed, int64_t limit, int64_t offset, struct arena *a,
	struct step **ret, size_t *ret_n, int64_t *ret_total, struct err *e);

/* A page of runs; q as runs_list() has it, its repo_id aside. Memory of a. */
MUST_CHECK enum err_code facts_runs(struct store *s, const struct identity *id, const struct run_query *q,
	struct arena *a, struct run **ret, size_t *ret_n, int64_t *ret_total, struct err *e);
/* ERR_NOT_FOUND: no such run, or not for this token. */
MUST_CHECK enum err_code facts_run(struct store *s, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, struct err *e);
/* The same with a connection, as in an apply: what was just written is told with it. */
MUST_CHECK enum err_code facts_run_in(struct db *db, const struct identity *id, int64_t run_id, int64_t now,
	struct arena *a, struct run *ret, struct err *e);

/* The newest runs that failed or lost their runner, at most limit. Memory of a. */
MUST_CHECK enum err_code facts_failures(struct store *s, const struct identity *id, int64_t now,
	int64_t limit, struct arena *a, struct failure **ret, size_t *ret_n, struct err *e);
/* The same of one repo; forge empty: as subject_find() has it. Of one that is not watched, or not for whoever asks, there are none. */
MUST_CHECK enum err_code facts_failures_of(struct store *s, const struct config *cfg,
	const struct identity *id, struct str repo, struct str forge, int64_t now, int64_t limit,
	struct arena *a, struct failure **ret, size_t *ret_n, struct err *e);
/* The commit of the newest run of a pull request. ERR_NOT_FOUND: nothing was sent of one lately, or its repo is not watched, or not for whoever asks. */
MUST_CHECK enum err_code facts_pull_sha(struct store *s, const struct config *cfg, const struct identity *id,
	struct str repo, struct str forge, int64_t pull_request, struct arena *a, struct str *ret_sha,
	struct err *e);

#endif
