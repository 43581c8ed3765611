/* result: the words, and the one rule of a verdict. */
#include "model/result.h"

#include "base/digest.h"

#include <assert.h>

static const struct {
	const char *name;
	bool verdict, unwell;
} statuses[] = {
#define X(name, slug, verdict, unwell) [RESULT_##name] = { slug, verdict, unwell },
	RESULT_STATUSES(X)
#undef X
};

static const char *const output_names[] = {
	[OUTPUT_PASS] = "pass",
	[OUTPUT_FAIL] = "fail",
	[OUTPUT_MISSING] = "missing_output",
	[OUTPUT_UNEXPECTED] = "missing_expected",
};

static const char *const progress_names[] = {
	[PROGRESS_QUEUED] = "queued",
	[PROGRESS_PREPARATION] = "preparation",
	[PROGRESS_TESTING] = "testing",
	[PROGRESS_COMPLETED] = "completed",
	[PROGRESS_CANCELED] = "canceled",
	[PROGRESS_ERROR] = "error",
};

static bool find(struct str name, const char *const *names, unsigned n, unsigned *ret)
{
	for (unsigned i = 0; i < n; i++)
		if (str_eq(name, str_z(names[i]))) {
			*ret = i;
			return true;
		}
	return false;
}

const char *result_status_name(enum result_status s)
{
	assert(s < RESULT_N_STATUSES);
	return statuses[s].name;
}

bool result_status_find(struct str name, enum result_status *ret)
{
	for (unsigned i = 0; i < RESULT_N_STATUSES; i++)
		if (str_eq(name, str_z(statuses[i].name))) {
			*ret = (enum result_status)i;
			return true;
		}
	return false;
}

bool result_is_verdict(enum result_status s)
{
	assert(s < RESULT_N_STATUSES);
	return statuses[s].verdict;
}

const char *output_status_name(enum output_status s)
{
	assert(s < OUTPUT_N_STATUSES);
	return output_names[s];
}

bool output_status_find(struct str name, enum output_status *ret)
{
	unsigned i = 0;

	if (!find(name, output_names, OUTPUT_N_STATUSES, &i))
		return false;
	*ret = (enum output_status)i;
	return true;
}

const char *progress_status_name(enum progress_status s)
{
	assert(s < PROGRESS_N_STATUSES);
	return progress_names[s];
}

bool progress_status_find(struct str name, enum progress_status *ret)
{
	unsigned i = 0;

	if (!find(name, progress_names, PROGRESS_N_STATUSES, &i))
		return false;
	*ret = (enum progress_status)i;
	return true;
}

static bool has_output(const struct result *r, enum output_status s)
{
	for (size_t i = 0; i < r->n_outputs; i++)
		if (r->outputs[i].status == s)
			return true;
	return false;
}

struct verdict result_judge(const struct result *r)
{
	if (has_output(r, OUTPUT_MISSING))
		return (struct verdict){ RESULT_MISSING_OUTPUT, TYPE_MISSING_OUTPUT };
	if (r->has_exit_code && r->exit_code != r->expected_rc)
		return (struct verdict){ RESULT_FAIL, TYPE_EXIT_CODE_MISMATCH };
	if (has_output(r, OUTPUT_FAIL) || has_output(r, OUTPUT_UNEXPECTED))
		return (struct verdict){ RESULT_FAIL, TYPE_DIFF_MISMATCH };
	return (struct verdict){ .status = RESULT_PASS };
}

/* What a program says beside its failure (times, addresses) is no part of it. */
struct str result_signature(const struct result *r, const struct verdict *v, struct arena *a)
{
	struct sha256 digest;
	AUTO_BUF b, hex;

	buf_init(&b, SIZE_MAX);
	buf_init(&hex, 2 * sizeof digest.b);
	if (v->status == RESULT_PASS || v->status == RESULT_SKIPPED || !result_is_verdict(v->status))
		return STR("");
	if (v->cause == TYPE_TEST_FAILURE)
		buf_str(&b, r->message);
	if (r->has_exit_code && r->exit_code != r->expected_rc)
		buf_fmt(&b, "exit %lld\n", (long long)r->exit_code);
	for (size_t i = 0; i < r->n_outputs; i++)
		if (r->outputs[i].status != OUTPUT_PASS)
			buf_fmt(&b, "%lld %.*s\n", (long long)r->outputs[i].output_id,
				STR_FMT(r->outputs[i].digest));
	digest = sha256_of(buf_view(&b));
	hex_encode(digest.b, 8, &hex);
	return arena_fmt(a, "%s:%s", error_type_name(v->cause), buf_cstr(&hex));
}
