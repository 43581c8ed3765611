#ifndef MODEL_LOG_H
#define MODEL_LOG_H
/*
 * log: what is known of a step's log, but for its text. src/store/schema/0002-logs.sql says what each is.
 */
#include "model/step.h"

enum log_state { LOG_NONE, LOG_OPEN, LOG_ENDED, LOG_SEALED };
const char *log_state_name(enum log_state s); /* "none", "open", "ended", "sealed" */
bool log_state_find(struct str name, enum log_state *ret);

struct log {
	int64_t step_id, run_id, repo_id;
	enum log_state state; /* LOG_NONE: the step has no log, only a tail perhaps */
	enum conclusion conclusion;
	int64_t log_expired_at;
	int64_t sent_bytes;
	int64_t text_bytes, n_line_ends;
	int64_t gap_at, gap_bytes, gap_line_ends; /* gap_at -1: no gap */
	int64_t group_line;                       /* -1: none is open */
	int64_t n_chunks;
	struct str saved;
	int64_t lost_bytes; /* -1: the runner was not given up */
	int64_t file_bytes;
	int64_t stored_bytes; /* as budgets count it: file_bytes of a sealed log, else 0 */
};

#endif
