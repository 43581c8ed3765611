#ifndef AGENT_SHIP_OPTIONS_H
#define AGENT_SHIP_OPTIONS_H
/*
 * ship_options: what the shipper is told on its command line and in its file. Both have the names of ship_options.tbl; the command line goes before the file, the file
 * before what holds when nothing was said. The file is in the syntax of git-config(1), section [ship].
 */
#include "base/arena.h"
#include "base/err.h"

struct ship_options {
#define TEXT(field, name, arg, none, help) const char *field;
#define NUMBER(field, name, arg, none, least, most, help) int64_t field;
#include "agent/ship_options.tbl"
#undef TEXT
#undef NUMBER
};

enum {
#define TEXT(field, name, arg, none, help) SHIP_OPTION_##field,
#define NUMBER(field, name, arg, none, least, most, help) SHIP_OPTION_##field,
#include "agent/ship_options.tbl"
#undef TEXT
#undef NUMBER
	SHIP_N_OPTIONS
};

struct opt;
/* Nothing was said: NULL, INT64_MIN. */
void ship_options_init(struct ship_options *o);
/* Appends a row for each to opts[*n], which has room for SHIP_N_OPTIONS. */
void ship_options_rows(struct ship_options *o, struct opt *opts, size_t *n);
/*
 * What was not said on the command line from the file (NULL: none) and the table; then all of it is checked. Texts are in the arena. "" is a text that was not said. ERR_INVALID,
 * ERR_CONFIG, ERR_NOT_FOUND: the text names the option or the file.
 */
MUST_CHECK enum err_code ship_options_end(
	struct ship_options *o, const char *file, struct arena *a, struct err *e);
/* PATH of an episode: {host} and {id} put in. Both are checked names, that need no quoting. */
struct str ship_options_path(const struct ship_options *o, const char *id, struct arena *a);

#endif
