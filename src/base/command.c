/*
 * command: options from a table, help from the same table.
 *
 * getopt_long(3) is not used: it wants the table twice (letters and names), prints messages of its own, and
 * permutes what it must not touch. Operands are moved to the front of argv as they are met; argv stays
 * NULL-terminated, so that the rest can be given to execvp(3).
 */
#include "base/command.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 2000

static const struct opt opt_help = { "help", 'h', OPT_FLAG, NULL, "print this", NULL };

/* Control characters as \xNN, and bytes that are no UTF-8, some of which are such to some terminals: what a
 * server or a file said must not move the cursor of whoever reads the message. */
static void add_printable(struct buf *out, struct str text)
{
	while (text.len > 0) {
		uint32_t code = 0;
		size_t n = utf8_decode(text.p, text.len, &code);

		if (n == 0)
			buf_fmt(out, "\\x%02x", (unsigned char)text.p[0]);
		else if (code < 0x20 || (code >= 0x7F && code < 0xA0))
			buf_fmt(out, "\\x%02x", (unsigned)code);
		else
			buf_add(out, text.p, n);
		text = str_from(text, n > 0 ? n : 1);
	}
}

static void say_line(const char *name, struct str text)
{
	AUTO_BUF line;

	buf_init(&line, 6 * (LINE_MAX_BYTES + strlen(name) + 20));
	buf_fmt(&line, "sluice %s: ", name);
	add_printable(&line, text);
	buf_char(&line, '\n');
	/* One write, so that lines of several programs do not mix. */
	fflush(stdout);
	fputs(buf_cstr(&line), stderr);
	fflush(stderr);
}

void command_say(const char *name, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	say_line(name, str_z(text));
}

int command_fail(const char *name, const struct err *e)
{
	say_line(name, str_z(e->text));
	return err_exit(e->code);
}

bool command_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(fd) && !(no && *no) && term && *term && strcmp(term, "dumb") != 0;
}

static int left_column(const struct opt *o, char *out, size_t size)
{
	char letter[6] = "    ";

	if (o->letter)
		snprintf(letter, sizeof letter, "-%c, ", o->letter);
	return snprintf(out, size, "%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void print_opt(const struct opt *o, int width)
{
	char left[120];

	left_column(o, left, sizeof left);
	printf("  %-*s  %s%s\n", width, left, o->help,
		o->kind == OPT_MANY ? " (may be given many times)" : "");
}

static void print_help(const struct command_usage *u)
{
	char left[120];
	int width = left_column(&opt_help, left, sizeof left);

	for (const struct opt *o = u->opts; o && o->name; o++) {
		int n = left_column(o, left, sizeof left);
		width = n > width ? n : width;
	}
	printf("usage: sluice %s %s\n\n%s\n\noptions:\n", u->name, u->synopsis, u->prose);
	for (const struct opt *o = u->opts; o && o->name; o++)
		print_opt(o, width);
	print_opt(&opt_help, width);
}

/* An argument that begins with a dash is an option, but for "-", which means standard input. */
static bool is_option(const char *arg)
{
	return arg[0] == '-' && arg[1] != '\0';
}

static const struct opt *find_long(const struct command_usage *u, struct str name)
{
	for (const struct opt *o = u->opts; o && o->name; o++)
		if (str_eq(str_z(o->name), name))
			return o;
	return str_eq(name, STR("help")) ? &opt_help : NULL;
}

static const struct opt *find_letter(const struct command_usage *u, char letter)
{
	for (const struct opt *o = u->opts; o && o->name; o++)
		if (o->letter == letter)
			return o;
	return letter == 'h' ? &opt_help : NULL;
}

/* The option of arg, and the value that stands in the same argument, if one does (--name=value, -nvalue). */
static enum err_code find_opt(const struct command_usage *u, const char *arg, const struct opt **ret,
	const char **ret_value, struct err *e)
{
	struct str text = str_z(arg), name;
	const struct opt *o;

	*ret_value = NULL;
	if (arg[1] != '-') {
		o = find_letter(u, arg[1]);
		name = (struct str){ arg, 2 };
		if (arg[2] != '\0')
			*ret_value = arg + 2;
	} else {
		name = (struct str){ arg, str_find(text, '=') };
		o = find_long(u, str_from(name, 2));
		if (name.len < text.len)
			*ret_value = arg + name.len + 1;
	}
	if (!o)
		return err_set(e, ERR_INVALID, "there is no option %.*s",
			(int)(name.len < 60 ? name.len : 60), name.p);
	*ret = o;
	return ERR_OK;
}

static void add_many(struct opt_many *many, const char *value)
{
	const char **grown = mem_alloc((many->n + 1) * sizeof *grown);

	if (many->n > 0)
		memcpy(grown, many->values, many->n * sizeof *grown);
	grown[many->n] = value;
	free(many->values);
	many->values = grown;
	many->n++;
}

static enum err_code set_opt(const struct opt *o, const char *value, struct err *e)
{
	switch (o->kind) {
	case OPT_FLAG:
		*(bool *)o->ret = true;
		return ERR_OK;
	case OPT_STRING:
		*(const char **)o->ret = value;
		return ERR_OK;
	case OPT_MANY:
		add_many(o->ret, value);
		return ERR_OK;
	case OPT_INT:
		if (!str_to_int(str_z(value), o->ret))
			return err_set(
				e, ERR_INVALID, "--%s needs a whole number, not \"%.60s\"", o->name, value);
		return ERR_OK;
	}
	return ERR_OK;
}

/* Takes the option at argv[*i], with its value, which may be the next argument. */
static enum err_code take_opt(
	const struct command_usage *u, int argc, char **argv, int *i, bool *ret_help, struct err *e)
{
	const struct opt *o = NULL;
	const char *value = NULL;

	TRY(find_opt(u, argv[*i], &o, &value, e));
	if (o->kind == OPT_FLAG && value)
		return err_set(e, ERR_INVALID, "--%s takes no value", o->name);
	if (o == &opt_help) {
		*ret_help = true;
		return ERR_OK;
	}
	if (o->kind != OPT_FLAG && !value) {
		if (*i + 1 >= argc)
			return err_set(
				e, ERR_INVALID, "--%s needs a value: --%s %s", o->name, o->name, o->arg);
		value = argv[++*i];
	}
	return set_opt(o, value, e);
}

static enum err_code read_options(
	const struct command_usage *u, int *argc, char **argv, bool *ret_help, struct err *e)
{
	int n = 0, i = 1;

	for (; i < *argc && !*ret_help; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (is_option(argv[i]))
			TRY(take_opt(u, *argc, argv, &i, ret_help, e));
		else if (u->stop_at_operand)
			break;
		else
			argv[n++] = argv[i];
	}
	while (i < *argc)
		argv[n++] = argv[i++];
	argv[n] = NULL;
	*argc = n;
	return ERR_OK;
}

enum command_go command_options(const struct command_usage *u, int *argc, char **argv, int *ret_exit)
{
	bool help = false;
	struct err e;

	if (read_options(u, argc, argv, &help, &e) != ERR_OK) {
		*ret_exit = command_usage_fail(u->name, "%s", e.text);
		return COMMAND_DONE;
	}
	if (help) {
		print_help(u);
		*ret_exit = fflush(stdout) == 0 ? 0 : err_exit(ERR_STORAGE);
		return COMMAND_DONE;
	}
	return COMMAND_GO;
}

int command_usage_fail(const char *name, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES - 100];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	command_say(name, "%s; see `sluice %s --help`", text, name);
	return err_exit(ERR_INVALID);
}
