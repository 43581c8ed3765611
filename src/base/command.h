#ifndef BASE_COMMAND_H
#define BASE_COMMAND_H
/*
 * command: what every subcommand of the program shares: options from a table, help from the same table.
 *
 * A command is a function of (argc, argv) with argv[0] its own name, that returns the exit code. It
 * describes itself in a struct command_usage and lets command_options() read argv: long options (--name
 * VALUE, --name=VALUE), one-letter ones, "--" ends them. --help prints the usage on stdout. A wrong option is
 * one line on stderr that names it and points to --help; exit code of ERR_INVALID.
 */
#include "base/err.h"
#include "base/str.h"

enum opt_kind { OPT_FLAG, OPT_STRING, OPT_INT, OPT_MANY };

struct opt_many {            /* values of an option that may be given many times; views of argv */
	const char **values; /* mem_alloc'd, free() it */
	size_t n;
};

struct opt {
	const char *name; /* long name without the dashes */
	char letter;      /* 0: none */
	enum opt_kind kind;
	const char *arg; /* shown in help, e.g. "O/R"; NULL for flags */
	const char *help;
	void *ret; /* bool *, const char **, int64_t *, struct opt_many * */
};

struct command_usage {
	const char *name;       /* "repo add" */
	const char *synopsis;   /* "[--forge NAME] OWNER/NAME" */
	const char *prose;      /* what it does; whole sentences, lines at most 80 wide */
	const struct opt *opts; /* ends with a row whose name is NULL */
	bool stop_at_operand;   /* `sluice run CMD -x`: options end at the first operand */
};

enum command_go { COMMAND_GO, COMMAND_DONE };
/*
 * Reads options, leaves operands in argv[0..*argc), NULL behind them. COMMAND_DONE: help was printed or the
 * usage was wrong, return *ret_exit.
 */
enum command_go command_options(const struct command_usage *u, int *argc, char **argv, int *ret_exit);
/*
 * One line "sluice NAME: text" on stderr, control bytes in it shown as \xNN. command_fail returns the exit
 * code of e, command_usage_fail points to --help and returns that of ERR_INVALID.
 */
void command_say(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int command_fail(const char *name, const struct err *e);
int command_usage_fail(const char *name, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* May colours and progress be shown on this descriptor: a terminal, NO_COLOR unset or empty, TERM not dumb.
 */
bool command_colour(int fd);

#endif
