#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H
/*
 * settings: sluice.conf, checked against settings.tbl.
 *
 * Where the file is: --config, else $SLUICE_CONFIG, else /etc/sluice/sluice.conf if it is there, else none:
 * every setting has a default.
 * `--set section.key=value` goes over the file. A wrong value or an unknown name is ERR_CONFIG with file,
 * name and what would be right.
 *
 * Life cycle: settings_load, read, settings_free. Immutable once loaded.
 */
#include "base/arena.h"
#include "base/err.h"
#include "service/config.h"

enum setting {
#define SETTING(id, name, kind, def, min, max, reload, prose) SET_##id,
#include "daemon/settings.tbl"
#undef SETTING
	SET_N
};

struct settings;

struct settings_source {
	const char *config;      /* --config, or NULL */
	const char *const *sets; /* --set */
	size_t n_sets;
};

MUST_CHECK enum err_code settings_load(
	const struct settings_source *from, struct settings **ret, struct err *e);
void settings_free(struct settings *s);

const char *settings_file(const struct settings *s); /* NULL: none was read */
/* Of a NUMBER; of a SIZE in bytes; of a TIME in seconds. */
int64_t setting_number(const struct settings *s, enum setting id);
/* Of all other kinds, as it is written. */
struct str setting_text(const struct settings *s, enum setting id);
/* The data folder, with the default worked out. ERR_CONFIG when there is neither setting nor home. */
MUST_CHECK enum err_code settings_data(
	const struct settings *s, struct arena *a, struct str *ret, struct err *e);
/* The snapshot for the services. Reads the token file. */
MUST_CHECK enum err_code settings_config(const struct settings *s, struct config **ret, struct err *e);
/* Name of the first setting that differs but takes effect only at a restart; NULL when there is none. */
const char *settings_needs_restart(const struct settings *before, const struct settings *after);

/* name = value of each setting that is in force, and where it is from. Secrets are not shown. */
void settings_show(const struct settings *s, struct buf *out);
/* sluice.conf.example: every setting, its default, commented out. data: that line live, when not empty. */
void settings_example(struct str data, struct buf *out);
/* The SETTINGS section of sluice.conf(5), in mdoc. */
void settings_mdoc(struct buf *out);
/* The path that settings_load would read, whether or not it exists; NULL: none. */
const char *settings_path(const char *config);

#endif
