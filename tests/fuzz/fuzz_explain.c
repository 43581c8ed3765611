/*
 * explain: whatever the log, with the rules of the program: findings lie within it, in it and in its baseline, and what is
 * said of them is whole. The first half of the input is the baseline.
 */
#include "base/json.h"
#include "base/utf8.h"
#include "explain/explain.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules *rules;

static void set_up(void)
{
	struct err e;
	enum err_code code;

	rules = rules_new();
	code = rules_add_default(rules, &e);
	if (code == ERR_OK)
		code = rules_compile(rules, NULL, &e);
	if (code != ERR_OK)
		abort();
}

static void assert_sound(const struct findings *f, struct str log)
{
	struct json_doc *doc = NULL;
	AUTO_BUF out;
	enum err_code code;

	buf_init(&out, SIZE_MAX);
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *x = &f->v[i];

		assert(x->from < x->to && x->start_byte <= x->end_byte && x->end_byte <= log.len);
		assert(utf8_valid(x->message) == x->message.len && x->fingerprint.len > 0);
	}
	explain_json(f, log, &out);
	code = json_parse(str_trim(buf_view(&out)), 0, &doc, NULL);
	assert(code == ERR_OK);
	(void)code;
	json_free(doc);
	buf_reset(&out);
	explain_text(f, log, 10, &out);
	explain_markdown(f, log, 10, &out);
	assert(utf8_valid(buf_view(&out)) == out.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str all = { (const char *)data, size };
	struct explain_input in = { .log = all };
	AUTO_FINDINGS f;

	findings_init(&f);
	if (!rules)
		set_up();
	in.rules = rules;
	if (explain_log(&in, &f, NULL) == ERR_OK)
		assert_sound(&f, all);
	findings_done(&f);
	findings_init(&f);
	in.baseline = (struct str){ all.p, size / 2 };
	in.has_baseline = true;
	if (explain_log(&in, &f, NULL) == ERR_OK)
		assert_sound(&f, all);
	return 0;
}
