/* step_name: the name and index of a step, from whatever tells. */
#include "agent/step_name.h"

#include <string.h>

/* How much of a script is looked at for its first line: far more than is shown, for a secret in it is found
 * only as a whole. */
#define SCRIPT_LOOK (64 * 1024)
/* The same for a command line. An argument that does not fit is left out in whole. */
#define COMMAND_LOOK (128 * 1024)

static bool is_number(struct str s, int64_t *ret)
{
	int64_t n;

	if (!str_to_int(s, &n) || n < 0 || n > 100000)
		return false;
	*ret = n;
	return true;
}

/* GITHUB_ACTION as the index it may stand for: "3" on Forgejo and Gitea; "__run" (the first) and "__run_3" on
 * GitHub. */
static bool action_index(struct str action, int64_t *ret)
{
	if (is_number(action, ret))
		return true;
	if (str_eq(action, STR("__run"))) {
		*ret = 1;
		return true;
	}
	return str_starts(action, STR("__run_")) && is_number(str_from(action, 6), ret);
}

/* An id that the workflow's author gave the step. The runner's own begin with two underscores. */
static bool action_is_id(struct str action)
{
	int64_t n;

	return action.len > 0 && !str_starts(action, STR("__")) && !is_number(action, &n);
}

/* `set -e` and its like open most scripts and tell nothing; a "#!" line neither. */
static bool tells_something(struct str line)
{
	return line.len > 0 && !str_eq(line, STR("set")) && !str_starts(line, STR("set ")) &&
	       !str_starts(line, STR("set\t")) && !str_starts(line, STR("#!"));
}

static struct str first_line(struct str script)
{
	while (script.len > 0) {
		size_t end = str_find(script, '\n');
		struct str line = str_trim((struct str){ script.p, end });

		if (tells_something(line))
			return line;
		script = str_from(script, end + 1);
	}
	return STR("");
}

/*
 * Runners write the script of a custom shell to a file without an extension (they know those of their own
 * shells only); one of ".sh" is taken as well. /src/main.c, as in `cc -c /src/main.c`, is no script.
 */
static bool is_script_path(const char *path)
{
	const char *slash = strrchr(path, '/'), *dot;

	if (path[0] != '/')
		return false;
	dot = strrchr(slash, '.');
	return !dot || strcmp(dot, ".sh") == 0;
}

/*
 * The script of a custom shell: the last argument, a file by its full path, as runners write it in place of
 * {0}. (A short name is more likely to be a target or data: `make test` beside a file named test.) A program
 * is none: text has no NULs.
 */
static bool is_script(char *const *command, struct buf *text)
{
	size_t n = 0;
	bool cut;

	while (command && command[n])
		n++;
	return n >= 2 && is_script_path(command[n - 1]) &&
	       env_read_file(command[n - 1], SCRIPT_LOOK, text, &cut) &&
	       str_find(buf_view(text), '\0') == text->len;
}

static struct str script_name(struct str script, struct arena *a)
{
	struct str line = first_line(script);

	return line.len > 0 ? arena_fmt(a, "Run %.*s", STR_FMT(line)) : STR("");
}

static const char *program_name(char *const *command)
{
	const char *slash;

	if (!command || !command[0])
		return "log";
	slash = strrchr(command[0], '/');
	return slash && slash[1] ? slash + 1 : command[0];
}

/* The program without its folder, and all of its arguments: `make lint` and `make test` are two steps. */
static struct str command_name(char *const *command, struct arena *a)
{
	AUTO_BUF line;

	buf_init(&line, COMMAND_LOOK);
	buf_z(&line, program_name(command));
	for (size_t i = 1; command && command[i] && !line.full; i++) {
		buf_char(&line, ' ');
		buf_z(&line, command[i]);
	}
	return arena_str(a, buf_view(&line));
}

size_t step_name_find(char *const *env, const struct flags *flags, char *const *command, struct arena *a,
	struct step_facts *facts)
{
	struct str action = env_ci(env, "ACTION"), name = str_z(flags->step);
	bool script;
	AUTO_BUF text;

	buf_init(&text, SCRIPT_LOOK);
	script = is_script(command, &text);
	facts->step_index = -1;
	if (flags->step_index >= 0)
		facts->step_index = flags->step_index;
	else if (script)
		action_index(action, &facts->step_index);

	if (name.len == 0)
		name = env_get(env, "SLUICE_STEP");
	if (name.len == 0 && action_is_id(action))
		name = action;
	facts->step_name = name;
	if (name.len > 0)
		return STEP_NAME_GIVEN;

	if (script)
		name = script_name(buf_view(&text), a);
	if (name.len > 0) {
		facts->step_name = name;
		return STEP_NAME_MADE;
	}
	/* The file of a script has another name in every run. */
	facts->step_name = script ? str_z(program_name(command)) : command_name(command, a);
	return STEP_NAME_GIVEN;
}
