/* output_diff: see the header. */
#include "service/output_diff.h"

#include "base/file.h"
#include "service/suite.h"

/* A file of the suite. Nothing shortens one: another takes its place by its name. */
static enum err_code map(
	struct store *s, struct str digest, int64_t now, struct arena *a, struct str *ret, struct err *e)
{
	int64_t bytes = 0;
	AUTO_FD fd = -1;

	TRY(suite_file_open(s, digest, now, a, &fd, &bytes, e));
	return file_map_open(fd, "a file of the suite", ret, e);
}

/* ---- contents ---- */

static enum err_code there_is_none(const struct output_place *at, bool actual, struct err *e)
{
	return err_set(e, ERR_NOT_FOUND,
		actual ? "test %lld wrote nothing there in run %lld"
		       : "nothing was accepted of output %lld when run %lld "
			 "wrote it",
		(long long)(actual ? at->test_id : at->output_id), (long long)at->run_id);
}

enum err_code output_content_read(struct store *s, const struct identity *id, const struct output_place *at,
	bool actual, size_t max, int64_t now, struct arena *a, struct output_content *ret, struct err *e)
{
	const struct output_file *side;
	struct output_content x = { 0 };
	AUTO_FILE bytes = { 0 };
	enum err_code code;

	TRY(results_output(s, id, at, now, a, &x.pair, e));
	side = actual ? &x.pair.actual : &x.pair.expected;
	if (side->digest.len == 0)
		return there_is_none(at, actual, e);
	x.digest = side->digest;
	x.n_bytes = side->n_bytes;
	x.state = side->state;
	code = map(s, side->digest, now, a, &bytes, e);
	if (code == ERR_NOT_FOUND) {
		x.state = BLOB_MISSING;
	} else {
		TRY(code);
		x.n_bytes = (int64_t)bytes.len;
		x.text = arena_str(a, (struct str){ bytes.p, bytes.len < max ? bytes.len : max });
	}
	*ret = x;
	return ERR_OK;
}

/* ---- differences ---- */

static enum err_code gone(enum err_code code, const char *what, struct err *e)
{
	if (code != ERR_NOT_FOUND)
		return code;
	return err_set(e, ERR_GONE,
		"what was %s there is not here any more ([janitor] output-days); the verdict stays", what);
}

static enum err_code compare(struct store *s, const struct output_pair *pair, size_t context_lines,
	int64_t now, struct arena *a, struct file_diff *ret, struct err *e)
{
	struct file_diff_limits limits = FILE_DIFF_LIMITS;
	AUTO_FILE expected = { 0 }, actual = { 0 };

	limits.context_lines = context_lines;
	TRY(gone(map(s, pair->output.expected, now, a, &expected, e), "expected", e));
	TRY(gone(map(s, pair->output.digest, now, a, &actual, e), "written", e));
	return file_diff_make(expected, actual, &limits, a, ret, e);
}

static bool is_large(const struct output_pair *pair, int64_t max)
{
	return max > 0 && (pair->actual.n_bytes > max || pair->expected.n_bytes > max);
}

enum err_code output_diff_make(struct store *s, const struct identity *id, const struct output_place *at,
	const struct output_diff_options *o, int64_t now, struct arena *a, struct output_diff *ret,
	struct err *e)
{
	struct output_diff x = { .status = OUTPUT_IDENTICAL };
	struct output_pair pair;

	TRY(results_output(s, id, at, now, a, &pair, e));
	x.filename = pair.output.filename;
	if (pair.output.digest.len == 0) {
		x.status = OUTPUT_NO_ACTUAL;
	} else if (pair.output.expected.len == 0) {
		x.status = OUTPUT_NO_EXPECTED;
	} else if (str_eq(pair.output.digest, pair.output.expected)) {
		x.status = OUTPUT_IDENTICAL;
	} else if (is_large(&pair, o->max_bytes)) {
		x.status = OUTPUT_NOT_COMPARED;
	} else {
		x.status = OUTPUT_DIFFERENT;
		TRY(compare(s, &pair, o->context_lines, now, a, &x.diff, e));
	}
	*ret = x;
	return ERR_OK;
}
