#ifndef TESTS_STORE_MIGRATED_H
#define TESTS_STORE_MIGRATED_H
/*
 * migrated: the database of a store that was just made, for a folder that is to have one.
 *
 * To open an empty folder costs 20 ms of a processor and a dozen syncs (measured; more under a sanitizer), because all
 * migrations are run, and a test of what is done with a store has no use for that. So the process does it once and
 * keeps the bytes. Tests of what opening does open empty folders: store, migrate, schema, torture.
 */

/* sluice.db into a folder without one, as a store leaves it that was opened there and closed. 0, or -1. */
int migrated_put(const char *folder);

#endif
