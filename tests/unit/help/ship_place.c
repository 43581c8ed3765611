/* ship_place: see the header. */
#include "tests/test.h"

#include "tests/unit/help/ship_place.h"

#include "agent/work_folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct ship_folder ship_place;

int ship_place_set_up(void **state)
{
	struct err e;

	if (place_make(state) != 0)
		return -1;
	return ship_folder_open(place_path, &ship_place, &e) == ERR_OK ? 0 : -1;
}

int ship_place_tear_down(void **state)
{
	ship_folder_close(&ship_place);
	return place_remove(state);
}

void ship_place_episode(const char *id)
{
	char path[300];

	snprintf(path, sizeof path, "episodes/%s/meta.json", id);
	place_put(path, STR("{\"schema_version\": 3, \"code_version\": {\"commit\": \"" SHIP_COMMIT "\"}}"));
	snprintf(path, sizeof path, "episodes/%s/data", id);
	place_put(path, str_z(id));
	snprintf(path, sizeof path, "episodes/%s/done.marker", id);
	place_put(path, STR(""));
}

void ship_place_remove(const char *path)
{
	if (unlink(path) != 0)
		assert_true(work_tree_remove(ship_place.root, path));
}

static int is_name(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

const char *ship_place_names(const char *folder)
{
	static char names[4096];
	struct dirent **found;
	int n = scandir(folder, &found, is_name, alphasort);
	size_t len = 0;

	assert_true(n >= 0);
	names[0] = '\0';
	for (int i = 0; i < n; i++) {
		len += (size_t)snprintf(
			names + len, sizeof names - len, "%s%s", i > 0 ? " " : "", found[i]->d_name);
		assert_true(len < sizeof names);
		free(found[i]);
	}
	free(found);
	return names;
}
