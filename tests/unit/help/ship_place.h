#ifndef TESTS_UNIT_HELP_SHIP_PLACE_H
#define TESTS_UNIT_HELP_SHIP_PLACE_H
/*
 * ship_place: the folder of a shipper in the folder of place.h, which is the current one: so place_put("episodes/a/data", ..) writes into it.
 */
#include "agent/ship_folder.h"
#include "tests/unit/help/place.h"

#define SHIP_COMMIT "0123456789abcdef0123456789abcdef01234567"

extern struct ship_folder ship_place;
int ship_place_set_up(void **state);
int ship_place_tear_down(void **state);

void ship_place_episode(const char *id);  /* finished: meta.json, data, done.marker */
void ship_place_remove(const char *path); /* whatever it is */
/* The names in a folder, sorted, with blanks between; until the next call. */
const char *ship_place_names(const char *folder);

#endif
