#ifndef CLI_SUB_H
#define CLI_SUB_H
/*
 * sub: commands that have commands of their own: `sluice repo add`. Each is called with "repo add" left out
 * of argv but for its last word.
 */
#include <stddef.h>

struct sub {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *summary;
};

/* Runs the one that argv[1] names; with --help, lists them; else ERR_INVALID's exit code and a line that
 * lists them. */
int sub_run(const char *command, const char *prose, const struct sub *subs, size_t n, int argc, char **argv);

#endif
