/* account_results: see the header. */
#include "service/account_results.h"

#include "base/utf8.h"
#include "service/output_diff.h"

#define DIFFS_MAX 5
#define DIFF_FILE_MAX (256 * 1024)
#define DIFF_BYTES 1500

static struct str keep(const struct buf *b, struct arena *a)
{
	return arena_str(a, buf_view(b));
}

static enum err_code write_diff(struct store *s, const struct identity *id, const struct result_error *r,
	int64_t now, struct arena *a, struct buf *out, struct err *e)
{
	const struct output_place at = { r->run_id, r->sample_id, r->test_id, r->output_id };
	const struct output_diff_options options = { .context_lines = 3, .max_bytes = DIFF_FILE_MAX };
	struct output_diff x;
	enum err_code code = output_diff_make(s, id, &at, &options, now, a, &x, e);

	if (code == ERR_GONE || code == ERR_NOT_FOUND)
		return ERR_OK;
	TRY(code);
	if (x.status == OUTPUT_DIFFERENT && !x.diff.binary)
		file_diff_write_unified(&x.diff, STR("expected"), STR("actual"), DIFF_BYTES, out);
	return ERR_OK;
}

enum err_code account_results(struct store *s, const struct identity *id, const struct result_account *acc,
	int64_t now, struct arena *a, struct context_result **ret, size_t *ret_n, struct err *e)
{
	struct context_result *results = arena_array(a, acc->n + 1, sizeof *results);
	size_t n_diffs = 0;

	for (size_t i = 0; i < acc->n; i++) {
		const struct result_error *r = &acc->unwell[i];
		AUTO_BUF what, diff;

		buf_init(&what, SIZE_MAX);
		buf_init(&diff, 2 * FILE_DIFF_UNIFIED_MAX);
		result_error_write(r, &what);
		if (r->type == TYPE_DIFF_MISMATCH && r->has_expected && n_diffs++ < DIFFS_MAX)
			TRY(write_diff(s, id, r, now, a, &diff, e));
		results[i] = (struct context_result){ .run_id = r->run_id,
			.test_id = r->test_id,
			.test = r->test_name,
			.sample = r->sample_name,
			.what = keep(&what, a),
			.diff = keep(&diff, a) };
	}
	*ret = results;
	*ret_n = acc->n;
	return ERR_OK;
}
