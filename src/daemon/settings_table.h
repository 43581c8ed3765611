#ifndef DAEMON_SETTINGS_TABLE_H
#define DAEMON_SETTINGS_TABLE_H
/* The inside of settings, shared by settings.c, settings_config.c, settings_oauth.c and settings_doc.c. */
#include "daemon/settings.h"

enum setting_kind {
	KIND_NUMBER,
	KIND_SIZE,
	KIND_TIME,
	KIND_ENDPOINT,
	KIND_URL,
	KIND_PATH,
	KIND_TEXT,
	KIND_LIST,
	KIND_PATHS,
	KIND_CHOICE,
	KIND_SWITCH,
	KIND_SECRET,
	KIND_SECRET_LIST
};

struct setting_row {
	const char *name;
	enum setting_kind kind;
	const char *def;
	int64_t min, max;
	bool reload;
	const char *prose;
};

extern const struct setting_row setting_rows[SET_N];

/* One line of the file, or one --set. */
struct setting_entry {
	enum setting id;
	struct str sub;  /* NAME of [forge "NAME"], else empty */
	struct str text; /* as written */
	int64_t number;  /* of NUMBER, SIZE, TIME, SWITCH */
	const char *from;
	struct setting_entry *next; /* in the order given */
};

struct settings {
	struct arena arena;
	const char *file;
	struct setting_entry *first, *last;
};

/* text as a value of that row. ERR_CONFIG says what would be right. ret_number only for those that have one.
 */
MUST_CHECK enum err_code setting_parse(
	const struct setting_row *row, struct str text, int64_t *ret_number, struct err *e);
/* settings_oauth.c: public_url, and each [oauth "NAME"]. Reads their secrets. */
MUST_CHECK enum err_code settings_oauth(const struct settings *s, struct config *c, struct err *e);
/* settings_fleet.c: [fleet], and each [gate "NAME"]. */
MUST_CHECK enum err_code settings_fleet(const struct settings *s, struct config *c, struct err *e);
/* settings_dispatch.c: each [hook "NAME"] and [dispatch "owner/name"]. Reads their secrets. */
MUST_CHECK enum err_code settings_dispatch(const struct settings *s, struct config *c, struct err *e);
/* Of a section with a name, [forge "NAME"]: the last line of that setting, NULL when there is none; and how many there are. */
const struct setting_entry *setting_last_of(const struct settings *s, enum setting id, struct str sub);
size_t setting_count_of(const struct settings *s, enum setting id, struct str sub);
const struct setting_entry *setting_last(const struct settings *s, enum setting id); /* NULL: default */

#endif
