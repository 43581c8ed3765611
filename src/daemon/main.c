/*
 * main: the table of commands, and nothing else. A command is a row of command.tbl and a function in the
 * layer that it belongs to.
 */
#include "agent/agent.h"
#include "base/command.h"
#include "cli/cli.h"
#include "daemon/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

static int cmd_help(int argc, char **argv);
static int cmd_version(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *group, *summary;
} commands[] = {
#define COMMAND(name, fn, group, summary) { name, fn, group, summary },
#include "daemon/command.tbl"
#undef COMMAND
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

static void print_commands(FILE *f)
{
	const char *group = "";

	fputs("sluice keeps the logs of failed CI steps and says what broke.\n\n"
	      "usage: sluice COMMAND [OPTIONS] [ARGUMENTS]\n",
		f);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strcmp(group, commands[i].group) != 0)
			fprintf(f, "%s%s\n", *commands[i].group ? "\n" : "", commands[i].group);
		group = commands[i].group;
		fprintf(f, "  %-9s %s\n", commands[i].name, commands[i].summary);
	}
	fputs("\n`sluice COMMAND --help` tells about one; sluice(1) is the manual.\n", f);
}

static int unknown(const char *name)
{
	fprintf(stderr, "sluice: there is no command \"%.60s\"; `sluice help` lists them\n", name);
	return err_exit(ERR_INVALID);
}

static int cmd_help(int argc, char **argv)
{
	const struct command *c;
	char help[] = "--help";
	char *args[] = { argv[0], help, NULL };

	if (argc < 2 || argv[1][0] == '-') {
		print_commands(stdout);
		return 0;
	}
	c = find(argv[1]);
	if (!c)
		return unknown(argv[1]);
	if (c->run == cmd_help || c->run == cmd_version) {
		print_commands(stdout);
		return 0;
	}
	args[0] = argv[1];
	return c->run(2, args);
}

static int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("sluice %s\n", SLUICE_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	const struct command *c;

	if (argc < 2) {
		print_commands(stderr);
		return err_exit(ERR_INVALID);
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)
		return cmd_help(1, argv);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0)
		return cmd_version(1, argv);
	c = find(argv[1]);
	return c ? c->run(argc - 1, argv + 1) : unknown(argv[1]);
}
