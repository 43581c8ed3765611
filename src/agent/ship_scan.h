#ifndef AGENT_SHIP_SCAN_H
#define AGENT_SHIP_SCAN_H
/*
 * ship_scan: what is there to be shipped, and what is there that should not be.
 *
 * The sweep goes first and looks at the files of outbox/ alone: so it costs what they are, however many episodes there are. It removes archives of episodes that are gone or
 * shipped, partial files, and folders on their way out; never what is in use, and no file that is none of these. Then answers in quarantine/ whose episode is not there.
 *
 * The scan goes over episodes/: folders (no links to such) that have done.marker and no shipped.marker.
 */
#include "agent/ship_folder.h"

struct ship_seen {
	void *arg;
	/* Is this one in the hands of somebody who packs or ships it now? */
	bool (*is_live)(void *arg, const char *id);
	/* Finished and not shipped. name is no id perhaps: that is for the caller to check. done_ms: when it was finished, wall. */
	void (*ready)(void *arg, const char *name, int64_t done_ms);
	/* Shipped, and still there. NULL: nobody wants to know. */
	void (*shipped)(void *arg, const char *id);
	/* Not finished: to be watched. Asked before it is looked whether it is, so that nothing is missed. NULL: nobody watches. */
	void (*unfinished)(void *arg, const char *name);
};

/* *ret_n: how many files were removed. ERR_STORAGE. */
MUST_CHECK enum err_code ship_sweep(
	const struct ship_folder *f, const struct ship_seen *seen, int *ret_n, struct err *e);
MUST_CHECK enum err_code ship_scan(const struct ship_folder *f, const struct ship_seen *seen, struct err *e);

#endif
