#ifndef AGENT_WORK_API_H
#define AGENT_WORK_API_H
/*
 * work_api: what a worker says to its server, and hears (api/openapi.yaml, operations of the tag worker).
 *
 * How a server is asked again that is away: ask.h.
 *
 * Errors of all: ERR_CONFLICT: the run is not ours any more, canceled, given back or deleted; ERR_UNAVAILABLE: told to stop meanwhile, and it is not known whether the
 * server heard us; whatever else the server refuses.
 */
#include "agent/ask.h"
#include "base/arena.h"

#define WORK_MESSAGE_MAX 400 /* bytes of what is said in words: below every limit of the server */

/* ---- a run ---- */

struct work_output { /* that a test is expected to write */
	int64_t output_id;
	struct str filename;
};

struct work_test {
	int64_t test_id, expected_rc, timeout_ms; /* timeout_ms 0: not said */
	struct str name, command;
	bool shell, done;
	struct str digest, sample_name, extension; /* of its sample */
	struct work_output *outputs;
	size_t n_outputs;
};

struct work_claim {
	int64_t run_id, number, lease_s;
	struct str repo, forge, head_sha, external_run_id, branch, platform;
	struct work_test *tests;
	size_t n_tests;
};

/* *ret_found false: none waits. */
MUST_CHECK enum err_code work_api_claim(struct ask *api, const char *platform, const char *name,
	struct arena *a, struct work_claim *ret, bool *ret_found, struct err *e);
/* Once, and within ms: for who comes again in any case. *ret_lease_s is untouched when the server does not say it. */
MUST_CHECK enum err_code work_api_renew(
	struct ask *api, const struct work_claim *c, int ms, int64_t *ret_lease_s, struct err *e);
/* status: "testing" or "error", with a message of at most WORK_MESSAGE_MAX bytes. */
MUST_CHECK enum err_code work_api_progress(
	struct ask *api, const struct work_claim *c, const char *status, struct str message, struct err *e);
/* message empty: it went well. ret_status: the run's, as it is said. */
MUST_CHECK enum err_code work_api_finish(struct ask *api, const struct work_claim *c, struct str message,
	char ret_status[static 32], struct err *e);

/* ---- a test ---- */

struct work_written { /* one of the test's outputs */
	const struct work_output *output;
	struct str digest; /* 64 hex digits */
	int64_t n_bytes;
};
struct work_result {
	int64_t test_id;
	const char *status; /* "running", "skipped"; NULL: it was run */
	int64_t exit_code, runtime_ms;
	struct str message; /* at most WORK_MESSAGE_MAX bytes */
	const struct work_written *written;
	size_t n_written;
};
struct work_verdict {
	char status[32];
	int64_t wanted[20]; /* output_ids */
	size_t n_wanted;
};
MUST_CHECK enum err_code work_api_result(struct ask *api, const struct work_claim *c,
	const struct work_result *r, struct work_verdict *ret, struct err *e);
MUST_CHECK enum err_code work_api_output(struct ask *api, const struct work_claim *c,
	const struct work_written *w, struct str bytes, struct err *e);
/* Once. What take returns is returned. */
MUST_CHECK enum err_code work_api_fetch(
	struct ask *api, struct str digest, http_take_fn *take, void *arg, struct err *e);

#endif
