/* audit: the words of audit.tbl, forth and back. */
#include "model/audit.h"

#include <assert.h>

static const struct {
	const char *word, *kind;
} deeds[DEED_N] = {
#define DEED(name, word, kind, prose) [DEED_##name] = { word, kind },
#include "model/audit.tbl"
#undef DEED
};

const char *deed_word(enum deed d)
{
	assert(d < DEED_N);
	return deeds[d].word;
}

const char *deed_kind(enum deed d)
{
	assert(d < DEED_N);
	return deeds[d].kind;
}

bool deed_find(struct str word, enum deed *ret)
{
	for (unsigned i = 0; i < DEED_N; i++) {
		if (str_eq(word, str_z(deeds[i].word))) {
			*ret = (enum deed)i;
			return true;
		}
	}
	return false;
}
