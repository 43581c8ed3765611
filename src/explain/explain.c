/* explain: the parts, one behind the other. */
#include "explain/explain.h"

#include "explain/block.h"
#include "explain/diagnostic.h"
#include "explain/guess.h"
#include "explain/input.h"
#include "explain/input_beside.h"
#include "explain/input_merge.h"
#include "explain/matcher.h"
#include "explain/novelty.h"
#include "explain/rank.h"
#include "explain/repo_path.h"

#include <stdlib.h>

/* What a baseline says of each line; NULL: there is none. */
static enum err_code compare(const struct explain_input *in, const struct lines *l, const uint64_t *digests,
	uint8_t **ret, struct err *e)
{
	AUTO_LINES baseline = { 0 };
	uint64_t *known;

	*ret = NULL;
	if (!in->has_baseline)
		return ERR_OK;
	TRY(lines_init(&baseline, in->baseline, e));
	known = novelty_digests(&baseline);
	*ret = mem_alloc(l->n);
	novelty_mark(digests, l->n, known, baseline.n, *ret);
	free(known);
	return ERR_OK;
}

static enum err_code rank_lines(
	const struct explain_input *in, const struct lines *l, struct findings *ret, struct err *e)
{
	AUTO_BLOCKS blocks = { 0 };
	struct rule_hit *hits;
	uint64_t *digests;
	uint8_t *novelty;
	enum err_code code;
	size_t n;

	TRY(rules_match(in->rules, l, &hits, &n, e));
	blocks_join(l, hits, n, &blocks);
	free(hits);
	digests = novelty_digests(l);
	code = compare(in, l, digests, &novelty, e);
	if (code == ERR_OK) {
		guess_block(l, novelty, &blocks);
		rank_blocks(
			&(struct rank_input){
				.lines = l, .digests = digests, .novelty = novelty, .blocks = &blocks },
			ret);
		free(novelty);
	}
	free(digests);
	return code;
}

enum err_code explain_log(const struct explain_input *in, struct findings *ret, struct err *e)
{
	AUTO_LINES l = { 0 };
	AUTO_FINDINGS inputs, rows;
	struct input matched = { .out = &inputs, .log = &l }, diagnostics = { .out = &rows, .log = &l };

	findings_init(&inputs);
	findings_init(&rows);
	TRY(lines_init(&l, in->log, e));
	TRY(rank_lines(in, &l, ret, e));
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].file = repo_path(ret->v[i].file, &ret->arena);
	input_log(&l, &inputs);
	matchers_run(in->rules->matchers, &matched);
	input_merge(&inputs, ret);
	diagnostics_find(&diagnostics);
	input_append(&rows, ret);
	for (size_t i = 0; i < ret->n; i++)
		ret->v[i].head_byte = ret->v[i].to > ret->v[i].from ? l.v[ret->v[i].head].start : 0;
	if (in->reports)
		input_beside(in->reports, ret);
	return ERR_OK;
}
