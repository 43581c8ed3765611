/* rules: whatever a file of rules says, it is loaded or refused with a reason, and what was loaded is matched. Behind a NUL is the log that it is matched with. */
#include "explain/rule_trial.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void match(struct rules *r, struct str log)
{
	struct blocks blocks = { 0 };
	struct rule_hit *hits;
	struct lines l;
	struct err e;
	size_t n;

	if (lines_init(&l, log, &e) == ERR_OK && rules_match(r, &l, &hits, &n, &e) == ERR_OK) {
		assert(n <= l.n);
		blocks_join(&l, hits, n, &blocks);
		for (size_t i = 0; i < blocks.n; i++)
			assert(blocks.v[i].from <= blocks.v[i].head && blocks.v[i].head < blocks.v[i].to &&
				blocks.v[i].to <= l.n);
		free(hits);
	}
	blocks_done(&blocks);
	lines_done(&l);
}

static bool go_on(void *arg)
{
	(void)arg;
	return true;
}

static bool each(void *arg, const struct lines *l, const struct block *b)
{
	(void)arg;
	assert(b->from <= b->head && b->head < b->to && b->to <= l->n);
	return true;
}

/* What a stranger is allowed is loaded and tried as well. */
static void try_it(struct str yaml, struct str log)
{
	const struct rule_trial trial = { .may_go_on = go_on, .each = each };
	struct rules *r = NULL;
	struct err e = { 0 };
	bool complete = false;

	if (rule_trial_load(yaml, &r, &e) != ERR_OK) {
		assert(e.text[0] != '\0');
		return;
	}
	assert(rule_trial_run(r, log, &trial, &complete, &e) == ERR_OK && complete);
	rules_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size }, yaml = { all.p, str_find(all, '\0') };
	struct str log =
		yaml.len < all.len ? str_from(all, yaml.len + 1) : STR("error: x\n  a\n\nb\nfailed\n");
	struct rules *r = rules_new();
	struct err e = { 0 };

	if (yaml.len < 4000 && rules_add(r, "fuzz", yaml, &e) == ERR_OK &&
		rules_compile(r, NULL, &e) == ERR_OK)
		match(r, log);
	else
		assert(yaml.len >= 4000 || e.text[0] != '\0');
	rules_free(r);
	try_it(yaml, log);
	return 0;
}
