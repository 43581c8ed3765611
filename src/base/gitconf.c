/*
 * gitconf: libgit2's config parser over one file.
 *
 * The file is read twice. First by us, for what libgit2 passes over without a word: a NUL byte cuts a value
 * short, and [include] pulls in another file, which cannot be switched off. A file with either is refused,
 * with the line. That look is a plain one; a section that does not begin its line ("[a] [include]") gets past
 * it. So what libgit2 made of the file is gone through as a whole before the first entry is handed on:
 * entries that came from other files have a depth, and nothing of them reaches a caller.
 */
#include "base/gitconf.h"

#include "base/file.h"

#include <git2.h>
#include <string.h>

#define FILE_MAX (1024 * 1024)

/* [include] or [includeIf "..."], but not [includes]. */
static bool is_include_header(struct str line)
{
	static const char ends[] = " \t\"].";

	line = str_trim(line);
	if (line.len < 8 || !str_eq_nocase((struct str){ line.p, 8 }, STR("[include")))
		return false;
	line = str_from(line, 8);
	if (line.len >= 2 && str_eq_nocase((struct str){ line.p, 2 }, STR("if")))
		line = str_from(line, 2);
	return line.len > 0 && memchr(ends, line.p[0], sizeof ends - 1);
}

#define NO_INCLUDES "other files cannot be included; write the settings into this one"

static enum err_code look_at_lines(const char *path, struct str text, struct err *e)
{
	for (size_t n = 1; text.len > 0; n++) {
		struct str line = { text.p, str_find(text, '\n') };

		if (str_find(line, '\0') < line.len)
			return err_set(
				e, ERR_CONFIG, "%s:%zu: a NUL byte; the file must be plain text", path, n);
		if (is_include_header(line))
			return err_set(e, ERR_CONFIG, "%s:%zu: %s", path, n, NO_INCLUDES);
		text = str_from(text, line.len + 1);
	}
	return ERR_OK;
}

/* The line of the first backslash with rest behind it. */
static size_t line_of_escape(struct str text, struct str rest)
{
	size_t line = 1;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '\n')
			line++;
		if (text.p[i] == '\\' && str_starts(str_from(text, i + 1), rest))
			return line;
	}
	return line;
}

/* libgit2 names file and line but for one mistake, where it quotes the rest of the line, which may be a
 * secret. */
static enum err_code not_parsed(const char *path, struct str text, struct err *e)
{
	const git_error *last = git_error_last();
	struct str why = str_z(last ? last->message : "it cannot be parsed");
	const struct str escape = STR("invalid escape at ");

	if (str_starts(why, escape))
		return err_set(e, ERR_CONFIG,
			"%s:%zu: invalid escape in a value; a backslash is written \\\\", path,
			line_of_escape(text, str_from(why, escape.len)));
	if (str_find_str(why, STR(" (in ")) < why.len)
		return err_set(e, ERR_CONFIG, "%.*s", STR_FMT(why));
	return err_set(e, ERR_CONFIG, "%s: %.*s", path, STR_FMT(why));
}

static enum err_code check_entry(void *arg, const git_config_entry *entry, struct err *e)
{
	struct str name = str_z(entry->name);
	const char *path = arg;

	if (entry->include_depth > 0 || str_starts(name, STR("include.")) ||
		str_starts(name, STR("includeif.")))
		return err_set(e, ERR_CONFIG, "%s: %s", path, NO_INCLUDES);
	if (str_find(name, '.') == name.len)
		return err_set(
			e, ERR_CONFIG, "%s: \"%s\" stands before the first [section]", path, entry->name);
	return ERR_OK;
}

struct receiver {
	enum err_code (*each)(void *arg, const struct gitconf_entry *entry, struct err *e);
	void *arg;
};

static enum err_code hand_on(void *arg, const git_config_entry *entry, struct err *e)
{
	const struct receiver *r = arg;
	struct gitconf_entry x = {
		.name = entry->name,
		.value = entry->value ? entry->value : "",
		.has_value = entry->value != NULL,
	};

	return r->each(r->arg, &x, e);
}

static enum err_code each_entry(git_config *snapshot,
	enum err_code (*each)(void *arg, const git_config_entry *entry, struct err *e), void *arg,
	struct err *e)
{
	git_config_iterator *it = NULL;
	enum err_code code = ERR_OK;
	git_config_entry *entry;
	int rc = 0;

	if (git_config_iterator_new(&it, snapshot) != 0)
		return err_set(e, ERR_INTERNAL, "libgit2 cannot list the configuration");
	while (code == ERR_OK && (rc = git_config_next(&entry, it)) == 0)
		code = each(arg, entry, e);
	git_config_iterator_free(it);
	if (code == ERR_OK && rc != GIT_ITEROVER)
		return err_set(e, ERR_INTERNAL, "libgit2 cannot list the configuration");
	return code;
}

/* A snapshot, for libgit2 would read a file that has changed again between the two passes. */
static enum err_code parse(const char *path, struct str text, struct receiver *r, struct err *e)
{
	git_config *cfg = NULL, *snapshot = NULL;
	char *path_of_entries = (char *)(uintptr_t)path;
	enum err_code code;

	if (git_config_open_ondisk(&cfg, path) != 0 || git_config_snapshot(&snapshot, cfg) != 0)
		code = not_parsed(path, text, e);
	else
		code = each_entry(snapshot, check_entry, path_of_entries, e);
	if (code == ERR_OK)
		code = each_entry(snapshot, hand_on, r, e);
	git_config_free(snapshot);
	git_config_free(cfg);
	return code;
}

enum err_code gitconf_each(const char *path,
	enum err_code (*each)(void *arg, const struct gitconf_entry *entry, struct err *e), void *arg,
	struct err *e)
{
	struct receiver r = { .each = each, .arg = arg };
	enum err_code code;
	AUTO_BUF text;

	buf_init(&text, FILE_MAX);
	code = file_read(path, FILE_MAX, &text, e);
	if (code == ERR_NOT_FOUND)
		return code;
	/* A folder, no permission, too large: whatever it was, the configuration is wrong. */
	if (code != ERR_OK)
		return err_set(e, ERR_CONFIG, "%s", e ? e->text : "");
	TRY(look_at_lines(path, buf_view(&text), e));
	if (git_libgit2_init() < 0)
		return err_set(e, ERR_INTERNAL, "libgit2 does not start");
	code = parse(path, buf_view(&text), &r, e);
	git_libgit2_shutdown();
	return code;
}
