/* compiled_rules: see the header. */
#include "tests/service/compiled_rules.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int compiled_rules_share(const char *folder)
{
	const char *shared = getenv("SLUICE_TEST_SHARED");
	char path[200];

	if (!shared)
		return 0;
	snprintf(path, sizeof path, "%s/rules", folder);
	return symlink(shared, path);
}
