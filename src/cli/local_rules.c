/* local_rules: where compiled rules are kept, and nothing else. */
#include "cli/local_rules.h"

#include <stdlib.h>

/* Empty: there is no place for it, and they are compiled each time. */
static void cache_folder(struct buf *out)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");

	if (xdg && xdg[0] == '/')
		buf_fmt(out, "%s/sluice", xdg);
	else if (home && home[0] == '/')
		buf_fmt(out, "%s/.cache/sluice", home);
}

static enum err_code load(struct rules *r, const struct opt_many *folders, struct err *e)
{
	AUTO_BUF cache;

	buf_init(&cache, 4096);
	cache_folder(&cache);
	TRY(rules_add_default(r, e));
	for (size_t i = 0; i < folders->n; i++)
		TRY(rules_add_folder(r, folders->values[i], e));
	return rules_compile(r, cache.len > 0 ? buf_cstr(&cache) : NULL, e);
}

enum err_code local_rules(const struct opt_many *folders, struct rules **ret, struct err *e)
{
	struct rules *r = rules_new();
	enum err_code code = load(r, folders, e);

	if (code == ERR_OK)
		*ret = r;
	else
		rules_free(r);
	return code;
}

void local_rules_done(struct rules **r)
{
	rules_free(*r);
	*r = NULL;
}
