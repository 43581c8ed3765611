#ifndef AGENT_SHIP_FOLDER_H
#define AGENT_SHIP_FOLDER_H
/*
 * ship_folder: the folder that a shipper works in, and the one rule that holds in it.
 *
 *	episodes/ID/			made by others; done.marker: it is finished; shipped.marker: it is with the receiver
 *	outbox/ID.tar.zst		its archive, whole and synced
 *	outbox/NAME.partial		what is being written; it gets its name when it is whole
 *	outbox/ID.removing/		the folder of an episode that was shipped, on its way out (--keep remove)
 *	quarantine/ID/			an episode that the receiver refused for good
 *	quarantine/ID.answer.json	what it said
 *	ship.lock			held by the one shipper of the folder, as long as it lives
 *	ship.state.json			what it does (ship_state.h)
 *
 * The rule: outbox/X.tar.zst is there only while episodes/X/ is, and has no shipped.marker. Whoever takes an episode away (a person, a crash between two steps, quarantine)
 * leaves an orphan, and the sweep at the start of each scan takes it (ship_scan.h). All of it is on one file system: what changes its place is renamed.
 *
 * Files are named by a descriptor and a name that was checked (episode_id_check()), so no name leads elsewhere.
 */
#include "base/err.h"
#include "base/str.h"

#define SHIP_DONE "done.marker"
#define SHIP_SHIPPED "shipped.marker"
#define SHIP_ARCHIVE ".tar.zst"
#define SHIP_PARTIAL ".partial"
#define SHIP_REMOVING ".removing"
#define SHIP_ANSWER ".answer.json"
#define SHIP_STATE "ship.state.json"
#define SHIP_NAME_MAX 256 /* of any of these, with its NUL: an id has 150 bytes at most */

struct ship_folder {
	const char *path;                             /* as it was given */
	int root, episodes, outbox, quarantine, lock; /* -1: not open */
};

/* Makes what is missing. *ret is for ship_folder_close(), after a failure too. */
MUST_CHECK enum err_code ship_folder_open(const char *path, struct ship_folder *ret, struct err *e);
/* Only what is there already, to look at: ERR_NOT_FOUND. */
MUST_CHECK enum err_code ship_folder_look(const char *path, struct ship_folder *ret, struct err *e);
void ship_folder_close(struct ship_folder *f);
#define AUTO_SHIP_FOLDER __attribute__((cleanup(ship_folder_close))) struct ship_folder
#define SHIP_FOLDER_NONE                                                                                     \
	{                                                                                                    \
		NULL, -1, -1, -1, -1, -1                                                                     \
	}

/* From now on this process is the folder's shipper, until it closes it or dies. ERR_UNAVAILABLE names the one that is. */
MUST_CHECK enum err_code ship_folder_take(struct ship_folder *f, struct err *e);
bool ship_folder_is_taken(const struct ship_folder *f); /* by another; asking takes nothing from anybody */

/* A name in ret: id with the ending behind it. */
const char *ship_name(char ret[static SHIP_NAME_MAX], const char *id, const char *ending);
bool ship_is_there(int dir, const char *name);  /* whatever it is */
bool ship_is_folder(int dir, const char *name); /* and no link to one */
/*
 * bytes as the file `name` of dir, whole or not at all: written to outbox/TEMP, which ends in .partial, and renamed; synced if durable. ERR_NOT_FOUND: dir is gone.
 */
MUST_CHECK enum err_code ship_put(const struct ship_folder *f, const char *temp, int dir, const char *name,
	struct str bytes, bool durable, struct err *e);
/* outbox/FROM to dir/TO, both folders synced. ERR_NOT_FOUND, ERR_CONFLICT: TO is there, and not a file. */
MUST_CHECK enum err_code ship_move(int from_dir, const char *from, int to_dir, const char *to, struct err *e);
/* Bytes of the files below, for a person to see: of a folder that changes, or has more than 100,000 entries, about. */
int64_t ship_bytes_below(const struct ship_folder *f, const char *id);

#endif
