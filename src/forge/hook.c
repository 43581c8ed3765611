/* hook: see the header. */
#include "forge/hook.h"

static const char *const kind_names[HOOK_N_KINDS] = {
	[HOOK_FORGEJO] = "forgejo", [HOOK_GITEA] = "gitea", [HOOK_GITHUB] = "github"
};

const char *hook_kind_name(enum hook_kind k)
{
	return kind_names[k];
}

bool hook_kind_find(struct str name, enum hook_kind *ret)
{
	for (enum hook_kind k = 0; k < HOOK_N_KINDS; k++)
		if (str_eq(name, str_z(kind_names[k]))) {
			*ret = k;
			return true;
		}
	return false;
}
