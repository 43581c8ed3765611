#ifndef STORE_TALLY_H
#define STORE_TALLY_H
/*
 * tally: what the status of a run is derived from (model/step.h), in SQL. Internal to the files of nouns.
 */
#include "model/step.h"
#include "store/rows.h"

/* Which conclusions count as failed, from the one list of them. Of `step`. */
#define WHEN_CONCLUSION(name, text, failed) " WHEN '" text "' THEN " #failed
#define STEP_FAILED "CASE step.conclusion" CONCLUSIONS(WHEN_CONCLUSION) " END"

/* Over rows with failed, conclusion and received_at (when it ended, of one that streams). */
#define TALLY_COLUMNS                                                                                        \
	"count(*) AS n_steps, count(*) FILTER (WHERE failed) AS n_failed,"                                   \
	" count(*) FILTER (WHERE conclusion = 'runner_lost') AS n_lost,"                                     \
	" count(*) FILTER (WHERE conclusion = 'running') AS n_running,"                                      \
	" count(*) FILTER (WHERE conclusion = 'cancelled') AS n_cancelled,"                                  \
	" coalesce(max(received_at), 0) AS newest_at"

/* The rule, where n_steps and so on are columns; now: an SQL expression. */
#define WHEN_RULE(status, text, rule) " WHEN " #rule " THEN '" text "'"
#define RUN_STATUS "CASE" RUN_RULE(WHEN_RULE) " ELSE 'running' END"

/* Columns at.. as TALLY_COLUMNS names them. */
static inline struct run_tally tally_of(const struct db_row *row, size_t at)
{
	return (struct run_tally){
		.n_steps = row_int(row, at),
		.n_failed = row_int(row, at + 1),
		.n_lost = row_int(row, at + 2),
		.n_running = row_int(row, at + 3),
		.n_cancelled = row_int(row, at + 4),
		.newest_at = row_int(row, at + 5),
	};
}

#endif
