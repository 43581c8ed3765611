/* rules: whatever a file of rules says, it is loaded or refused with a reason, and what was loaded is matched. */
#include "explain/block.h"
#include "explain/rule.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct str log_text = { "error: x\n  a\n\nb\nfailed\n", 24 };

static void match(struct rules *r)
{
	struct blocks blocks = { 0 };
	struct rule_hit *hits;
	struct lines l;
	struct err e;
	size_t n;

	if (lines_init(&l, log_text, &e) == ERR_OK && rules_match(r, &l, &hits, &n, &e) == ERR_OK) {
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rules *r = rules_new();
	struct err e = { 0 };

	if (size < 4000 && rules_add(r, "fuzz", (struct str){ (const char *)data, size }, &e) == ERR_OK &&
		rules_compile(r, NULL, &e) == ERR_OK)
		match(r);
	else
		assert(size >= 4000 || e.text[0] != '\0');
	rules_free(r);
	return 0;
}
