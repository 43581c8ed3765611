/*
 * mask_named: a text's own secrets.
 *
 * Whoever may send a text may name any values in it, also those that are slow to look for together. So they
 * are looked for with an automaton, whose time depends on nothing but its bounds: the worst text of 64 KiB takes
 * a few milliseconds. Room goes first to the values as they are, then to their base64, then to the escapes;
 * what has no room any more (beyond 128 KiB of spellings) stays.
 */
#include "text/mask_named.h"

#include "text/automaton.h"
#include "text/mask_command.h"
#include "text/mask_encode.h"

struct naming {
	struct automaton *automaton;
	enum spelling kind;
};

static enum err_code add_spelling(void *arg, struct str spelling, struct err *e)
{
	return automaton_add(arg, spelling, e);
}

static bool add_value(void *arg, struct str value, struct str written)
{
	struct naming *n = arg;
	enum err_code code = spellings_each(value, n->kind, add_spelling, n->automaton, NULL);

	if (code == ERR_OK && written.len > 0)
		code = spellings_each(written, n->kind, add_spelling, n->automaton, NULL);
	return code == ERR_OK;
}

/* They come in the order of their ends: one that begins before others takes them in. */
static void add_found(struct spans *found, size_t at, size_t end)
{
	while (found->n > 0 && found->p[found->n - 1].at >= at)
		found->n--;
	spans_add(found, at, end);
}

void mask_find_named(struct str text, struct spans *ret_spans)
{
	struct naming n = { .automaton = automaton_new() };
	struct automaton_scan scan = { 0 };
	size_t end, len;
	AUTO_SPANS found = { 0 };

	for (n.kind = 0; n.kind < SPELLING_N; n.kind++)
		mask_commands_each(text, add_value, &n);
	automaton_seal(n.automaton);
	while (automaton_next(n.automaton, text, &scan, &end, &len))
		add_found(&found, end - len, end);
	for (size_t i = 0; i < found.n; i++)
		spans_add(ret_spans, found.p[i].at, found.p[i].end);
	automaton_free(n.automaton);
}
